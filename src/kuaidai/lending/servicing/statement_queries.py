"""Statements of loans and lines, worked out when asked for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from django.conf import settings

from kuaidai.foundation.queries import business_date
from kuaidai.lending.servicing import queries
from kuaidai.lending.servicing.domain.monthly_statements import (
    StatedMonth,
    stated_months,
    statement_of_month,
)
from kuaidai.lending.servicing.domain.statements import Statement, statement
from kuaidai.lending.servicing.domain.views import FacilityView, LoanView
from kuaidai.lending.servicing.errors import MonthNotStated, StatementPeriod
from kuaidai.lending.servicing.statements import (
    Document,
    csv_file,
    facility_document,
    pdf_file,
    schedule_document,
    statement_document,
)
from kuaidai.lending.servicing.statements.documents import Parties
from kuaidai.parties.errors import UnknownEnterprise
from kuaidai.parties.queries import enterprise

Kind = Literal["pdf", "csv"]
MOST_MONTHS = 600


def statement_of(view: LoanView, first: date, last: date) -> Statement:
    """The statement of a loan that the caller has at hand. Raises `StatementPeriod`."""
    today = business_date()
    if first > last or last > today or last < view.terms.start_on:
        raise StatementPeriod(first=first, last=last, begins=view.terms.start_on, on=today)
    return statement(view.id, view.terms, view.events, first, last)


def loan_statement(view: LoanView, first: date, last: date, language: str) -> Document:
    """The account statement of a loan. Raises `StatementPeriod`."""
    told = statement_of(view, first, last)
    return statement_document(view, told, _names(view.facility_id), _short(language))


def months_of(view: LoanView, *, limit: int = 24) -> tuple[StatedMonth, ...]:
    """The newest months a loan has a statement of, newest first."""
    ended = None
    if view.status == "settled":
        booked = queries.booked_events(view.id)
        ended = max((on for on, _ in booked), default=view.terms.start_on)
    closed = business_date() - timedelta(days=1)
    return stated_months(view.terms.start_on, closed, ended)[:limit]


def monthly_statement(view: LoanView, month: str, language: str) -> Document:
    """The statement of a month such as `2026-07`, as it was at its close. Raises `MonthNotStated`."""
    stated = {each.label: each for each in months_of(view, limit=MOST_MONTHS)}
    if month not in stated:
        raise MonthNotStated(loan=view.id, value=month)
    booked = queries.booked_events(view.id)
    told = statement_of_month(view.id, view.terms, booked, stated[month])
    names = _names(view.facility_id)
    return statement_document(view, told, names, _short(language), month=month)


def loan_schedule(view: LoanView, language: str) -> Document:
    """The schedule of a loan as it stands on the business date."""
    on = max(business_date(), view.terms.start_on)
    told = statement(view.id, view.terms, view.events, on, on)
    return schedule_document(view, told, _names(view.facility_id), _short(language))


def facility_statement(line: FacilityView, first: date, last: date, language: str) -> Document:
    """The statement of a line: its loans drawn by `last`, oldest first. Raises `StatementPeriod`.

    A loan that owed nothing all the time, being settled before, is left out.
    """
    today = business_date()
    if first > last or last > today or last < line.opens_on:
        raise StatementPeriod(first=first, last=last, begins=line.opens_on, on=today)
    loans = [loan for loan in queries.loans_of(line.id) if loan.terms.start_on <= last]
    all_told = [statement(x.id, x.terms, x.events, first, last) for x in reversed(loans)]
    told = [each for each in all_told if each.lines or each.closing.total]
    names = Parties(settings.KUAIDAI.lender_name, _firm(line.uscc))
    return facility_document(line, told, names, (first, last), _short(language))


def as_file(document: Document, kind: Kind) -> bytes:
    """The document as PDF or CSV."""
    return pdf_file(document) if kind == "pdf" else csv_file(document)


def _short(language: str) -> str:
    return "zh" if language.lower().startswith("zh") else "en"


def _names(facility_id: str) -> Parties:
    return Parties(settings.KUAIDAI.lender_name, _firm(queries.facility(facility_id).uscc))


def _firm(uscc: str) -> str:
    try:
        return f"{enterprise(uscc).name} {uscc}"
    except UnknownEnterprise:
        return uscc
