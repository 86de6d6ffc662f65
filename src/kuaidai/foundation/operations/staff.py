"""Register members of staff."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.models import Role, User
from kuaidai.foundation.operations.audit import record_audit


@transaction.atomic
def register_staff(*, username: str, role: str, password: str, actor: Actor, on: date) -> None:
    """Create a staff login, or give the existing one this role and password."""
    user, _ = User.objects.get_or_create(username=username)
    user.role, user.is_staff = Role(role), True
    user.set_password(password)
    user.save()
    record_audit(
        actor=actor, action="staff.register", subject_type="user", subject_id=username, on=on,
        detail={"role": role},
    )  # fmt: skip
