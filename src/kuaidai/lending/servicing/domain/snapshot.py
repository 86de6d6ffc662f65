"""A running loan as JSON and back, so that a night can go on from the last event, not from the first.

Compact on purpose: a book holds a million of them. `restore(terms, snapshot(run))` runs on exactly as
`run` would. Allocations are left out: they belong to the events.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.domain.due_dates import Period
from kuaidai.lending.servicing.domain.items import NOTHING, Charge, Item
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.running import INCOME, RunningLoan
from kuaidai.lending.servicing.domain.terms import LoanTerms

_VERSION = 1


def snapshot(run: RunningLoan) -> dict[str, Any]:
    """The running loan as JSON holds it; what is nought is left out."""
    told: dict[str, Any] = {
        "v": _VERSION,
        "rate": run.rate,
        "method": str(run.method),
        "items": [_item(item) for item in run.items],
        "balance": run.balance,
        "from": run.accrual_from.toordinal(),
        "at": run.at.toordinal(),
        "closed": run.closed,
        "counters": {str(movement): amount for movement, amount in run.counters.items()},
        "carried": _exact(run.carried),
        "prepaid": run.prepaid,
        "ahead": run.ahead,
        "early": run.early_interest,
        "misused": run.misused,
        "misuse": _exact(run.misuse),
        "off": None if run.off is None else _buckets(run.off),
        "off_accrued": _buckets(run.off_accrued),
        "suspended": _buckets(run.suspended),
        "claim": run.claim,
        "written_off": run.is_written_off,
        "grace": run.grace_left,
    }
    return {name: value for name, value in told.items() if value or name in _ALWAYS}


_ALWAYS = frozenset({"rate", "items", "balance", "closed", "off"})


def restore(terms: LoanTerms, told: Mapping[str, Any]) -> RunningLoan:
    """The running loan that `snapshot` wrote. Raises `ValueError` for one of another version."""
    if told.get("v") != _VERSION:
        raise ValueError(f"a snapshot has version {_VERSION}, not {told.get('v')}")
    off = told.get("off")
    return RunningLoan(
        terms=terms,
        rate=told["rate"],
        method=RepaymentMethod(told["method"]),
        items=[_read_item(item) for item in told["items"]],
        balance=told["balance"],
        accrual_from=date.fromordinal(told["from"]),
        at=date.fromordinal(told["at"]),
        closed=told["closed"],
        carried=_read_exact(told.get("carried")),
        prepaid=told.get("prepaid", 0),
        ahead=told.get("ahead", 0),
        early_interest=told.get("early", 0),
        misused=told.get("misused", 0),
        misuse=_read_exact(told.get("misuse")),
        off=None if off is None else dict.fromkeys(INCOME, 0) | _read_buckets(off),
        off_accrued=_read_buckets(told.get("off_accrued", {})),
        suspended=_read_buckets(told.get("suspended", {})),
        counters={Movement(name): cents for name, cents in told.get("counters", {}).items()},
        claim=told.get("claim", 0),
        is_written_off=told.get("written_off", False),
        grace_left=told.get("grace", 0),
    )


def _item(item: Item) -> list[Any]:
    period = item.period
    told: list[Any] = [
        item.no,
        period.begin.toordinal(),
        period.end.toordinal(),
        period.due.toordinal(),
        int(period.regular),
        item.principal,
        item.interest,
        item.left,
    ]
    if item.late_until == date.min and not (item.paid or item.waived or item.charges):
        return told
    if item.late_until == period.due and _is_paid(item):
        return [*told, 1]
    charges = [
        [str(c.bucket), c.amount, c.earned_on.toordinal(), c.due_on.toordinal()]
        for c in item.charges
    ]
    return [
        *told, _buckets(item.paid), _buckets(item.waived), _exact(item.penalty),
        _exact(item.compound), item.late_until.toordinal(), charges,
    ]  # fmt: skip


def _is_paid(item: Item) -> bool:
    """Whether principal and interest were paid, and nothing else ever was asked: most of a loan's past."""
    if item.waived or item.has_extras:
        return False
    paid, owed = item.paid, {Bucket.PRINCIPAL: item.principal, Bucket.INTEREST: item.interest}
    return paid == owed or _buckets(paid) == _buckets(owed)


def _read_item(told: list[Any]) -> Item:
    day = date.fromordinal
    period = Period(day(told[1]), day(told[2]), day(told[3]), bool(told[4]))
    item = Item(told[0], period, told[5], told[6], told[7])
    if len(told) == 9:
        item.late_until = period.due
        for bucket, amount in ((Bucket.PRINCIPAL, told[5]), (Bucket.INTEREST, told[6])):
            if amount:
                item.paid[bucket] = amount
    elif len(told) > 9:
        paid, waived, penalty, compound, late_until, charges = told[8:]
        item.paid, item.waived = _read_buckets(paid), _read_buckets(waived)
        item.penalty, item.compound = _read_exact(penalty), _read_exact(compound)
        item.late_until = date.fromordinal(late_until)
        item.charges = [
            Charge(Bucket(name), amount, date.fromordinal(earned), date.fromordinal(due_on))
            for name, amount, earned, due_on in charges
        ]
    return item


def _exact(value: Fraction) -> str | None:
    return f"{value.numerator}/{value.denominator}" if value else None


def _read_exact(told: str | None) -> Fraction:
    return Fraction(told) if told else NOTHING


def _buckets(amounts: Mapping[Bucket, int]) -> dict[str, int]:
    return {str(bucket): amount for bucket, amount in amounts.items() if amount}


def _read_buckets(told: Mapping[str, int]) -> dict[Bucket, int]:
    return {Bucket(name): amount for name, amount in told.items()}
