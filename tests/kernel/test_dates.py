"""Calendars and day counts, by the State Council's calendar and the market's conventions."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuaidai.kernel.calendars import (
    add_months,
    age_on,
    is_working_day,
    next_working_day,
    whole_months_between,
)
from kuaidai.kernel.day_counts import DayCount, days_between, year_fraction


def test_month_ends_do_not_drift() -> None:
    start = date(2024, 1, 31)
    assert [add_months(start, n) for n in (1, 2, 3)] == [
        date(2024, 2, 29),
        date(2024, 3, 31),
        date(2024, 4, 30),
    ]


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 240))
def test_adding_months_moves_exactly_that_many_calendar_months(start: date, months: int) -> None:
    moved = add_months(start, months)
    assert (moved.year - start.year) * 12 + moved.month - start.month == months
    assert moved.day <= start.day


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2024, 10, 1), False),  # National Day
        (date(2024, 10, 12), True),  # a Saturday worked to make up for it
        (date(2024, 10, 13), False),  # an ordinary Sunday
        (date(2035, 1, 1), True),  # not published yet: a Monday
    ],
)
def test_working_days_follow_the_published_calendar(day: date, working: bool) -> None:
    assert is_working_day(day) is working


def test_a_holiday_rolls_to_the_next_working_day() -> None:
    assert next_working_day(date(2024, 10, 1)) == date(2024, 10, 8)


def test_ages_count_completed_years_and_months() -> None:
    assert age_on(date(1960, 11, 24), date(2026, 11, 23)) == 65
    assert age_on(date(1960, 11, 23), date(2026, 11, 23)) == 66
    assert whole_months_between(date(2024, 11, 24), date(2026, 11, 23)) == 23
    assert whole_months_between(date(2024, 1, 31), date(2024, 2, 29)) == 1


def test_day_counts() -> None:
    start, end = date(2024, 1, 31), date(2024, 3, 31)
    assert year_fraction(start, end, DayCount.ACT_360) == Fraction(60, 360)
    assert year_fraction(start, end, DayCount.ACT_365) == Fraction(60, 365)
    assert days_between(start, end, DayCount.THIRTY_360) == 60
