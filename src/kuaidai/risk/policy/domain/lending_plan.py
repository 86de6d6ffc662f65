"""A plan for a book of firms: outcome, ceiling, rate and amount for each, under one budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kuaidai.kernel.money import ZERO, floor_to, yuan
from kuaidai.risk.policy.domain.allocation import (
    Candidate,
    allocate,
    best_rate,
    expected_margin,
)
from kuaidai.risk.policy.domain.decision import Outcome
from kuaidai.risk.policy.domain.invoice_book import Scenario, Terms, shocked_pd

WORST = "D"
_TWELVE = Decimal(12)

ChurnTable = Mapping[str, Mapping[Decimal, Decimal]]
"""Share of customers lost, by grade and annual rate."""


@dataclass(frozen=True)
class GradeScale:
    """Grades by default probability: the first whose ceiling is not passed; else the worst."""

    ceilings: tuple[tuple[str, Decimal], ...]

    def grade_of(self, pd: Decimal) -> str:
        """The grade of a probability of default."""
        for grade, ceiling in self.ceilings:
            if pd <= ceiling:
                return grade
        return WORST


def grade_scale(pds: Sequence[Decimal], shares: Sequence[tuple[str, float]]) -> GradeScale:
    """Ceilings that give each grade its share of `pds`, best grade first; the rest are the worst."""
    ranked = sorted(pds)
    ceilings, reached = [], 0.0
    for grade, share in shares:
        reached += share
        place = min(max(round(reached * len(ranked)), 1), len(ranked))
        ceilings.append((grade, ranked[place - 1]))
    return GradeScale(tuple(ceilings))


@dataclass(frozen=True)
class Firm:
    """What the plan knows of a firm: monthly sales in yuan, PD within a year, months with sales."""

    key: str
    industry: str
    pd: Decimal
    monthly_sales: Decimal
    active_months: int


@dataclass(frozen=True)
class PlanLine:
    """What one firm gets and why.

    `reason`: GRANTED, PARTLY_GRANTED, GRADE_D, THIN_RECORD, TOO_SMALL, UNPROFITABLE, BUDGET_SPENT.
    `rate` and `expected_profit` are of the best rate; the amount is 0 unless approved.
    """

    key: str
    industry: str
    pd: Decimal
    grade: str
    outcome: Outcome
    reason: str
    ceiling: Decimal
    amount: Decimal
    rate: Decimal | None
    churn: Decimal | None
    expected_profit: Decimal


@dataclass(frozen=True)
class Plan:
    """All lines in the order of the firms; `bound` is what no plan could exceed."""

    scenario: str
    lines: tuple[PlanLine, ...]
    profit: Decimal
    bound: float

    @property
    def total(self) -> Decimal:
        """Yuan granted in all."""
        return sum((line.amount for line in self.lines), ZERO)

    @property
    def granted(self) -> tuple[PlanLine, ...]:
        """Lines with money in them."""
        return tuple(line for line in self.lines if line.amount > 0)


@dataclass(frozen=True)
class Group:
    """Lines that share something: how many, how many with money, yuan granted, profit, mean rate."""

    name: str
    firms: int
    granted: int
    amount: Decimal
    profit: Decimal
    rate: Decimal | None


def grouped(plan: Plan, by: Callable[[PlanLine], str]) -> tuple[Group, ...]:
    """The plan's lines by what `by` says of them, in the order of that; rates weighted by amount."""
    found = []
    for name in sorted({by(line) for line in plan.lines}):
        lines = [line for line in plan.lines if by(line) == name]
        paid = [line for line in lines if line.amount > 0]
        amount = sum((line.amount for line in paid), ZERO)
        interest = sum((line.amount * (line.rate or ZERO) for line in paid), ZERO)
        found.append(
            Group(
                name,
                len(lines),
                len(paid),
                amount,
                sum((line.expected_profit for line in paid), ZERO),
                (interest / amount).quantize(Decimal("0.000001")) if amount else None,
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class _Prospect:
    firm: Firm
    pd: Decimal
    grade: str
    ceiling: Decimal
    rate: Decimal | None
    churn: Decimal | None
    margin: Decimal
    barred: tuple[Outcome, str] | None


def make_plan(
    firms: Sequence[Firm],
    *,
    terms: Terms,
    scale: GradeScale,
    churn: ChurnTable,
    scenario: Scenario,
) -> Plan:
    """The most profitable plan under `terms.budget` when `scenario` comes true.

    The shock scales sales and the odds of default by industry; grade, ceiling and rate follow. How
    readily a customer walks away stays as it was before the shock: a firm that a shock pushes from
    grade A to B is not thereby a more faithful customer.
    """
    prospects = [_prospect(firm, terms, scale, churn, scenario) for firm in firms]
    shared = allocate(
        [Candidate(p.firm.key, p.ceiling, p.margin) for p in prospects if p.barred is None],
        budget=terms.budget,
        least=terms.least,
        step=terms.step,
    )
    lines = tuple(_line(p, shared.amounts.get(p.firm.key, ZERO)) for p in prospects)
    return Plan(scenario.name, lines, yuan(shared.profit), shared.bound)


def _prospect(
    firm: Firm, terms: Terms, scale: GradeScale, churn: ChurnTable, scenario: Scenario
) -> _Prospect:
    shock = scenario.shock_of(firm.industry)
    pd = shocked_pd(firm.pd, shock.odds)
    grade = scale.grade_of(pd)
    if grade not in terms.grade_factors:
        return _Prospect(
            firm, pd, grade, ZERO, None, None, ZERO, (Outcome.DECLINED, f"GRADE_{grade}")
        )
    need = firm.monthly_sales * _TWELVE * shock.sales * terms.turnover_share
    ceiling = floor_to(min(need * terms.grade_factors[grade], terms.most), terms.step)
    calm = scale.grade_of(firm.pd)
    curve = churn[calm if calm in churn else grade]
    margins = {
        rate: expected_margin(
            rate=rate,
            pd=pd,
            loss_given_default=terms.loss_given_default,
            cost=terms.cost,
            churn=lost,
        )
        for rate, lost in curve.items()
    }
    rate, margin = best_rate(margins)
    barred: tuple[Outcome, str] | None = None
    if ceiling < terms.least:
        barred = (Outcome.DECLINED, "TOO_SMALL")
    elif margin <= 0:
        barred = (Outcome.DECLINED, "UNPROFITABLE")
    elif firm.active_months < terms.least_active_months:
        barred = (Outcome.REFERRED, "THIN_RECORD")
    return _Prospect(firm, pd, grade, ceiling, rate, curve[rate], margin, barred)


def _line(p: _Prospect, amount: Decimal) -> PlanLine:
    outcome, reason = p.barred or (Outcome.DECLINED, "BUDGET_SPENT")
    if amount > 0:
        outcome = Outcome.APPROVED
        reason = "GRANTED" if amount == p.ceiling else "PARTLY_GRANTED"
    return PlanLine(
        key=p.firm.key,
        industry=p.firm.industry,
        pd=p.pd,
        grade=p.grade,
        outcome=outcome,
        reason=reason,
        ceiling=p.ceiling,
        amount=amount,
        rate=p.rate,
        churn=p.churn,
        expected_profit=yuan(p.margin * amount),
    )


def profit_if(plan: Plan, *, terms: Terms, before: Scenario, after: Scenario) -> Decimal:
    """What `plan`, made for `before`, earns with its amounts and rates unchanged if `after` comes."""
    total = ZERO
    for line in plan.granted:
        assert line.rate is not None and line.churn is not None  # granted lines have a price
        calm = shocked_pd(line.pd, 1 / before.shock_of(line.industry).odds)
        margin = expected_margin(
            rate=line.rate,
            pd=shocked_pd(calm, after.shock_of(line.industry).odds),
            loss_given_default=terms.loss_given_default,
            cost=terms.cost,
            churn=line.churn,
        )
        total += margin * line.amount
    return yuan(total)
