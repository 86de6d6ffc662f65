"""The months and days of a simulated history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from kuaidai.kernel.calendars import add_months, is_working_day, month_end, month_start
from kuaidai.simulator.arrays import Days, Ints

LOOK_BACK_MONTHS = 15
"""Months emitted before the first loan, so that it has a year behind it, and the same quarter of
the year before."""

RUN_IN_MONTHS = LOOK_BACK_MONTHS + 6
"""Months emitted before the history asked for: the look-back, then six months of loans, so that
more of them have a known outcome at the end."""

BURN_IN_MONTHS = 24
"""Months lived but not emitted, so that 24-month look-backs are filled on the first day."""

OUTLOOK_MONTHS = 12
"""Months lived after the history but not emitted: only the truth knows how its last loans would end."""


@dataclass(frozen=True)
class Timeline:
    """Whole months from `first` on; rows known after `ends_on` are not emitted.

    `months` counts the run-in too. `month_first` has one entry more than there are months.
    """

    first: date
    ends_on: date
    months: int
    month_first: Days
    month_of_day: Ints
    day_of_month_first: Ints
    workdays: tuple[Ints, ...]
    calendar_month: Ints

    @property
    def days(self) -> int:
        """Days in all months."""
        return int(self.day_of_month_first[-1])

    @property
    def month_last(self) -> Days:
        """The last day of each month."""
        return self.month_first[1:] - np.timedelta64(1, "D")


def timeline(*, months: int, ends_on: date) -> Timeline:
    """The timeline of `months` months that end on `ends_on`, with the run-in before them."""
    if months < 1:
        raise ValueError(f"a history needs at least one month, not {months}")
    total = months + RUN_IN_MONTHS
    first = add_months(month_start(ends_on), 1 - total)
    firsts = np.array(
        [add_months(first, index) for index in range(total + 1)], dtype="datetime64[D]"
    )
    offsets = (firsts - firsts[0]).astype(np.int64)
    lengths = np.diff(offsets)
    workdays = []
    for index in range(total):
        span = range(int(offsets[index]), int(offsets[index + 1]))
        start = add_months(first, index)
        workdays.append(
            np.array(
                [day for day in span if is_working_day(start.replace(day=day - span.start + 1))],
                dtype=np.int64,
            )
        )
    return Timeline(
        first=first,
        ends_on=min(ends_on, month_end(ends_on)),
        months=total,
        month_first=firsts,
        month_of_day=np.repeat(np.arange(total), lengths),
        day_of_month_first=offsets,
        workdays=tuple(workdays),
        calendar_month=np.array(
            [add_months(first, index).month for index in range(total)], dtype=np.int64
        ),
    )
