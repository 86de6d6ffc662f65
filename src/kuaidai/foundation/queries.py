"""Reads of the foundation: the business date and the audit trail."""

from __future__ import annotations

from datetime import date

from kuaidai.foundation.domain.audit import FIRST_HASH, AuditEntry, ChainReport, entry_hash
from kuaidai.foundation.errors import NoBusinessDate
from kuaidai.foundation.models import AuditHead, AuditRecord, BusinessDate


def business_date() -> date:
    """The day the bank is on. Raises `NoBusinessDate` before the bank is opened."""
    row = BusinessDate.objects.filter(id=1).first()
    if row is None:
        raise NoBusinessDate()
    return row.on


def held_business_date() -> date:
    """The day the bank is on, which cannot move until the caller's transaction ends.

    Many may hold it at once. Take it before the audit chain's head, as the operations that move the
    date do. Raises `NoBusinessDate`.
    """
    rows = BusinessDate.objects.raw("SELECT * FROM foundation_businessdate WHERE id = 1 FOR SHARE")
    for row in rows:
        return row.on
    raise NoBusinessDate()


def _entry(row: AuditRecord) -> AuditEntry:
    return AuditEntry(
        row.number, row.recorded_at, row.business_date, row.actor_kind, row.actor_id, row.action,
        row.subject_type, row.subject_id, row.detail, row.previous_hash, row.hash,
    )  # fmt: skip


def audit_trail(*, subject_type: str, subject_id: str, limit: int = 200) -> tuple[AuditEntry, ...]:
    """What was done to one thing, newest first, `limit` entries at the most."""
    rows = AuditRecord.objects.filter(subject_type=subject_type, subject_id=subject_id)
    return tuple(_entry(row) for row in rows.order_by("-number")[:limit])


def latest_audit(*, limit: int = 100) -> tuple[AuditEntry, ...]:
    """The newest entries of the whole chain."""
    return tuple(_entry(row) for row in AuditRecord.objects.order_by("-number")[:limit])


def verify_audit_chain() -> ChainReport:
    """Recompute every hash: finds edits, gaps, swaps and a cut tail. Streams the table."""
    previous, number = FIRST_HASH, 0
    for row in AuditRecord.objects.order_by("number").iterator(chunk_size=2000):
        entry = _entry(row)
        fits = entry.number == number + 1 and entry.previous_hash == previous
        if not fits or entry.hash != entry_hash(entry):
            return ChainReport(AuditRecord.objects.count(), False, entry.number)
        previous, number = entry.hash, entry.number
    head = AuditHead.objects.filter(id=1).first()
    expected = (head.number, head.hash) if head is not None else (0, FIRST_HASH)
    if expected != (number, previous):
        return ChainReport(number, False, number + 1)
    return ChainReport(number, True, None)
