"""Applications: start, submit, follow, read the decision, choose terms."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from ninja import Router, Status

from kuaidai.data.sources import queries as sources
from kuaidai.data.sources.domain.views import ReportView
from kuaidai.foundation.queries import business_date
from kuaidai.interfaces.api.responses import answers
from kuaidai.interfaces.api.schemas import (
    ApplicationId,
    ApplicationOut,
    DecisionOut,
    IdempotencyKey,
    InstalmentOut,
    QuoteOut,
    ReportOut,
    StartRequest,
    SubmitRequest,
    TermsRequest,
)
from kuaidai.interfaces.api.tokens import Bearer, customer_of
from kuaidai.kernel.errors import NotFound
from kuaidai.kernel.money import parse_amount
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.origination.domain.views import ApplicationView, CustomerDecision

router = Router(auth=Bearer())


@router.get("/applications", response=answers(list[ApplicationOut]))
def list_applications(request: HttpRequest) -> list[ApplicationView]:
    """The customer's applications, newest first."""
    return list(queries.applications_of(customer_of(request).person_no))


@router.post("/applications", response=answers(ApplicationOut, status=201))
def start(request: HttpRequest, body: StartRequest, key: IdempotencyKey) -> Status[ApplicationView]:
    """Start a draft for one of the customer's firms."""
    principal = customer_of(request)
    started = operations.start_application(
        person_no=principal.person_no,
        uscc=body.uscc,
        product_code=body.product_code,
        actor=principal.actor,
        on=business_date(),
        key=key,
        raises=body.raises,
    )
    return Status(201, started)


@router.get("/applications/{application_id}", response=answers(ApplicationOut))
def get_application(request: HttpRequest, application_id: ApplicationId) -> ApplicationView:
    """One of the customer's applications."""
    return queries.application(application_id, person_no=customer_of(request).person_no)


@router.post(
    "/applications/{application_id}/submission", response=answers(ApplicationOut, status=202)
)
def submit(
    request: HttpRequest, application_id: ApplicationId, body: SubmitRequest
) -> Status[ApplicationView]:
    """Submit the request; collection and decision follow in the background within seconds."""
    submitted = operations.submit_application(
        application_id=application_id,
        amount=parse_amount(body.amount),
        months=body.months,
        purpose=body.purpose,
        actor=customer_of(request).actor,
        on=business_date(),
        now=timezone.now(),
    )
    return Status(202, submitted)


@router.post("/applications/{application_id}/withdrawal", response=answers(ApplicationOut))
def withdraw(request: HttpRequest, application_id: ApplicationId) -> ApplicationView:
    """Give up an application that is not signed yet."""
    return operations.withdraw(
        application_id=application_id, actor=customer_of(request).actor, on=business_date()
    )


def _report(view: ReportView, language: str) -> ReportOut:
    return ReportOut(
        source=view.source,
        status=str(view.status),
        attempts=view.attempts,
        elapsed_ms=view.elapsed_ms,
        received_at=view.received_at,
        error=view.error_zh if language.startswith("zh") else view.error_en,
    )


@router.get("/applications/{application_id}/reports", response=answers(list[ReportOut]))
def list_reports(request: HttpRequest, application_id: ApplicationId) -> list[ReportOut]:
    """Which platforms have answered so far."""
    queries.application(application_id, person_no=customer_of(request).person_no)
    language = get_language() or "en"
    return [_report(view, language) for view in sources.reports(application_id=application_id)]


@router.get("/applications/{application_id}/decision", response=answers(DecisionOut))
def get_decision(request: HttpRequest, application_id: ApplicationId) -> CustomerDecision:
    """The decision with its reasons and the limit's breakdown; 404 while there is none."""
    person_no = customer_of(request).person_no
    decision = queries.customer_decision(application_id, person_no=person_no)
    if decision is None:
        raise NotFound(kind="decision", value=application_id)
    return decision


@router.post("/applications/{application_id}/terms/preview", response=answers(QuoteOut))
def preview(request: HttpRequest, application_id: ApplicationId, body: TermsRequest) -> QuoteOut:
    """Schedule and annualised rate of terms under the offer; changes nothing."""
    quote = operations.preview_terms(
        application_id=application_id,
        amount=parse_amount(body.amount),
        months=body.months,
        method=body.method,
        actor=customer_of(request).actor,
        on=business_date(),
    )
    return QuoteOut(
        instalments=[InstalmentOut.from_orm(line) for line in quote.instalments],
        total_interest=quote.total_interest,
        nominal=quote.annualised.nominal,
        effective=quote.annualised.effective,
    )


@router.put("/applications/{application_id}/terms", response=answers(ApplicationOut))
def choose(
    request: HttpRequest, application_id: ApplicationId, body: TermsRequest
) -> ApplicationView:
    """Choose amount, tenor and repayment method under the offer."""
    return operations.choose_terms(
        application_id=application_id,
        amount=parse_amount(body.amount),
        months=body.months,
        method=body.method,
        actor=customer_of(request).actor,
        on=business_date(),
        now=timezone.now(),
    )
