"""The staff's queue and the resolution of referred applications."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from kuaidai.foundation.queries import business_date
from kuaidai.interfaces.api.responses import answers
from kuaidai.interfaces.api.schemas import (
    ApplicationId,
    ApplicationOut,
    Page,
    QueueOut,
    ResolveRequest,
    Search,
)
from kuaidai.interfaces.api.tokens import Bearer, staff_of
from kuaidai.kernel.money import parse_amount
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.origination.domain.states import Status
from kuaidai.lending.origination.domain.views import ApplicationView, QueuePage

router = Router(auth=Bearer())
_READERS = ("account_manager", "risk_officer", "operations", "admin")


@router.get("/applications", response=answers(QueueOut))
def list_queue(
    request: HttpRequest,
    status: Status | None = None,
    search: Search = "",
    page: Page = 1,
) -> QueuePage:
    """Applications, newest first, 20 a page."""
    staff_of(request, *_READERS)
    return queries.queue(status=status, search=search, page=page)


@router.get("/applications/{application_id}", response=answers(ApplicationOut))
def get_application(request: HttpRequest, application_id: ApplicationId) -> ApplicationView:
    """Any application."""
    staff_of(request, *_READERS)
    return queries.application(application_id)


@router.post("/applications/{application_id}/resolution", response=answers(ApplicationOut))
def resolve(
    request: HttpRequest, application_id: ApplicationId, body: ResolveRequest
) -> ApplicationView:
    """Approve (with a limit) or decline a referred application, with a reason."""
    officer = staff_of(request, "risk_officer")
    return operations.resolve_referral(
        application_id=application_id,
        outcome=body.outcome,
        limit=parse_amount(body.limit) if body.limit is not None else None,
        reason=body.reason,
        actor=officer.actor,
        on=business_date(),
    )
