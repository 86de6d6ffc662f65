"""Reads of the journal: entries by what caused them, by day, branch and account."""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef

from kuaidai.lending.ledger.domain.chart import CHART
from kuaidai.lending.ledger.domain.entries import EntryPage, EntryView, PostingView
from kuaidai.lending.ledger.errors import UnknownAccount, UnknownEntry
from kuaidai.lending.ledger.models import JournalEntry, Posting

MOST = 10_000
"""Entries that one call returns at the most."""
_LARGEST_ID = 2**63 - 1


def _entry(row: JournalEntry) -> EntryView:
    postings = tuple(
        PostingView(
            p.account, CHART[p.account].title_en, CHART[p.account].title_zh, p.debit, p.credit
        )
        for p in sorted(row.postings.all(), key=lambda p: p.line_no)
    )
    return EntryView(
        row.id, row.on, row.description, row.source_type, row.source_id, postings, row.branch,
        row.product_code, row.key,
    )  # fmt: skip


def entries_for(*, source_type: str, source_id: str, limit: int = 200) -> tuple[EntryView, ...]:
    """The entries one thing caused, oldest first."""
    rows = JournalEntry.objects.filter(source_type=source_type, source_id=source_id)
    return tuple(_entry(row) for row in rows.prefetch_related("postings").order_by("id")[:limit])


def latest_entries(*, limit: int = 50, offset: int = 0) -> tuple[EntryView, ...]:
    """The newest entries of the whole journal."""
    rows = JournalEntry.objects.prefetch_related("postings").order_by("-id")
    return tuple(_entry(row) for row in rows[offset : offset + limit])


def entries(
    *,
    on: date | None = None,
    account: str | None = None,
    source_type: str | None = None,
    source_id: str | None = None,
    branch: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> EntryPage:
    """The newest entries that fit all that is given, before the entry numbered `before`.

    `source_id` goes with a `source_type`. Raises `UnknownAccount`.
    """
    if account is not None and account not in CHART:
        raise UnknownAccount(value=account)
    wanted = {"on": on, "source_type": source_type, "source_id": source_id, "branch": branch}
    rows = JournalEntry.objects.filter(**{k: v for k, v in wanted.items() if v is not None})
    if account is not None:
        rows = rows.filter(Exists(Posting.objects.filter(entry_id=OuterRef("id"), account=account)))
    if before is not None:
        rows = rows.filter(id__lt=min(before, _LARGEST_ID))
    limit = min(limit, MOST)
    found = list(rows.prefetch_related("postings").order_by("-id")[: limit + 1])
    shown, more = found[:limit], len(found) > limit
    return EntryPage(tuple(map(_entry, shown)), more, shown[-1].id if more else None)


def entry(entry_id: int) -> EntryView:
    """The entry of that number. Raises `UnknownEntry`."""
    known = JournalEntry.objects.prefetch_related("postings")
    row = known.filter(id=entry_id).first() if entry_id <= _LARGEST_ID else None
    if row is None:
        raise UnknownEntry(kind="entry", value=entry_id)
    return _entry(row)
