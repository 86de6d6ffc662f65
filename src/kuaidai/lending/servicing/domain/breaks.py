"""What can differ between our orders and the bank core's statement of a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from kuaidai.kernel.money import ZERO


class BreakKind(StrEnum):
    """How the two sides differ."""

    MISSING_HERE = "missing_here"
    """the core booked what we do not hold as settled"""
    MISSING_THERE = "missing_there"
    """we hold as settled what the core did not book"""
    AMOUNT_DIFFERS = "amount_differs"
    DATE_DIFFERS = "date_differs"
    DUPLICATE = "duplicate"
    """the core booked one order more than once"""
    BOOKS_DIFFER = "books_differ"
    """the ledger's settlement account moved by another sum than the orders applied on the day"""


class BreakState(StrEnum):
    """What became of a break."""

    OPEN = "open"
    EXPLAINED = "explained"
    """a person said what it is"""
    CLEARED = "cleared"
    """a later comparison no longer finds it"""


@dataclass(frozen=True)
class StatementEntry:
    """A booking on our account at the core; what came in is positive."""

    seq: int
    key: str
    amount: Decimal
    reference: str


@dataclass(frozen=True)
class SettledOrder:
    """An order of ours that moved money; what came in is positive.

    `reconciled_on`: the day in whose statement it was found before, if any.
    """

    key: str
    amount: Decimal
    booked_on: date
    reconciled_on: date | None = None


@dataclass(frozen=True)
class Break:
    """One difference. `ours` and `theirs` are amounts, what came in positive."""

    kind: BreakKind
    key: str
    reference: str = ""
    ours: Decimal | None = None
    theirs: Decimal | None = None
    our_day: date | None = None
    their_day: date | None = None


@dataclass(frozen=True)
class Comparison:
    """The breaks of a day, and the keys on which both sides agree."""

    breaks: tuple[Break, ...]
    matched: tuple[str, ...]


def compare(
    on: date, entries: Iterable[StatementEntry], orders: Mapping[str, SettledOrder]
) -> Comparison:
    """The statement of `on` beside our orders.

    `orders` holds at least those booked on `on` and those whose key stands in the statement. An order
    booked twice is found within the day, and across days by the day it was matched on before.
    """
    breaks: dict[tuple[BreakKind, str], Break] = {}
    seen: set[str] = set()
    matched: list[str] = []
    for entry in entries:
        found = _difference(on, entry, orders.get(entry.key), again=entry.key in seen)
        seen.add(entry.key)
        if found is None:
            matched.append(entry.key)
        else:
            breaks[(found.kind, found.key)] = _together(breaks.get((found.kind, found.key)), found)
    missing = (o for key, o in orders.items() if o.booked_on == on and key not in seen)
    for order in missing:
        breaks[(BreakKind.MISSING_THERE, order.key)] = Break(
            BreakKind.MISSING_THERE, order.key, ours=order.amount, our_day=order.booked_on
        )
    return Comparison(tuple(breaks.values()), tuple(matched))


def _together(before: Break | None, found: Break) -> Break:
    """One break for all that was booked too often under one key."""
    if before is None:
        return found
    return replace(found, theirs=(before.theirs or ZERO) + (found.theirs or ZERO))


def _difference(
    on: date, entry: StatementEntry, order: SettledOrder | None, *, again: bool
) -> Break | None:
    kind = _kind(on, entry, order, again=again)
    if kind is None:
        return None
    return Break(
        kind, entry.key, entry.reference, order.amount if order else None, entry.amount,
        order.booked_on if order else None, on,
    )  # fmt: skip


def _kind(
    on: date, entry: StatementEntry, order: SettledOrder | None, *, again: bool
) -> BreakKind | None:
    if again:
        return BreakKind.DUPLICATE
    if order is None:
        return BreakKind.MISSING_HERE
    if order.booked_on != on:
        was_there = order.reconciled_on not in (None, on)
        return BreakKind.DUPLICATE if was_there else BreakKind.DATE_DIFFERS
    return None if entry.amount == order.amount else BreakKind.AMOUNT_DIFFERS


@dataclass(frozen=True)
class BreakView:
    """A stored break."""

    id: int
    on: date
    kind: BreakKind
    key: str
    reference: str
    ours: Decimal | None
    theirs: Decimal | None
    our_day: date | None
    their_day: date | None
    state: BreakState
    note: str
    closed_by: str
    closed_at: datetime | None

    @property
    def difference(self) -> Decimal:
        """Theirs less ours; what is missing counts as zero."""
        return (self.theirs or ZERO) - (self.ours or ZERO)


@dataclass(frozen=True)
class RunView:
    """A stored comparison of a day."""

    on: date
    ran_at: datetime
    opening: Decimal
    closing: Decimal
    received: Decimal
    paid: Decimal
    entries: int
    orders: int
    matched: int
    open_breaks: int
    breaks: tuple[BreakView, ...] = ()


@dataclass(frozen=True)
class UnresolvedOrders:
    """Orders to the core whose outcome is not known; `oldest` is the day the oldest is for."""

    count: int
    oldest: date | None
