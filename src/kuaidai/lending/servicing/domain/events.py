"""What may happen to a loan: the events that replay reads, each with a key and the day it counts from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kuaidai.lending.servicing.domain.conventions import Bucket, Excess
from kuaidai.lending.servicing.domain.methods import RepaymentMethod


@dataclass(frozen=True)
class Event:
    """One thing that happened; `key` names it, `on` is the day from which it counts."""

    key: str
    on: date


@dataclass(frozen=True)
class Disbursement(Event):
    """Money paid out. A loan that names none was paid out in full on its first day."""

    amount: Decimal


@dataclass(frozen=True)
class Payment(Event):
    """Money received. With `shorten`, what repays early makes instalments fewer, not smaller.

    `excess` says it in general, and stands above the loan's conventions.
    """

    amount: Decimal
    shorten: bool = False
    excess: Excess | None = None


@dataclass(frozen=True)
class Payoff(Event):
    """Money received that settles the loan, however much that is."""


@dataclass(frozen=True)
class Charge(Event):
    """A fee or a penalty charge that falls due on `due_on` (by default at once)."""

    bucket: Bucket
    amount: Decimal
    due_on: date | None = None


@dataclass(frozen=True)
class Waiver(Event):
    """Part of what is owed is forgiven: of one bucket, the oldest first."""

    bucket: Bucket
    amount: Decimal


@dataclass(frozen=True)
class RateChange(Event):
    """A new annual rate (a fraction) from this day on: agreed, or a repricing by the LPR."""

    annual_rate: Decimal


@dataclass(frozen=True)
class Misuse(Event):
    """So much of the money was found misused; it bears the misuse rate from this day. 0 ends it."""

    amount: Decimal


@dataclass(frozen=True)
class Extension(Event):
    """展期: what is not due yet is spread over new due dates.

    With `keep_instalments` equal instalments stay as large as they are; the last takes the difference.
    """

    due_dates: tuple[date, ...]
    keep_instalments: bool = False


@dataclass(frozen=True)
class Restructuring(Event):
    """What is due and what is not is spread over new due dates, by new terms where they are named.

    Unpaid interest, penalty and compound interest stay owed and fall due with the first of them.
    """

    due_dates: tuple[date, ...]
    annual_rate: Decimal | None = None
    method: RepaymentMethod | None = None
    principal_grace: int = 0


@dataclass(frozen=True)
class NonAccrual(Event):
    """From this day interest is kept as a memorandum and is income only when received."""


@dataclass(frozen=True)
class AccrualResumed(Event):
    """The loan performs again: what the memorandum holds is recognised."""


@dataclass(frozen=True)
class WriteOff(Event):
    """The claim leaves the books; what is received afterwards is a recovery."""


@dataclass(frozen=True)
class Reversal(Event):
    """An earlier event never happened."""

    reverses: str


def in_order(events: Iterable[Event]) -> list[Event]:
    """Events that stand, in the order in which they count: by day, then as they were recorded.

    Raises `ValueError` where a reversal names no event, or a key is used twice.
    """
    recorded = list(events)
    standing: dict[str, Event] = {}
    for event in recorded:
        if event.key in standing:
            raise ValueError(f"two events have the key {event.key}")
        standing[event.key] = event
    for event in reversed(recorded):
        if isinstance(event, Reversal) and event.key in standing:
            if event.reverses == event.key:
                raise ValueError(f"{event.key} reverses itself")
            if standing.pop(event.reverses, None) is None:
                raise ValueError(f"{event.key} reverses {event.reverses}, which is no event")
            del standing[event.key]
    return sorted(standing.values(), key=lambda event: event.on)
