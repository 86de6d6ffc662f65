"""Documents to take away: statements and schedules as answers to a request."""

from __future__ import annotations

from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import get_language

from kuaidai.lending.servicing.domain.views import LoanView
from kuaidai.lending.servicing.statement_queries import (
    Kind,
    as_file,
    loan_statement,
    monthly_statement,
)
from kuaidai.lending.servicing.statements import Document

_TYPES = {"pdf": "application/pdf", "csv": "text/csv; charset=utf-8"}


def reader_language() -> str:
    """The language of the reader, as an IETF tag."""
    return get_language() or "zh-hans"


def document_response(document: Document, kind: Kind) -> HttpResponse:
    """The document as PDF, shown in the browser, or as CSV, saved."""
    response = HttpResponse(as_file(document, kind), content_type=_TYPES[kind])
    place = "inline" if kind == "pdf" else "attachment"
    response["Content-Disposition"] = f'{place}; filename="{document.name}.{kind}"'
    return response


def asked_statement(request: HttpRequest, held: LoanView, on: date) -> Document:
    """The loan's statement of the `month` of the address, or else of the days `from` and `to`.

    Raises `MonthNotStated`, `StatementPeriod`.
    """
    language = reader_language()
    if "month" in request.GET:
        return monthly_statement(held, request.GET["month"][:20], language)
    first, last = asked_period(request, held.terms.start_on, on)
    return loan_statement(held, first, last, language)


def file_kind(text: str) -> Kind:
    """`pdf` or `csv`. Raises `Http404`."""
    if text == "pdf":
        return "pdf"
    if text == "csv":
        return "csv"
    raise Http404(text)


def asked_period(request: HttpRequest, first: date, last: date) -> tuple[date, date]:
    """The days that `from` and `to` of the address name; what is no day is the default."""
    return _day(request.GET.get("from"), first), _day(request.GET.get("to"), last)


def _day(text: str | None, default: date) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return default
