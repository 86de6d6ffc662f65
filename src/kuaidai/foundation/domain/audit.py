"""The audit chain: each record's hash covers its content and the hash before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kuaidai.kernel.canonical import canonical_json, sha256_hex

FIRST_HASH = "0" * 64


@dataclass(frozen=True)
class AuditEntry:
    """One thing that was done: when, by whom, to what, with which details."""

    number: int
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
    """Whether the chain holds; `first_broken` is the number of the first record that does not fit."""

    entries: int
    intact: bool
    first_broken: int | None


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
    return sha256_hex(canonical_json(content))
