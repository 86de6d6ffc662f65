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
    CANCELLED = "cancelled"
    CLOSED = "closed"


_ENDS = frozenset({FacilityStatus.EXPIRED, FacilityStatus.CANCELLED})
TRANSITIONS: Mapping[FacilityStatus, frozenset[FacilityStatus]] = {
    FacilityStatus.OPEN: frozenset({FacilityStatus.FROZEN}) | _ENDS,
    FacilityStatus.FROZEN: frozenset({FacilityStatus.OPEN}) | _ENDS,
    FacilityStatus.EXPIRED: frozenset({FacilityStatus.CLOSED}),
    FacilityStatus.CANCELLED: frozenset({FacilityStatus.CLOSED}),
    FacilityStatus.CLOSED: frozenset(),
}
"""A frozen line is repaid as before; only drawing stops. An ended line never opens again, and is
closed once nothing is owed or on its way.
"""

LIVE = (FacilityStatus.OPEN, FacilityStatus.FROZEN)
"""The states in which the whole grant counts as exposure."""

ENDED = (FacilityStatus.EXPIRED, FacilityStatus.CANCELLED)
"""The states in which nothing is drawn any more, and what is owed is repaid."""

STATE_ZH: Mapping[FacilityStatus, str] = {
    FacilityStatus.OPEN: "正常",
    FacilityStatus.FROZEN: "冻结",
    FacilityStatus.EXPIRED: "已到期",
    FacilityStatus.CANCELLED: "已取消",
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
