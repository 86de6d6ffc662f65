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


def render_contract(facts: ContractFacts) -> bytes:
    """The unsigned contract as PDF: Chinese, schedule appendix, English courtesy version, and
    last a page for the two signatures.
    """
    data = {key: _text(value) for key, value in asdict(facts).items()}
    data |= {name: percent(getattr(facts, name)) for name in _RATES}
    penalty = annual_rate(facts.annual_rate * facts.penalty_multiplier)
    surcharge = (facts.penalty_multiplier - 1) * 100
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
