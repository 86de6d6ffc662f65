"""Day-count conventions: the share of a year between two dates.

Chinese banks quote annual rates and accrue annual / 360 on actual days; see the trade notes on interest.
"""

from __future__ import annotations

from calendar import isleap
from datetime import date
from enum import StrEnum
from fractions import Fraction


class DayCount(StrEnum):
    """How days between two dates are counted and what a year has.

    `act/act` counts a day in the year in which it ends (as Apache Fineract does: 31 December to
    1 January is a day of the new year); `act/act-isda` in the year in which it begins. `30/360` counts
    a whole period of a schedule as so many months of 30 days, whatever days it has; between dates
    that are no such period it counts as bonds do.
    """

    ACT_360 = "act/360"
    ACT_365 = "act/365"
    ACT_364 = "act/364"
    ACT_ACT = "act/act"
    ACT_ACT_ISDA = "act/act-isda"
    THIRTY_360 = "30/360"


YEAR_DAYS = {
    DayCount.ACT_360: 360,
    DayCount.ACT_365: 365,
    DayCount.ACT_364: 364,
    DayCount.THIRTY_360: 360,
}
"""Days of a year, where the convention fixes them."""


def days_between(start: date, end: date, convention: DayCount) -> int:
    """Interest days from `start` (counted) to `end` (not counted)."""
    if convention is not DayCount.THIRTY_360:
        return (end - start).days
    start_day = min(start.day, 30)
    end_day = 30 if end.day == 31 and start_day == 30 else end.day
    return (end.year - start.year) * 360 + (end.month - start.month) * 30 + end_day - start_day


def year_share(start: date, end: date, convention: DayCount) -> tuple[int, int]:
    """The share of a year from `start` to `end` as numerator and denominator, not reduced."""
    fixed = YEAR_DAYS.get(convention)
    if fixed is not None:
        if convention is DayCount.THIRTY_360:
            return days_between(start, end, convention), fixed
        return (end - start).days, fixed
    if end < start:
        numerator, denominator = year_share(end, start, convention)
        return -numerator, denominator
    return _by_year(start, end, turns_on_new_year=convention is DayCount.ACT_ACT_ISDA)


def _by_year(start: date, end: date, *, turns_on_new_year: bool) -> tuple[int, int]:
    leap_days, common_days, at = 0, 0, start
    while at < end:
        year = at.year
        if turns_on_new_year:
            turn = date(year + 1, 1, 1)
        else:
            year += 1 if (at.month, at.day) == (12, 31) else 0
            turn = date(year, 12, 31)
        until = min(turn, end)
        if isleap(year):
            leap_days += (until - at).days
        else:
            common_days += (until - at).days
        at = until
    if not leap_days:
        return common_days, 365
    if not common_days:
        return leap_days, 366
    return leap_days * 365 + common_days * 366, 365 * 366


def year_fraction(start: date, end: date, convention: DayCount) -> Fraction:
    """The exact fraction of a year from `start` to `end`."""
    return Fraction(*year_share(start, end, convention))
