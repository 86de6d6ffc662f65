"""Facilities, drawdowns, loans, repayments."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from kuaidai.foundation.queries import business_date
from kuaidai.interfaces.api.errors import AmountMissing
from kuaidai.interfaces.api.responses import FILES, answers
from kuaidai.interfaces.api.schemas import (
    DrawdownOut,
    DrawdownRequest,
    DueOut,
    FacilityId,
    FacilityOut,
    FileKind,
    FirstDay,
    IdempotencyKey,
    LastDay,
    LoanId,
    LoanOut,
    PartsOut,
    RepaymentOut,
    RepaymentRequest,
    StatedMonthLabel,
    StatedMonthOut,
    StatementLineOut,
    StatementOut,
)
from kuaidai.interfaces.api.tokens import Bearer, customer_of
from kuaidai.interfaces.ui.downloads import document_response, reader_language
from kuaidai.kernel.money import parse_amount
from kuaidai.lending.servicing import operations, queries, statement_queries
from kuaidai.lending.servicing.domain.monthly_statements import StatedMonth
from kuaidai.lending.servicing.domain.replay import InstalmentState
from kuaidai.lending.servicing.domain.views import (
    DrawdownView,
    FacilityView,
    LoanView,
    RepaymentView,
)
from kuaidai.lending.servicing.errors import UnknownFacility, UnknownLoan

router = Router(auth=Bearer())


def _own_facility(request: HttpRequest, facility_id: str) -> FacilityView:
    """The facility if it is the asking customer's; raises `UnknownFacility`."""
    facility = queries.facility(facility_id)
    if facility.person_no != customer_of(request).person_no:
        raise UnknownFacility(value=facility_id)
    return facility


def _own_loan(request: HttpRequest, loan_id: str) -> LoanView:
    """The loan if it is the asking customer's; raises `UnknownLoan`."""
    loan = queries.loan(loan_id)
    if queries.facility(loan.facility_id).person_no != customer_of(request).person_no:
        raise UnknownLoan(value=loan_id)
    return loan


def _loan(view: LoanView) -> LoanOut:
    terms, state = view.terms, view.state
    return LoanOut(
        id=view.id,
        facility_id=view.facility_id,
        drawdown_id=view.drawdown_id,
        status=view.status,
        purpose=view.purpose,
        principal=terms.principal,
        annual_rate=terms.annual_rate,
        method=terms.method.value,
        months=terms.months,
        start_on=terms.start_on,
        on=state.on,
        outstanding=state.outstanding,
        due_now=state.due_now,
        payoff=state.payoff,
        days_past_due=state.days_past_due,
        next_due_on=state.next_due_on,
        next_due_amount=state.next_due_amount,
    )


@router.get("/facilities", response=answers(list[FacilityOut]))
def list_facilities(request: HttpRequest) -> list[FacilityView]:
    """The customer's facilities, newest first."""
    return list(queries.facilities_of(person_no=customer_of(request).person_no))


@router.get("/facilities/{facility_id}", response=answers(FacilityOut))
def get_facility(request: HttpRequest, facility_id: FacilityId) -> FacilityView:
    """One facility with what is available."""
    return _own_facility(request, facility_id)


@router.get("/facilities/{facility_id}/drawdowns", response=answers(list[DrawdownOut]))
def list_drawdowns(request: HttpRequest, facility_id: FacilityId) -> list[DrawdownView]:
    """The facility's drawdowns, newest first."""
    return list(queries.drawdowns_of(_own_facility(request, facility_id).id))


@router.post("/facilities/{facility_id}/drawdowns", response=answers(DrawdownOut, status=201))
def draw(
    request: HttpRequest, facility_id: FacilityId, body: DrawdownRequest, key: IdempotencyKey
) -> Status[DrawdownView]:
    """Draw money to the firm's account; `status` says whether it has arrived."""
    facility = _own_facility(request, facility_id)
    drawn = operations.request_drawdown(
        facility_id=facility.id,
        amount=parse_amount(body.amount),
        purpose=body.purpose,
        months=body.months,
        key=key,
        on=business_date(),
        actor=customer_of(request).actor,
    )
    return Status(201, drawn)


@router.get("/facilities/{facility_id}/loans", response=answers(list[LoanOut]))
def list_loans(request: HttpRequest, facility_id: FacilityId) -> list[LoanOut]:
    """The loans drawn under a facility, newest first, as they stand on the business date."""
    return [_loan(view) for view in queries.loans_of(_own_facility(request, facility_id).id)]


@router.get("/loans/{loan_id}", response=answers(LoanOut))
def get_loan(request: HttpRequest, loan_id: LoanId) -> LoanOut:
    """One loan as it stands on the business date."""
    return _loan(_own_loan(request, loan_id))


@router.get("/loans/{loan_id}/schedule", response=answers(list[DueOut]))
def get_schedule(request: HttpRequest, loan_id: LoanId) -> list[InstalmentState]:
    """The loan's instalments: what was due, what is paid, what comes."""
    return list(_own_loan(request, loan_id).state.instalments)


@router.get("/loans/{loan_id}/repayments", response=answers(list[RepaymentOut]))
def list_repayments(request: HttpRequest, loan_id: LoanId) -> list[RepaymentView]:
    """The loan's repayments, newest first."""
    return list(queries.repayments_of(_own_loan(request, loan_id).id))


@router.post("/loans/{loan_id}/repayments", response=answers(RepaymentOut, status=201))
def repay(
    request: HttpRequest, loan_id: LoanId, body: RepaymentRequest, key: IdempotencyKey
) -> Status[RepaymentView]:
    """Repay an amount, or all of it (`full`), from the firm's account.

    What is not due yet makes the instalments left smaller, or with `shorten` fewer.
    """
    loan = _own_loan(request, loan_id)
    if (body.amount is None) != body.full:
        raise AmountMissing(amount=body.amount, full=body.full)
    repaid = operations.repay(
        loan_id=loan.id,
        amount=parse_amount(body.amount) if body.amount is not None else None,
        key=key,
        on=business_date(),
        actor=customer_of(request).actor,
        shorten=body.shorten,
    )
    return Status(201, repaid)


@router.get("/loans/{loan_id}/statement", response=answers(StatementOut))
def get_statement(
    request: HttpRequest, loan_id: LoanId, first: FirstDay, last: LastDay
) -> StatementOut:
    """The account statement of a loan: opening balance, what happened, closing balance."""
    told = statement_queries.statement_of(_own_loan(request, loan_id), first, last)
    rate = told.annualised
    values = {name: getattr(told, name) for name in ("loan_id", "first", "last")}
    return StatementOut(
        **values,
        opening=PartsOut.from_orm(told.opening),
        lines=[StatementLineOut.from_orm(line) for line in told.lines],
        closing=PartsOut.from_orm(told.closing),
        nominal=rate.nominal if rate else None,
        effective=rate.effective if rate else None,
    )


@router.get("/loans/{loan_id}/statement.{kind}", response=answers(None), openapi_extra=FILES)
def get_statement_file(
    request: HttpRequest, loan_id: LoanId, kind: FileKind, first: FirstDay, last: LastDay
) -> HttpResponse:
    """The account statement as PDF or CSV, in the language asked for."""
    loan = _own_loan(request, loan_id)
    return document_response(
        statement_queries.loan_statement(loan, first, last, reader_language()), kind
    )


@router.get("/loans/{loan_id}/months", response=answers(list[StatedMonthOut]))
def list_stated_months(request: HttpRequest, loan_id: LoanId) -> tuple[StatedMonth, ...]:
    """The closed months a loan has a statement of, newest first."""
    return statement_queries.months_of(_own_loan(request, loan_id))


@router.get("/loans/{loan_id}/months/{month}.{kind}", response=answers(None), openapi_extra=FILES)
def get_monthly_statement(
    request: HttpRequest, loan_id: LoanId, month: StatedMonthLabel, kind: FileKind
) -> HttpResponse:
    """The statement of a closed month as it was at its close, as PDF or CSV."""
    loan = _own_loan(request, loan_id)
    return document_response(
        statement_queries.monthly_statement(loan, month, reader_language()), kind
    )


@router.get("/loans/{loan_id}/schedule.{kind}", response=answers(None), openapi_extra=FILES)
def get_schedule_file(request: HttpRequest, loan_id: LoanId, kind: FileKind) -> HttpResponse:
    """The schedule as PDF or CSV, in the language asked for."""
    loan = _own_loan(request, loan_id)
    return document_response(statement_queries.loan_schedule(loan, reader_language()), kind)


@router.get(
    "/facilities/{facility_id}/statement.{kind}", response=answers(None), openapi_extra=FILES
)
def get_facility_statement(
    request: HttpRequest, facility_id: FacilityId, kind: FileKind, first: FirstDay, last: LastDay
) -> HttpResponse:
    """The statement of a facility with all its loans, as PDF or CSV."""
    line = _own_facility(request, facility_id)
    return document_response(
        statement_queries.facility_statement(line, first, last, reader_language()), kind
    )
