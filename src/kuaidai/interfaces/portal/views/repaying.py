"""A loan: its schedule, repay it in part or in full, see what changed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kuaidai.interfaces.portal.access import Borrower, borrower_page, own_loan
from kuaidai.interfaces.portal.schedules import schedule_lines, totals
from kuaidai.interfaces.portal.views.drawing import purpose_title
from kuaidai.interfaces.portal.wording import METHODS, REPAYMENT_MARKS
from kuaidai.interfaces.ui.forms import AmountField, KeyedForm
from kuaidai.kernel.money import money_text
from kuaidai.lending.products.catalogue import product as product_of
from kuaidai.lending.servicing import operations, queries, statement_queries
from kuaidai.lending.servicing.domain.early import (
    RepaymentEffect,
    effect_of_payment,
    repayment_effect,
)
from kuaidai.lending.servicing.domain.views import LoanView, RepaymentView
from kuaidai.lending.servicing.errors import RepayNothing, RepayTooMuch

DUE, PART, FULL = "due", "part", "full"
SMALLER, SHORTER = "smaller", "shorter"


class RepayForm(KeyedForm):
    """What is due, a part, or everything."""

    refusal_fields = {"REPAY_TOO_MUCH": "amount", "REPAY_NOTHING": "amount"}
    checks_loan = True
    kind = forms.ChoiceField(label=_("What do you repay?"), widget=forms.RadioSelect)
    amount = AmountField(label=_("Amount"), required=False)
    then = forms.ChoiceField(
        label=_("What becomes of the instalments left?"),
        widget=forms.RadioSelect,
        choices=[(SMALLER, _("Smaller, to the same last day")), (SHORTER, _("Fewer: ends sooner"))],
        initial=SMALLER,
        required=False,
    )

    def __init__(self, *args: Any, loan: LoanView, **options: Any) -> None:
        super().__init__(*args, **options)
        self.loan = loan
        state = loan.state
        kinds = [
            (PART, _("A part")),
            (FULL, _("Everything: %(amount)s") % {"amount": money_text(state.payoff)}),
        ]
        if state.due_now > 0:
            due = _("What is due: %(amount)s") % {"amount": money_text(state.due_now)}
            kinds.insert(0, (DUE, due))
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]  # ChoiceField
        self.fields["kind"].initial = kinds[0][0]
        self.fields["amount"].help_text = _("At most %(most)s settles the loan today.") % {
            "most": money_text(state.payoff)
        }

    def clean(self) -> dict[str, Any]:
        """The amount that is meant; a part must lie between nothing and everything."""
        cleaned = super().clean() or {}
        kind, amount = cleaned.get("kind"), cleaned.get("amount")
        if kind == PART and amount is None and "amount" not in self.errors:
            self.add_error("amount", _("Enter the amount you want to repay."))
        if kind == PART and amount is not None and self.checks_loan:
            with self.refusals():
                self._check(amount)
        return cleaned

    def _check(self, amount: Decimal) -> None:
        if amount <= 0:
            raise RepayNothing(amount=money_text(amount))
        if amount > self.loan.state.payoff:
            owed = money_text(self.loan.state.payoff)
            raise RepayTooMuch(amount=money_text(amount), owed=owed)

    @property
    def sum(self) -> Decimal:
        """The amount in yuan, whichever kind was chosen."""
        fixed = {DUE: self.loan.state.due_now, FULL: self.loan.state.payoff}
        kind = str(self.cleaned_data["kind"])
        return fixed[kind] if kind in fixed else Decimal(self.cleaned_data["amount"])

    @property
    def shorten(self) -> bool:
        """Whether a part that repays early makes the instalments left fewer."""
        return self.cleaned_data["kind"] == PART and self.cleaned_data.get("then") == SHORTER

    @property
    def asked(self) -> Decimal | None:
        """What the operation is asked for: None means everything."""
        if self.cleaned_data["kind"] == FULL:
            return None
        return Decimal(self.cleaned_data["amount"] or self.sum)


@borrower_page
def loan(request: HttpRequest, borrower: Borrower, loan_id: str) -> HttpResponse:
    """What is owed, what is next, the schedule, and the repayments so far."""
    held, facility = own_loan(borrower, loan_id)
    lines = schedule_lines(held.state)
    product = product_of(facility.product_code)
    seen = {
        "loan": held,
        "facility": facility,
        "lines": lines,
        "totals": totals(lines),
        "repaid": held.terms.principal - held.state.outstanding,
        "purpose": purpose_title(product, held.purpose),
        "method": METHODS[held.terms.method][0],
        "months": statement_queries.months_of(held),
        "repayments": [(r, REPAYMENT_MARKS[r.status]) for r in queries.repayments_of(held.id)],
    }
    return render(request, "portal/loan.html", seen)


def _form(request: HttpRequest, held: LoanView, *, sent: bool) -> RepayForm:
    data = KeyedForm.with_key(request.POST or request.GET) if sent else None
    return RepayForm(data, loan=held, initial=request.GET.dict())


@borrower_page
def repay(request: HttpRequest, borrower: Borrower, loan_id: str) -> HttpResponse:
    """Choose what to repay; nothing moves yet."""
    held, facility = own_loan(borrower, loan_id)
    if held.state.is_settled:
        return redirect("portal:loan", held.id)
    form = _form(request, held, sent=request.method == "POST")
    if request.method == "POST" and form.is_valid():
        answers = {"kind": form.cleaned_data["kind"]}
        if answers["kind"] == PART:
            answers["amount"] = str(form.cleaned_data["amount"])
            answers["then"] = SHORTER if form.shorten else SMALLER
        address = reverse("portal:repay_confirm", args=[held.id])
        return redirect(f"{address}?{urlencode(answers)}")
    seen = {"loan": held, "facility": facility, "form": form, "effect": None}
    if not form.is_bound:
        seen["effect"] = _first_effect(request, held, form)
    return render(request, "portal/repay.html", seen)


def _first_effect(request: HttpRequest, held: LoanView, form: RepayForm) -> RepaymentEffect | None:
    """What the answers the page opens with change; None where a part has no amount yet."""
    answers = KeyedForm.with_key(request.GET).copy()
    answers.setdefault("kind", form.fields["kind"].initial)
    chosen = RepayForm(answers, loan=held)
    return _effect(held, chosen) if chosen.is_valid() else None


def _effect(held: LoanView, form: RepayForm) -> RepaymentEffect:
    return repayment_effect(held.terms, held.events, held.state, form.sum, shorten=form.shorten)


@borrower_page
def repay_effect(request: HttpRequest, borrower: Borrower, loan_id: str) -> HttpResponse:
    """The live part of the repayment page: what it changes and what it saves."""
    held, _facility = own_loan(borrower, loan_id)
    form = _form(request, held, sent=True)
    effect = _effect(held, form) if form.is_valid() else None
    seen = {"effect": effect, "errors": form.errors.get("amount")}
    return render(request, "portal/_effect.html", seen)


@borrower_page
def repay_confirm(request: HttpRequest, borrower: Borrower, loan_id: str) -> HttpResponse:
    """Say what will happen, then repay once per key."""
    held, facility = own_loan(borrower, loan_id)
    form = _form(request, held, sent=True)
    form.checks_loan = request.method != "POST"
    if not form.is_valid():
        return render(
            request, "portal/repay.html", {"loan": held, "facility": facility, "form": form}
        )
    if request.method == "POST":
        with form.refusals():
            done = operations.repay(
                loan_id=held.id,
                amount=form.asked,
                key=form.key,
                on=borrower.on,
                actor=borrower.actor,
                shorten=form.shorten,
            )
            return redirect("portal:repay_receipt", held.id, done.id)
        return render(
            request, "portal/repay.html", {"loan": held, "facility": facility, "form": form}
        )
    effect = _effect(held, form)
    seen = {"loan": held, "facility": facility, "form": form, "amount": form.sum, "effect": effect,
            "ends_on": effect.after.instalments[-1].due_on if effect.after.instalments else None}  # fmt: skip
    return render(request, "portal/repay_confirm.html", seen | _changed(effect))


def _changed(effect: RepaymentEffect | None) -> dict[str, object]:
    if effect is None:
        return {}
    return {"lines": schedule_lines(effect.after, effect.before.instalments)}


def _receipt(borrower: Borrower, loan_id: str, repayment_id: str) -> dict[str, object]:
    held, facility = own_loan(borrower, loan_id)
    row = _repayment_of(held, repayment_id)
    effect = effect_of_payment(held.terms, held.events, row.id)
    parts = next((part for part in held.state.allocations if part.key == row.id), None)
    return {
        "loan": held,
        "facility": facility,
        "row": row,
        "mark": REPAYMENT_MARKS[row.status],
        "parts": parts,
        "effect": effect,
        "under_way": row.status == "pending",
    } | _changed(effect)


def _repayment_of(held: LoanView, repayment_id: str) -> RepaymentView:
    for row in queries.repayments_of(held.id):
        if row.id == repayment_id:
            return row
    raise Http404(repayment_id)


@borrower_page
def repay_receipt(
    request: HttpRequest, borrower: Borrower, loan_id: str, repayment_id: str
) -> HttpResponse:
    """The receipt, with the schedule as it is now."""
    return render(request, "portal/repay_receipt.html", _receipt(borrower, loan_id, repayment_id))


@borrower_page
def repay_receipt_part(
    request: HttpRequest, borrower: Borrower, loan_id: str, repayment_id: str
) -> HttpResponse:
    """The live part of the receipt."""
    return render(request, "portal/_repay_receipt.html", _receipt(borrower, loan_id, repayment_id))
