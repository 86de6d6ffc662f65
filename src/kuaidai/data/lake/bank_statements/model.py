"""A bank statement, whatever format it came in: account, balances and entries in booking order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum


class StatementFormat(StrEnum):
    """The formats that are read."""

    CAMT_053 = "camt.053"
    MT940 = "MT940"


@dataclass(frozen=True)
class Balance:
    """A booked balance: what the account held on a day; an overdraft is negative.

    `final` is False between the pages of one statement, where the day may go on.
    """

    on: date
    amount: Decimal
    currency: str
    final: bool = True


@dataclass(frozen=True)
class Party:
    """The other side of an entry, as far as the bank names it."""

    name: str = ""
    account: str = ""


@dataclass(frozen=True)
class Entry:
    """One booked entry.

    `amount` carries the effect on the account: credits positive, debits negative, and a reversal the
    opposite of what it takes back. `reference` is the payer's or the firm's own reference,
    `bank_reference` the account-keeping bank's; both empty where the bank gives none. `code` is the
    ISO 20022 bank transaction code (`PMNT/RCDT/ESCT`) or the transaction type of MT940 (`NTRF`),
    `bank_code` the bank's own code beside it and `purpose_code` the ISO 20022 external purpose code.
    """

    booked_on: date
    value_on: date
    amount: Decimal
    currency: str
    reversal: bool = False
    party: Party = Party()
    reference: str = ""
    bank_reference: str = ""
    code: str = ""
    bank_code: str = ""
    purpose_code: str = ""
    remittance: str = ""

    @property
    def direction(self) -> str:
        """`credit` where money came in, `debit` where it went out."""
        return "credit" if self.amount >= 0 else "debit"


@dataclass(frozen=True)
class Statement:
    """A statement of one account. Balances are None where the file gives none."""

    format: StatementFormat
    number: str
    account: str
    currency: str
    opening: Balance | None
    closing: Balance | None
    entries: tuple[Entry, ...]

    @property
    def difference(self) -> Decimal | None:
        """Closing balance less opening balance and entries: zero when the statement adds up."""
        if self.opening is None or self.closing is None:
            return None
        total = sum((entry.amount for entry in self.entries), self.opening.amount)
        return self.closing.amount - total


def joined_pages(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Statements with the pages of each put together again.

    A page goes on from the one before it when both are of one account, it opens and the other closes
    on an intermediate balance, and the two balances are the same.
    """
    whole: list[Statement] = []
    for page in statements:
        if whole and _goes_on(whole[-1], page):
            first = whole[-1]
            whole[-1] = replace(first, closing=page.closing, entries=first.entries + page.entries)
        else:
            whole.append(page)
    return tuple(whole)


def _goes_on(first: Statement, page: Statement) -> bool:
    closing, opening = first.closing, page.opening
    if closing is None or opening is None or closing.final or opening.final:
        return False
    return first.account == page.account and closing == opening
