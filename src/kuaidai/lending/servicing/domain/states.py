"""The states of a facility and the only ways between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from kuaidai.kernel.errors import IllegalTransition


class FacilityStatus(StrEnum):
    """Where a credit line stands."""

    OPEN = "open"
    FROZEN = "frozen"
    EXPIRED = "expired"
    CLOSED = "closed"


TRANSITIONS: Mapping[FacilityStatus, frozenset[FacilityStatus]] = {
    FacilityStatus.OPEN: frozenset({FacilityStatus.FROZEN, FacilityStatus.EXPIRED}),
    FacilityStatus.FROZEN: frozenset({FacilityStatus.OPEN, FacilityStatus.EXPIRED}),
    FacilityStatus.EXPIRED: frozenset({FacilityStatus.CLOSED}),
    FacilityStatus.CLOSED: frozenset(),
}
"""A frozen line is repaid as before; only drawing stops. An ended line never opens again."""

LIVE = (FacilityStatus.OPEN, FacilityStatus.FROZEN)
"""The states in which the whole grant counts as exposure."""

STATE_ZH: Mapping[FacilityStatus, str] = {
    FacilityStatus.OPEN: "正常",
    FacilityStatus.FROZEN: "冻结",
    FacilityStatus.EXPIRED: "已到期",
    FacilityStatus.CLOSED: "已关闭",
}


def require_transition(*, facility_id: str, state: str, target: FacilityStatus) -> None:
    """Refuse, naming both states, unless the table leads from `state` to `target`.

    Raises `kernel.errors.IllegalTransition`.
    """
    if target not in TRANSITIONS[FacilityStatus(state)]:
        raise IllegalTransition(
            kind="Facility", value=facility_id, state=state, target=target.value
        )
