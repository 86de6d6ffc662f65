"""Orders to the bank core as they are asked for: transfers, debits, holds and releases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from kuaidai.kernel.canonical import canonical_json
from kuaidai.simulator.sandbox.exchange import Problem

LENDER = "LENDER"
MOST_IN_BATCH = 5_000
"""Orders in one batch of debits."""


class Kind(StrEnum):
    """What an order does."""

    TRANSFER = "transfer"
    DEBIT = "debit"
    HOLD = "hold"
    RELEASE = "release"


@dataclass(frozen=True)
class Order:
    """An order. `partial`: settle what is there when the whole is not; `hold_key`: what to release.

    `on` is the day it is to be carried out; `sent_on` the day of the message, if it says so. An order
    that arrives late is booked on the day of the message.
    """

    key: str
    source: str
    target: str
    cents: int
    memo: str
    on: date
    partial: bool
    kind: Kind = Kind.DEBIT
    hold_key: str = ""
    sent_on: date | None = None

    @classmethod
    def read(cls, body: dict[str, Any], *, debit: bool) -> Order:
        """The transfer or debit in a request body; raises `Problem` 422 naming the wrong field."""
        key, source = _text(body, "key", 100), _text(body, "from_account", 40)
        target = _text(body, "to_account", 40) if not debit or "to_account" in body else LENDER
        memo = _memo(body)
        partial = body.get("partial", False)
        if not isinstance(partial, bool):
            raise Problem(422, "malformed-partial", "partial must be true or false")
        kind = Kind.DEBIT if debit else Kind.TRANSFER
        return cls(
            key, source, target, _cents(body), memo, _day(body, "on"), partial and debit, kind,
            sent_on=_sent_on(body),
        )  # fmt: skip

    @classmethod
    def read_hold(cls, body: dict[str, Any], *, release: bool) -> Order:
        """The hold, or its release, in a request body; raises `Problem` 422."""
        return cls(
            key=_text(body, "key", 100),
            source=_text(body, "account", 40),
            target="",
            cents=_cents(body),
            memo=_memo(body),
            on=_day(body, "on"),
            partial=False,
            kind=Kind.RELEASE if release else Kind.HOLD,
            hold_key=_text(body, "hold_key", 100) if release else "",
            sent_on=_sent_on(body),
        )

    @property
    def booking_day(self) -> date:
        """The day the core books it."""
        return self.on if self.sent_on is None else max(self.on, self.sent_on)

    def request(self) -> str:
        """What the same key must ask for again; the day of the message may differ."""
        said = {
            "key": self.key, "source": self.source, "target": self.target, "cents": self.cents,
            "memo": self.memo, "on": self.on.isoformat(), "partial": self.partial,
        }  # fmt: skip
        if self.kind in (Kind.HOLD, Kind.RELEASE):
            said |= {"kind": self.kind.value, "hold_key": self.hold_key}
        return canonical_json(said).decode()


def read_batch(body: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The key and the lines of a batch of debits, lines unread; raises `Problem` 422."""
    key, lines = _text(body, "key", 100), body.get("orders")
    if not isinstance(lines, list) or not 0 < len(lines) <= MOST_IN_BATCH:
        raise Problem(422, "malformed-orders", f"orders must be a list of 1 to {MOST_IN_BATCH}")
    if not all(isinstance(line, dict) for line in lines):
        raise Problem(422, "malformed-orders", "every order must be an object")
    return key, lines


def _memo(body: dict[str, Any]) -> str:
    memo = body.get("memo") or ""
    if not isinstance(memo, str) or len(memo) > 500:
        raise Problem(422, "malformed-memo", "memo must be a text of at most 500 characters")
    return memo


def _sent_on(body: dict[str, Any]) -> date | None:
    return _day(body, "sent_on") if "sent_on" in body else None


def _day(body: dict[str, Any], name: str) -> date:
    try:
        return date.fromisoformat(_text(body, name, 10))
    except ValueError:
        raise Problem(
            422, f"malformed-{name}", f"{name} must be a date such as 2026-11-23"
        ) from None


def _text(body: dict[str, Any], name: str, longest: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise Problem(
            422, f"malformed-{name}", f"{name} must be a text of 1 to {longest} characters"
        )
    return value


def _cents(body: dict[str, Any]) -> int:
    text = body.get("amount")
    digits = text.replace(".", "", 1) if isinstance(text, str) and len(text) <= 19 else ""
    if not (digits.isascii() and digits.isdigit()) or not isinstance(text, str):
        raise Problem(422, "malformed-amount", 'amount must be a text such as "1234.50"')
    whole, _, part = text.partition(".")
    cents = int(whole or "0") * 100 + int(part.ljust(2, "0")[:2])
    if cents == 0 or part[2:].strip("0"):
        raise Problem(
            422, "malformed-amount", "amount must be above zero, with at most two decimals"
        )
    return cents


def amount_text(cents: int) -> str:
    """`1234.50` for 123450 cents."""
    sign, (yuan, rest) = "-" if cents < 0 else "", divmod(abs(cents), 100)
    return f"{sign}{yuan}.{rest:02d}"
