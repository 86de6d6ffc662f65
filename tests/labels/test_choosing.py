"""The tables that a definition is chosen by, on panels worked by hand."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.labels.conftest import loan, months, tables

from kuaidai.data.labels.errors import WrongLabelSetting
from kuaidai.data.labels.roll_rates import (
    NEXT_STATES,
    STATES,
    WorstState,
    beyond,
    roll_rates,
    worst_states,
)
from kuaidai.data.labels.vintage import vintage_table
from kuaidai.data.labels.windows import window_table

JANUARY, FEBRUARY, APRIL = date(2024, 1, 10), date(2024, 2, 20), date(2024, 4, 5)


def book():
    """Four loans of the first quarter, one of the second; the panel ends with August 2024."""
    loans = [
        loan("A", "a", JANUARY),
        loan("B", "b", JANUARY),
        loan("C", "c", FEBRUARY),
        loan("D", "d", FEBRUARY),
        loan("E", "e", APRIL),
    ]
    panel = [
        *months("A", {3: 31, 4: 62, 5: 92, 6: 122, 7: 152}, count=8, granted=JANUARY),
        *months("B", {2: 35, 3: 0}, count=8, granted=JANUARY),
        *months("C", {4: 5, 5: 36, 6: 66}, count=7, granted=FEBRUARY),
        *months("D", {}, count=7, granted=FEBRUARY, repaid=3),
        *months("E", {2: 30}, count=5, granted=APRIL),
    ]
    return tables(loans, panel)


def test_the_vintage_table_by_quarter() -> None:
    points = {(p.cohort, p.threshold, p.age): (p.loans, p.bad) for p in vintage_table(*book())}
    first, second = date(2024, 1, 1), date(2024, 4, 1)

    def curve(cohort, threshold):
        return [points[key][1] for key in sorted(points) if key[:2] == (cohort, threshold)]

    # seen to month 6: the loans of February have no seventh month yet
    assert curve(first, 30) == [0, 0, 1, 2, 2, 3, 3]
    assert curve(first, 60) == [0, 0, 0, 0, 1, 1, 2]
    assert curve(first, 90) == [0, 0, 0, 0, 0, 1, 1]
    assert curve(second, 30) == [0, 0, 1, 1, 1]
    assert points[(first, 60, 6)] == (4, 2)
    assert points[(second, 90, 4)] == (1, 0)


def test_the_vintage_table_by_month_and_other_thresholds() -> None:
    points = vintage_table(*book(), cohorts="month", thresholds=(1,), longest=5)

    january = [(p.loans, p.bad) for p in points if p.cohort == date(2024, 1, 1)]
    assert january == [(2, 0), (2, 0), (2, 1), (2, 2), (2, 2), (2, 2)]
    assert {p.cohort.month for p in points} == {1, 2, 4}


def test_the_roll_rate_table() -> None:
    rolls = {(r.state, r.following): (r.count, r.share) for r in roll_rates(*book())}

    # months that stood current, and where they stood a month on: A 3 (2 current, 1 30-59),
    # B 6 (5, 1), C 4 (3, 1 1-29), D 3 (2, 1 repaid), E 3 (2, 1 30-59); August rolls nowhere yet
    assert rolls[("current", "current")][0] == 14
    assert rolls[("current", "30-59")] == (3, pytest.approx(3 / 19))
    assert rolls[("current", "1-29")][0] == 1
    assert rolls[("current", "repaid")][0] == 1
    assert rolls[("30-59", "60-89")] == (2, 0.5)
    assert rolls[("30-59", "current")] == (2, 0.5)
    assert rolls[("60-89", "90+")] == (1, 1.0)
    assert rolls[("90+", "90+")] == (2, 1.0)
    assert rolls[("1-29", "30-59")] == (1, 1.0)


def test_a_gap_of_the_panel_is_told_from_a_repaid_loan() -> None:
    gap = tables([loan("G", "g", JANUARY)], months("G", {}, count=6, granted=JANUARY, unseen=(2,)))

    rolls = {r.following: r.count for r in roll_rates(*gap)}

    assert rolls["missing"] == 1
    assert rolls["current"] == 3


def test_the_worst_state_of_the_window_against_what_came_of_it() -> None:
    rows = {w.state: w for w in worst_states(*book(), window_months=4, follow_months=2)}

    # January's two and February's two can be followed six months; April's cannot
    # C is current until its fifth month end, when the window of four is over, and 66 days late at last
    assert (rows["current"].loans, rows["current"].ever_90, rows["current"].cured) == (2, 0, 1)
    assert (rows["1-29"].loans, rows["1-29"].ever_90, rows["1-29"].cured) == (0, 0, 0)
    assert (rows["30-59"].loans, rows["30-59"].ever_90, rows["30-59"].cured) == (2, 1, 1)
    assert beyond(tuple(rows.values()), "30-59") == WorstState("30+", 2, 1, 1, 0)
    assert rows["60-89"].ever_90_share is None


def test_a_loan_that_leaves_the_book_late_did_not_come_back() -> None:
    late, prompt = {2: 31, 3: 61}, {2: 31, 3: 0}
    loans = [loan(n, n, JANUARY) for n in ("W", "P")] + [loan("CLOCK", "clock", JANUARY)]
    panel = [
        *months("W", late, granted=JANUARY, repaid=4),
        *months("P", prompt, granted=JANUARY, repaid=4),
        *months("CLOCK", {}, granted=JANUARY),
    ]

    rows = {w.state: w for w in worst_states(*tables(loans, panel), window_months=6)}

    assert rows["60-89"] == WorstState("60-89", 1, 0, 0, 1)
    assert rows["30-59"] == WorstState("30-59", 1, 0, 1, 0)


def test_the_bad_rate_by_length_of_the_window() -> None:
    rows = {(w.threshold, w.months): w for w in window_table(*book(), windows=(3, 4, 6))}

    assert (rows[(60, 3)].loans, rows[(60, 3)].bad) == (5, 0)
    assert (rows[(60, 6)].loans, rows[(60, 6)].bad) == (4, 1)
    assert (rows[(30, 3)].loans, rows[(30, 3)].bad) == (5, 2)
    assert (rows[(30, 3)].same_loans, rows[(30, 3)].same_bad) == (4, 1)
    assert rows[(30, 6)].same_rate == 0.75


def test_odd_settings_are_refused() -> None:
    with pytest.raises(WrongLabelSetting, match="cohorts is week"):
        vintage_table(*book(), cohorts="week")
    with pytest.raises(WrongLabelSetting, match="thresholds"):
        vintage_table(*book(), thresholds=())
    with pytest.raises(WrongLabelSetting, match="window_months is 0"):
        worst_states(*book(), window_months=0)
    with pytest.raises(WrongLabelSetting, match="windows"):
        window_table(*book(), windows=(0, 12))


LIVES = st.lists(
    st.tuples(
        st.integers(0, 8),  # months after January 2024 of the grant
        st.lists(
            st.sampled_from([0, 0, 0, 5, 29, 30, 59, 60, 89, 90, 150]), min_size=1, max_size=14
        ),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.slow
@settings(max_examples=10)
@given(LIVES)
def test_curves_never_fall_and_shares_sum_to_one(lives) -> None:
    loans, panel = [], []
    for place, (late, dpd) in enumerate(lives):
        granted = date(2024, 1 + late, 15)
        loans.append(loan(f"L{place}", f"f{place}", granted))
        panel += months(f"L{place}", dict(enumerate(dpd)), count=len(dpd), granted=granted)
    pair = tables(loans, panel)

    points = vintage_table(*pair)
    for before, after in pairwise(points):
        if (before.cohort, before.threshold) == (after.cohort, after.threshold):
            assert before.age + 1 == after.age
            assert before.bad <= after.bad <= after.loans
    by_key = {(p.cohort, p.age, p.threshold): p.bad for p in points}
    for (cohort, age, days), bad in by_key.items():
        if days > 30:
            assert bad <= by_key[(cohort, age, days - 30)]

    rolls = roll_rates(*pair)
    for state in STATES:
        shares = [r.share for r in rolls if r.state == state]
        assert not shares or (sum(shares) == pytest.approx(1) and len(shares) == len(NEXT_STATES))

    for days in (30, 60, 90):
        same = [w.same_bad for w in window_table(*pair) if w.threshold == days and w.same_loans]
        assert same == sorted(same)
