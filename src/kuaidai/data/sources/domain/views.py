"""What sources tell other rooms about collected reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class ReportStatus(StrEnum):
    """What became of a query."""

    PENDING = "pending"
    RECEIVED = "received"
    INVALID = "invalid"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True)
class ReportView:
    """One platform's answer for one application. `rows` counts rows by dataset."""

    id: str
    application_id: str
    source: str
    status: ReportStatus
    attempts: int
    elapsed_ms: int
    payload_hash: str | None
    error_en: str
    error_zh: str
    asked_on: date
    received_at: datetime | None
    valid_until: date | None
    rows: Mapping[str, int]
    reused: bool
