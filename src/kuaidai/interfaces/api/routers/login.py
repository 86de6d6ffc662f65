"""Sign in: by one-time code (customers), by password (staff)."""

from __future__ import annotations

from django.contrib.auth import authenticate, get_user_model
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from kuaidai.foundation.errors import CodeExpired
from kuaidai.foundation.operations import issue_code, verify_code
from kuaidai.foundation.operations.one_time_codes import LIFETIME as CODE_LIFETIME
from kuaidai.interfaces.api import tokens
from kuaidai.interfaces.api.errors import WrongPassword
from kuaidai.interfaces.api.responses import OPEN, answers
from kuaidai.interfaces.api.schemas import (
    CodeRequest,
    CodeSent,
    StaffTokenRequest,
    TokenOut,
    TokenRequest,
)
from kuaidai.kernel.identifiers import parse_phone
from kuaidai.parties import operations as parties
from kuaidai.parties.errors import UnknownPerson
from kuaidai.parties.queries import person_by_phone

router = Router()
_PURPOSE = "login"


@router.post("/login/code", response=answers(CodeSent, status=202, problems=OPEN), url_name="code")
def send_code(request: HttpRequest, body: CodeRequest) -> Status[CodeSent]:
    """Send a one-time code by text message.

    The answer is the same whether or not the number is a customer's, so that nobody can find out.
    """
    now = timezone.now()
    phone = parse_phone(body.phone)
    try:
        person_by_phone(phone)
    except UnknownPerson:
        return Status(202, CodeSent(expires_at=now + CODE_LIFETIME))
    issued = issue_code(phone=phone, purpose=_PURPOSE, now=now)
    return Status(202, CodeSent(expires_at=issued.expires_at))


@router.post("/login/token", response=answers(TokenOut, problems=OPEN), url_name="token")
def get_token(request: HttpRequest, body: TokenRequest) -> TokenOut:
    """Exchange phone number and code for a bearer token."""
    now = timezone.now()
    phone = parse_phone(body.phone)
    try:
        person = person_by_phone(phone)
    except UnknownPerson:
        raise CodeExpired(value=body.code[:8]) from None  # as for a customer without a code
    verify_code(phone=phone, purpose=_PURPOSE, code=body.code, now=now)
    person = parties.user_for_person(customer_no=person.customer_no)
    user = get_user_model().objects.get(username=person.username)
    issued = tokens.issue(user_id=user.pk, person_no=person.customer_no, now=now)
    return TokenOut(token=issued.text, expires_at=issued.expires_at)


@router.post(
    "/login/staff", response=answers(TokenOut, problems=(*OPEN, 401)), url_name="staff_token"
)
def get_staff_token(request: HttpRequest, body: StaffTokenRequest) -> TokenOut:
    """Exchange a staff user name and password for a bearer token."""
    user = authenticate(request, username=body.username, password=body.password)
    if user is None or not user.is_staff:
        raise WrongPassword(username=body.username)
    issued = tokens.issue(user_id=user.pk, person_no="", now=timezone.now())
    return TokenOut(token=issued.text, expires_at=issued.expires_at)


@router.post("/logout", auth=tokens.Bearer(), response=answers(None, status=204), url_name="logout")
def logout(request: HttpRequest) -> Status[None]:
    """End the token this request carries."""
    tokens.revoke(tokens.principal_of(request), now=timezone.now())
    return Status(204, None)
