"""The limit: what each kind of information would carry, how that combines, and what cuts it.

The largest dimension counts in full and the others with a share. A plain sum would count one
turnover three times (settlement, tax and payroll all follow it); the largest alone would give nothing
for a second, independent proof. The grade scales the combination, and the least of it and the caps,
rounded down, is the limit. Rising income or wealth never lowers it, rising debt never raises it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from kuaidai.kernel.money import ZERO, floor_to, money_text, yuan
from kuaidai.risk.policy.domain.admission import Evaluation
from kuaidai.risk.policy.domain.decision import LimitTerm, TermKind
from kuaidai.risk.policy.domain.facts import DecisionFacts, Value
from kuaidai.risk.policy.domain.wording import exact, percent, plain

_TWELVE = Decimal(12)


@dataclass(frozen=True)
class Limit:
    """The amount (yuan, a multiple of the policy's step) and how it came about."""

    amount: Decimal
    terms: tuple[LimitTerm, ...]

    @property
    def binding(self) -> LimitTerm:
        """The term that fixed the amount."""
        return next(term for term in self.terms if term.binding)


def limit_of(facts: DecisionFacts, found: Evaluation, *, grade: str, annual_rate: Decimal) -> Limit:
    """The limit for `facts` at `annual_rate` (a fraction), the price that debt service is held to."""
    dimensions = _dimensions(facts.features, found)
    combined = _combined(dimensions, found.limit["share_of_other_dimensions"])
    graded = LimitTerm(
        "GRADED", "Combined, scaled by the grade", "按评级系数调整后", "grade", combined.amount,
        found.limit_factor, yuan(combined.amount * found.limit_factor),
        f"grade {grade}: factor {plain(found.limit_factor)}",
        f"评级 {grade}：系数 {plain(found.limit_factor)}", TermKind.COMBINED,
    )  # fmt: skip
    caps = [
        _product_cap(facts),
        _debt_service_cap(facts, found, annual_rate),
        _need_cap(facts, found),
        _total_credit_cap(facts, found),
        *_group_cap(facts),
    ]
    return _settle([*dimensions, combined, graded, *caps], [graded, *caps], found.limit["step"])


def _settle(terms: Sequence[LimitTerm], contenders: Sequence[LimitTerm], step: Decimal) -> Limit:
    least = min(contenders, key=lambda term: term.amount)
    amount = floor_to(max(least.amount, ZERO), step)
    result = LimitTerm(
        "LIMIT", "Limit", "核定额度", least.code.lower(), least.amount, None, amount,
        f"the least of the above, rounded down to {plain(step)}",
        f"取以上最小值，向下取整至 {plain(step)} 元", TermKind.RESULT,
    )  # fmt: skip
    marked = tuple(replace(term, binding=True) if term is least else term for term in terms)
    return Limit(amount, (*marked, result))


def _known(value: Value) -> Decimal | None:
    return None if value is None or isinstance(value, str) else exact(value)


def _or_zero(value: Value) -> Decimal:
    return _known(value) or ZERO


def _dimensions(features: Mapping[str, Value], found: Evaluation) -> list[LimitTerm]:
    rules = found.limit
    return [
        _dimension("TAX", "Tax paid", "纳税", "tax_paid_12m", features, found.tax_multiple),
        _dimension(
            "SETTLEMENT", "Settlement", "结算流水", "credit_turnover_monthly_mean_12m", features,
            rules["settlement_multiple"],
        ),
        _dimension(
            "PAYROLL", "Payroll", "代发工资", "payroll_monthly_mean_6m", features,
            rules["payroll_multiple"],
        ),
        _dimension(
            "FIRM_ASSETS", "Firm's financial assets", "企业金融资产", "firm_assets_average_6m",
            features, rules["firm_assets_share"],
        ),
        _dimension(
            "OWNER_ASSETS", "Owner's financial assets", "企业主金融资产", "owner_assets_average_6m",
            features, rules["owner_assets_share"],
        ),
        _owner_property(features, rules["owner_property_share"]),
    ]  # fmt: skip


def _dimension(
    code: str,
    title_en: str,
    title_zh: str,
    basis: str,
    features: Mapping[str, Value],
    multiple: Decimal,
) -> LimitTerm:
    value = _known(features[basis])
    value = None if value is None else yuan(value)
    amount = yuan(max(value or ZERO, ZERO) * multiple)
    note, note_zh = ("", "") if value is not None else ("no data", "无数据")
    return LimitTerm(
        code, title_en, title_zh, basis, value, multiple, amount, note, note_zh, TermKind.DIMENSION
    )


def _owner_property(features: Mapping[str, Value], share: Decimal) -> LimitTerm:
    value = _known(features["owner_property_value"])
    debt = _or_zero(features["owner_mortgage_balance"])
    equity = None if value is None else max(value - debt, ZERO)
    return LimitTerm(
        "OWNER_PROPERTY", "Owner's property, net of mortgages", "企业主房产净值",
        "owner_property_value - owner_mortgage_balance", equity, share,
        yuan((equity or ZERO) * share),
        f"value less {money_text(yuan(debt))} of mortgages" if equity is not None else "no data",
        f"房产价值减去按揭余额 {money_text(yuan(debt))}" if equity is not None else "无数据",
        TermKind.DIMENSION,
    )  # fmt: skip


def _combined(dimensions: Sequence[LimitTerm], share: Decimal) -> LimitTerm:
    amounts = [term.amount for term in dimensions]
    largest = max(dimensions, key=lambda term: term.amount)
    rest = sum(amounts, ZERO) - largest.amount
    return LimitTerm(
        "COMBINED", "Largest, and a share of the others", "最大维度加其余维度折算", "dimensions",
        rest, share, yuan(largest.amount + rest * share),
        f"{largest.title_en} in full, the others at {percent(share, 0)}",
        f"{largest.title_zh}全额计入，其余按 {percent(share, 0)} 计入", TermKind.COMBINED,
    )  # fmt: skip


def _cap(
    code: str, titles: tuple[str, str], basis: str, value: Decimal | None, multiple: Decimal | None,
    amount: Decimal, notes: tuple[str, str],
) -> LimitTerm:  # fmt: skip
    return LimitTerm(
        code, *titles, basis, value, multiple, yuan(max(amount, ZERO)), *notes, TermKind.CAP
    )


def _product_cap(facts: DecisionFacts) -> LimitTerm:
    here = money_text(facts.existing_exposure)
    return _cap(
        "PRODUCT_CAP", ("Product's highest limit", "产品最高额度"), "product_cap",
        facts.product_cap, None, facts.product_cap - facts.existing_exposure,
        (f"less {here} granted here already", f"减去在本行已用授信 {here}"),
    )  # fmt: skip


def turnover_12m(features: Mapping[str, Value]) -> tuple[str, Decimal | None]:
    """Annual turnover and where it is from: sales declared for VAT, or else credits settled here."""
    declared = _known(features["sales_declared_12m"])
    if declared is not None:
        return "sales_declared_12m", declared
    return "credit_turnover_12m", _known(features["credit_turnover_12m"])


def _debt_service_cap(facts: DecisionFacts, found: Evaluation, rate: Decimal) -> LimitTerm:
    """What free cash repays over the tenor, and what the financial assets of firm and owner would."""
    basis, turnover = turnover_12m(facts.features)
    monthly = (turnover or ZERO) / _TWELVE * found.limit["cash_margin"]
    owed = max(  # instalments due here show up among the repayments settled: the sum counts twice
        _or_zero(facts.features["loan_repayments_monthly_mean_6m"]),
        _or_zero(facts.features["monthly_debt_due_here"]),
    )
    free = max(monthly - owed, ZERO)
    months = facts.requested_months
    factor = annuity_factor(rate, months) / found.limit["debt_service_cover"]
    liquid = max(_or_zero(facts.features["firm_assets_average_6m"]), ZERO)
    liquid += max(_or_zero(facts.features["owner_assets_average_6m"]), ZERO)
    share = found.limit["liquid_assets_share"]
    margin = percent(found.limit["cash_margin"], 0)
    cover = plain(found.limit["debt_service_cover"])
    return _cap(
        "DEBT_SERVICE", ("Debt-service capacity", "偿债能力"), basis, yuan(free),
        factor.quantize(Decimal("0.000001")), free * factor + liquid * share,
        (
            f"{margin} of monthly turnover less {money_text(yuan(owed))} debt service a month,"
            f" covering {cover} times the instalment over {months} months at {percent(rate, 4)};"
            f" and {percent(share, 0)} of {money_text(yuan(liquid))} financial assets",
            f"月均收入的 {margin} 减去每月已有还款 {money_text(yuan(owed))}，"
            f"须达到 {months} 个月、年利率 {percent(rate, 4)} 的等额本息月供的 {cover} 倍；"
            f"另加金融资产 {money_text(yuan(liquid))} 的 {percent(share, 0)}",
        ),
    )  # fmt: skip


def annuity_factor(annual_rate: Decimal, months: int) -> Decimal:
    """Principal that one yuan a month over `months` repays at `annual_rate` (monthly rests)."""
    rate = annual_rate / _TWELVE
    if rate == 0:
        return Decimal(months)
    return (1 - (1 + rate) ** -months) / rate


def _need_cap(facts: DecisionFacts, found: Evaluation) -> LimitTerm:
    basis, turnover = turnover_12m(facts.features)
    share = found.limit["need_share_of_turnover"]
    lent = found.credit_elsewhere + facts.existing_exposure
    return _cap(
        "NEED", ("Working-capital need", "营运资金需求"), basis, turnover, share,
        (turnover or ZERO) * share - lent,
        (
            f"{percent(share, 0)} of annual turnover less {money_text(yuan(lent))} lent already",
            f"年收入的 {percent(share, 0)} 减去已有融资 {money_text(yuan(lent))}",
        ),
    )  # fmt: skip


def _total_credit_cap(facts: DecisionFacts, found: Evaluation) -> LimitTerm:
    most = found.limit["total_credit_most"]
    return _cap(
        "TOTAL_CREDIT", ("Room in total credit", "总授信剩余空间"), "credit_elsewhere",
        found.credit_elsewhere, None, most - found.credit_elsewhere - facts.existing_exposure,
        (
            f"{money_text(most)} less credit elsewhere and here",
            f"{money_text(most)} 减去他行及本行授信",
        ),
    )  # fmt: skip


def _group_cap(facts: DecisionFacts) -> tuple[LimitTerm, ...]:
    """What the total of the obligor group leaves, where a group is known.

    The note tells no amount: the applicant reads it, and what the others owe is theirs.
    """
    if facts.group_total is None:
        return ()
    left = facts.group_total - (facts.group_exposure or ZERO)
    return (
        _cap(
            "GROUP_TOTAL", ("Room in the group's total", "关联客户总额度剩余空间"), "group_total",
            facts.group_total, None, left,
            (
                "the firm, its owner and the firms linked to them together, less what is granted or"
                " offered to them already",
                "企业、企业主及其关联企业合计总额度，减去已授信及已给出的额度",
            ),
        ),
    )  # fmt: skip
