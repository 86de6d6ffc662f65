"""How datasets stand: rows, days, quarantine, freshness."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.support.rows import row_of, write_csv

from kuaidai.data.lake import DatasetStatus, Lake
from kuaidai.data.lake.datasets import DATASETS


def _payroll_status(lake: Lake, on: date | None = None) -> DatasetStatus:
    return next(row for row in lake.status(on=on) if row.dataset == "payroll_runs")


def test_an_empty_lake_has_every_dataset_empty(lake: Lake) -> None:
    assert [row.dataset for row in lake.status()] == list(DATASETS)
    assert {(row.rows, row.first, row.last, row.runs) for row in lake.status()} == {
        (0, None, None, 0)
    }
    assert all(row.stale for row in lake.status(on=date(2026, 6, 30)))


def test_rows_days_and_quarantine_over_several_runs(lake: Lake, inbox: Path) -> None:
    days = [date(2026, 1, 5), date(2026, 3, 5), date(2026, 2, 5)]
    rows = [row_of("payroll_runs", paid_on=day) for day in days]
    lake.ingest(write_csv(inbox / "payroll_runs.csv", [*rows, row_of("payroll_runs", heads=-1)]))
    lake.ingest(write_csv(inbox / "payroll_runs.csv", [{**rows[0], "heads": 3}]))
    assert _payroll_status(lake) == DatasetStatus(
        dataset="payroll_runs", rows=3, months=3, first=date(2026, 1, 5), last=date(2026, 3, 5),
        freshness_days=62, stale=None, quarantined=1, runs=2, superseded=1, received_on=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("on", "stale"),
    [(None, None), (date(2026, 3, 8), False), (date(2026, 3, 9), True)],
)
def test_fresh_until_the_contract_says_otherwise(
    lake: Lake, inbox: Path, on: date | None, stale: bool | None
) -> None:
    assert DATASETS["payroll_runs"].freshness_days == 62
    lake.ingest(
        write_csv(inbox / "payroll_runs.csv", [row_of("payroll_runs", paid_on=date(2026, 1, 5))])
    )
    assert _payroll_status(lake, on).stale is stale
