"""What every step in a version's life asks first: may this person, and is the version there."""

from __future__ import annotations

from typing import TypeVar

from django.contrib.auth import get_user_model

from kuaidai.foundation.actors import Actor
from kuaidai.kernel.errors import NotAllowed
from kuaidai.risk.policy.errors import UnknownVersion
from kuaidai.risk.policy.models import ModelVersion, PolicyVersion

APPROVERS = ("risk_officer", "admin")
SUBMITTERS = ("modeller", "risk_officer", "admin")
Row = TypeVar("Row", ModelVersion, PolicyVersion)


def require_role(actor: Actor, roles: tuple[str, ...], action: str) -> None:
    """Only staff with a login that holds one of `roles`. Raises `NotAllowed`."""
    login = get_user_model().objects.filter(username=actor.id, is_active=True).first()
    if actor.kind != "staff" or login is None or login.role not in roles:
        raise NotAllowed(who=actor.name, action=action)


def locked(table: type[Row], label: str) -> Row:
    """The version called `label` (name/number), locked until the transaction ends.

    Raises `UnknownVersion`.
    """
    name, _, version = label.rpartition("/")
    row = None
    if version.isdigit():
        row = table.objects.select_for_update().filter(name=name, version=int(version)).first()
    if row is None:
        kind = "model" if table is ModelVersion else "policy"
        raise UnknownVersion(kind=kind, value=label)
    return row
