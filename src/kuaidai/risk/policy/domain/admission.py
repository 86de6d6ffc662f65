"""Run the policy's decision tables over the facts: rule hits and the terms that hold for the grade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kuaidai.risk.policy.domain.content import PolicyContent
from kuaidai.risk.policy.domain.decision import RuleHit, Severity
from kuaidai.risk.policy.domain.facts import DecisionFacts
from kuaidai.risk.policy.domain.wording import exact, written
from kuaidai.risk.policy.errors import FactsIncomplete

LIMIT_FACTS = frozenset(
    {
        "tax_paid_12m",
        "credit_turnover_12m",
        "credit_turnover_monthly_mean_12m",
        "payroll_monthly_mean_6m",
        "firm_assets_average_6m",
        "owner_assets_average_6m",
        "owner_property_value",
        "owner_mortgage_balance",
        "sales_declared_12m",
        "loan_repayments_monthly_mean_6m",
        "monthly_debt_due_here",
    }
)
"""Features that the limit rests on, whatever the policy's tables read."""

_RANK = {Severity.DECLINE: 0, Severity.REFER: 1, Severity.INFO: 2}


@dataclass(frozen=True)
class Evaluation:
    """What the tables gave: hits (gravest first), grade terms, parameters, the LPR that holds."""

    hits: tuple[RuleHit, ...]
    limit_factor: Decimal
    spread: Decimal
    tax_multiple: Decimal
    lpr: Decimal
    lpr_published_on: str
    credit_elsewhere: Decimal
    limit: Mapping[str, Decimal]
    price: Mapping[str, Decimal]


def evaluate(policy: PolicyContent, facts: DecisionFacts, *, score: int, grade: str) -> Evaluation:
    """Run every table. Raises `FactsIncomplete` if the policy reads a feature that was not given."""
    absent = (policy.facts_read | LIMIT_FACTS) - facts.features.keys()
    if absent:
        raise FactsIncomplete(policy=policy.label, names=", ".join(sorted(absent)))
    context: dict[str, Any] = {
        name: int(value) if isinstance(value, bool) else value
        for name, value in facts.features.items()
    }
    context.update(
        score=score,
        grade=grade,
        decided_on=facts.decided_on.isoformat(),
        missing_sources=", ".join(facts.missing_sources),
    )
    result = policy.evaluate(context)
    lpr = exact(result["lpr"]["one_year"]) if facts.lpr is None else facts.lpr
    return Evaluation(
        hits=_hits(result["hits"]),
        limit_factor=exact(result["grade_terms"]["limit_factor"]),
        spread=exact(result["grade_terms"]["spread"]),
        tax_multiple=exact(result["tax_multiple"]["multiple"]),
        lpr=lpr,
        lpr_published_on=str(result["lpr"]["published_on"]) if facts.lpr is None else "",
        credit_elsewhere=exact(result["limit"]["credit_elsewhere"]),
        limit={name: exact(value) for name, value in result["limit"].items()},
        price={name: exact(value) for name, value in result["price"].items()},
    )


def _hits(tables: Mapping[str, list[dict[str, Any]]]) -> tuple[RuleHit, ...]:
    found = [_hit(row, table) for table, rows in sorted(tables.items()) for row in rows]
    return tuple(sorted(found, key=lambda hit: (_RANK[hit.severity], hit.table)))


def _hit(row: Mapping[str, Any], table: str) -> RuleHit:
    value, value_en, value_zh = written(row["value"], row["unit"])
    threshold, threshold_en, threshold_zh = written(row["threshold"], row["unit"])
    return RuleHit(
        code=row["code"],
        severity=Severity(row["severity"]),
        value=value,
        threshold=threshold,
        text_en=row["text_en"].format(value=value_en, threshold=threshold_en),
        text_zh=row["text_zh"].format(value=value_zh, threshold=threshold_zh),
        table=table,
    )
