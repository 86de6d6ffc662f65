"""The price: the loan prime rate plus the grade's spread, never below cost, never above the cap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from kuaidai.kernel.rates import annual_rate
from kuaidai.risk.policy.domain.admission import Evaluation
from kuaidai.risk.policy.domain.decision import PriceTerm
from kuaidai.risk.policy.domain.wording import percent, plain

_PLACES = Decimal("0.000001")


@dataclass(frozen=True)
class Price:
    """The annual rate (a fraction, six places) and how it came about."""

    annual_rate: Decimal
    floor: Decimal
    cap: Decimal
    terms: tuple[PriceTerm, ...]

    @property
    def covers_cost(self) -> bool:
        """False where expected loss and costs lie above the highest rate allowed."""
        return self.floor <= self.cap


def price_of(found: Evaluation, *, grade: str, grade_pd: Decimal) -> Price:
    """The price for a grade whose probability of default within a year is `grade_pd`."""
    rules = found.price
    listed = annual_rate(found.lpr + found.spread)
    loss = annual_rate(grade_pd * rules["loss_given_default"])
    cost = annual_rate(rules["funding_cost"] + rules["operating_cost"] + rules["capital_margin"])
    floor = loss + cost
    cap = annual_rate(found.lpr * rules["cap_multiple_of_lpr"])
    annual = min(max(listed, floor), cap)
    published = found.lpr_published_on
    lgd = percent(rules["loss_given_default"], 0)
    lines = (
        PriceTerm(
            "LPR", "Loan prime rate, one year", "一年期贷款市场报价利率（LPR）", annual_rate(found.lpr),
            f"published {published}" if published else "given with the facts",
            f"{published} 公布" if published else "随申请给定",
        ),
        PriceTerm(
            "SPREAD", "Spread of the grade", "评级加点", annual_rate(found.spread),
            f"grade {grade}", f"评级 {grade}",
        ),
        PriceTerm("LISTED", "Prime rate plus spread", "LPR 加点", listed),
        PriceTerm(
            "EXPECTED_LOSS", "Expected loss", "预期损失", loss,
            f"default probability {percent(grade_pd)} × loss given default {lgd}",
            f"违约概率 {percent(grade_pd)} × 违约损失率 {lgd}",
        ),
        PriceTerm("COST", "Funding, operations and capital", "资金、运营与资本成本", cost),
        PriceTerm("FLOOR", "Floor: expected loss plus cost", "价格下限：预期损失加成本", floor),
        PriceTerm(
            "CAP", "Highest rate allowed", "利率上限", cap,
            f"{plain(rules['cap_multiple_of_lpr'])} × loan prime rate",
            f"LPR 的 {plain(rules['cap_multiple_of_lpr'])} 倍",
        ),
    )  # fmt: skip
    fixed_by = "CAP" if annual == cap else "FLOOR" if annual > listed else "LISTED"
    marked = tuple(replace(line, binding=line.code == fixed_by) for line in lines)
    result = PriceTerm("RATE", "Annual rate", "年利率", annual)
    return Price(annual, floor, cap, (*marked, result))
