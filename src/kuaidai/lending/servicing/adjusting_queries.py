"""Reads of what staff do to loans: events with who and why, requests that wait."""

from __future__ import annotations

from kuaidai.lending.servicing.domain.adjustments import (
    Adjustment,
    LoanEventView,
    LoanRequestView,
)
from kuaidai.lending.servicing.models import LoanEvent, LoanRequest


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


def waiting_requests() -> tuple[LoanRequestView, ...]:
    """All requests that wait for a second person, oldest first; 200 at the most."""
    rows = LoanRequest.objects.filter(status="waiting").order_by("asked_on", "id")[:200]
    return tuple(map(request_view, rows))


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
