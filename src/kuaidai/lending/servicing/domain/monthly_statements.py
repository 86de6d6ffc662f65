"""Monthly statements: a closed month as it was known at its close. Pure functions of terms and events.

Nothing is booked on a closed day, and every event keeps the day it was booked on. So what was known when
the last day of a month was closed is the events booked by then, and the month's statement is theirs: it
need not be written down by the night to be had again with the same figures. What is booked later and
counts from an earlier day stands in the month it was booked in, as a correction of the opening balance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from kuaidai.kernel.calendars import month_end, month_start
from kuaidai.lending.servicing.domain import events as ev
from kuaidai.lending.servicing.domain.statements import Statement, StatementLine, statement
from kuaidai.lending.servicing.domain.terms import LoanTerms

CORRECTED = "corrected"
"""The line that tells by how much bookings of the month changed what was owed before it."""
_DAY = timedelta(days=1)

Booked = tuple[date, ev.Event]
"""An event and the day it was booked on."""


@dataclass(frozen=True)
class StatedMonth:
    """A month that a loan has a statement of."""

    first: date
    last: date

    @property
    def label(self) -> str:
        """The month as it is asked for: `2026-07`."""
        return f"{self.first:%Y-%m}"


def stated_months(
    start_on: date, closed_through: date, ended_on: date | None
) -> tuple[StatedMonth, ...]:
    """The months that are closed, newest first, from the drawdown's to that in which the loan ended.

    >>> [month.label for month in stated_months(date(2026, 5, 20), date(2026, 7, 30), None)]
    ['2026-06', '2026-05']
    """
    through = closed_through if ended_on is None else min(closed_through, month_end(ended_on))
    found, first = [], month_start(start_on)
    while (last := month_end(first)) <= through:
        found.append(StatedMonth(first, last))
        first = last + _DAY
    return tuple(reversed(found))


def statement_of_month(
    loan_id: str, terms: LoanTerms, booked: Sequence[Booked], month: StatedMonth
) -> Statement:
    """The statement of a month as it was at its close: it opens with what the one before closed with."""
    known = [event for booked_on, event in booked if booked_on <= month.last]
    told = statement(loan_id, terms, known, month.first, month.last)
    eve = month.first - _DAY
    if eve < terms.start_on:
        return told
    known_before = [event for booked_on, event in booked if booked_on <= eve]
    closed_with = statement(loan_id, terms, known_before, eve, eve).closing
    if closed_with == told.opening:
        return told
    corrected = StatementLine(month.first, CORRECTED, told.opening - closed_with, told.opening)
    return replace(told, opening=closed_with, lines=(corrected, *told.lines))
