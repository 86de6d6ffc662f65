"""The one truth about a loan: its terms and events, replayed to a day.

Payments settle what is due first, oldest instalment first, and within an instalment in the order of
the conventions (by law costs, compound interest, penalty, interest, principal: Civil Code 561). What is
left repays early: the interest accrued to the day, then principal, after which the remaining instalments
are spread anew: smaller over the same due dates, or fewer when the payer asked to shorten the loan.

Overdue principal bears the penalty rate (contract rate x multiplier) by the day, overdue interest bears
it as compound interest; neither bears anything itself. Both are rounded when paid or shown. What is
paid within the days of grace bears none; what is still unpaid after them bears it from the due date.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from kuaidai.lending.servicing.domain.events import Disbursement, Event, Payment, in_order
from kuaidai.lending.servicing.domain.happenings import HANDLERS
from kuaidai.lending.servicing.domain.reading import state_of_run
from kuaidai.lending.servicing.domain.running import RunningLoan, apply, begin, begin_undrawn
from kuaidai.lending.servicing.domain.state import Allocation, InstalmentState, LoanState
from kuaidai.lending.servicing.domain.terms import LoanTerms

__all__ = [
    "Allocation", "InstalmentState", "LoanState", "Overpaid", "Payment", "replay", "run_to",
]  # fmt: skip


class Overpaid(ValueError):
    """A payment exceeds what is owed on its day."""


def run_to(terms: LoanTerms, events: Iterable[Event], on: date) -> RunningLoan:
    """The loan with all events up to `on`, advanced to it. Raises as `replay` does."""
    if on < terms.start_on:
        raise ValueError(f"{on} is before the drawdown on {terms.start_on}")
    ordered = in_order(events)
    drawn = any(isinstance(event, Disbursement) for event in ordered)
    run = begin_undrawn(terms) if drawn else begin(terms)
    for event in ordered:
        if event.on > on:
            break
        apply(run, event, HANDLERS)
    run.advance(on)
    return run


def replay(terms: LoanTerms, events: Iterable[Event], on: date) -> LoanState:
    """The state of a loan on `on`, given the events recorded until now; later ones are left out.

    Events count by their day, those of one day as they were recorded; reversed ones do not count. More
    money than is owed is `surplus`. Raises `ValueError` for an event that cannot be (before the
    drawdown, a waiver of more than is owed, due dates in disorder).
    """
    return state_of_run(run_to(terms, events, on), on)
