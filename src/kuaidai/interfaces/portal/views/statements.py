"""Statements and schedules to take away."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from kuaidai.interfaces.portal.access import Borrower, borrower_page, own_facility, own_loan
from kuaidai.interfaces.ui.downloads import (
    asked_period,
    asked_statement,
    document_response,
    file_kind,
    reader_language,
)
from kuaidai.lending.servicing import statement_queries


@borrower_page
def of_loan(request: HttpRequest, borrower: Borrower, loan_id: str, kind: str) -> HttpResponse:
    """The account statement of a loan, from its first day unless asked otherwise."""
    held, _facility = own_loan(borrower, loan_id)
    return document_response(asked_statement(request, held, borrower.on), file_kind(kind))


@borrower_page
def schedule(request: HttpRequest, borrower: Borrower, loan_id: str, kind: str) -> HttpResponse:
    """The schedule of a loan as it stands."""
    held, _facility = own_loan(borrower, loan_id)
    made = statement_queries.loan_schedule(held, reader_language())
    return document_response(made, file_kind(kind))


@borrower_page
def of_facility(
    request: HttpRequest, borrower: Borrower, facility_id: str, kind: str
) -> HttpResponse:
    """The statement of a credit line with all its loans."""
    line = own_facility(borrower, facility_id)
    first, last = asked_period(request, line.opens_on, borrower.on)
    made = statement_queries.facility_statement(line, first, last, reader_language())
    return document_response(made, file_kind(kind))
