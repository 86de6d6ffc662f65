"""Bearer tokens: issued after sign-in, kept hashed, valid for a working day."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from kuaidai.foundation.actors import Actor
from kuaidai.interfaces.api.models import AccessToken
from kuaidai.kernel.canonical import sha256_hex
from kuaidai.kernel.errors import NotAllowed

LIFETIME = timedelta(hours=8)


@dataclass(frozen=True)
class Principal:
    """Who is asking: a customer (`person_no`), or staff (`person_no` empty) with a role."""

    actor: Actor
    role: str
    person_no: str
    token_id: int


@dataclass(frozen=True)
class IssuedToken:
    """A fresh token; `text` is shown once and never stored."""

    text: str
    expires_at: datetime


def issue(*, user_id: int, person_no: str, now: datetime) -> IssuedToken:
    """A token for `user_id`; `person_no` is empty for staff."""
    text = secrets.token_urlsafe(32)
    row = AccessToken.objects.create(
        token_hash=sha256_hex(text.encode()),
        user_id=user_id,
        person_no=person_no,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    return IssuedToken(text, row.expires_at)


def revoke(principal: Principal, *, now: datetime) -> None:
    """End the token the request came with."""
    AccessToken.objects.filter(id=principal.token_id).update(revoked_at=now)


class Bearer(HttpBearer):
    """`Authorization: Bearer <token>`."""

    def authenticate(self, request: HttpRequest, token: str) -> Principal | None:
        """The principal of a live token of an active user, else None."""
        row = (
            AccessToken.objects.select_related("user")
            .filter(
                token_hash=sha256_hex(token.encode()),
                expires_at__gt=timezone.now(),
                revoked_at=None,
                user__is_active=True,
            )
            .first()
        )
        if row is None:
            return None
        if row.person_no:
            actor = Actor("person", row.person_no, row.person_no)
        else:
            actor = Actor("staff", row.user.get_username(), row.user.get_full_name())
        return Principal(actor, str(row.user.role), row.person_no, row.pk)


def principal_of(request: HttpRequest) -> Principal:
    """Who is asking; only behind `Bearer`."""
    return cast(Principal, request.auth)  # type: ignore[attr-defined]  # set by ninja


def customer_of(request: HttpRequest) -> Principal:
    """The asking customer. Raises `NotAllowed` for staff."""
    principal = principal_of(request)
    if not principal.person_no:
        raise NotAllowed(who=principal.actor.id, action="act as a customer")
    return principal


def staff_of(request: HttpRequest, *roles: str) -> Principal:
    """The asking member of staff with one of `roles`. Raises `NotAllowed`."""
    principal = principal_of(request)
    if principal.person_no or principal.role not in roles:
        raise NotAllowed(
            who=principal.actor.id, action=f"do what needs the role {' or '.join(roles)}"
        )
    return principal
