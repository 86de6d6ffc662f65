"""Dates of the trade: month arithmetic without drift, Chinese working days, due dates."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import chinese_calendar


def add_months(start: date, months: int, *, day: int | None = None) -> date:
    """`start` moved by `months`, on `day` of the month (default: `start`'s own), cut to the month's end.

    Counting always from the first date keeps month ends from drifting:
    31 January + 1 is 28 February, + 2 is 31 March.
    """
    year, month_index = divmod(start.year * 12 + start.month - 1 + months, 12)
    month, wanted = month_index + 1, day or start.day
    if wanted > 28:
        wanted = min(wanted, calendar.monthrange(year, month)[1])
    return date(year, month, wanted)


def month_start(on: date) -> date:
    """The first day of `on`'s month."""
    return on.replace(day=1)


def month_end(on: date) -> date:
    """The last day of `on`'s month."""
    return on.replace(day=calendar.monthrange(on.year, on.month)[1])


def is_working_day(on: date) -> bool:
    """Whether banks settle on `on`: the State Council's calendar, make-up working days included.

    Years the calendar does not cover yet (it is published each November) count Monday to Friday.
    """
    try:
        return bool(chinese_calendar.is_workday(on))
    except NotImplementedError:
        return on.weekday() < 5


def next_working_day(on: date) -> date:
    """`on` itself, or the first working day after it (the "following" roll)."""
    return _nearest_working_day(on, timedelta(days=1))


def previous_working_day(on: date) -> date:
    """`on` itself, or the last working day before it (the "preceding" roll)."""
    return _nearest_working_day(on, timedelta(days=-1))


def _nearest_working_day(on: date, step: timedelta) -> date:
    for days in range(30):
        if is_working_day(on + days * step):
            return on + days * step
    raise ValueError(f"no working day within 30 days of {on}")


def whole_months_between(start: date, end: date) -> int:
    """Whole months from `start` to `end`; negative when `end` comes first."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - 1 if end.day < start.day and end != month_end(end) else months


def age_on(born: date, on: date) -> int:
    """Completed years of life on `on`."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
