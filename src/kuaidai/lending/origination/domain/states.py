"""The states of an application and the only ways between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from kuaidai.kernel.errors import IllegalTransition


class Status(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    AUTHORISED = "authorised"
    COLLECTING = "collecting"
    WAITING_FOR_DATA = "waiting_for_data"
    DECIDING = "deciding"
    APPROVED = "approved"
    REFERRED = "referred"
    DECLINED = "declined"
    OFFERED = "offered"
    SIGNED = "signed"
    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.AUTHORISED, Status.WITHDRAWN}),
    Status.AUTHORISED: frozenset({Status.COLLECTING, Status.WITHDRAWN}),
    Status.COLLECTING: frozenset({Status.DECIDING, Status.WAITING_FOR_DATA, Status.WITHDRAWN}),
    Status.WAITING_FOR_DATA: frozenset({Status.COLLECTING, Status.WITHDRAWN}),
    Status.DECIDING: frozenset({Status.APPROVED, Status.REFERRED, Status.DECLINED}),
    Status.REFERRED: frozenset({Status.APPROVED, Status.DECLINED, Status.WITHDRAWN}),
    Status.APPROVED: frozenset({Status.OFFERED, Status.WITHDRAWN, Status.EXPIRED, Status.ACTIVE}),
    Status.OFFERED: frozenset({Status.OFFERED, Status.SIGNED, Status.WITHDRAWN, Status.EXPIRED}),
    Status.SIGNED: frozenset({Status.ACTIVE}),
    Status.DECLINED: frozenset(),
    Status.ACTIVE: frozenset(),
    Status.WITHDRAWN: frozenset(),
    Status.EXPIRED: frozenset(),
}
"""`approved` holds an open offer; `offered` holds chosen terms, which may be chosen again. An approval
that raises the limit of a line is active at once: it has no terms and no contract.
"""

FINAL = frozenset(status for status, targets in TRANSITIONS.items() if not targets)
LIVE = frozenset(Status) - FINAL
"""The states in which a second application for the same firm and product is refused."""

WITH_OFFER = (Status.APPROVED, Status.OFFERED, Status.SIGNED, Status.ACTIVE)
"""The states in which an application holds an approval."""


def require_transition(*, application_id: str, state: Status | str, target: Status) -> None:
    """Refuse, naming both states, unless the table leads from `state` to `target`.

    Raises `kernel.errors.IllegalTransition`.
    """
    if target not in TRANSITIONS[Status(state)]:
        raise IllegalTransition(
            kind="Application",
            value=application_id,
            state=Status(state).value,
            target=target.value,
        )
