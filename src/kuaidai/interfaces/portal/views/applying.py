"""Start an application, say what is wanted, check it, submit it, withdraw it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kuaidai.interfaces.portal.access import Borrower, borrower_page
from kuaidai.interfaces.portal.wording import APPLICATION_MARKS, journey
from kuaidai.interfaces.ui import formats
from kuaidai.interfaces.ui.forms import AmountField, KeyedForm, RefusalForm
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.origination.domain import terms
from kuaidai.lending.origination.domain.product_terms import choice_of, purpose_codes
from kuaidai.lending.origination.domain.states import Status
from kuaidai.lending.origination.domain.views import ApplicationView
from kuaidai.lending.products.catalogue import Product, all_products
from kuaidai.lending.products.catalogue import product as product_of
from kuaidai.parties import queries as parties

PAGE_OF: dict[Status, str] = {
    Status.DRAFT: "application_authorisations",
    Status.AUTHORISED: "application_request",
    Status.COLLECTING: "application_progress",
    Status.WAITING_FOR_DATA: "application_progress",
    Status.DECIDING: "application_progress",
    Status.APPROVED: "application_decision",
    Status.REFERRED: "application_decision",
    Status.DECLINED: "application_decision",
    Status.OFFERED: "application_contract",
    Status.SIGNED: "application_contract",
    Status.ACTIVE: "application_contract",
    Status.WITHDRAWN: "application_decision",
    Status.EXPIRED: "application_decision",
}
"""Where an application goes on, by its state."""


class StartForm(KeyedForm):
    """Which firm wants which product."""

    refusal_fields = {
        "MALFORMED_USCC": "other_uscc",
        "UNKNOWN_ENTERPRISE": "other_uscc",
        "NOT_THE_OWNER": "other_uscc",
    }
    uscc = forms.ChoiceField(label=_("Which firm is the loan for?"), widget=forms.RadioSelect)
    other_uscc = forms.CharField(
        label=_("Unified social credit code"),
        help_text=_("The 18 characters on the business licence."),
        required=False,
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    product_code = forms.ChoiceField(label=_("Product"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, borrower: Borrower, **options: Any) -> None:
        super().__init__(*args, **options)
        firms = parties.enterprises_of(borrower.number)
        listed = [(firm.uscc, f"{firm.name} · {firm.uscc}") for firm in firms]
        self.fields["uscc"].choices = [*listed, ("other", _("Another firm"))]  # type: ignore[attr-defined]  # ChoiceField
        products = [(p.code, _name(p)) for p in all_products()]
        self.fields["product_code"].choices = products  # type: ignore[attr-defined]  # ChoiceField
        self.fields["uscc"].initial = listed[0][0] if listed else "other"
        self.fields["product_code"].initial = products[0][0]

    def clean(self) -> dict[str, Any]:
        """A typed code is needed when the firm is not in the list."""
        cleaned = super().clean() or {}
        if cleaned.get("uscc") == "other" and not cleaned.get("other_uscc"):
            self.add_error("other_uscc", _("Enter the unified social credit code of the firm."))
        return cleaned

    @property
    def chosen_uscc(self) -> str:
        """The code from the list, or the one typed."""
        chosen = str(self.cleaned_data["uscc"])
        return str(self.cleaned_data["other_uscc"]) if chosen == "other" else chosen


class RequestForm(RefusalForm):
    """How much, for how long, for what."""

    refusal_fields = {
        "AMOUNT_OUT_OF_RANGE": "amount",
        "AMOUNT_OFF_STEP": "amount",
        "TENOR_NOT_OFFERED": "months",
        "PURPOSE_NOT_ALLOWED": "purpose",
    }
    amount = AmountField(
        label=_("How much do you need?"), error_messages={"required": _("Enter the amount.")}
    )
    months = forms.TypedChoiceField(
        label=_("For how long?"),
        coerce=int,
        widget=forms.RadioSelect,
        empty_value=None,
        error_messages={"required": _("Choose for how long.")},
    )
    purpose = forms.ChoiceField(
        label=_("What is the money for?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what the money is for.")},
    )

    def __init__(self, *args: Any, product: Product, **options: Any) -> None:
        super().__init__(*args, **options)
        self.product = product
        tenors = [(m, _("%(months)s months") % {"months": m}) for m in product.tenors_months]
        purposes = [(p.code, _title(p.title_zh, p.title_en)) for p in product.purposes]
        self.fields["months"].choices = tenors  # type: ignore[attr-defined]  # ChoiceField
        self.fields["purpose"].choices = purposes  # type: ignore[attr-defined]  # ChoiceField
        self.fields["amount"].help_text = _("%(least)s to %(most)s, in steps of %(step)s.") % {
            "least": formats.money_short(product.floor),
            "most": formats.money_short(product.cap),
            "step": formats.money_short(product.draw_step),
        }
        self.fields["months"].initial = max(product.tenors_months)

    def clean(self) -> dict[str, Any]:
        """What the product allows, before anything is stored."""
        cleaned = super().clean() or {}
        choice = choice_of(self.product, most=self.product.cap)
        with self.refusals():
            if cleaned.get("amount") is not None:
                terms.check_amount(cleaned["amount"], choice)
        if cleaned.get("purpose"):
            with self.refusals():
                terms.check_purpose(cleaned["purpose"], purpose_codes(self.product))
        return cleaned


def _title(chinese: str, english: str) -> str:
    return chinese if formats.is_chinese() else english


def _name(product: Product) -> str:
    return _title(product.name_zh, product.name_en)


def own_application(borrower: Borrower, application_id: str) -> ApplicationView:
    """The application if it is the borrower's. Raises `NotFound`."""
    return queries.application(application_id, person_no=borrower.number)


@borrower_page
def apply(request: HttpRequest, borrower: Borrower) -> HttpResponse:
    """Choose the firm and start."""
    initial = {"uscc": request.GET["uscc"]} if "uscc" in request.GET else None
    form = StartForm(request.POST or None, borrower=borrower, initial=initial)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            started = operations.start_application(
                person_no=borrower.number,
                uscc=form.chosen_uscc,
                product_code=form.cleaned_data["product_code"],
                actor=borrower.actor,
                on=borrower.on,
                key=form.key,
            )
            return redirect("portal:application", started.id)
    seen = {"form": form, "steps": journey(0), "product": all_products()[0]}
    seen["existing"] = form.refusal.values.get("application_id") if form.refusal else None
    seen["facility"] = form.refusal.values.get("facility_id") if form.refusal else None
    return render(request, "portal/apply.html", seen)


@borrower_page
def application(request: HttpRequest, borrower: Borrower, application_id: str) -> HttpResponse:
    """Go on where the application stands."""
    held = own_application(borrower, application_id)
    if held.raises is not None and held.status == Status.ACTIVE:
        return redirect("portal:facility", held.raises)
    return redirect(f"portal:{PAGE_OF[held.status]}", held.id)


@borrower_page
def request_loan(request: HttpRequest, borrower: Borrower, application_id: str) -> HttpResponse:
    """Ask for amount, tenor and purpose; nothing is stored yet."""
    held = own_application(borrower, application_id)
    if held.status not in (Status.DRAFT, Status.AUTHORISED):
        return redirect("portal:application", held.id)
    product = product_of(held.product_code)
    form = RequestForm(request.POST or None, product=product, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        answers = {name: str(form.cleaned_data[name]) for name in ("amount", "months", "purpose")}
        address = reverse("portal:application_check", args=[held.id])
        return redirect(f"{address}?{urlencode(answers)}")
    seen = {"form": form, "held": held, "product": product, "steps": journey(2)}
    return render(request, "portal/request.html", seen)


@borrower_page
def check_answers(request: HttpRequest, borrower: Borrower, application_id: str) -> HttpResponse:
    """Show the answers once more, then submit."""
    held = own_application(borrower, application_id)
    product = product_of(held.product_code)
    form = RequestForm(request.POST or request.GET, product=product)
    if not form.is_valid():
        seen = {"form": form, "held": held, "product": product, "steps": journey(2)}
        return render(request, "portal/request.html", seen)
    if request.method == "POST":
        with form.refusals():
            operations.submit_application(
                application_id=held.id,
                amount=form.cleaned_data["amount"],
                months=form.cleaned_data["months"],
                purpose=form.cleaned_data["purpose"],
                actor=borrower.actor,
                on=borrower.on,
                now=timezone.now(),
            )
            return redirect("portal:application_progress", held.id)
        if form.refusal is not None and form.refusal.code == "ALREADY_SUBMITTED":
            return redirect("portal:application", held.id)
    purpose = next(p for p in product.purposes if p.code == form.cleaned_data["purpose"])
    seen = {"form": form, "held": held, "product": product, "purpose": purpose}
    return render(request, "portal/check.html", seen | {"steps": journey(2)})


@borrower_page
def withdraw(request: HttpRequest, borrower: Borrower, application_id: str) -> HttpResponse:
    """Give up an application that is not signed."""
    held = own_application(borrower, application_id)
    form = RefusalForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        form.is_valid()
        with form.refusals():
            operations.withdraw(application_id=held.id, actor=borrower.actor, on=borrower.on)
            return redirect("portal:home")
    seen = {"held": held, "form": form, "mark": APPLICATION_MARKS[held.status]}
    return render(request, "portal/withdraw.html", seen)
