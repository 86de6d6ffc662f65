"""What became of a facility's loans: the outcome that models are judged by."""

from __future__ import annotations

from datetime import date

from kuaidai.kernel.calendars import add_months, month_end, month_start
from kuaidai.lending.servicing.domain.replay import replay
from kuaidai.lending.servicing.models import Loan
from kuaidai.lending.servicing.queries import events_of, terms_of


def went_bad(
    facility_id: str, *, after: date, window_months: int = 12, dpd_threshold: int = 60
) -> bool | None:
    """Whether a loan of the facility stood `dpd_threshold` days past due or more at a month end.

    The month ends are those after `after` up to `window_months` later, as in `data.labels`; the window
    must be over. None where nothing was drawn within it.
    """
    until = add_months(after, window_months)
    ends = [month_end(add_months(month_start(after), place)) for place in range(window_months + 1)]
    watched = [end for end in ends if after < end <= until]
    loans = list(
        Loan.objects.filter(facility_id=facility_id, start_on__lte=until).select_related("life")
    )
    if not loans:
        return None
    return any(_past_due(loan, watched) >= dpd_threshold for loan in loans)


def _past_due(loan: Loan, days: list[date]) -> int:
    """The most days past due on any of `days`, as its events tell."""
    terms, events = terms_of(loan), events_of(loan)
    return max(
        (replay(terms, events, day).days_past_due for day in days if day >= loan.start_on),
        default=0,
    )
