"""The bank core's statement of our own account for a day, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kuaidai.kernel.money import ZERO
from kuaidai.lending.servicing.domain.breaks import StatementEntry
from kuaidai.lending.servicing.errors import CoreUnavailable
from kuaidai.lending.servicing.gateway import wire

MOST_PAGES = 2_000


@dataclass(frozen=True)
class Statement:
    """A day of our account at the core; it foots: opening plus entries is closing."""

    on: date
    opening: Decimal
    closing: Decimal
    entries: tuple[StatementEntry, ...]

    @property
    def received(self) -> Decimal:
        """All that came in."""
        return sum((e.amount for e in self.entries if e.amount > 0), ZERO)

    @property
    def paid(self) -> Decimal:
        """All that went out, as a positive sum."""
        return -sum((e.amount for e in self.entries if e.amount < 0), ZERO)


def statement(on: date) -> Statement:
    """The statement of our account for `on`.

    Raises `CoreUnavailable`, also for a statement that does not foot.
    """
    entries: list[StatementEntry] = []
    after, opening, closing = 0, ZERO, ZERO
    for page in range(MOST_PAGES):
        path = f"/bank-core/accounts/{wire.LENDER_ACCOUNT}/statement?on={on}&after={after}"
        answer = wire.call("GET", path, timeout_s=30.0)
        with wire.reading():
            said = answer.json()
            if answer.status != 200 or said["on"] != on.isoformat():
                raise ValueError(f"HTTP {answer.status}")
            ends = wire.amount_of(said["opening"]), wire.amount_of(said["closing"])
            if page and ends != (opening, closing):
                raise ValueError("the day moved while it was read")
            opening, closing = ends
            rows = [_entry(row) for row in said["entries"]]
            if any(row.seq <= after for row in rows):
                raise ValueError("a page that does not go on")
            entries += rows
            after = int(said["next"] or 0)
        if not after:
            return _footed(Statement(on, opening, closing, tuple(entries)))
    raise CoreUnavailable(why="a statement without end")


def _entry(row: dict[str, object]) -> StatementEntry:
    return StatementEntry(
        int(str(row["seq"])), str(row["key"]), wire.amount_of(row["amount"]), str(row["reference"])
    )


def _footed(found: Statement) -> Statement:
    if found.opening + found.received - found.paid != found.closing:
        raise CoreUnavailable(why="a statement that does not add up")
    return found
