"""How long a single draw may run: not long after its line expires."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from kuaidai.kernel.calendars import add_months


def last_maturity(expires_on: date, days_after: int) -> date:
    """The last day a loan under a line may mature on."""
    return expires_on + timedelta(days=days_after)


def terms_that_fit(
    *, on: date, line_months: int, tenors: Sequence[int], last: date
) -> tuple[int, ...]:
    """The terms, in months and ascending, a draw on `on` may have: the product's tenors up to the
    line's own term, and that term, as far as they mature by `last`.
    """
    offered = {months for months in tenors if months <= line_months} | {line_months}
    return tuple(months for months in sorted(offered) if add_months(on, months) <= last)
