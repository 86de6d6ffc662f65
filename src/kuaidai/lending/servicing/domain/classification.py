"""Risk classes of a debtor's claims: pass, special mention, substandard, doubtful, loss.

After the Measures for the Risk Classification of Financial Assets of Commercial Banks
(商业银行金融资产风险分类办法, CBIRC and PBOC order 1 of 2023, in force since 1 July 2023). Each rule gives
the best class a claim may still have; the worst of them holds, and each is kept as a reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum

from kuaidai.kernel.calendars import add_months
from kuaidai.kernel.money import ZERO


class RiskClass(IntEnum):
    """五级分类, from good to bad; the last three are non-performing (不良)."""

    PASS = 1
    SPECIAL_MENTION = 2
    SUBSTANDARD = 3
    DOUBTFUL = 4
    LOSS = 5

    @property
    def is_bad(self) -> bool:
        """Whether the class is non-performing."""
        return self >= RiskClass.SUBSTANDARD


CLASS_TITLES: Mapping[RiskClass, tuple[str, str]] = {
    RiskClass.PASS: ("Pass", "正常"),
    RiskClass.SPECIAL_MENTION: ("Special mention", "关注"),
    RiskClass.SUBSTANDARD: ("Substandard", "次级"),
    RiskClass.DOUBTFUL: ("Doubtful", "可疑"),
    RiskClass.LOSS: ("Loss", "损失"),
}
"""English and Chinese."""

DAYS_PAST_DUE = (
    (360, RiskClass.LOSS),
    (270, RiskClass.DOUBTFUL),
    (90, RiskClass.SUBSTANDARD),
    (0, RiskClass.SPECIAL_MENTION),
)
"""More days past due than the first means at least the second."""
BAD_SHARE_HERE = Decimal("0.10")
OVERDUE_SHARE_EVERYWHERE = Decimal("0.20")
CURE_MONTHS, WATCH_MONTHS, PERIODS = 6, 12, 2
"""A cure and a watch last so many months, and never less than so many periods between due days."""


class Rule(StrEnum):
    """Why a claim has its class."""

    IN_ORDER = "in_order"
    OVERDUE = "overdue"
    EARLY_WARNING = "early_warning"
    CREDIT_IMPAIRED = "credit_impaired"
    EXPECTED_LOSS = "expected_loss"
    RESTRUCTURED = "restructured"
    WATCH_NOT_CONFIRMED = "watch_not_confirmed"
    RESTRUCTURED_AGAIN = "restructured_again"
    BAD_SHARE_HERE = "bad_share_here"
    OVERDUE_SHARE_EVERYWHERE = "overdue_share_everywhere"
    OTHER_DEBT_BAD = "other_debt_bad"
    CURE_NOT_BEGUN = "cure_not_begun"
    CURE_RUNNING = "cure_running"
    CURE_NOT_CONFIRMED = "cure_not_confirmed"
    DEBTOR_NOT_CURED = "debtor_not_cured"
    OVERRIDDEN = "overridden"


RULE_TEXTS: Mapping[Rule, tuple[str, str]] = {
    Rule.IN_ORDER: ("Paid as agreed.", "按约还款。"),
    Rule.OVERDUE: ("{days} days past due.", "逾期 {days} 天。"),
    Rule.EARLY_WARNING: ("An early warning stands against the debtor.", "债务人存在未解除的预警。"),
    Rule.CREDIT_IMPAIRED: ("The claim is credit-impaired.", "该债权已发生信用减值。"),
    Rule.EXPECTED_LOSS: (
        "Credit-impaired, and {share} % of it is expected to be lost.",
        "已发生信用减值，且预期损失占 {share}%。",
    ),
    Rule.RESTRUCTURED: ("Restructured; watched until {until}.", "重组资产；观察期至 {until}。"),
    Rule.WATCH_NOT_CONFIRMED: (
        "The watch after restructuring ended on {until}; the debtor's recovery is not confirmed.",
        "重组观察期已于 {until} 届满，尚未确认债务人已解决财务困难。",
    ),
    Rule.RESTRUCTURED_AGAIN: (
        "Restructured again within the watch, which runs until {until}.",
        "观察期内再次重组；观察期至 {until}。",
    ),
    Rule.BAD_SHARE_HERE: (
        "{share} % of the debtor's claims here are non-performing (more than 10 %).",
        "债务人在本行的债权中 {share}% 为不良（超过 10%）。",
    ),
    Rule.OVERDUE_SHARE_EVERYWHERE: (
        "{share} % of the debtor's debts at all banks are over 90 days past due (more than 20 %).",
        "债务人在所有银行的债务中 {share}% 逾期超过 90 天（超过 20%）。",
    ),
    Rule.OTHER_DEBT_BAD: (
        "Another debt of the debtor, here or at another bank, is non-performing.",
        "债务人在本行或其他银行的其他债务出现不良。",
    ),
    Rule.CURE_NOT_BEGUN: (
        "Was non-performing; all that is overdue must be repaid first.",
        "曾为不良；须先清偿全部逾期款项。",
    ),
    Rule.CURE_RUNNING: (
        "Was non-performing; may leave after orderly repayment until {until}.",
        "曾为不良；须正常还款至 {until} 后方可上调。",
    ),
    Rule.CURE_NOT_CONFIRMED: (
        "Repaid in order since being non-performing; the debtor's capacity is not confirmed.",
        "不良后已正常还款，尚未确认债务人未来能够持续履约。",
    ),
    Rule.DEBTOR_NOT_CURED: (
        "Was non-performing, and the debtor still has a credit-impaired claim here.",
        "曾为不良，且债务人在本行仍有已发生信用减值的资产。",
    ),
    Rule.OVERRIDDEN: ("Set by hand: {reason}", "人工认定：{reason}"),
}
"""English and Chinese, `str.format` templates over the reason's values."""


@dataclass(frozen=True)
class Reason:
    """A rule that applied, the best class it leaves, and the values its text names."""

    rule: Rule
    floor: RiskClass
    values: tuple[tuple[str, str], ...] = ()

    @property
    def text_en(self) -> str:
        """The reason in English."""
        return RULE_TEXTS[self.rule][0].format(**dict(self.values))

    @property
    def text_zh(self) -> str:
        """The reason in Chinese."""
        return RULE_TEXTS[self.rule][1].format(**dict(self.values))


@dataclass(frozen=True)
class Restructuring:
    """A concession to a debtor in difficulty.

    The watch runs from `watched_from`: the first due day after the change, or the newest day since
    on which something due was not paid. `again` says that it happened within an earlier watch.
    """

    watched_from: date
    again: bool = False


@dataclass(frozen=True)
class Override:
    """A class set by hand by two people; it can worsen a claim, never better it."""

    risk_class: RiskClass
    reason: str


@dataclass(frozen=True)
class Claim:
    """One loan of a debtor on the day of classification.

    `orderly_since` is the day from which a non-performing loan has had nothing overdue.
    `period_months` is how far its due days lie apart. `expected_loss_share` is given for claims
    assessed one by one: expected loss over gross carrying amount.
    """

    loan_id: str
    outstanding: Decimal
    days_past_due: int = 0
    previous: RiskClass = RiskClass.PASS
    orderly_since: date | None = None
    period_months: int = 1
    restructuring: Restructuring | None = None
    override: Override | None = None
    credit_impaired: bool = False
    expected_loss_share: Decimal | None = None


@dataclass(frozen=True)
class Debtor:
    """All claims on one debtor, with what is known of them outside the book.

    `overdue_share_everywhere` is, from the bureau's report, the share of their debts at all banks
    that is over 90 days past due; None where there is no report. `capacity_confirmed_on` is the day
    two people last confirmed that the debtor can go on paying. `contagion` is off for retail claims.
    """

    claims: tuple[Claim, ...]
    contagion: bool = True
    overdue_share_everywhere: Decimal | None = None
    bad_at_other_banks: bool = False
    early_warning: bool = False
    capacity_confirmed_on: date | None = None


@dataclass(frozen=True)
class Classification:
    """A claim's class with its reasons, gravest first.

    `orderly_since` is what the next classification needs of a non-performing claim; `watched_until`
    is the end of a watch that still runs.
    """

    loan_id: str
    risk_class: RiskClass
    reasons: tuple[Reason, ...]
    orderly_since: date | None = None
    watched_until: date | None = None


def class_by_days(days_past_due: int) -> RiskClass:
    """The class that days past due alone leave.

    >>> [class_by_days(days).name for days in (0, 1, 90, 91, 271, 361)]
    ['PASS', 'SPECIAL_MENTION', 'SPECIAL_MENTION', 'SUBSTANDARD', 'DOUBTFUL', 'LOSS']
    """
    for days, floor in DAYS_PAST_DUE:
        if days_past_due > days:
            return floor
    return RiskClass.PASS


def cured_on(claim: Claim, on: date) -> date:
    """The day on which a claim that is orderly now will have been so for two periods and six months."""
    months = max(CURE_MONTHS, PERIODS * claim.period_months)
    return add_months(claim.orderly_since or on, months)


def watched_until(claim: Claim) -> date | None:
    """The day the watch of a restructured claim ends: after two periods, and after a year."""
    if claim.restructuring is None:
        return None
    months = max(WATCH_MONTHS, PERIODS * claim.period_months)
    return add_months(claim.restructuring.watched_from, months)


def classify_debtor(debtor: Debtor, on: date) -> tuple[Classification, ...]:
    """The class of each claim of `debtor` on `on`, in the order given."""
    fresh = {claim.loan_id: _own_reasons(claim, debtor, on) for claim in debtor.claims}
    impaired = {loan_id for loan_id, reasons in fresh.items() if _worst(reasons).is_bad}
    own = {
        claim.loan_id: fresh[claim.loan_id]
        + ([] if claim.loan_id in impaired else _cure_reasons(claim, debtor, on, impaired))
        for claim in debtor.claims
    }
    bad = [claim for claim in debtor.claims if _worst(own[claim.loan_id]).is_bad]
    return tuple(
        _classified(claim, own[claim.loan_id], _shared_reasons(claim, debtor, bad, impaired), on)
        for claim in debtor.claims
    )


def _classified(claim: Claim, own: list[Reason], shared: list[Reason], on: date) -> Classification:
    reasons = shared + own
    worst = _worst(reasons)
    until = watched_until(claim)
    ranked = sorted(reasons, key=lambda reason: -reason.floor)
    orderly = (claim.orderly_since or on) if worst.is_bad and claim.days_past_due <= 0 else None
    return Classification(
        loan_id=claim.loan_id,
        risk_class=worst,
        reasons=tuple(ranked) or (Reason(Rule.IN_ORDER, RiskClass.PASS),),
        orderly_since=orderly,
        watched_until=until if until and until > on else None,
    )


def _worst(reasons: Sequence[Reason]) -> RiskClass:
    return max((reason.floor for reason in reasons), default=RiskClass.PASS)


def _per_cent(share: Decimal) -> str:
    return f"{share * 100:.2f}"


def _own_reasons(claim: Claim, debtor: Debtor, on: date) -> list[Reason]:
    """What the claim itself gives, its past as a non-performing one left out."""
    found = []
    if claim.days_past_due > 0:
        days = (("days", str(claim.days_past_due)),)
        found.append(Reason(Rule.OVERDUE, class_by_days(claim.days_past_due), days))
    if debtor.early_warning:
        found.append(Reason(Rule.EARLY_WARNING, RiskClass.SPECIAL_MENTION))
    found += _impairment_reasons(claim) + _watch_reasons(claim, debtor, on)
    if claim.override is not None:
        why = (("reason", claim.override.reason),)
        found.append(Reason(Rule.OVERRIDDEN, claim.override.risk_class, why))
    return found


def _impairment_reasons(claim: Claim) -> list[Reason]:
    if not claim.credit_impaired:
        return []
    share = claim.expected_loss_share
    if share is None or share < Decimal("0.50"):
        return [Reason(Rule.CREDIT_IMPAIRED, RiskClass.SUBSTANDARD)]
    floor = RiskClass.LOSS if share >= Decimal("0.90") else RiskClass.DOUBTFUL
    return [Reason(Rule.EXPECTED_LOSS, floor, (("share", _per_cent(share)),))]


def _watch_reasons(claim: Claim, debtor: Debtor, on: date) -> list[Reason]:
    until = watched_until(claim)
    if claim.restructuring is None or until is None:
        return []
    value = (("until", until.isoformat()),)
    if on < until:
        if claim.restructuring.again:
            return [Reason(Rule.RESTRUCTURED_AGAIN, RiskClass.SUBSTANDARD, value)]
        return [Reason(Rule.RESTRUCTURED, RiskClass.SPECIAL_MENTION, value)]
    if _confirmed_since(debtor, until):
        return []
    return [Reason(Rule.WATCH_NOT_CONFIRMED, RiskClass.SPECIAL_MENTION, value)]


def _cure_reasons(claim: Claim, debtor: Debtor, on: date, impaired: set[str]) -> list[Reason]:
    """Whether a claim that was non-performing must stay so for now."""
    if not claim.previous.is_bad:
        return []
    if claim.days_past_due > 0:
        return [Reason(Rule.CURE_NOT_BEGUN, RiskClass.SUBSTANDARD)]
    cured = cured_on(claim, on)
    if on < cured:
        value = (("until", cured.isoformat()),)
        return [Reason(Rule.CURE_RUNNING, RiskClass.SUBSTANDARD, value)]
    if impaired:
        return [Reason(Rule.DEBTOR_NOT_CURED, RiskClass.SUBSTANDARD)]
    if not _confirmed_since(debtor, cured):
        return [Reason(Rule.CURE_NOT_CONFIRMED, RiskClass.SUBSTANDARD)]
    return []


def _confirmed_since(debtor: Debtor, day: date) -> bool:
    confirmed = debtor.capacity_confirmed_on
    return confirmed is not None and confirmed >= day


def _shared_reasons(
    claim: Claim, debtor: Debtor, bad: Sequence[Claim], impaired: set[str]
) -> list[Reason]:
    """What the debtor's other claims, or debts elsewhere, mean for this claim."""
    if not debtor.contagion:
        return []
    found = []
    elsewhere = debtor.overdue_share_everywhere
    if elsewhere is not None and elsewhere > OVERDUE_SHARE_EVERYWHERE:
        value = (("share", _per_cent(elsewhere)),)
        found.append(Reason(Rule.OVERDUE_SHARE_EVERYWHERE, RiskClass.SUBSTANDARD, value))
    if claim.loan_id in impaired:
        return found  # bad of itself: the others add nothing
    total = sum((one.outstanding for one in debtor.claims), ZERO)
    others = sum((one.outstanding for one in bad if one.loan_id != claim.loan_id), ZERO)
    if total > 0 and others / total > BAD_SHARE_HERE:
        value = (("share", _per_cent(others / total)),)
        found.append(Reason(Rule.BAD_SHARE_HERE, RiskClass.SUBSTANDARD, value))
    elif others > 0 or debtor.bad_at_other_banks:
        found.append(Reason(Rule.OTHER_DEBT_BAD, RiskClass.SPECIAL_MENTION))
    return found
