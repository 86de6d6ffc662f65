"""The locked row every operation works on, and the one way to move its state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit
from kuaidai.kernel.errors import NotAllowed, NotFound
from kuaidai.lending.origination.domain.states import Status, require_transition
from kuaidai.lending.origination.models import Application


def require_self(*, person_no: str, actor: Actor) -> None:
    """A person acts for themselves only. Raises `NotAllowed`."""
    if actor.kind == "person" and actor.id != person_no:
        raise NotAllowed(who=actor.id, action=f"act for customer {person_no}")


def locked(application_id: str, actor: Actor) -> Application:
    """The application, row-locked until the transaction ends.

    Raises `NotFound` where there is none, or where `actor` is a person and it is not theirs.
    """
    application = Application.objects.select_for_update().filter(id=application_id).first()
    if application is None or (actor.kind == "person" and actor.id != application.person_no):
        raise NotFound(kind="application", value=application_id)
    return application


def move(application: Application, target: Status) -> str:
    """Set the state after the table allowed it, and return the state left; the caller saves.

    Raises `IllegalTransition`.
    """
    before = str(application.status)
    require_transition(application_id=application.id, state=before, target=target)
    application.status = target
    return before


def audit(
    application: Application, action: str, *, actor: Actor, on: date, detail: Mapping[str, Any]
) -> None:
    """One audit record about the application; `detail` holds no personal data."""
    record_audit(
        actor=actor,
        action=f"application.{action}",
        subject_type="application",
        subject_id=application.id,
        on=on,
        detail={"status": str(application.status), **detail},
    )
