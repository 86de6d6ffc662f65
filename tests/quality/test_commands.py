"""`kuaidai lake quality`, `features quality` and `features drift`: figures, files, refusals."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kuaidai.data.lake import Lake
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.messages import arrow_schema
from kuaidai.data.quality.store import ProfileStore
from kuaidai.interfaces.cli import main
from kuaidai.kernel.calendars import add_months


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lake with 14 months of 30 payrolls; in January 2025 a third have ten thousand heads."""
    monkeypatch.setenv("KUAIDAI_HOME", str(tmp_path))
    rows = [
        {
            "uscc": f"F{firm}",
            "paid_on": add_months(date(2024, 1, 28), month),
            "heads": 10_000 if month == 12 and firm < 10 else 5 + firm % 7,
            "amount": Decimal("30000.00") + firm % 7,
        }
        for month in range(14)
        for firm in range(30)
    ]
    path = tmp_path / "payroll_runs.parquet"
    pq.write_table(pa.Table.from_pylist(rows, arrow_schema(DATASETS["payroll_runs"])), path)
    Lake(tmp_path / "lake").ingest(path)
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main.run(list(arguments))
    return int(left.value.code or 0)


def test_the_screen_reports_keeps_and_finds(home, capsys) -> None:
    out = home / "quality.html"

    code = run("lake", "quality", "payroll_runs", "--out", str(out), "--on", "2025-03-01", "--json")

    assert code == 0
    (table,) = json.loads(capsys.readouterr().out)["tables"]
    assert (
        table["standing"] | {"first": "2024-01-28", "stale": False, "quarantined": 0}
        == table["standing"]
    )
    found = [(f["kind"], f["month"], f["column"]) for f in table["profile"]["findings"]]
    assert ("outliers", "2025-01", "heads") in found
    assert {month for _, month, _ in found} == {"2025-01"}

    page = out.read_text(encoding="utf-8")
    assert page.count("<svg") == 3  # rows, outliers, drift; nothing is missing
    assert "Data quality" in page and "数据质量" in page and "33.3%" in page

    kept = ProfileStore(home / "quality").load("payroll_runs")
    assert kept is not None and set(kept.charts) == {"rows", "outliers", "drift"}
    assert [(f.kind, f.month, f.column) for f in kept.profile.findings] == found
    assert kept.profile.rows == (30,) * 14


def test_another_lake_is_screened_without_being_kept(home, tmp_path, capsys) -> None:
    (tmp_path / "lake").rename(tmp_path / "other")

    assert run("lake", "quality", "payroll_runs", "--lake", str(tmp_path / "other")) == 0

    assert "2025-01" in capsys.readouterr().out
    assert not (home / "quality").exists()


def test_an_empty_dataset_is_screened_without_findings(home, capsys) -> None:
    assert run("lake", "quality", "loans", "--json") == 0
    (table,) = json.loads(capsys.readouterr().out)["tables"]
    assert (table["profile"]["months"], table["profile"]["findings"]) == ([], [])
    assert table["standing"]["quarantine_rate"] is None


def test_features_are_screened_by_month_of_observation(tmp_path, capsys) -> None:
    rng = np.random.default_rng(8)
    days = [add_months(date(2024, 1, 15), month) for month in range(9) for _ in range(200)]
    values = rng.normal(12, 3, len(days))
    late = np.array([day >= date(2024, 8, 1) for day in days])
    table = pa.table(
        {
            "uscc": [f"F{i}" for i in range(len(days))],
            "observed_on": pa.array(days, pa.date32()),
            "settlement_months": np.where(late, values + 9, values),
        }
    )
    path = tmp_path / "features.parquet"
    pq.write_table(table, path)

    assert run("features", "quality", str(path), "--json") == 0

    (found,) = json.loads(capsys.readouterr().out)["tables"]
    drift = {f["month"] for f in found["profile"]["findings"] if f["kind"] == "drift"}
    assert drift == {"2024-08", "2024-09"}
    assert found["profile"]["columns"][0]["title_zh"] != "settlement_months"


def test_two_populations_are_compared(tmp_path, capsys) -> None:
    for name, sales in (("a", range(100)), ("b", range(60, 160))):
        pq.write_table(pa.table({"sales": [float(n) for n in sales]}), tmp_path / f"{name}.parquet")
    pair = [str(tmp_path / f"{name}.parquet") for name in "ab"]

    assert run("features", "drift", *pair, "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["features"]
    assert (row["feature"], row["ks"], row["stability"]["level"]) == ("sales", 0.6, "act")

    assert run("features", "drift", *pair) == 0
    assert "0.6000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("lake", "quality", "wages"), "'wages'"),
        (("lake", "quality", "--baseline", "0"), "baseline_months is 0"),
        (("lake", "quality", "--lake", "/nowhere"), "no such lake folder"),
        (("lake", "quality", "--out", "/nowhere/x.html"), "its folder does not exist"),
        (("features", "quality", "nowhere.parquet"), "there is no such file"),
        (("features", "drift", "a.parquet", "b.parquet"), "there is no such file"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(home, capsys, arguments, said) -> None:
    assert run(*arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ") and said in shown.err
    assert shown.err.count("\n") == 1
