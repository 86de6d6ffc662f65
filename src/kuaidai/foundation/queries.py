"""Reads of the foundation: the business date and the audit trail."""

from __future__ import annotations

from datetime import date
from typing import Any

from kuaidai.foundation import prepared
from kuaidai.foundation.domain.audit import (
    ANCHOR,
    FIRST_HASH,
    AuditEntry,
    ChainReport,
    entry_hash,
)
from kuaidai.foundation.errors import NoBusinessDate
from kuaidai.foundation.models import AuditHead, AuditRecord, User

_HELD = 'SELECT "on" FROM foundation_businessdate WHERE id = 1 FOR SHARE'


TODAY = '(SELECT "on" FROM foundation_businessdate WHERE id = 1)'
"""The business date in SQL, for a statement that can bring it along; NULL before the bank is opened."""


def business_date() -> date:
    """The day the bank is on. Raises `NoBusinessDate` before the bank is opened."""
    return _opened(prepared.fetch_one(f"SELECT {TODAY}", []))


def held_business_date() -> date:
    """The day the bank is on, which cannot move until the caller's transaction ends.

    Many may hold it at once. Take it before the audit chain's head, as the operations that move the
    date do. Raises `NoBusinessDate`.
    """
    return _opened(prepared.fetch_one(_HELD, []))


def _opened(row: tuple[Any, ...] | None) -> date:
    if row is None or row[0] is None:
        raise NoBusinessDate()
    on: date = row[0]
    return on


def role_of(username: str) -> str:
    """The role of whoever signs in by that name; empty for nobody."""
    return str(User.objects.filter(username=username).values_list("role", flat=True).first() or "")


def _entry(row: AuditRecord) -> AuditEntry:
    return AuditEntry(
        row.number, row.stream, row.place, row.recorded_at, row.business_date, row.actor_kind,
        row.actor_id, row.action, row.subject_type, row.subject_id, row.detail, row.previous_hash,
        row.hash,
    )  # fmt: skip


def audit_trail(*, subject_type: str, subject_id: str, limit: int = 200) -> tuple[AuditEntry, ...]:
    """What was done to one thing, newest first, `limit` entries at the most."""
    rows = AuditRecord.objects.filter(subject_type=subject_type, subject_id=subject_id)
    return tuple(_entry(row) for row in rows.order_by("-number")[:limit])


def latest_audit(*, limit: int = 100) -> tuple[AuditEntry, ...]:
    """The newest entries of the whole chain."""
    return tuple(_entry(row) for row in AuditRecord.objects.order_by("-number")[:limit])


def verify_audit_chain() -> ChainReport:
    """Recompute every hash: finds edits, gaps, swaps and cut tails, stream by stream, and compares
    every anchor with the streams it fixed. Streams the table.
    """
    anchored, anchors = _anchored()
    entries, ends = 0, {}
    stream, place, previous = -1, 0, FIRST_HASH
    for row in AuditRecord.objects.order_by("stream", "place").iterator(chunk_size=2000):
        entry = _entry(row)
        if entry.stream != stream:
            stream, place, previous = entry.stream, 0, FIRST_HASH
        fits = entry.place == place + 1 and entry.previous_hash == previous
        fixed = anchored.pop((stream, entry.place), entry.hash) == entry.hash
        if not fits or not fixed or entry.hash != entry_hash(entry):
            return _broken(stream, entry.place)
        previous, place = entry.hash, entry.place
        ends[stream] = (place, previous)
        entries += 1
    for gone, at in sorted(anchored):
        return _broken(gone, at)
    heads = {head.id: (head.place, head.hash) for head in AuditHead.objects.order_by("id")[:1000]}
    for stream in sorted({*heads, *ends}):
        end = ends.get(stream, (0, FIRST_HASH))
        if heads.get(stream) != end:
            return _broken(stream, end[0] + 1)
    return ChainReport(entries, True, None, None, anchors)


def _broken(stream: int, place: int) -> ChainReport:
    return ChainReport(AuditRecord.objects.count(), False, place, stream)


def _anchored() -> tuple[dict[tuple[int, int], str], int]:
    """What the anchors say stands at which place of which stream, and how many anchors there are."""
    fixed: dict[tuple[int, int], str] = {}
    count = 0
    for detail in (
        AuditRecord.objects.filter(action=ANCHOR).values_list("detail", flat=True).iterator()
    ):
        count += 1
        for stream, (place, entry) in detail["heads"].items():
            if place:
                fixed[int(stream), place] = entry
    return fixed, count
