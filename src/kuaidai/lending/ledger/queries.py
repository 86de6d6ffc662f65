"""Reads of the ledger: entries and the trial balance."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db.models import Sum

from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger.domain.chart import CHART, Side
from kuaidai.lending.ledger.domain.entries import (
    EntryView,
    PostingView,
    TrialBalance,
    TrialBalanceRow,
)
from kuaidai.lending.ledger.models import JournalEntry, Posting


def trial_balance(*, through: date | None = None) -> TrialBalance:
    """Turnover and balance of every account, up to and including `through`."""
    postings = (
        Posting.objects.all() if through is None else Posting.objects.filter(entry__on__lte=through)
    )
    sums = {
        row["account"]: (row["d"], row["c"])
        for row in postings.values("account").annotate(d=Sum("debit"), c=Sum("credit"))
    }
    rows = []
    for code, account in CHART.items():
        debit, credit = sums.get(code, (ZERO, ZERO))
        balance: Decimal = debit - credit if account.grows is Side.DEBIT else credit - debit
        rows.append(
            TrialBalanceRow(code, account.title_en, account.title_zh, debit, credit, balance)
        )
    return TrialBalance(
        tuple(rows), sum((r.debit for r in rows), ZERO), sum((r.credit for r in rows), ZERO)
    )


def _entry(row: JournalEntry) -> EntryView:
    postings = tuple(
        PostingView(
            p.account, CHART[p.account].title_en, CHART[p.account].title_zh, p.debit, p.credit
        )
        for p in row.postings.all()
    )
    return EntryView(row.id, row.on, row.description, row.source_type, row.source_id, postings)


def entries_for(*, source_type: str, source_id: str, limit: int = 200) -> tuple[EntryView, ...]:
    """The entries one thing caused, oldest first."""
    rows = JournalEntry.objects.filter(source_type=source_type, source_id=source_id)
    return tuple(_entry(row) for row in rows.prefetch_related("postings").order_by("id")[:limit])


def latest_entries(*, limit: int = 50, offset: int = 0) -> tuple[EntryView, ...]:
    """The newest entries of the whole journal."""
    rows = JournalEntry.objects.prefetch_related("postings").order_by("-id")
    return tuple(_entry(row) for row in rows[offset : offset + limit])
