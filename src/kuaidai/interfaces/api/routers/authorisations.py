"""The customer's firms, and the authorisations given for them."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from kuaidai.foundation.queries import business_date
from kuaidai.interfaces.api.errors import UnknownAuthorisationKind
from kuaidai.interfaces.api.responses import answers
from kuaidai.interfaces.api.schemas import (
    AuthorisationId,
    AuthorisationOut,
    AuthorisationTextOut,
    FirmOut,
    GrantRequest,
    PathCode,
)
from kuaidai.interfaces.api.tokens import Bearer, customer_of
from kuaidai.parties import operations, queries
from kuaidai.parties.domain.authorisations import (
    TEXT_VERSION,
    AuthorisationKind,
    authorisation_text,
    authorisation_title,
)
from kuaidai.parties.domain.views import AuthorisationView, EnterpriseView

router = Router(auth=Bearer())


def _kind(text: str) -> AuthorisationKind:
    try:
        return AuthorisationKind(text)
    except ValueError:
        choices = ", ".join(AuthorisationKind)
        raise UnknownAuthorisationKind(kind=text, choices=choices) from None


@router.get("/firms", response=answers(list[FirmOut]))
def list_firms(request: HttpRequest) -> list[EnterpriseView]:
    """The firms the customer owns or represents."""
    return list(queries.enterprises_of(customer_of(request).person_no))


@router.get("/firms/{uscc}/authorisations", response=answers(list[AuthorisationOut]))
def list_authorisations(request: HttpRequest, uscc: PathCode) -> list[AuthorisationView]:
    """Every authorisation the customer gave for this firm, withdrawn ones included."""
    person_no = customer_of(request).person_no
    firm = queries.require_owner(person_no=person_no, uscc=uscc)
    return list(queries.authorisations(person_no=person_no, uscc=firm.uscc))


@router.get("/firms/{uscc}/authorisation-texts", response=answers(list[AuthorisationTextOut]))
def list_texts(
    request: HttpRequest, uscc: PathCode, language: str = "zh-hans"
) -> list[AuthorisationTextOut]:
    """The texts to read before giving each authorisation, and which are live."""
    person_no = customer_of(request).person_no
    firm = queries.require_owner(person_no=person_no, uscc=uscc)
    person = queries.person_by_number(person_no)
    live = queries.live_authorisations(person_no=person_no, uscc=firm.uscc, on=business_date())
    return [
        AuthorisationTextOut(
            kind=kind,
            title=authorisation_title(kind, language),
            text=authorisation_text(
                kind,
                language,
                lender=settings.KUAIDAI.lender_name,
                enterprise_name=firm.name,
                person_name=person.name,
            ),
            text_version=TEXT_VERSION,
            live=kind in live,
        )
        for kind in AuthorisationKind
    ]


@router.post("/firms/{uscc}/authorisations", response=answers(list[AuthorisationOut], status=201))
def grant(
    request: HttpRequest, uscc: PathCode, body: GrantRequest
) -> Status[list[AuthorisationView]]:
    """Give authorisations for this firm; ones that are live already are returned as they are."""
    principal = customer_of(request)
    granted = operations.grant_authorisations(
        person_no=principal.person_no,
        uscc=uscc,
        kinds=[_kind(text) for text in body.kinds],
        language=body.language,
        channel="api",
        now=timezone.now(),
        on=business_date(),
        actor=principal.actor,
    )
    return Status(201, list(granted))


@router.post("/authorisations/{authorisation_id}/withdrawal", response=answers(AuthorisationOut))
def withdraw(request: HttpRequest, authorisation_id: AuthorisationId) -> AuthorisationView:
    """Withdraw an authorisation: no new query is made under it."""
    principal = customer_of(request)
    return operations.withdraw_authorisation(
        authorisation_id=authorisation_id,
        person_no=principal.person_no,
        actor=principal.actor,
        now=timezone.now(),
        on=business_date(),
    )
