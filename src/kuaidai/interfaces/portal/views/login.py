"""Sign in by phone number and one-time code; sign out."""

from __future__ import annotations

from base64 import b64decode, b64encode

from django import forms
from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from kuaidai.foundation.encryption import decrypt_bytes, encrypt_bytes
from kuaidai.foundation.errors import CodeExpired, CodeTooSoon
from kuaidai.foundation.operations import issue_code, verify_code
from kuaidai.interfaces.ui.forms import CodeField, RefusalForm
from kuaidai.kernel.identifiers import mask, parse_phone
from kuaidai.parties.errors import UnknownPerson
from kuaidai.parties.operations import user_for_person
from kuaidai.parties.queries import person_by_phone

_PURPOSE = "login"
_PHONE, _NEXT = "login_phone", "login_next"


class PhoneForm(RefusalForm):
    """Step one: the number the customer left with the bank."""

    refusal_fields = {"MALFORMED_PHONE": "phone", "SMS_NOT_SENT": "phone"}
    phone = forms.CharField(
        label=_("Mobile number"),
        help_text=_("The number you left with the bank. We send it a one-time code."),
        max_length=20,
        error_messages={"required": _("Enter your mobile number.")},
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
    )


class CodeForm(RefusalForm):
    """Step two: the code that came."""

    refusal_fields = {"CODE_WRONG": "code", "CODE_EXPIRED": "code", "CODE_LOCKED": "code"}
    code = CodeField(
        label=_("One-time code"),
        help_text=_("Six digits, valid for five minutes."),
        error_messages={"required": _("Enter the code from the message.")},
    )


def _send_code(phone: str) -> None:
    """Send a code if the number is a customer's; say nothing about whether it is.

    A code sent moments ago still holds, so asking again too soon is no error here.
    """
    try:
        person_by_phone(phone)
        issue_code(phone=phone, purpose=_PURPOSE, now=timezone.now())
    except (UnknownPerson, CodeTooSoon):
        return


@never_cache
def login(request: HttpRequest) -> HttpResponse:
    """Ask for the phone number and send the code."""
    if request.user.is_authenticated:
        return redirect("portal:home")
    form = PhoneForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            phone = parse_phone(form.cleaned_data["phone"])
            _send_code(phone)
            request.session[_PHONE] = b64encode(encrypt_bytes(phone.encode())).decode()
            request.session[_NEXT] = request.GET.get("next", "")
            return redirect("portal:login_code")
    return render(request, "portal/login.html", {"form": form})


def _next_address(request: HttpRequest) -> str:
    """Where the customer wanted to go, if that is one of our own pages."""
    wanted = str(request.session.pop(_NEXT, ""))
    if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return reverse("portal:home")


def _verified(phone: str, code: str) -> str:
    """The user name of the customer whose code is right. Raises the code's refusals."""
    try:
        person = person_by_phone(phone)
    except UnknownPerson:
        raise CodeExpired(value=code[:8]) from None  # as for a customer without a code
    verify_code(phone=phone, purpose=_PURPOSE, code=code, now=timezone.now())
    return str(user_for_person(customer_no=person.customer_no).username)


@never_cache
def login_code(request: HttpRequest) -> HttpResponse:
    """Check the code and sign in."""
    kept = request.session.get(_PHONE)
    if kept is None:
        return redirect("portal:login")
    phone = decrypt_bytes(b64decode(kept)).decode()
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            username = _verified(phone, form.cleaned_data["code"])
            user = auth.get_user_model().objects.get(username=username)
            target = _next_address(request)
            del request.session[_PHONE]
            auth.login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
            return redirect(target)
    return render(request, "portal/login_code.html", {"form": form, "phone": mask(phone)})


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End the session."""
    auth.logout(request)
    return redirect("portal:login")
