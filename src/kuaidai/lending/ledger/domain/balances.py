"""Views of the books: trial balance, general ledger of a day, what a verification found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger.domain.chart import CHART, Side


def natural(account: str, signed: Decimal) -> Decimal:
    """A balance given as debits less credits, positive on the side on which the account grows."""
    return signed if CHART[account].grows is Side.DEBIT else ZERO - signed


@dataclass(frozen=True)
class TrialBalanceRow:
    """An account's turnover since the first day and its balance (positive on the side it grows)."""

    account: str
    title_en: str
    title_zh: str
    debit: Decimal
    credit: Decimal
    balance: Decimal
    is_memorandum: bool = False


@dataclass(frozen=True)
class TrialBalance:
    """All accounts; `difference` must be zero, and so must `memorandum_difference`."""

    rows: tuple[TrialBalanceRow, ...]
    total_debit: Decimal
    total_credit: Decimal
    through: date | None = None

    @property
    def difference(self) -> Decimal:
        """Debits less credits."""
        return self.total_debit - self.total_credit

    @property
    def memorandum_difference(self) -> Decimal:
        """Debits less credits of the accounts outside the balance sheet."""
        return sum((row.debit - row.credit for row in self.rows if row.is_memorandum), ZERO)

    @property
    def is_balanced(self) -> bool:
        """Whether debits equal credits in either book."""
        return not self.difference and not self.memorandum_difference


@dataclass(frozen=True)
class LedgerRow:
    """One account of one branch and product on one day; balances positive on the side it grows."""

    branch: str
    product_code: str
    account: str
    title_en: str
    title_zh: str
    opening: Decimal
    debit: Decimal
    credit: Decimal
    closing: Decimal


@dataclass(frozen=True)
class LedgerDay:
    """The general ledger of a day: a page of its rows, and the totals of all of them."""

    on: date
    is_closed: bool
    rows: tuple[LedgerRow, ...]
    total: int
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True)
class ClosedLedgerDay:
    """A day the ledger has been closed on; `already_closed` when an earlier call did it."""

    on: date
    entries: int
    debit: Decimal
    credit: Decimal
    already_closed: bool = False


@dataclass(frozen=True)
class Break:
    """Something in the books that does not add up: what kind, where, by how much."""

    kind: str
    subject: str
    detail: str


@dataclass(frozen=True)
class VerifyReport:
    """What a verification went through, and the breaks it found (the first hundred)."""

    entries: int
    postings: int
    days: int
    breaks: tuple[Break, ...]

    @property
    def is_intact(self) -> bool:
        """Whether nothing was found."""
        return not self.breaks


@dataclass(frozen=True)
class BalanceBreak:
    """A balance of the general ledger and what the sub-ledger says it should be."""

    branch: str
    product_code: str
    account: str
    ledger: Decimal
    sub_ledger: Decimal

    @property
    def difference(self) -> Decimal:
        """Ledger less sub-ledger."""
        return self.ledger - self.sub_ledger
