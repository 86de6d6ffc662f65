"""Reads of parties: firms, people, who owns what, live authorisations."""

from __future__ import annotations

from datetime import date

from kuaidai.foundation.encryption import blind_index
from kuaidai.kernel.identifiers import mask, parse_phone, parse_uscc
from kuaidai.parties.domain.authorisations import AuthorisationKind, authorisation_title
from kuaidai.parties.domain.views import AuthorisationView, EnterpriseView, PersonView
from kuaidai.parties.errors import (
    AuthorisationMissing,
    NotTheOwner,
    UnknownEnterprise,
    UnknownPerson,
)
from kuaidai.parties.models import Authorisation, Enterprise, EnterpriseLink, Person


def enterprise_view(row: Enterprise) -> EnterpriseView:
    """The view of a firm's row."""
    return EnterpriseView(
        row.uscc, row.name, row.kind, row.industry_code, row.province_code, row.established_on
    )


def person_view(row: Person) -> PersonView:
    """The view of a person's row, identifiers in clear."""
    username = row.user.username if row.user else None
    return PersonView(
        row.customer_no, row.name, row.resident_id, row.phone, row.birth_date, username
    )


def authorisation_view(row: Authorisation) -> AuthorisationView:
    """The view of an authorisation's row (enterprise and person joined)."""
    return AuthorisationView(
        row.id, row.kind, row.enterprise.uscc, row.person.customer_no, row.text_version, row.text_hash,
        row.language, tuple(row.purposes), row.granted_at, row.granted_on, row.expires_on,
        row.withdrawn_at, row.channel,
    )  # fmt: skip


def enterprise(uscc: str) -> EnterpriseView:
    """The firm of that code. Raises `MalformedUscc` or `UnknownEnterprise`."""
    code = parse_uscc(uscc)
    row = Enterprise.objects.filter(uscc=code).first()
    if row is None:
        raise UnknownEnterprise(value=code)
    return enterprise_view(row)


def person_by_phone(phone: str) -> PersonView:
    """The person with that mobile number. Raises `MalformedPhone` or `UnknownPerson`."""
    number = parse_phone(phone)
    row = Person.objects.select_related("user").filter(phone_index=blind_index(number)).first()
    if row is None:
        raise UnknownPerson(value=mask(number))
    return person_view(row)


def person_by_number(customer_no: str) -> PersonView:
    """The person with that customer number. Raises `UnknownPerson`."""
    row = Person.objects.select_related("user").filter(customer_no=customer_no).first()
    if row is None:
        raise UnknownPerson(value=customer_no)
    return person_view(row)


def person_by_username(username: str) -> PersonView:
    """The person who signs in as that user. Raises `UnknownPerson`."""
    row = Person.objects.select_related("user").filter(user__username=username).first()
    if row is None:
        raise UnknownPerson(value=username)
    return person_view(row)


def enterprises_of(person_no: str) -> tuple[EnterpriseView, ...]:
    """The firms a person is linked to, by name; 100 at the most."""
    rows = Enterprise.objects.filter(links__person__customer_no=person_no).order_by("name")
    return tuple(enterprise_view(row) for row in rows[:100])


def owners_of(uscc: str) -> tuple[PersonView, ...]:
    """The people linked to a firm, largest share first; 100 at the most."""
    links = EnterpriseLink.objects.filter(enterprise__uscc=uscc).select_related("person__user")
    return tuple(person_view(link.person) for link in links.order_by("-share")[:100])


def require_owner(*, person_no: str, uscc: str) -> EnterpriseView:
    """The firm, if the person is linked to it. Raises `UnknownEnterprise` or `NotTheOwner`."""
    view = enterprise(uscc)
    linked = EnterpriseLink.objects.filter(
        enterprise__uscc=view.uscc, person__customer_no=person_no
    )
    if not linked.exists():
        raise NotTheOwner(value=view.uscc)
    return view


def authorisations(*, person_no: str, uscc: str) -> tuple[AuthorisationView, ...]:
    """Every authorisation ever given by the person for the firm, newest first; 200 at the most."""
    rows = Authorisation.objects.filter(person__customer_no=person_no, enterprise__uscc=uscc)
    rows = rows.select_related("enterprise", "person").order_by("-granted_at")
    return tuple(authorisation_view(row) for row in rows[:200])


def live_authorisations(
    *, person_no: str, uscc: str, on: date
) -> dict[AuthorisationKind, AuthorisationView]:
    """The authorisations that permit queries on that day, by kind."""
    return {
        AuthorisationKind(view.kind): view
        for view in authorisations(person_no=person_no, uscc=uscc)
        if view.is_live(on)
    }


def require_authorisation(
    *, kind: AuthorisationKind, person_no: str, uscc: str, on: date
) -> AuthorisationView:
    """The live authorisation of `kind`. Raises `AuthorisationMissing` saying what is wrong with it."""
    given = [v for v in authorisations(person_no=person_no, uscc=uscc) if v.kind == kind.value]
    for view in given:
        if view.is_live(on):
            return view
    why, why_zh = ("missing", "尚未授予")
    if given and given[0].withdrawn_at is not None:
        why, why_zh = (f"withdrawn ({given[0].id})", f"已撤回（{given[0].id}）")
    elif given:
        why, why_zh = (f"expired on {given[0].expires_on}", f"已于 {given[0].expires_on} 到期")
    raise AuthorisationMissing(
        value=f"{kind.value} ({authorisation_title(kind, 'zh')})", why=why, why_zh=why_zh
    )
