"""Lines of an entry and views of what was posted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kuaidai.kernel.money import ZERO


@dataclass(frozen=True)
class Line:
    """One side of an entry: an account and a debit or a credit."""

    account: str
    debit: Decimal = ZERO
    credit: Decimal = ZERO


@dataclass(frozen=True)
class PostingView:
    """A posted line with its account's titles."""

    account: str
    title_en: str
    title_zh: str
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True)
class EntryView:
    """A posted journal entry."""

    id: int
    on: date
    description: str
    source_type: str
    source_id: str
    postings: tuple[PostingView, ...]


@dataclass(frozen=True)
class TrialBalanceRow:
    """An account's turnover and balance (positive on the side it grows)."""

    account: str
    title_en: str
    title_zh: str
    debit: Decimal
    credit: Decimal
    balance: Decimal


@dataclass(frozen=True)
class TrialBalance:
    """All accounts; `difference` must be zero."""

    rows: tuple[TrialBalanceRow, ...]
    total_debit: Decimal
    total_credit: Decimal

    @property
    def difference(self) -> Decimal:
        """Debits less credits."""
        return self.total_debit - self.total_credit
