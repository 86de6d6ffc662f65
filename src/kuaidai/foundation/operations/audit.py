"""Append to the audit chains."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from kuaidai.foundation import prepared
from kuaidai.foundation.actors import Actor
from kuaidai.foundation.domain.audit import (
    ANCHOR,
    FIRST_HASH,
    AuditEntry,
    entry_hash,
    stream_of,
)
from kuaidai.foundation.models import AuditHead
from kuaidai.kernel.canonical import canonical_json

_NEXT = """
SELECT place, hash, nextval('foundation_audit_number') FROM foundation_audithead
WHERE id = %s FOR NO KEY UPDATE
"""
_APPEND = """
WITH head AS (UPDATE foundation_audithead SET place = %s, hash = %s WHERE id = %s)
INSERT INTO foundation_auditrecord (
    number, stream, place, recorded_at, business_date, actor_kind, actor_id, action,
    subject_type, subject_id, detail, previous_hash, hash
) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@transaction.atomic(savepoint=False)
def record_audit(
    *,
    actor: Actor,
    action: str,
    subject_type: str,
    subject_id: str,
    on: date,
    detail: Mapping[str, Any],
) -> None:
    """Record that `actor` did `action`, in the transaction of the thing done.

    `detail` must be free of personal identifiers. Appenders of one stream queue on its head until
    the transaction ends, so call this last in an operation.
    """
    written = canonical_json(detail)
    place, previous, number, stream = _locked_head()
    entry = AuditEntry(
        number=number,
        stream=stream,
        place=place + 1,
        recorded_at=timezone.now(),
        business_date=on,
        actor_kind=actor.kind,
        actor_id=actor.id,
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        detail=json.loads(written),
        previous_hash=previous,
        hash="",
    )
    entry = replace(entry, hash=entry_hash(entry))
    row = {**vars(entry), "detail": written.decode()}
    prepared.execute(_APPEND, [entry.place, entry.hash, stream, *row.values()])


def _locked_head() -> tuple[int, str, int, int]:
    """Place and hash of this connection's stream's head, now locked, a new number, and the stream."""
    stream = _stream()
    head = prepared.fetch_one(_NEXT, [stream])
    if head is None:
        AuditHead.objects.bulk_create(
            [AuditHead(id=stream, place=0, hash=FIRST_HASH)], ignore_conflicts=True
        )
        head = prepared.fetch_one(_NEXT, [stream])
        assert head is not None  # made a moment ago, by us or by another
    return head[0], head[1], head[2], stream


def _stream() -> int:
    """The stream this connection writes to."""
    connection.ensure_connection()
    return stream_of(connection.connection.info.backend_pid)


def anchor_audit(*, actor: Actor, on: date) -> None:
    """Write the heads of all streams into a record: what stands before it is now fixed in all of them."""
    heads = {
        str(head.id): [head.place, head.hash] for head in AuditHead.objects.order_by("id")[:1000]
    }
    record_audit(
        actor=actor, action=ANCHOR, subject_type="audit", subject_id="1", on=on,
        detail={"heads": heads},
    )  # fmt: skip
