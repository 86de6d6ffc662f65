"""Choose amount, tenor and repayment method, with the schedule and annualised rate shown live."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kuaidai.interfaces.portal.access import Borrower, borrower_page
from kuaidai.interfaces.portal.views.applying import own_application
from kuaidai.interfaces.portal.wording import METHODS, journey
from kuaidai.interfaces.ui import formats
from kuaidai.interfaces.ui.forms import AmountField, RefusalForm
from kuaidai.kernel.errors import Refusal
from kuaidai.lending.origination import operations
from kuaidai.lending.origination.domain.views import ApplicationView, OfferView
from kuaidai.lending.products.catalogue import Product
from kuaidai.lending.products.catalogue import product as product_of
from kuaidai.lending.servicing.domain.quote import Quote


class MethodSelect(forms.RadioSelect):
    """Radio buttons with a sentence about each method."""

    def create_option(self, *args: Any, **options: Any) -> dict[str, Any]:
        """The option with its note."""
        option = super().create_option(*args, **options)
        option["attrs"]["note"] = METHODS[str(option["value"])][1]
        return option


class TermsForm(RefusalForm):
    """What the borrower chooses under the offer."""

    refusal_fields = {
        "AMOUNT_OUT_OF_RANGE": "amount",
        "AMOUNT_OFF_STEP": "amount",
        "TENOR_NOT_OFFERED": "months",
        "METHOD_NOT_OFFERED": "method",
    }
    amount = AmountField(
        label=_("Credit limit to sign for"), error_messages={"required": _("Enter the amount.")}
    )
    months = forms.TypedChoiceField(
        label=_("Term"), coerce=int, widget=forms.RadioSelect, empty_value=None
    )
    method = forms.ChoiceField(label=_("How you repay"), widget=MethodSelect)

    def __init__(self, *args: Any, product: Product, offer: OfferView, **options: Any) -> None:
        super().__init__(*args, **options)
        tenors = [(m, _("%(months)s months") % {"months": m}) for m in product.tenors_months]
        methods = [(str(m), METHODS[str(m)][0]) for m in product.methods]
        self.fields["months"].choices = tenors  # type: ignore[attr-defined]  # ChoiceField
        self.fields["method"].choices = methods  # type: ignore[attr-defined]  # ChoiceField
        self.fields["amount"].help_text = _("%(least)s to %(most)s, in steps of %(step)s.") % {
            "least": formats.money_short(product.floor),
            "most": formats.money_short(offer.limit),
            "step": formats.money_short(product.draw_step),
        }


def _first_choice(held: ApplicationView, product: Product, offer: OfferView) -> dict[str, Any]:
    """What the form starts with: the terms chosen before, else what was asked for."""
    if held.terms is not None:
        return {
            "amount": held.terms.amount,
            "months": held.terms.months,
            "method": held.terms.method,
        }
    asked = held.amount or offer.limit
    return {
        "amount": min(asked, offer.limit),
        "months": held.months or max(product.tenors_months),
        "method": str(product.methods[0]),
    }


def _quote(borrower: Borrower, held: ApplicationView, values: dict[str, Any]) -> Quote:
    return operations.preview_terms(
        application_id=held.id,
        amount=values["amount"],
        months=values["months"],
        method=values["method"],
        on=borrower.on,
        actor=borrower.actor,
    )


def _form_and_quote(
    request: HttpRequest, borrower: Borrower, held: ApplicationView, offer: OfferView
) -> tuple[TermsForm, Quote | None]:
    """The form as sent or as first shown, with the quote of its values if they have one."""
    product = product_of(held.product_code)
    first = _first_choice(held, product, offer)
    sent = request.POST or request.GET or None
    form = TermsForm(sent, product=product, offer=offer, initial=first)
    if sent is None:
        try:
            return form, _quote(borrower, held, first)
        except Refusal:  # an amount asked for that no longer fits: the borrower chooses anew
            return form, None
    quote = None
    if form.is_valid():
        with form.refusals():
            quote = _quote(borrower, held, form.cleaned_data)
    return form, quote


@borrower_page
def terms(request: HttpRequest, borrower: Borrower, application_id: str) -> HttpResponse:
    """Try terms (GET) and choose them (POST); the contract on them is prepared for reading."""
    held = own_application(borrower, application_id)
    if held.offer is None or held.facility_id is not None or held.raises is not None:
        return redirect("portal:application", held.id)
    form, quote = _form_and_quote(request, borrower, held, held.offer)
    if request.method == "POST" and form.is_valid() and quote is not None:
        with form.refusals():
            operations.choose_terms(
                application_id=held.id,
                amount=form.cleaned_data["amount"],
                months=form.cleaned_data["months"],
                method=form.cleaned_data["method"],
                actor=borrower.actor,
                on=borrower.on,
                now=timezone.now(),
            )
            operations.prepare_contract(
                application_id=held.id, actor=borrower.actor, on=borrower.on, now=timezone.now()
            )
            return redirect("portal:application_contract", held.id)
    product = product_of(held.product_code)
    seen = {"held": held, "form": form, "quote": quote, "product": product, "steps": journey(4)}
    return render(request, "portal/terms.html", seen)


@borrower_page
def terms_quote(request: HttpRequest, borrower: Borrower, application_id: str) -> HttpResponse:
    """The live part of the terms page."""
    held = own_application(borrower, application_id)
    if held.offer is None:
        return redirect("portal:application", held.id)
    form, quote = _form_and_quote(request, borrower, held, held.offer)
    return render(request, "portal/_quote.html", {"form": form, "quote": quote, "held": held})
