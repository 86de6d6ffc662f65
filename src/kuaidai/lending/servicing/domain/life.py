"""A loan's life as JSON tells it: terms and dated events, for `kuaidai loan replay` and for storage.

Rates are percent a year, as people write them; money and rates are texts, dates ISO 8601.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from kuaidai.kernel.money import parse_amount
from kuaidai.lending.servicing.domain import events as ev
from kuaidai.lending.servicing.domain.conventions import Bucket, Conventions, Excess, choice
from kuaidai.lending.servicing.domain.frequency import Frequency
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.repricing import Repricing
from kuaidai.lending.servicing.domain.terms import (
    AgreedInstalment,
    LateBase,
    LateCharge,
    LoanTerms,
)

MOST_EVENTS = 100_000
_WHOLE = re.compile(r"^\d{1,6}$")

_ALIASES = {"repayment": "payment"}
_KINDS: Mapping[str, type[ev.Event]] = {
    "disbursement": ev.Disbursement,
    "payment": ev.Payment,
    "payoff": ev.Payoff,
    "charge": ev.Charge,
    "waiver": ev.Waiver,
    "rate_change": ev.RateChange,
    "misuse": ev.Misuse,
    "extension": ev.Extension,
    "restructuring": ev.Restructuring,
    "non_accrual": ev.NonAccrual,
    "accrual_resumed": ev.AccrualResumed,
    "write_off": ev.WriteOff,
    "reversal": ev.Reversal,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_METHODS = {
    "equal_instalment_declining_balance": RepaymentMethod.EQUAL_INSTALMENT,
    "level": RepaymentMethod.EQUAL_INSTALMENT,
    "level_payment": RepaymentMethod.EQUAL_INSTALMENT,
    "annuity": RepaymentMethod.EQUAL_INSTALMENT,
    "interest_only": RepaymentMethod.INTEREST_MONTHLY,
    "interest_only_then_bullet": RepaymentMethod.INTEREST_MONTHLY,
    "bullet": RepaymentMethod.SINGLE,
    "irregular": RepaymentMethod.AGREED,
    "fixed_amount_per_period": RepaymentMethod.FIXED_AMOUNT,
}
_CONVENTIONS = frozenset(entry.name for entry in fields(Conventions))


@dataclass(frozen=True)
class Life:
    """A loan's terms and its events, as recorded."""

    terms: LoanTerms
    events: tuple[ev.Event, ...]


def percent(text: Any) -> Decimal:
    """A rate written in percent a year (`4.35`, `4.35%`) as a fraction. Raises `ValueError`."""
    if isinstance(text, float):
        raise ValueError(f"write the rate {text} as a text, so that it is exact")
    try:
        rate = Decimal(str(text).strip().removesuffix("%").strip()) / 100
    except InvalidOperation:
        rate = Decimal("NaN")
    if not rate.is_finite():
        raise ValueError(f"{text!r} is not a rate; write percent a year, such as 4.35%")
    return rate


def method_of(text: str) -> RepaymentMethod:
    """A repayment method by its name, with `-` or `_`. Raises `ValueError` naming those there are."""
    name = text.strip().lower().replace("-", "_")
    if name in _METHODS:
        return _METHODS[name]
    try:
        return RepaymentMethod(name)
    except ValueError:
        known = ", ".join(_method_name(method) for method in RepaymentMethod)
        raise ValueError(f"{text!r} is no repayment method; choose one of {known}") from None


def _method_name(method: RepaymentMethod) -> str:
    """A method as people write it."""
    if method is RepaymentMethod.INTEREST_MONTHLY:
        return "interest-only"
    return method.replace("_", "-")


def _money(value: Any) -> Decimal:
    if isinstance(value, float):
        raise ValueError(f"write the amount {value} as a text, so that it is exact")
    return parse_amount(str(value))


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is not a date; write YYYY-MM-DD") from None


def _count(value: Any) -> int:
    if isinstance(value, bool) or not _WHOLE.match(str(value)):
        raise ValueError(f"{value!r} is not a whole number")
    return int(value)


def _multiplier(value: Any) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise ValueError(f"{value!r} is not a multiplier; write a number such as 1.5")
    return found


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"write true or false, not {value!r}")
    return value


def _days(value: Any) -> tuple[date, ...]:
    if not isinstance(value, list):
        raise ValueError(f"dates are a list, not {value!r}")
    return tuple(map(_day, value))


def _agreed(lines: Any) -> tuple[AgreedInstalment, ...]:
    if not isinstance(lines, list):
        raise ValueError(f"agreed instalments are a list, not {lines!r}")
    found = []
    for line in lines:
        if not isinstance(line, Mapping) or "due" not in line:
            raise ValueError(
                f'an agreed instalment has "due" and "principal" or "total", not {line!r}'
            )
        unknown = set(line) - {"due", "principal", "total"}
        if unknown:
            raise ValueError(f"an agreed instalment has no {', '.join(sorted(unknown))}")
        parts = {name: _money(line[name]) for name in ("principal", "total") if name in line}
        found.append(AgreedInstalment(_day(line["due"]), **parts))
    return tuple(found)


def _late_charge(told: Any) -> LateCharge:
    if not isinstance(told, Mapping) or not {"percent"} <= set(told) <= {"percent", "of"}:
        raise ValueError(f'a late charge has "percent" and "of", not {told!r}')
    return LateCharge(
        percent(told["percent"]), choice(LateBase, "of", told.get("of", LateBase.PRINCIPAL))
    )


_TERMS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "principal": ("principal", _money),
    "annual_rate": ("annual_rate", percent),
    "annual_rate_pct": ("annual_rate", percent),
    "method": ("method", method_of),
    "start": ("start_on", _day),
    "instalments": ("instalments", _count),
    "every": ("every", Frequency.parse),
    "first_due": ("first_due", _day),
    "due_day": ("due_day", _count),
    "settlement_day": ("settlement_day", _count),
    "period_start": ("period_start", _day),
    "principal_grace": ("principal_grace", _count),
    "interest_grace": ("interest_grace", _count),
    "grace_days": ("grace_days", _count),
    "penalty_multiplier": ("penalty_multiplier", _multiplier),
    "misuse_multiplier": ("misuse_multiplier", _multiplier),
    "fixed_amount": ("fixed_amount", _money),
    "agreed": ("agreed", _agreed),
    "repricing": ("repricing", Repricing.from_dict),
    "late_charge": ("late_charge", _late_charge),
}


def read_terms(raw: Mapping[str, Any]) -> LoanTerms:
    """Terms from JSON; conventions stand among them or in `conventions`. Raises `ValueError`."""
    conventions = dict(raw.get("conventions", {}))
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if name in _TERMS:
            target, reader = _TERMS[name]
            values[target] = reader(value)
        elif name in _CONVENTIONS:
            conventions[name] = value
        elif name != "conventions":
            known = ", ".join(sorted({*_TERMS, *_CONVENTIONS}))
            raise ValueError(f"the terms know no {name!r}; they know {known}")
    if "agreed" in values:
        values.setdefault("method", RepaymentMethod.AGREED)
        values.setdefault("instalments", len(values["agreed"]))
    missing = [
        name
        for name, field in (("principal", "principal"), ("annual_rate", "annual_rate"),
                            ("method", "method"), ("start", "start_on"), ("instalments", "instalments"))
        if field not in values
    ]  # fmt: skip
    if missing:
        raise ValueError(f"the terms lack {', '.join(missing)}")
    return LoanTerms(conventions=_conventions(json.dumps(conventions, sort_keys=True)), **values)


@lru_cache(maxsize=256)
def _conventions(told: str) -> Conventions:
    """A book of loans has few conventions; reading each loan's anew would take most of a night."""
    return Conventions.from_dict(json.loads(told))


_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "amount": _money,
    "shorten": _flag,
    "excess": lambda value: choice(Excess, "excess", value),
    "bucket": lambda value: choice(Bucket, "bucket", value),
    "due_on": _day,
    "annual_rate": percent,
    "due_dates": _days,
    "keep_instalments": _flag,
    "method": method_of,
    "principal_grace": _count,
    "reverses": str,
}
_SPELT = {
    "date": "on", "effective": "on", "kind": "bucket", "due": "due_on", "from": "on",
    "new_annual_rate_pct": "annual_rate", "annual_rate_pct": "annual_rate",
}  # fmt: skip


def read_event(raw: Mapping[str, Any], *, number: int = 1) -> ev.Event:
    """An event from JSON; one without a key is named by its number. Raises `ValueError`."""
    if not isinstance(raw, Mapping) or "type" not in raw:
        raise ValueError(f'event {number} has no "type"')
    told = {_SPELT.get(name, name): value for name, value in raw.items()}
    name = _ALIASES.get(str(told.get("type")), str(told.get("type")))
    kind = _KINDS.get(name)
    if kind is None:
        raise ValueError(
            f"event {number} has the type {raw.get('type')!r}; choose one of {', '.join(_KINDS)}"
        )
    if kind is ev.Charge and "on" not in told:
        told["on"] = told.get("due_on")
    known = {entry.name for entry in fields(kind)}
    unknown = set(told) - known - {"type"}
    if unknown:
        raise ValueError(f"event {number}, a {name}, has no {', '.join(sorted(unknown))}")
    if told.get("on") is None:
        raise ValueError(f'event {number}, a {name}, has no date: say "on"')
    values: dict[str, Any] = {"key": str(told.get("key", number)), "on": _day(told["on"])}
    for field in known & set(told) - {"key", "on"}:
        if told[field] is not None:
            values[field] = _FIELDS[field](told[field])
    needed = {entry.name for entry in fields(kind) if entry.default is MISSING}
    lacks = sorted(needed - set(values))
    if lacks:
        raise ValueError(f"event {number}, a {name}, is incomplete: it lacks {', '.join(lacks)}")
    return kind(**values)


def read_life(raw: Any) -> Life:
    """Terms and events from JSON. Raises `ValueError` saying what is wrong and where."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("terms"), Mapping):
        raise ValueError('a life is an object with "terms" and "events"')
    told = raw.get("events", [])
    if not isinstance(told, list) or len(told) > MOST_EVENTS:
        raise ValueError(f'"events" is a list of at most {MOST_EVENTS} events')
    unknown = set(raw) - {"terms", "events"}
    if unknown:
        raise ValueError(f"a life has no {', '.join(sorted(unknown))}")
    try:
        terms = read_terms(raw["terms"])
        events = tuple(read_event(each, number=no) for no, each in enumerate(told, start=1))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"something is missing or of the wrong kind ({error})") from error
    return Life(terms, events)


def event_to_dict(event: ev.Event) -> dict[str, Any]:
    """An event as `read_event` reads it back."""
    told: dict[str, Any] = {"type": _NAMES[type(event)]}
    for entry in fields(event):
        value = getattr(event, entry.name)
        if value is None or value is False:
            continue
        if entry.name == "annual_rate":
            value = format((value * 100).normalize(), "f")
        elif isinstance(value, tuple):
            value = [str(each) for each in value]
        elif not isinstance(value, bool | int):
            value = str(value)
        told[entry.name] = value
    return told


_PERCENT = "annual_rate"


def terms_to_dict(terms: LoanTerms) -> dict[str, Any]:
    """Terms as `read_terms` reads them back; what is the default of `LoanTerms` is left out."""
    told: dict[str, Any] = {}
    fields_of = {target: name for name, (target, _) in _TERMS.items() if name != "annual_rate_pct"}
    for entry in fields(terms):
        value = getattr(terms, entry.name)
        if entry.name == "conventions":
            told["conventions"] = value.to_dict()
        elif entry.name == "agreed":
            if value:
                told["agreed"] = [_agreed_to_dict(line) for line in value]
        elif value is not None and value != entry.default:
            told[fields_of[entry.name]] = _plain(entry.name, value)
    return told


def _agreed_to_dict(line: AgreedInstalment) -> dict[str, str]:
    told = {"due": str(line.due_on)}
    for name in ("principal", "total"):
        amount = getattr(line, name)
        if amount is not None:
            told[name] = str(amount)
    return told


def _plain(name: str, value: Any) -> Any:
    if name == _PERCENT:
        return format((value * 100).normalize(), "f")
    if isinstance(value, LateCharge):
        return {"percent": format((value.share * 100).normalize(), "f"), "of": str(value.of)}
    if isinstance(value, Repricing):
        return value.to_dict()
    return value if isinstance(value, int) else str(value)
