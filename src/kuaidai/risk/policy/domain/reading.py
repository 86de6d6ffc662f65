"""A stored decision read back from its canonical bytes."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from kuaidai.risk.policy.domain.decision import (
    Decision,
    LimitTerm,
    Outcome,
    PriceTerm,
    Reason,
    RuleHit,
    Severity,
    TermKind,
)
from kuaidai.risk.scorecards import AttributePoints


def _money(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _term(row: dict[str, Any]) -> LimitTerm:
    return LimitTerm(
        **{
            **row,
            "basis_value": _money(row["basis_value"]),
            "multiple": _money(row["multiple"]),
            "amount": Decimal(row["amount"]),
            "kind": TermKind(row["kind"]),
        }
    )


def read_decision(stored: bytes) -> Decision:
    """The decision whose `canonical_json` is `stored`; raises `ValueError`, `KeyError`, `TypeError`."""
    row: dict[str, Any] = json.loads(stored)
    hits = [{**hit, "severity": Severity(hit["severity"])} for hit in row["rule_hits"]]
    prices = [{**term, "rate": Decimal(term["rate"])} for term in row["price_breakdown"]]
    amounts = ("limit", "annual_rate", "pd", "grade_pd")
    return Decision(
        **{
            **row,
            **{name: Decimal(row[name]) for name in amounts},
            "outcome": Outcome(row["outcome"]),
            "points": tuple(AttributePoints(**item) for item in row["points"]),
            "rule_hits": tuple(RuleHit(**hit) for hit in hits),
            "limit_breakdown": tuple(_term(term) for term in row["limit_breakdown"]),
            "price_breakdown": tuple(PriceTerm(**term) for term in prices),
            "reasons": tuple(Reason(**reason) for reason in row["reasons"]),
        }
    )
