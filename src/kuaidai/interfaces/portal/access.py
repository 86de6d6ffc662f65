"""Who is looking: every page but sign-in belongs to a borrower, and shows only what is theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any, Concatenate

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.queries import business_date
from kuaidai.interfaces.ui.forms import refusal_text
from kuaidai.kernel.errors import NotFound, Refusal
from kuaidai.lending.servicing import queries as servicing
from kuaidai.lending.servicing.domain.views import FacilityView, LoanView
from kuaidai.lending.servicing.errors import UnknownFacility, UnknownLoan
from kuaidai.parties import queries as parties
from kuaidai.parties.domain.views import PersonView
from kuaidai.parties.errors import UnknownPerson


@dataclass(frozen=True)
class Borrower:
    """The person who is signed in, on the bank's business date."""

    person: PersonView
    on: date

    @property
    def number(self) -> str:
        """The customer number."""
        return self.person.customer_no

    @property
    def actor(self) -> Actor:
        """The name in the audit trail: the customer number, nothing personal."""
        return Actor("person", self.number, self.number)


Page = Callable[Concatenate[HttpRequest, Borrower, ...], HttpResponse]


def borrower_page(view: Page) -> Callable[..., HttpResponse]:
    """Sign-in required; refusals no form caught become a page that says what to do."""

    @never_cache
    @wraps(view)
    def page(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        try:
            person = parties.person_by_username(request.user.get_username())
        except UnknownPerson:
            return render(request, "portal/not_a_borrower.html", status=403)
        try:
            return view(request, Borrower(person, business_date()), *args, **options)
        except NotFound as unknown:
            raise Http404(unknown.code) from unknown
        except Refusal as refusal:
            seen = {"text": refusal_text(refusal), "code": refusal.code}
            return render(request, "portal/refused.html", seen, status=refusal.http_status)

    return page


def own_facility(borrower: Borrower, facility_id: str) -> FacilityView:
    """The facility if it is the borrower's. Raises `UnknownFacility`."""
    facility = servicing.facility(facility_id)
    if facility.person_no != borrower.number:
        raise UnknownFacility(value=facility_id)
    return facility


def own_loan(borrower: Borrower, loan_id: str) -> tuple[LoanView, FacilityView]:
    """The loan and its facility if they are the borrower's. Raises `UnknownLoan`."""
    loan = servicing.loan(loan_id)
    facility = servicing.facility(loan.facility_id)
    if facility.person_no != borrower.number:
        raise UnknownLoan(value=loan_id)
    return loan, facility
