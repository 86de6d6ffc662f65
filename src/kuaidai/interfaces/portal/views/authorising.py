"""Read and give each authorisation; see and withdraw what was given."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from kuaidai.interfaces.portal.access import Borrower, borrower_page
from kuaidai.interfaces.portal.views.applying import own_application
from kuaidai.interfaces.portal.wording import journey
from kuaidai.interfaces.ui.forms import RefusalForm
from kuaidai.lending.origination import operations as origination
from kuaidai.lending.origination import queries
from kuaidai.lending.origination.domain.states import Status
from kuaidai.parties import operations  # fmt: skip
from kuaidai.parties import queries as parties
from kuaidai.parties.domain.authorisations import (
    TEXT_VERSION,
    AuthorisationKind,
    authorisation_text,
    authorisation_title,
)
from kuaidai.parties.domain.views import AuthorisationView, EnterpriseView

_BEFORE_SUBMISSION = (Status.DRAFT, Status.AUTHORISED)


class AgreeForm(RefusalForm):
    """Consent is a deliberate act: the box is never ticked beforehand."""

    agree = forms.BooleanField(
        label=gettext_lazy("I have read this text and give this authorisation."),
        error_messages={
            "required": gettext_lazy("Tick the box to give the authorisation, or go back.")
        },
    )


@dataclass(frozen=True)
class Wanted:
    """An authorisation an application needs, and the live one if it was given."""

    kind: AuthorisationKind
    title: str
    given: AuthorisationView | None


def _language() -> str:
    return get_language() or "zh-hans"


def _title(kind: str) -> str:
    return authorisation_title(AuthorisationKind(kind), _language())


def _wanted(borrower: Borrower, uscc: str, product_code: str) -> tuple[Wanted, ...]:
    live = parties.live_authorisations(person_no=borrower.number, uscc=uscc, on=borrower.on)
    kinds = queries.required_authorisations(product_code)
    return tuple(Wanted(kind, _title(kind), live.get(kind)) for kind in kinds)


@borrower_page
def needed(request: HttpRequest, borrower: Borrower, application_id: str) -> HttpResponse:
    """The authorisations the application needs; go on once all are given."""
    held = own_application(borrower, application_id)
    wanted = _wanted(borrower, held.uscc, held.product_code)
    missing = [item for item in wanted if item.given is None]
    form = RefusalForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            origination.authorise_application(
                application_id=held.id, actor=borrower.actor, on=borrower.on
            )
            return redirect("portal:application_request", held.id)
    seen = {"held": held, "wanted": wanted, "missing": missing, "form": form}
    seen["given_count"] = len(wanted) - len(missing)
    seen["open"] = held.status in _BEFORE_SUBMISSION
    return render(request, "portal/authorisations_needed.html", seen | {"steps": journey(1)})


def _text(kind: AuthorisationKind, firm: EnterpriseView, borrower: Borrower) -> str:
    return authorisation_text(
        kind,
        _language(),
        lender=settings.KUAIDAI.lender_name,
        enterprise_name=firm.name,
        person_name=borrower.person.name,
    )


@borrower_page
def give(request: HttpRequest, borrower: Borrower, application_id: str, kind: str) -> HttpResponse:
    """Read one text and give that one authorisation; then the next that is missing."""
    held = own_application(borrower, application_id)
    wanted = _wanted(borrower, held.uscc, held.product_code)
    place = next((n for n, item in enumerate(wanted, 1) if item.kind == kind), None)
    if place is None:
        raise Http404(kind)
    item = wanted[place - 1]
    form = AgreeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            operations.grant_authorisations(
                person_no=borrower.number,
                uscc=held.uscc,
                kinds=[item.kind],
                language=_language(),
                channel="portal",
                now=timezone.now(),
                on=borrower.on,
                actor=borrower.actor,
            )
            following = next((w.kind for w in wanted if w.given is None and w.kind != kind), None)
            if following is None:
                return redirect("portal:application_authorisations", held.id)
            return redirect("portal:application_authorise", held.id, following.value)
    firm = parties.enterprise(held.uscc)
    seen = {"held": held, "item": item, "form": form, "place": place, "count": len(wanted)}
    seen |= {"text": _text(item.kind, firm, borrower), "version": TEXT_VERSION, "steps": journey(1)}
    return render(request, "portal/authorise.html", seen)


@dataclass(frozen=True)
class Given:
    """An authorisation that was given, as the list shows it."""

    view: AuthorisationView
    title: str
    is_live: bool


@borrower_page
def authorisations(request: HttpRequest, borrower: Borrower) -> HttpResponse:
    """Everything the borrower authorised, firm by firm."""
    firms = []
    for firm in parties.enterprises_of(borrower.number):
        given = parties.authorisations(person_no=borrower.number, uscc=firm.uscc)
        rows = [Given(view, _title(view.kind), view.is_live(borrower.on)) for view in given]
        firms.append((firm, rows))
    return render(request, "portal/authorisations.html", {"firms": firms})


@borrower_page
def withdraw(request: HttpRequest, borrower: Borrower, authorisation_id: str) -> HttpResponse:
    """Withdraw one authorisation after saying what that means."""
    found = None
    for firm in parties.enterprises_of(borrower.number):
        for view in parties.authorisations(person_no=borrower.number, uscc=firm.uscc):
            if view.id == authorisation_id:
                found = (firm, view)
    if found is None:
        raise Http404(authorisation_id)
    form = RefusalForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            operations.withdraw_authorisation(
                authorisation_id=authorisation_id,
                person_no=borrower.number,
                actor=borrower.actor,
                now=timezone.now(),
                on=borrower.on,
            )
            messages.success(request, _("The authorisation was withdrawn."))
            return redirect("portal:authorisations")
    firm, view = found
    row = Given(view, _title(view.kind), view.is_live(borrower.on))
    seen = {
        "firm": firm,
        "row": row,
        "form": form,
        "text": _text(AuthorisationKind(view.kind), firm, borrower),
    }
    return render(request, "portal/authorisation_withdraw.html", seen)
