"""Reads of what staff do to loans: events with who and why, requests that wait."""

from __future__ import annotations

from datetime import date

from django.db.models import Q

from kuaidai.lending.servicing.domain.adjustments import (
    Adjustment,
    LoanEventView,
    LoanFound,
    LoanRequestView,
)
from kuaidai.lending.servicing.models import Loan, LoanEvent, LoanRequest


def request_view(row: LoanRequest) -> LoanRequestView:
    """The view of a request's row."""
    return LoanRequestView(
        row.id, row.loan_id, Adjustment(row.kind), row.told, row.reason, row.status, row.asked_by,
        row.asked_on, row.expires_on, row.decided_by, row.decided_on, row.note,
    )  # fmt: skip


def requests_of(loan_id: str) -> tuple[LoanRequestView, ...]:
    """The requests about a loan, newest first; 50 at the most."""
    rows = LoanRequest.objects.filter(loan_id=loan_id).order_by("-asked_on", "-id")[:50]
    return tuple(map(request_view, rows))


def waiting_requests(on: date) -> tuple[LoanRequestView, ...]:
    """The requests that wait on a day for a second person, oldest first; 200 at the most.

    Those that have lapsed are left out: nobody can approve them any more.
    """
    rows = LoanRequest.objects.filter(status="waiting", expires_on__gt=on)
    return tuple(map(request_view, rows.order_by("asked_on", "id")[:200]))


def loan_events(loan_id: str) -> tuple[LoanEventView, ...]:
    """What was recorded of a loan, newest first; 500 at the most."""
    rows = list(LoanEvent.objects.filter(loan_id=loan_id).order_by("-number")[:500])
    reversed_by = {
        row.told["reverses"]: row.key for row in rows if row.kind == "reversal"
    }  # fmt: skip
    return tuple(
        LoanEventView(
            row.key, row.kind, row.on, row.booked_on, row.told, row.actor, row.reason,
            row.recorded_at, reversed_by.get(row.key),
        )
        for row in rows
    )  # fmt: skip


def find_loans(text: str, on: date) -> tuple[LoanFound, ...]:
    """Loans by the number of loan or line, or the firm's code, newest first; 50 at the most."""
    wanted = text.strip().upper()
    if not wanted:
        return ()
    rows = Loan.objects.select_related("facility").filter(
        Q(id=wanted) | Q(facility_id=wanted) | Q(facility__uscc=wanted)
    )
    return tuple(
        LoanFound(
            row.id, row.facility.uscc, row.status, row.principal, row.outstanding, row.start_on,
            row.matures_on, row.days_past_due_on(on),
        )
        for row in rows.order_by("-start_on", "-id")[:50]
    )  # fmt: skip
