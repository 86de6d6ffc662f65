"""Orders to the bank core: what is asked, the states an order goes through, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from kuaidai.kernel.money import ZERO, yuan


class OrderKind(StrEnum):
    """What an order does to an account. Holds and releases move no money."""

    TRANSFER = "transfer"
    DEBIT = "debit"
    HOLD = "hold"
    RELEASE = "release"


MOVING = (OrderKind.TRANSFER, OrderKind.DEBIT)
"""The kinds that move money, and so stand in the core's statements."""


class OrderState(StrEnum):
    """Where an order stands."""

    NEW = "new"
    SENT = "sent"
    UNKNOWN = "unknown"
    SETTLED = "settled"
    PARTLY_SETTLED = "partly_settled"
    REJECTED = "rejected"


FINAL = frozenset({OrderState.SETTLED, OrderState.PARTLY_SETTLED, OrderState.REJECTED})
OPEN = frozenset(OrderState) - FINAL

TRANSITIONS: Mapping[OrderState, frozenset[OrderState]] = {
    OrderState.NEW: frozenset({OrderState.SENT}),
    OrderState.SENT: frozenset({OrderState.SENT, OrderState.UNKNOWN}) | FINAL,
    OrderState.UNKNOWN: frozenset({OrderState.SENT, OrderState.UNKNOWN}) | FINAL,
    OrderState.SETTLED: frozenset(),
    OrderState.PARTLY_SETTLED: frozenset(),
    OrderState.REJECTED: frozenset(),
}
"""The only ways between states. `sent` to `sent`: the process died before it heard the answer. What is
final stays so: an answer that comes twice or late changes nothing."""


def leading_to(target: OrderState) -> list[OrderState]:
    """The states from which the table leads to `target`."""
    return [state for state, targets in TRANSITIONS.items() if target in targets]


@dataclass(frozen=True)
class OrderRequest:
    """What to ask of the core.

    `key` is ours and names the order at both ends for ever. `amount` is in yuan; with `partial` a
    debit takes what is there. `on` is the day it is to be carried out. `hold_key` names the hold that
    a release gives back. The outcome goes to the operation registered for `subject_type`; without
    one, the caller applies it.
    """

    key: str
    kind: OrderKind
    account: str
    amount: Decimal
    memo: str
    on: date
    partial: bool = False
    hold_key: str = ""
    subject_type: str = ""
    subject_id: str = ""

    def __post_init__(self) -> None:
        if self.amount <= 0 or self.amount != yuan(self.amount):
            raise ValueError(f"order {self.key}: {self.amount} is not an amount to move")
        if self.partial and self.kind is not OrderKind.DEBIT:
            raise ValueError(f"order {self.key}: only a debit can be settled in part")
        if (self.kind is OrderKind.RELEASE) != bool(self.hold_key):
            raise ValueError(f"order {self.key}: a release, and nothing else, names its hold")


@dataclass(frozen=True)
class Movement:
    """What the core says of an order: settled (with how much) or rejected (and why).

    `booked_on` is the core's booking day, on which the money moved: later than the day asked for when
    the order arrived late. None for what was rejected. `reference` is the core's own number.
    """

    key: str
    settled: Decimal
    reason: str
    booked_on: date | None = None
    reference: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether any money moved."""
        return self.settled > 0

    def state_of(self, amount: Decimal) -> OrderState:
        """The final state of an order over `amount`."""
        if self.settled == ZERO:
            return OrderState.REJECTED
        return OrderState.SETTLED if self.settled == amount else OrderState.PARTLY_SETTLED


@dataclass(frozen=True)
class OrderView:
    """An order as it stands; the account is masked."""

    key: str
    kind: OrderKind
    account_masked: str
    amount: Decimal
    partial: bool
    on: date
    state: OrderState
    settled: Decimal
    reason: str
    booked_on: date | None
    reference: str
    tries: int
    subject_type: str
    subject_id: str
    is_applied: bool

    @property
    def is_final(self) -> bool:
        """Whether the outcome is known."""
        return self.state in FINAL

    @property
    def movement(self) -> Movement:
        """The outcome, as the core told it."""
        return Movement(self.key, self.settled, self.reason, self.booked_on, self.reference)
