"""Due dates: without drift at month ends, moved from holidays, and the periods between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from kuaidai.kernel.calendars import add_months, next_working_day, previous_working_day
from kuaidai.kernel.day_counts import DayCount, year_share
from kuaidai.lending.servicing.domain.conventions import HolidayRoll, MonthEnd
from kuaidai.lending.servicing.domain.frequency import Frequency
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.terms import MOST_INSTALMENTS, LoanTerms


@dataclass(frozen=True, slots=True)
class Period:
    """Interest runs from `begin` to `end`, and is due on `due` (`end`, or later after a holiday).

    `regular`: both ends lie on the schedule's own grid, so that 30/360 counts the period as a whole.
    """

    begin: date
    end: date
    due: date
    regular: bool


def periods(terms: LoanTerms) -> tuple[Period, ...]:
    """The periods of a loan, in order; raises `ValueError` where due dates fall together.

    A loan repaid by a fixed amount has as many as there may be: its schedule ends earlier. One repaid
    at once (利随本清) has a single period.
    """
    begin = terms.period_start or terms.start_on
    if terms.method is RepaymentMethod.AGREED:
        return _between(begin, [line.due_on for line in terms.agreed], terms, [False])
    if terms.settlement_day is not None:
        days = _settlement_days(terms, terms.settlement_day)
        if terms.method is RepaymentMethod.SINGLE:
            days = days[-1:]
        ends = [begin, *days]
        first, last = (terms.every.after(ends[at], 1) == ends[at + 1] for at in (0, -2))
        return _between(begin, days, terms, [first, *[True] * (len(days) - 2), last][: len(days)])
    days = list(_grid(terms))
    if terms.method is RepaymentMethod.SINGLE:
        days = days[-1:]
    whole = terms.first_due is None or days[0] == terms.every.after(begin, 1)
    return _between(begin, days, terms, [whole, *[True] * (len(days) - 1)])


def maturity(terms: LoanTerms) -> date:
    """The last due date."""
    return periods(terms)[-1].due


def _grid(terms: LoanTerms) -> Iterator[date]:
    first = terms.first_due
    seed = first or terms.period_start or terms.start_on
    day = terms.due_day or (seed.day if terms.every.months else None)
    offset = 0 if first is not None else 1
    count = MOST_INSTALMENTS if terms.method is RepaymentMethod.FIXED_AMOUNT else terms.instalments
    for number in range(count):
        due = terms.every.after(seed, number + offset, day=day)
        if day is not None and due.day < day and terms.conventions.month_end is MonthEnd.NEXT_MONTH:
            due += timedelta(days=1)
        yield due


def _settlement_days(terms: LoanTerms, day: int) -> list[date]:
    """The settlement day of each following month (quarter's end …), the last at maturity."""
    matures_on = terms.every.after(terms.start_on, terms.instalments)
    step = terms.every.months
    found: list[date] = []
    for month in range(1, terms.months + 1):
        due = add_months(terms.start_on, month, day=day)
        if due >= matures_on or len(found) >= MOST_INSTALMENTS:
            break
        if due.month % step == 0 or step == 1:
            found.append(due)
    if step == 1:  # one instalment a month, the last at maturity
        found = found[: terms.instalments - 1]
    return [*found, matures_on]


def _between(
    begin: date, days: Sequence[date], terms: LoanTerms, regular: Sequence[bool]
) -> tuple[Period, ...]:
    """Periods up to each day, moved from holidays. `regular`: of each; what it leaves out is not."""
    found, convention = [], terms.conventions
    roll = ROLLS[convention.holiday_roll]
    for place, nominal in enumerate(days):
        due = nominal if roll is None else roll(nominal)
        end = due if convention.interest_rolls or due < nominal else nominal
        if end < begin or (end == begin and place):
            raise ValueError(f"two due dates fall on {end}")
        found.append(Period(begin, end, due, place < len(regular) and regular[place]))
        begin = end
    return tuple(found)


def _modified(on: date) -> date:
    moved = next_working_day(on)
    return moved if moved.month == on.month else previous_working_day(on)


ROLLS: Mapping[HolidayRoll, Callable[[date], date] | None] = {
    HolidayRoll.NONE: None,
    HolidayRoll.FOLLOWING: next_working_day,
    HolidayRoll.MODIFIED_FOLLOWING: _modified,
    HolidayRoll.PRECEDING: previous_working_day,
}
"""Rules of the State Council's calendar, make-up working days included."""


def share_of(
    start: date, end: date, period: Period, every: Frequency, convention: DayCount
) -> tuple[int, int]:
    """The share of a year that days `start` to `end` of a period count for.

    In 30/360 a regular period is one nominal period whatever its days, and days of it are their part of
    its days; a broken period counts whole periods from its begin, then days of the next one.
    """
    if convention is not DayCount.THIRTY_360:
        return year_share(start, end, convention)
    months, year = every.nominal_share
    if period.regular:
        if start == period.begin and end == period.end:
            return months, year
        return months * (end - start).days, year * (period.end - period.begin).days
    (up, up_of), (down, down_of) = (_nominal(period.begin, on, every) for on in (end, start))
    return months * (up * down_of - down * up_of), year * up_of * down_of


def _nominal(begin: date, on: date, every: Frequency) -> tuple[int, int]:
    """How many periods lie between two days, counted forward: a numerator and a denominator."""
    whole = 0
    while whole < MOST_INSTALMENTS and every.after(begin, whole + 1) <= on:
        whole += 1
    at, then = every.after(begin, whole), every.after(begin, whole + 1)
    return whole * (then - at).days + (on - at).days, (then - at).days
