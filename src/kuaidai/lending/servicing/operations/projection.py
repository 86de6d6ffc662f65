"""Bring a loan's stored sums and the ledger in line with what replay says."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from kuaidai.foundation.queries import business_date, held_business_date
from kuaidai.lending.ledger.domain import chart
from kuaidai.lending.ledger.domain.entries import Line
from kuaidai.lending.ledger.operations import post
from kuaidai.lending.servicing.domain.replay import LoanState
from kuaidai.lending.servicing.errors import DatedAhead
from kuaidai.lending.servicing.models import Loan
from kuaidai.lending.servicing.queries import state_of


def posting_day(on: date) -> date:
    """The day the books carry what happened on `on`: a closed day is not reopened.

    Nor is it closed before the caller's transaction, which posts on it, has ended.
    """
    return max(on, held_business_date())


def require_not_ahead(on: date) -> None:
    """Refuse a day the bank has not reached: the close of the days before could not replay it.

    Raises `DatedAhead`.
    """
    today = business_date()
    if on > today:
        raise DatedAhead(value=on, on=today)


def accrue(loan: Loan, on: date) -> LoanState:
    """Recognise what the loan earned up to `on`, and store its state. `loan` is locked.

    A payment that counts from an earlier day may take back income recognised since: totals may fall
    and rise again. So the entry's key holds the day and the number of payments, which never do.
    """
    state = state_of(loan, on)
    interest = state.earned_interest - loan.earned_interest
    penalty = state.earned_penalty - loan.earned_penalty
    post(
        key=f"accrual:{loan.id}:{on}:{len(state.allocations)}",
        on=posting_day(on),
        description="Interest accrued",
        source_type="loan",
        source_id=loan.id,
        lines=[
            *_both(chart.INTEREST_RECEIVABLE, chart.INTEREST_INCOME, interest),
            *_both(chart.PENALTY_RECEIVABLE, chart.PENALTY_INCOME, penalty),
        ],
    )
    loan.earned_interest, loan.earned_penalty = state.earned_interest, state.earned_penalty
    loan.outstanding, loan.days_past_due = state.outstanding, state.days_past_due
    loan.accrued_through = max(on, loan.accrued_through)
    loan.status = "settled" if state.is_settled else "active"
    loan.save()
    return state


def _both(debit: str, credit: str, amount: Decimal) -> list[Line]:
    """Debit one account and credit another; a negative amount the other way round."""
    if amount >= 0:
        return [Line(debit, debit=amount), Line(credit, credit=amount)]
    return [Line(credit, debit=-amount), Line(debit, credit=-amount)]
