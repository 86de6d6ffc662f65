"""What an ingest accepts and what it puts in quarantine: types, bounds, allowed values, keys."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.rows import row_of, table_of, write_csv

from kuaidai.data.lake import Lake
from kuaidai.data.lake.datasets import DATASETS


def _refused(lake: Lake, inbox: Path, dataset: str, row: dict[str, Any]) -> list[dict[str, object]]:
    """Ingest a good row and `row`; return the quarantine."""
    key = DATASETS[dataset].key[-1]
    good = row_of(dataset, **({key: "GOOD"} if key.endswith(("id", "no")) else {}))
    report = lake.ingest(write_csv(inbox / f"{dataset}.csv", [good, row]))
    assert report.runs[0].rows + report.runs[0].quarantined == 2
    return lake.quarantine(dataset)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("booked_on", "2026-02-30", "is not a date"),
        ("booked_on", "infinity", "is not a date"),
        ("booked_on", "2026-01-15 and a bit", "is not a date"),
        ("booked_on", "20260115", "is not a date"),
        ("booked_on", "", "is missing"),
        ("amount", "twelve", "is not an amount with at most two decimals"),
        ("amount", "1,200.00", "is not an amount with at most two decimals"),
        ("amount", "100.005", "is not an amount with at most two decimals"),
        ("amount", "1e3", "is not an amount with at most two decimals"),
        ("amount", "99999999999999999.00", "is not an amount with at most two decimals"),
        ("amount", "0.00", "is below 0.01"),
        ("amount", "-5.00", "is below 0.01"),
        ("direction", "sideways", "is not an allowed value"),
        ("direction", "Credit", "is not an allowed value"),
        ("uscc", "   ", "is missing"),
    ],
)
def test_a_wrong_cell_goes_to_quarantine_with_its_place_and_reason(
    lake: Lake, inbox: Path, column: str, value: str, reason: str
) -> None:
    bad = row_of("transactions", **{column: value})
    shown = value.strip() or None
    assert _refused(lake, inbox, "transactions", bad) == [
        {
            "file": "transactions.csv",
            "row": 2,
            "column": column,
            "value": shown,
            "reason": reason,
        }
    ]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("share", "1.01", "is above 1"),
        ("share", "-0.1", "is below 0"),
        ("share", "nan", "is not a finite number"),
        ("share", "half", "is not a number"),
        ("married", "perhaps", "is not true or false"),
    ],
)
def test_numbers_and_flags_are_bounded(
    lake: Lake, inbox: Path, column: str, value: str, reason: str
) -> None:
    found = _refused(lake, inbox, "owners", row_of("owners", person_id="P2", **{column: value}))
    assert [(row["column"], row["value"]) for row in found] == [(column, value)]
    assert found[0]["reason"] in (reason, "is above 1")  # NaN counts as above every bound


@pytest.mark.parametrize("value", ["3.5", "three", "1e3", "99999999999999999999"])
def test_a_whole_number_must_be_one(lake: Lake, inbox: Path, value: str) -> None:
    found = _refused(lake, inbox, "payroll_runs", row_of("payroll_runs", uscc="F2", heads=value))
    assert [(row["value"], row["reason"]) for row in found] == [(value, "is not a whole number")]


def test_what_files_really_hold_is_read(lake: Lake, inbox: Path) -> None:
    rows = [
        row_of("payroll_runs", uscc=" F1 ", paid_on="2026/1/5", heads="12.0", amount="1500"),
        row_of("payroll_runs", uscc="F2", paid_on="2026-01-05 00:00:00", heads="0", amount="7.500"),
    ]
    report = lake.ingest(write_csv(inbox / "payroll_runs.csv", rows))
    assert (report.runs[0].rows, report.runs[0].quarantined) == (2, 0)
    assert lake.table("payroll_runs").order_by("uscc").to_pyarrow().to_pylist() == [
        {"uscc": "F1", "paid_on": date(2026, 1, 5), "heads": 12, "amount": Decimal("1500.00")},
        {"uscc": "F2", "paid_on": date(2026, 1, 5), "heads": 0, "amount": Decimal("7.50")},
    ]


def test_optional_cells_may_be_empty(lake: Lake, inbox: Path) -> None:
    write_csv(inbox / "court_cases.csv", [row_of("court_cases", closed_on=None)])
    assert lake.ingest(inbox).runs[0].quarantined == 0
    assert lake.arrow("court_cases")["closed_on"].to_pylist() == [None]


def test_the_second_row_of_a_key_goes_to_quarantine(lake: Lake, inbox: Path) -> None:
    rows = [row_of("payroll_runs", heads=heads) for heads in (5, 6)]
    lake.ingest(write_csv(inbox / "payroll_runs.csv", rows))
    assert lake.arrow("payroll_runs")["heads"].to_pylist() == [5]
    [refused] = lake.quarantine("payroll_runs")
    assert (refused["row"], refused["column"]) == (2, "uscc, paid_on")
    assert refused["value"] == "T1, 2026-01-15"
    assert refused["reason"] == "repeats the key of an earlier row"


def test_a_faulty_row_does_not_shadow_a_good_one_of_the_same_key(lake: Lake, inbox: Path) -> None:
    rows = [row_of("payroll_runs", heads=heads) for heads in (-1, 6)]
    report = lake.ingest(write_csv(inbox / "payroll_runs.csv", rows))
    assert (report.runs[0].rows, report.runs[0].quarantined) == (1, 1)
    assert lake.arrow("payroll_runs")["heads"].to_pylist() == [6]


def test_parquet_numbers_are_held_to_the_same_rules(lake: Lake, inbox: Path) -> None:
    table = pa.table(
        {
            "uscc": ["F1", "F2", "F3"],
            "paid_on": pa.array([date(2026, 1, 5)] * 3),
            "heads": [3.0, 3.5, None],
            "amount": [0.1 + 0.2, 10.0, 10.0],
        }
    )
    pq.write_table(table, inbox / "payroll_runs.parquet")
    report = lake.ingest(inbox)
    assert report.runs[0].rows == 0
    assert [(row["column"], row["value"]) for row in lake.quarantine("payroll_runs")] == [
        ("amount", "0.30000000000000004"),
        ("heads", "3.5"),
        ("heads", None),
    ]


@pytest.mark.parametrize("dataset", sorted(DATASETS))
def test_every_contract_takes_its_own_rows_back(lake: Lake, inbox: Path, dataset: str) -> None:
    contract = DATASETS[dataset]
    row = row_of(dataset)
    pq.write_table(table_of(dataset, [row]), inbox / f"{dataset}.parquet")
    assert lake.ingest(inbox).runs[0].quarantined == 0
    [found] = lake.arrow(dataset).to_pylist()
    public = [column.name for column in contract.columns if not column.personal]
    assert {name: found[name] for name in public} == {name: row[name] for name in public}


@pytest.mark.parametrize("dataset", sorted(DATASETS))
def test_every_required_column_is_required(lake: Lake, inbox: Path, dataset: str) -> None:
    required = [column.name for column in DATASETS[dataset].columns if column.required]
    rows = [row_of(dataset, **{name: None}) for name in required]
    pq.write_table(table_of(dataset, rows), inbox / f"{dataset}.parquet")
    assert lake.ingest(inbox).runs[0].rows == 0
    found = lake.quarantine(dataset)
    assert [(row["column"], row["reason"]) for row in found] == [
        (name, "is missing") for name in required
    ]
