"""Day-count conventions: the fraction of a year between two dates.

Chinese banks quote annual rates and accrue annual / 360 on actual days; see the trade notes on interest.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from fractions import Fraction


class DayCount(StrEnum):
    """How days between two dates are counted and what a year has."""

    ACT_360 = "act/360"
    ACT_365 = "act/365"
    THIRTY_360 = "30/360"


def days_between(start: date, end: date, convention: DayCount) -> int:
    """Interest days from `start` (counted) to `end` (not counted)."""
    if convention is not DayCount.THIRTY_360:
        return (end - start).days
    start_day = min(start.day, 30)
    end_day = 30 if end.day == 31 and start_day == 30 else end.day
    return (end.year - start.year) * 360 + (end.month - start.month) * 30 + end_day - start_day


def year_fraction(start: date, end: date, convention: DayCount) -> Fraction:
    """The exact fraction of a year from `start` to `end`."""
    year = 365 if convention is DayCount.ACT_365 else 360
    return Fraction(days_between(start, end, convention), year)
