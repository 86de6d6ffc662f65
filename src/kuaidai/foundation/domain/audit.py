"""The audit chains: each record's hash covers its content and the hash before it in its stream.

There is a chain per stream, so that work at the same time does not queue on one head. A stream means
nothing but which connection wrote; all records have one order, by number. At the end of every
business day the heads of all streams are written into a record of their own, the anchor: from then on
no stream can be cut or rewritten without breaking the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kuaidai.kernel.canonical import canonical_json, sha256_hex

FIRST_HASH = "0" * 64
STREAMS = 64
"""Streams 1 to 64 are written to; stream 0 is the single chain of earlier versions."""
ANCHOR = "audit.anchor"
"""The action of the record that holds the heads of all streams."""


def stream_of(connection_number: int) -> int:
    """The stream of a connection: one and the same throughout a transaction, so that a transaction
    locks one head only and two never wait for each other crosswise.
    """
    return 1 + connection_number % STREAMS


@dataclass(frozen=True)
class AuditEntry:
    """One thing that was done: when, by whom, to what, with which details."""

    number: int
    stream: int
    place: int
    recorded_at: datetime
    business_date: date
    actor_kind: str
    actor_id: str
    action: str
    subject_type: str
    subject_id: str
    detail: Mapping[str, Any]
    previous_hash: str
    hash: str


@dataclass(frozen=True)
class ChainReport:
    """Whether the chains hold. `first_broken` is the place, in `stream`, of the first record that
    does not fit; `anchors` is how many end-of-day anchors were compared.
    """

    entries: int
    intact: bool
    first_broken: int | None
    stream: int | None = None
    anchors: int = 0


def entry_hash(entry: AuditEntry) -> str:
    """The hash that `entry` must carry (SHA-256, hexadecimal)."""
    content = {
        "number": entry.number,
        "recorded_at": int(entry.recorded_at.timestamp() * 1_000_000),
        "business_date": entry.business_date,
        "actor": [entry.actor_kind, entry.actor_id],
        "action": entry.action,
        "subject": [entry.subject_type, entry.subject_id],
        "detail": dict(entry.detail),
        "previous": entry.previous_hash,
    }
    if entry.stream:  # records from before there were streams keep the hash they were given
        content |= {"stream": entry.stream, "place": entry.place}
    return sha256_hex(canonical_json(content))
