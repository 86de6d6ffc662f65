"""The facility: what is available, draw from it, see the money arrive."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kuaidai.interfaces.portal.access import Borrower, borrower_page, own_facility
from kuaidai.interfaces.portal.wording import (
    DRAWDOWN_MARKS,
    FACILITY_MARKS,
    METHODS,
    movement_title,
)
from kuaidai.interfaces.ui import formats
from kuaidai.interfaces.ui.forms import AmountField, KeyedForm
from kuaidai.kernel.money import money_text
from kuaidai.lending.origination import queries as origination
from kuaidai.lending.origination.domain.product_terms import purpose_titles
from kuaidai.lending.products.catalogue import Product
from kuaidai.lending.products.catalogue import product as product_of
from kuaidai.lending.servicing import operations, queries
from kuaidai.lending.servicing.domain.agreeing import terms_for
from kuaidai.lending.servicing.domain.quote import Quote, quote
from kuaidai.lending.servicing.domain.views import AccountEntry, DrawdownView, FacilityView
from kuaidai.lending.servicing.errors import AboveAvailable, CoreUnavailable, DrawTooSmall
from kuaidai.parties import queries as parties

ENTRIES_SHOWN = 6


class DrawForm(KeyedForm):
    """How much, and for what."""

    refusal_fields = {
        "ABOVE_AVAILABLE": "amount",
        "DRAW_TOO_SMALL": "amount",
        "UNKNOWN_PURPOSE": "purpose",
        "MATURES_TOO_LATE": "months",
        "TERM_NOT_OFFERED": "months",
    }
    checks_line = True
    amount = AmountField(
        label=_("How much do you draw?"), error_messages={"required": _("Enter the amount.")}
    )
    months = forms.TypedChoiceField(
        label=_("Term"), coerce=int, widget=forms.RadioSelect, empty_value=None, required=False
    )
    purpose = forms.ChoiceField(
        label=_("What is the money for?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what the money is for.")},
    )

    def __init__(
        self,
        *args: Any,
        facility: FacilityView,
        product: Product,
        terms: tuple[int, ...],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.facility, self.product, self.terms = facility, product, terms
        self.most = drawable(facility, product)
        titles = [(p.code, purpose_title(product, p.code)) for p in product.purposes]
        self.fields["purpose"].choices = titles  # type: ignore[attr-defined]  # ChoiceField
        choices = [(m, _("%(months)s months") % {"months": m}) for m in terms]
        self.fields["months"].choices = choices  # type: ignore[attr-defined]  # ChoiceField
        if terms and max(terms) < facility.months:
            self.fields["months"].help_text = _(
                "Your line ends on %(day)s; a loan may not run much longer than that."
            ) % {"day": formats.iso(facility.expires_on)}
        self.fields["amount"].help_text = _("%(least)s to %(most)s, in steps of %(step)s.") % {
            "least": formats.money_short(product.minimum_draw),
            "most": formats.money_short(self.most),
            "step": formats.money_short(product.draw_step),
        }

    def clean_amount(self) -> Decimal | None:
        """What the line and the product allow; the operation checks again under the row's lock.

        Off (`checks_line`) when the operation follows at once: a submission sent twice must reach
        it, to be answered with the first one's receipt.
        """
        amount: Decimal | None = self.cleaned_data["amount"]
        with self.refusals():
            if amount is not None and self.checks_line:
                self._check(amount)
        return amount

    def clean_months(self) -> int:
        """The term chosen; the longest there is where none was asked."""
        chosen: int | None = self.cleaned_data["months"]
        return chosen or max(self.terms, default=self.facility.months)

    def _check(self, amount: Decimal) -> None:
        least, step = self.product.minimum_draw, self.product.draw_step
        if amount < least or amount % step:
            raise DrawTooSmall(
                amount=money_text(amount), least=money_text(least), step=money_text(step)
            )
        if amount > self.facility.available:
            raise AboveAvailable(
                amount=money_text(amount), available=money_text(self.facility.available)
            )


def drawable(facility: FacilityView, product: Product) -> Decimal:
    """The most that can be drawn in the product's steps; what is available where that is too little."""
    whole = facility.available - facility.available % product.draw_step
    return whole if whole >= product.minimum_draw else facility.available


def purpose_title(product: Product, code: str) -> str:
    """A purpose in the reader's language."""
    english, chinese = purpose_titles(product, code)
    return chinese if formats.is_chinese() else english


def _drawdown_quote(
    borrower: Borrower, facility: FacilityView, amount: Decimal, months: int
) -> Quote:
    return quote(
        terms_for(
            product_of(facility.product_code),
            amount=amount,
            months=months,
            method=facility.method,
            annual_rate=facility.annual_rate,
            on=borrower.on,
        )
    )


def account_entries(facility_id: str) -> tuple[AccountEntry, ...] | None:
    """The firm's account at the bank core; None while the core does not answer."""
    try:
        return queries.account_entries(facility_id=facility_id)
    except CoreUnavailable:
        return None


@borrower_page
def facility(request: HttpRequest, borrower: Borrower, facility_id: str) -> HttpResponse:
    """The line: available, used, loans, drawdowns, the account's newest movements."""
    line = own_facility(borrower, facility_id)
    product = product_of(line.product_code)
    drawdowns = [
        (row, DRAWDOWN_MARKS[row.status], purpose_title(product, row.purpose))
        for row in queries.drawdowns_of(line.id)
    ]
    loans = queries.loans_of(line.id)
    entries = account_entries(line.id)
    seen = {
        "facility": line,
        "overdue_since": queries.overdue_since(line.id),
        "firm": parties.enterprise(line.uscc),
        "product": product,
        "mark": FACILITY_MARKS[line.status],
        "method": METHODS[line.method][0],
        "loans": [(view, purpose_title(product, view.purpose)) for view in loans],
        "drawdowns": drawdowns,
        "entries": entries
        and [(entry, movement_title(entry.memo)) for entry in entries[:ENTRIES_SHOWN]],
    }
    return render(request, "portal/facility.html", seen)


def _draw_form(
    request: HttpRequest, borrower: Borrower, line: FacilityView, *, sent: bool
) -> DrawForm:
    product = product_of(line.product_code)
    data = KeyedForm.with_key(request.POST or request.GET) if sent else None
    application = origination.application(line.application_id)
    terms = queries.draw_terms(line.id, borrower.on)
    initial = {
        "amount": drawable(line, product),
        "purpose": application.purpose,
        "months": max(terms, default=line.months),
    }
    if request.GET and not sent:
        initial = request.GET.dict()  # type: ignore[assignment]  # texts stand in the same fields
    return DrawForm(data, facility=line, product=product, terms=terms, initial=initial)


@borrower_page
def draw(request: HttpRequest, borrower: Borrower, facility_id: str) -> HttpResponse:
    """Choose amount and purpose; nothing moves yet."""
    line = own_facility(borrower, facility_id)
    if line.available <= 0 or queries.overdue_since(line.id) is not None:
        return redirect("portal:facility", line.id)
    form = _draw_form(request, borrower, line, sent=request.method == "POST")
    if request.method == "POST" and form.is_valid():
        answers = {name: str(form.cleaned_data[name]) for name in ("amount", "months", "purpose")}
        address = reverse("portal:draw_confirm", args=[line.id])
        return redirect(f"{address}?{urlencode(answers)}")
    longest = max(queries.draw_terms(line.id, borrower.on), default=line.months)
    shown = None if form.is_bound else _drawdown_quote(borrower, line, form.most, longest)
    seen = {"facility": line, "form": form, "quote": shown, "product": form.product}
    return render(request, "portal/draw.html", seen)


@borrower_page
def draw_quote(request: HttpRequest, borrower: Borrower, facility_id: str) -> HttpResponse:
    """The live part of the draw page."""
    line = own_facility(borrower, facility_id)
    form = _draw_form(request, borrower, line, sent=True)
    form.is_valid()
    amount, months = form.cleaned_data.get("amount"), form.cleaned_data.get("months")
    shown = (
        None
        if "amount" in form.errors or amount is None or months is None
        else _drawdown_quote(borrower, line, amount, months)
    )
    seen = {"form": form, "quote": shown, "errors": form.errors.get("amount")}
    return render(request, "portal/_quote.html", seen)


@borrower_page
def draw_confirm(request: HttpRequest, borrower: Borrower, facility_id: str) -> HttpResponse:
    """Say what will happen, then draw."""
    line = own_facility(borrower, facility_id)
    form = _draw_form(request, borrower, line, sent=True)
    if request.method == "POST":
        return _draw(request, borrower, line, form)
    if not form.is_valid():
        seen = {"facility": line, "form": form, "product": form.product}
        return render(request, "portal/draw.html", seen)
    return _show_confirm(request, borrower, line, form)


def _show_confirm(
    request: HttpRequest, borrower: Borrower, line: FacilityView, form: DrawForm
) -> HttpResponse:
    seen = {
        "facility": line,
        "form": form,
        "amount": form.cleaned_data["amount"],
        "purpose": purpose_title(form.product, form.cleaned_data["purpose"]),
        "method": METHODS[line.method][0],
        "quote": _drawdown_quote(
            borrower, line, form.cleaned_data["amount"], form.cleaned_data["months"]
        ),
    }
    return render(request, "portal/draw_confirm.html", seen)


def _draw(
    request: HttpRequest, borrower: Borrower, line: FacilityView, form: DrawForm
) -> HttpResponse:
    """Draw once per key. A repeated submission is answered with the first one's receipt."""
    form.checks_line = False
    if form.is_valid():
        with form.refusals():
            drawn = operations.request_drawdown(
                facility_id=line.id,
                amount=form.cleaned_data["amount"],
                purpose=form.cleaned_data["purpose"],
                months=form.cleaned_data["months"],
                key=form.key,
                on=borrower.on,
                actor=borrower.actor,
            )
            return redirect("portal:draw_receipt", line.id, drawn.id)
    seen = {"facility": line, "form": form, "product": form.product}
    return render(request, "portal/draw.html", seen)


def _receipt(borrower: Borrower, facility_id: str, drawdown_id: str) -> dict[str, object]:
    line = own_facility(borrower, facility_id)
    row = _drawdown_of(line, drawdown_id)
    arrived = None
    entries = account_entries(line.id) if row.status == "paid_out" else ()
    for entry in entries or ():
        if row.id in entry.memo:
            arrived = entry
    return {
        "facility": line,
        "row": row,
        "mark": DRAWDOWN_MARKS[row.status],
        "purpose": purpose_title(product_of(line.product_code), row.purpose),
        "arrived": arrived,
        "under_way": row.status == "pending",
    }


def _drawdown_of(line: FacilityView, drawdown_id: str) -> DrawdownView:
    row = queries.drawdown(drawdown_id)
    if row.facility_id != line.id:
        raise Http404(drawdown_id)
    return row


@borrower_page
def draw_receipt(
    request: HttpRequest, borrower: Borrower, facility_id: str, drawdown_id: str
) -> HttpResponse:
    """The receipt; it renews itself until the money has arrived."""
    return render(request, "portal/draw_receipt.html", _receipt(borrower, facility_id, drawdown_id))


@borrower_page
def draw_receipt_part(
    request: HttpRequest, borrower: Borrower, facility_id: str, drawdown_id: str
) -> HttpResponse:
    """The live part of the receipt."""
    seen = _receipt(borrower, facility_id, drawdown_id)
    return render(request, "portal/_draw_receipt.html", seen)
