"""Follow the examination live; read the decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from kuaidai.data.sources import queries as sources
from kuaidai.data.sources.domain.views import ReportView
from kuaidai.interfaces.portal.access import Borrower, borrower_page
from kuaidai.interfaces.portal.views.applying import own_application
from kuaidai.interfaces.portal.wording import APPLICATION_MARKS, PLATFORMS, REPORT_MARKS, journey
from kuaidai.interfaces.ui.frames import Mark, Text
from kuaidai.kernel.day_counts import year_fraction
from kuaidai.kernel.money import round_cents
from kuaidai.lending.origination import queries
from kuaidai.lending.origination.domain.states import Status
from kuaidai.lending.origination.domain.views import ApplicationView, CustomerDecision
from kuaidai.lending.products.catalogue import product as product_of

UNDER_WAY = (Status.COLLECTING, Status.WAITING_FOR_DATA, Status.DECIDING)


@dataclass(frozen=True)
class PlatformLine:
    """A platform and how far its answer is."""

    title: Text
    mark: Mark
    report: ReportView | None


def _lines(held: ApplicationView) -> tuple[PlatformLine, ...]:
    product = product_of(held.product_code)
    answered = {report.source: report for report in sources.reports(application_id=held.id)}
    names = (*product.required_sources, *product.optional_sources)
    return tuple(
        PlatformLine(
            PLATFORMS.get(name, name),
            REPORT_MARKS[str(answered[name].status) if name in answered else "waiting"],
            answered.get(name),
        )
        for name in names
    )


def _seen(held: ApplicationView) -> dict[str, object]:
    lines = _lines(held)
    received = sum(1 for line in lines if line.report and line.report.status == "received")
    return {
        "held": held,
        "lines": lines,
        "received": received,
        "count": len(lines),
        "under_way": held.status in UNDER_WAY,
        "steps": journey(3),
    }


@borrower_page
def progress(request: HttpRequest, borrower: Borrower, application_id: str) -> HttpResponse:
    """Each platform's answer as it arrives; the page renews itself with and without script."""
    held = own_application(borrower, application_id)
    if held.status not in UNDER_WAY:
        return redirect("portal:application", held.id)
    return render(request, "portal/progress.html", _seen(held))


@borrower_page
def progress_lines(request: HttpRequest, borrower: Borrower, application_id: str) -> HttpResponse:
    """The part of the progress page that is fetched every second."""
    held = own_application(borrower, application_id)
    response = render(request, "portal/_progress_lines.html", _seen(held))
    if held.status not in UNDER_WAY:
        response["HX-Redirect"] = reverse("portal:application", args=[held.id])
    return response


def _interest_a_day(held: ApplicationView, taken: CustomerDecision | None) -> Decimal | None:
    """What ¥ 10,000 costs a day at the offered rate, for the price in everyday words."""
    if taken is None or taken.annual_rate is None or held.decided_on is None:
        return None
    convention = product_of(held.product_code).day_count
    day, next_day = held.decided_on, held.decided_on + timedelta(days=1)
    share = year_fraction(day, next_day, convention)
    return round_cents(10_000 * Fraction(taken.annual_rate) * share)


def _largest(decision: CustomerDecision | None) -> Decimal:
    amounts = [term.amount for term in decision.limit_breakdown] if decision else []
    return max(amounts, default=Decimal(0))


@borrower_page
def decision(request: HttpRequest, borrower: Borrower, application_id: str) -> HttpResponse:
    """Outcome, limit with its breakdown, price, reasons, and what the borrower can do."""
    held = own_application(borrower, application_id)
    if held.status in UNDER_WAY:
        return redirect("portal:application_progress", held.id)
    if held.status in (Status.DRAFT, Status.AUTHORISED):
        return redirect("portal:application", held.id)
    taken = queries.customer_decision(held.id, person_no=borrower.number)
    seen = {
        "held": held,
        "decision": taken,
        "largest": _largest(taken),
        "daily": _interest_a_day(held, taken),
        "mark": APPLICATION_MARKS[held.status],
        "steps": journey(3),
    }
    return render(request, "portal/decision.html", seen)
