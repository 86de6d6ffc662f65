"""A contract that gained a column: rows ingested before it are still read, the new value missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.support.rows import row_of, write_csv

from kuaidai.data.lake import Lake
from kuaidai.data.lake.contract import Column, ColumnType
from kuaidai.data.lake.datasets import DATASETS


def _payroll(*heads: int) -> list[dict[str, Any]]:
    return [
        row_of("payroll_runs", uscc="F1", paid_on=date(2026, month, 5), heads=count)
        for month, count in enumerate(heads, start=1)
    ]


def test_rows_from_before_a_column_are_read_with_it_missing(
    lake: Lake, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.ingest(write_csv(inbox / "payroll_runs.csv", _payroll(3, 4, 5)))
    contract = DATASETS["payroll_runs"]
    bonus = Column("bonus", ColumnType.MONEY, "Bonus", "奖金", required=False)
    grown = replace(contract, columns=(*contract.columns, bonus))
    monkeypatch.setitem(DATASETS, "payroll_runs", grown)
    rows = [{**row, "bonus": "7.00"} for row in _payroll(3, 40)[1:]]
    before = lake.month_parts("payroll_runs")
    lake.ingest(write_csv(inbox / "payroll_runs.csv", rows), received_on=date(2026, 3, 1))

    def found(**how: Any) -> list[tuple[int, str]]:
        table = lake.connect(["payroll_runs"], **how).table("payroll_runs").to_pyarrow()
        return sorted((row["heads"], str(row["bonus"])) for row in table.to_pylist())

    assert found() == [(3, "None"), (5, "None"), (40, "7.00")]
    assert found(as_of=date(2026, 2, 28)) == [(3, "None"), (4, "None")]
    assert found(versions=True) == [(3, "None"), (4, "None"), (5, "None"), (40, "7.00")]
    versions = lake.history("payroll_runs", "F1", "2026-02-05")
    assert [str(version.row["bonus"]) for version in versions] == ["None", "7.00"]
    assert [part.fingerprint for part in before] != [
        part.fingerprint for part in lake.month_parts("payroll_runs")
    ]
