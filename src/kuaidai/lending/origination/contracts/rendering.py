"""Contract facts to PDF, with typst. The facts go in as data, never as markup."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from kuaidai.kernel.rates import annual_rate
from kuaidai.kernel.typesetting import typeset
from kuaidai.lending.origination.contracts.facts import (
    TEMPLATE,
    ContractFacts,
    amount_in_capitals,
    percent,
)

_STAMP = Path(__file__).parent / "stamp.typ"
_HOLIDAYS = {
    "none": ("仍按计划计息并扣收", "is kept: interest runs and is debited as planned"),
    "following": ("顺延至其后第一个营业日", "moves to the next one"),
    "modified-following": (
        "顺延至其后第一个营业日；该日已属次月的，提前至其前最后一个营业日",
        "moves to the next one, or to the one before where the next is in another month",
    ),
    "preceding": ("提前至其前最后一个营业日", "moves to the one before"),
}
"""What becomes of a due date that is no working day."""
_INTEREST = {
    True: ("，利息计至变动后的还款日", ", and interest runs to the moved date"),
    False: ("，顺延期间不另计息", ", and interest does not run on while it is put off"),
}
_RATES = ("annual_rate", "nominal", "effective")


def _text(value: object) -> Any:
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_text(item) for item in value]
    if isinstance(value, dict):
        return {key: _text(item) for key, item in value.items()}
    return value


def _on_holidays(facts: ContractFacts) -> dict[str, str]:
    zh, en = _HOLIDAYS[facts.holiday_roll]
    if facts.holiday_roll != "none":
        more_zh, more_en = _INTEREST[facts.interest_rolls or facts.holiday_roll == "preceding"]
        zh, en = zh + more_zh, en + more_en
    return {"holidays_zh": zh, "holidays_en": en}


def render_contract(facts: ContractFacts) -> bytes:
    """The unsigned contract as PDF: Chinese, schedule appendix, English courtesy version, and
    last a page for the two signatures.
    """
    data = {key: _text(value) for key, value in asdict(facts).items()}
    data |= {name: percent(getattr(facts, name)) for name in _RATES}
    penalty = annual_rate(facts.annual_rate * facts.penalty_multiplier)
    surcharge = (facts.penalty_multiplier - 1) * 100
    data |= _on_holidays(facts)
    data |= {
        "penalty_rate": percent(penalty),
        "penalty_surcharge": f"{surcharge.quantize(Decimal(1))}%",
        "amount_capitals": amount_in_capitals(facts.amount),
        "text_hash": facts.text_hash(),
    }
    return typeset(TEMPLATE, data)


def render_stamp(*, kind: str, name: str, detail: str, at: datetime) -> bytes:
    """The visible mark of one signature as a one-page PDF: `kind` is "customer" or "lender"."""
    return typeset(
        _STAMP,
        {"kind": kind, "name": name, "detail": detail, "at": at.strftime("%Y-%m-%d %H:%M:%S %Z")},
    )
