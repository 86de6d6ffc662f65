"""Expected losses: stages, and rates against examples worked by hand (docs, worked examples)."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuaidai.lending.products.loss_parameters import Scenario, loss_parameters
from kuaidai.lending.servicing.domain.classification import RiskClass
from kuaidai.lending.servicing.domain.ecl import (
    Profile,
    Stage,
    StageFacts,
    allowance,
    cumulative_pd,
    loss_rate,
    rate_table,
    stage_of,
)

ON = date(2026, 3, 31)
QUICK = loss_parameters("credit-quick-loan")
PLAIN = replace(
    QUICK, discount_rate=Decimal(0), scenarios=(Scenario("only", *(Decimal(1),) * 3),)
)  # fmt: skip


def rate(parameters=QUICK, *, grade="C", stage=1, worst=RiskClass.PASS, profile="bullet", months=1):
    return loss_rate(
        parameters, grade=grade, stage=Stage(stage), risk_class=worst, profile=Profile(profile),
        months=months,
    )  # fmt: skip


def test_one_month_to_maturity_by_hand() -> None:
    """PD 0.024 / 12 = 0.002.

    base 0.5 × 0.0020 × 0.4500 = 0.00045000
    good 0.2 × 0.0016 × 0.4275 = 0.00013680
    bad  0.3 × 0.0030 × 0.4950 = 0.00044550
    sum 0.00103230, discounted by 1.00375: 0.0010284433; on 100,000.00: 102.84
    """
    assert rate() == Decimal("0.0010284433")
    assert allowance(Decimal("100000.00"), rate()) == Decimal("102.84")


def test_two_months_in_equal_steps_by_hand() -> None:
    """0.0010323 × (1 / 1.00375 + 0.5 / 1.00375²) = 0.0010323 × 1.4925349988: 154.07 on 100,000.00."""
    found = rate(profile="amortising", months=2)
    assert found == Decimal("0.0015407439")
    assert allowance(Decimal("100000.00"), found) == Decimal("154.07")


def test_eighteen_months_are_cut_to_twelve_in_stage_one_and_whole_in_stage_two() -> None:
    """Undiscounted, one scenario: 0.024 × 0.45; and 4 × (0.024 + 0.021 / 2) × 0.45."""
    assert rate(PLAIN, months=18) == Decimal("0.0108000000")
    assert rate(PLAIN, months=18, stage=2) == Decimal("0.0621000000")


def test_a_defaulted_claim_loses_what_is_not_expected_back() -> None:
    """Doubtful: 0.75 × (0.5 + 0.2 × 0.95 + 0.3 × 1.10) = 0.765; loss: the bad scenario is cut to 1."""
    assert rate(stage=3, worst=RiskClass.SUBSTANDARD) == Decimal("0.4590000000")
    assert rate(stage=3, worst=RiskClass.DOUBTFUL) == Decimal("0.7650000000")
    assert rate(stage=3, worst=RiskClass.LOSS) == Decimal("0.9900000000")


@pytest.mark.parametrize("product", ["credit-quick-loan", "any-other"])
def test_the_rates_of_bad_classes_agree_with_the_classes_own_bounds(product) -> None:
    """A claim expected to lose half is doubtful, nine tenths loss: the rates must not contradict."""
    parameters = loss_parameters(product)
    found = [rate(parameters, stage=3, worst=worst) for worst in list(RiskClass)[2:]]
    assert found[0] < Decimal("0.50") <= found[1] < Decimal("0.90") <= found[2]


def test_probability_of_default_runs_in_straight_lines_and_goes_on() -> None:
    years = (Decimal("0.024"), Decimal("0.045"), Decimal("0.063"))
    assert [cumulative_pd(years, m) for m in (0, 6, 12, 18, 36, 48)] == [
        Decimal(x) for x in ("0", "0.012", "0.024", "0.0345", "0.063", "0.081")
    ]
    assert cumulative_pd((Decimal("0.4"), Decimal("0.8")), 36) == 1


def test_an_unknown_grade_takes_the_fallback_grade() -> None:
    assert rate(grade="") == rate(grade="C") > rate(grade="A")


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        (StageFacts(RiskClass.PASS, 0), 1),
        (StageFacts(RiskClass.PASS, 0, early_warning=True), 2),
        (StageFacts(RiskClass.PASS, 30), 1),
        (StageFacts(RiskClass.PASS, 31), 2),
        (StageFacts(RiskClass.SPECIAL_MENTION, 1), 2),
        (StageFacts(RiskClass.SPECIAL_MENTION, 91), 3),
        (StageFacts(RiskClass.SUBSTANDARD, 0), 3),
    ],
)
def test_the_stage_by_trigger(facts, wanted) -> None:
    assert stage_of(facts, QUICK, ON).stage == wanted


def test_stage_two_is_left_after_ninety_clear_days_only() -> None:
    facts = StageFacts(RiskClass.PASS, 0, previous=Stage.TWO)
    first = stage_of(facts, QUICK, ON)
    assert (first.stage, first.clear_since) == (Stage.TWO, ON)
    waiting = replace(facts, clear_since=ON)
    assert stage_of(waiting, QUICK, ON + timedelta(days=89)).stage is Stage.TWO
    assert stage_of(waiting, QUICK, ON + timedelta(days=90)).stage is Stage.ONE
    again = replace(waiting, early_warning=True)
    assert stage_of(again, QUICK, ON + timedelta(days=60)).clear_since is None


def test_stage_three_is_never_left_for_stage_one_at_once() -> None:
    facts = StageFacts(RiskClass.PASS, 0, previous=Stage.THREE)
    assert stage_of(facts, QUICK, ON).stage is Stage.TWO


def test_the_table_holds_what_the_function_gives() -> None:
    rows = rate_table(QUICK, longest=24)
    assert len(rows) == 5 * 2 * 2 * 24 + 3
    for row in rows[::37]:
        again = rate(
            grade=row.grade, stage=row.stage, worst=row.risk_class or RiskClass.PASS,
            profile=row.profile or "bullet", months=row.months or 1,
        )  # fmt: skip
        assert row.rate == again


TERMS = st.integers(1, 60)
GRADES = st.sampled_from("ABCDE")


@given(GRADES, TERMS, st.sampled_from(Profile))
def test_a_worse_stage_never_costs_less(grade, months, profile) -> None:
    found = [
        rate(grade=grade, stage=stage, worst=RiskClass.SUBSTANDARD, profile=profile, months=months)
        for stage in (1, 2, 3)
    ]
    assert 0 < found[0] <= found[1]
    assert found[2] < 1


@given(st.integers(0, 3), TERMS, st.sampled_from([1, 2]), st.sampled_from(Profile))
def test_a_worse_grade_costs_more(place, months, stage, profile) -> None:
    better, worse = "ABCDE"[place], "ABCDE"[place + 1]
    assert rate(grade=better, stage=stage, profile=profile, months=months) < rate(
        grade=worse, stage=stage, profile=profile, months=months
    )


@given(GRADES, TERMS, st.sampled_from([1, 2]))
def test_repaying_in_steps_never_costs_more_than_at_the_end(grade, months, stage) -> None:
    steps = rate(grade=grade, stage=stage, profile="amortising", months=months)
    assert steps <= rate(grade=grade, stage=stage, profile="bullet", months=months)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"scenarios": ()}, "add up to 1"),
        ({"fallback_grade": "Z"}, "fallback grade Z"),
        ({"cumulative_pd": {"C": (Decimal("0.2"), Decimal("0.1"))}}, "must rise"),
        ({"loss_given_default": {"loss": Decimal("1.2")}}, "between 0 and 1"),
    ],
)
def test_impossible_parameters_are_refused(change, told) -> None:
    with pytest.raises(ValueError, match=told):
        replace(QUICK, **change)
