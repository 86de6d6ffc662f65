"""Read the contract, get the one-time code, sign."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin

from kuaidai.interfaces.portal.access import Borrower, borrower_page
from kuaidai.interfaces.portal.views.applying import own_application
from kuaidai.interfaces.portal.wording import METHODS, journey
from kuaidai.interfaces.ui.forms import CodeField, RefusalForm
from kuaidai.kernel.identifiers import mask
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.origination.domain.states import Status
from kuaidai.lending.origination.domain.views import ApplicationView
from kuaidai.lending.products.catalogue import product as product_of

_SIGNED = (Status.SIGNED, Status.ACTIVE)


class SigningForm(RefusalForm):
    """The code that stands for the signature."""

    refusal_fields = {"CODE_WRONG": "code", "CODE_EXPIRED": "code", "CODE_LOCKED": "code"}
    code = CodeField(
        label=gettext_lazy("One-time code"),
        help_text=gettext_lazy("Entering it signs the contract with your certificate."),
        error_messages={"required": gettext_lazy("Enter the code from the message.")},
    )


def _seen(held: ApplicationView) -> dict[str, object]:
    terms = held.terms
    return {
        "held": held,
        "product": product_of(held.product_code),
        "method": METHODS[terms.method][0] if terms else "",
        "steps": journey(5),
    }


@borrower_page
def contract(request: HttpRequest, borrower: Borrower, application_id: str) -> HttpResponse:
    """Key terms and the PDF; a POST prepares the contract (the same one again on the same day)."""
    held = own_application(borrower, application_id)
    if held.status not in (Status.OFFERED, *_SIGNED):
        return redirect("portal:application", held.id)
    form = RefusalForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            operations.prepare_contract(
                application_id=held.id, actor=borrower.actor, on=borrower.on, now=timezone.now()
            )
            return redirect("portal:application_contract", held.id)
    seen = _seen(held) | {"form": form, "is_signed": held.status in _SIGNED, "checks": ()}
    if held.contract is not None and held.status in _SIGNED:
        seen["checks"] = queries.verify_contract(held.contract.id)
    return render(request, "portal/contract.html", seen)


@xframe_options_sameorigin
@borrower_page
def contract_pdf(request: HttpRequest, borrower: Borrower, contract_id: str) -> HttpResponse:
    """The contract as PDF, with both signatures once signed."""
    pdf = queries.contract_pdf(contract_id, person_no=borrower.number)
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{contract_id}.pdf"'
    return response


@borrower_page
def signing_code(request: HttpRequest, borrower: Borrower, application_id: str) -> HttpResponse:
    """Send the one-time code, then ask for it."""
    held = own_application(borrower, application_id)
    if request.method != "POST":
        return redirect("portal:application_contract", held.id)
    form = RefusalForm(request.POST)
    form.is_valid()
    with form.refusals():
        operations.request_signing_code(
            application_id=held.id, actor=borrower.actor, on=borrower.on, now=timezone.now()
        )
        return redirect("portal:application_sign", held.id)
    if form.refusal is not None and form.refusal.code == "CODE_TOO_SOON":
        for error in form.non_field_errors():
            messages.warning(request, str(error))
        return redirect("portal:application_sign", held.id)
    seen = _seen(held) | {"form": form, "is_signed": False, "checks": ()}
    return render(request, "portal/contract.html", seen)


@borrower_page
def sign(request: HttpRequest, borrower: Borrower, application_id: str) -> HttpResponse:
    """Check the code, sign on both sides, open the facility."""
    held = own_application(borrower, application_id)
    if held.facility_id is not None:
        return redirect("portal:facility", held.facility_id)
    if held.contract is None:
        return redirect("portal:application", held.id)
    form = SigningForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            operations.sign_contract(
                application_id=held.id,
                code=form.cleaned_data["code"],
                actor=borrower.actor,
                now=timezone.now(),
                on=borrower.on,
            )
            messages.success(request, _("The contract is signed and your credit line is open."))
            return redirect("portal:application_sign", held.id)
    seen = _seen(held) | {"form": form, "phone": mask(borrower.person.phone)}
    return render(request, "portal/sign.html", seen)
