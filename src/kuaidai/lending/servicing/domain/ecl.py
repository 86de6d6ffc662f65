"""Expected credit losses: stages and the loss per yuan of exposure (IFRS 9, 企业会计准则第22号).

ECL = Σ over months t of PD(t) × LGD × EAD(t) × discount(t), weighted over scenarios: the first twelve
months in stage 1, the whole remaining term in stage 2; in stage 3 the claim has defaulted, PD is 1 and
LGD, by class, is what is not expected back (as of today's value). Everything that makes the rate is
known per product, grade, stage, profile and remaining months, so that a table of rates serves a book
of any size: allowance = exposure × rate, rounded half-up to the cent at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import IntEnum, StrEnum

from kuaidai.kernel.money import yuan
from kuaidai.lending.products.loss_parameters import ONE, LossParameters, Scenario
from kuaidai.lending.servicing.domain.classification import RiskClass

RATE_PLACES = Decimal("0.0000000001")
LONGEST_MONTHS = 120
"""Terms beyond this many months take its rate."""
DEFAULT_DAYS_PAST_DUE = 90
"""More than these is default, the same bound as the class substandard (IFRS 9 B5.5.37 lets it be)."""
_ZERO = Decimal(0)


class Stage(IntEnum):
    """How far the credit risk of a claim has risen since it was granted."""

    ONE = 1
    TWO = 2
    THREE = 3


class Profile(StrEnum):
    """How the exposure falls over the remaining term: in equal steps, or not until the end."""

    AMORTISING = "amortising"
    BULLET = "bullet"


@dataclass(frozen=True)
class StageFacts:
    """What the stage of a claim rests on.

    `clear_since` is the day from which no trigger has held (None when one holds or never did).
    """

    risk_class: RiskClass
    days_past_due: int
    early_warning: bool = False
    previous: Stage = Stage.ONE
    clear_since: date | None = None


@dataclass(frozen=True)
class Staging:
    """A stage, and since when its triggers are gone (None outside probation)."""

    stage: Stage
    clear_since: date | None


def triggered_stage(facts: StageFacts, parameters: LossParameters) -> Stage:
    """The stage that today's facts alone give.

    Non-performing classes and more than 90 days past due are stage 3; special mention, an
    early warning and more than `significant_days_past_due` (IFRS 9 5.5.11) are stage 2.
    """
    if facts.risk_class.is_bad or facts.days_past_due > DEFAULT_DAYS_PAST_DUE:
        return Stage.THREE
    if (
        facts.risk_class is RiskClass.SPECIAL_MENTION
        or facts.early_warning
        or facts.days_past_due > parameters.significant_days_past_due
    ):
        return Stage.TWO
    return Stage.ONE


def stage_of(facts: StageFacts, parameters: LossParameters, on: date) -> Staging:
    """The stage on `on`: worse at once, better one stage at a time.

    From stage 3 a claim goes to stage 2 as soon as its class lets it (the class has a cure of its
    own), from stage 2 to stage 1 only after `probation_days` without a trigger.
    """
    wanted = triggered_stage(facts, parameters)
    if wanted is not Stage.ONE:
        return Staging(wanted, None)
    if facts.previous is Stage.ONE:
        return Staging(Stage.ONE, None)
    since = facts.clear_since or on
    if on - since >= timedelta(days=parameters.probation_days):
        return Staging(Stage.ONE, None)
    return Staging(Stage.TWO, since)


def cumulative_pd(years: tuple[Decimal, ...], months: int) -> Decimal:
    """The probability of default within `months`: by straight lines between the years' ends.

    Past the last year its last yearly step goes on, up to 1.

    >>> cumulative_pd((Decimal("0.024"), Decimal("0.045")), 18)
    Decimal('0.0345')
    """
    points = (_ZERO, *years)
    whole, rest = divmod(months, 12)
    if whole < len(years):
        return points[whole] + (points[whole + 1] - points[whole]) * rest / 12
    step = points[-1] - points[-2]
    return min(ONE, points[-1] + step * (months - 12 * len(years)) / 12)


def exposure_share(profile: Profile, month: int, months: int) -> Decimal:
    """What is still owed at the start of month `month` (from 1) of `months`, per yuan owed today."""
    if profile is Profile.BULLET:
        return ONE
    return Decimal(months - month + 1) / months


def scenario_rate(
    parameters: LossParameters,
    scenario: Scenario,
    *,
    grade: str,
    stage: Stage,
    profile: Profile,
    months: int,
) -> Decimal:
    """The unrounded loss per yuan of a performing claim in one scenario."""
    factor = scenario.pd_factor
    if stage is Stage.TWO:
        factor *= parameters.stage_two_pd_factor
    lgd = min(ONE, parameters.loss_given_default["performing"] * scenario.lgd_factor)
    years = parameters.cumulative_pd[grade]
    horizon = min(months, 12) if stage is Stage.ONE else months
    monthly = ONE + parameters.discount_rate / 12
    before, total, discount = _ZERO, _ZERO, ONE
    for month in range(1, horizon + 1):
        discount /= monthly
        within = min(ONE, cumulative_pd(years, month) * factor)
        total += (within - before) * exposure_share(profile, month, months) * discount
        before = within
    return total * lgd


def loss_rate(
    parameters: LossParameters,
    *,
    grade: str,
    stage: Stage,
    risk_class: RiskClass,
    profile: Profile,
    months: int,
) -> Decimal:
    """Expected loss per yuan of exposure, ten places, half-up.

    A grade without probabilities takes the fallback grade's. `months` counts begun months to the
    last due day; a matured claim counts as one.
    """
    if stage is Stage.THREE:
        name = max(risk_class, RiskClass.SUBSTANDARD).name.lower()
        lost = parameters.loss_given_default[name]
        exact = sum((s.weight * min(ONE, lost * s.lgd_factor) for s in parameters.scenarios), _ZERO)
    else:
        known = grade if grade in parameters.cumulative_pd else parameters.fallback_grade
        term = min(max(months, 1), LONGEST_MONTHS)
        exact = sum(
            (
                s.weight
                * scenario_rate(
                    parameters, s, grade=known, stage=stage, profile=profile, months=term
                )
                for s in parameters.scenarios
            ),
            _ZERO,
        )
    return exact.quantize(RATE_PLACES, rounding=ROUND_HALF_UP)


def allowance(exposure: Decimal, rate: Decimal) -> Decimal:
    """Exposure times rate, half-up to the cent."""
    return yuan(exposure * rate)


@dataclass(frozen=True)
class RateRow:
    """A row of the table of rates. Stage 3 rows have neither grade, profile nor months."""

    grade: str
    stage: Stage
    risk_class: RiskClass | None
    profile: Profile | None
    months: int | None
    rate: Decimal


def _performing_rows(parameters: LossParameters, longest: int) -> Iterator[RateRow]:
    for grade in parameters.cumulative_pd:
        for stage in (Stage.ONE, Stage.TWO):
            for profile in Profile:
                for months in range(1, longest + 1):
                    rate = loss_rate(
                        parameters, grade=grade, stage=stage, risk_class=RiskClass.PASS,
                        profile=profile, months=months,
                    )  # fmt: skip
                    yield RateRow(grade, stage, None, profile, months, rate)


def rate_table(parameters: LossParameters, *, longest: int) -> tuple[RateRow, ...]:
    """All rates of a product for terms of up to `longest` months."""
    bad = [
        RateRow("", Stage.THREE, worst, None, None, loss_rate(
            parameters, grade="", stage=Stage.THREE, risk_class=worst, profile=Profile.BULLET,
            months=1,
        ))
        for worst in RiskClass
        if worst.is_bad
    ]  # fmt: skip
    return (*_performing_rows(parameters, longest), *bad)
