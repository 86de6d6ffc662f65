"""Reads of sources: collected reports, their payloads, and the tables features are computed from."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from kuaidai.data.lake.datasets import DATASETS, PLATFORM_DATASETS
from kuaidai.data.lake.messages import arrow_schema, rows_to_tables
from kuaidai.data.sources.domain.views import ReportStatus, ReportView
from kuaidai.data.sources.models import SourceReport
from kuaidai.foundation.encryption import decrypt_bytes
from kuaidai.kernel.errors import NotFound


class UnknownReport(NotFound):
    """There is no such report, or it has no payload."""

    code = "UNKNOWN_REPORT"
    en = "No report {value} with a payload was found; open it from its application."
    zh = "未找到含有原始数据的报告 {value}；请从申请页面打开。"


def report_view(row: SourceReport) -> ReportView:
    """The view of a report's row."""
    return ReportView(
        row.id, row.application_id, row.source, ReportStatus(row.status), row.attempts, row.elapsed_ms,
        row.payload_hash, row.error_en, row.error_zh, row.asked_on, row.received_at, row.valid_until,
        row.rows, row.reused_from is not None,
    )  # fmt: skip


def reports(*, application_id: str) -> tuple[ReportView, ...]:
    """Every report of an application, in the platforms' order."""
    order = list(PLATFORM_DATASETS)
    rows = SourceReport.objects.filter(application_id=application_id).defer("payload")
    return tuple(sorted(map(report_view, rows), key=lambda view: order.index(view.source)))


def report_payload(*, report_id: str) -> dict[str, Any]:
    """The report as the platform sent it. Raises `UnknownReport`."""
    row = SourceReport.objects.filter(id=report_id).first()
    if row is None or row.payload is None or row.status != ReportStatus.RECEIVED:
        raise UnknownReport(value=report_id)
    payload: dict[str, Any] = json.loads(decrypt_bytes(bytes(row.payload)))
    return payload


def tables(*, application_id: str) -> dict[str, pa.Table]:
    """Arrow tables of all datasets over the application's valid reports; absent ones are empty."""
    found = {
        name: arrow_schema(DATASETS[name]).empty_table()
        for names in PLATFORM_DATASETS.values()
        for name in names
    }
    rows = SourceReport.objects.filter(application_id=application_id, status=ReportStatus.RECEIVED)
    for row in rows:
        assert row.payload is not None  # received reports always carry their payload
        found.update(rows_to_tables(json.loads(decrypt_bytes(bytes(row.payload)))["datasets"]))
    return found
