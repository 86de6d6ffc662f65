"""`kuaidai lake` and `kuaidai features` at the command line, wrong input included."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from tests.support.rows import row_of, write_csv

from kuaidai.data.features import catalog
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.interfaces.cli import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KUAIDAI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "home"


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main.run(arguments)
    return int(stopped.value.code or 0)


@pytest.fixture
def payroll(inbox: Path) -> Path:
    rows = [
        row_of("payroll_runs", uscc="F1", paid_on=date(2026, 1, 5)),
        row_of("payroll_runs", uscc="F2", heads="many"),
    ]
    return write_csv(inbox / "payroll_runs.csv", rows)


def test_ingest_says_what_it_did(payroll: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("lake", "ingest", str(payroll)) == 0
    first = capsys.readouterr().out
    assert first == "payroll_runs: 1 rows from payroll_runs.csv, 1 to quarantine\n"
    assert _run("lake", "ingest", str(payroll.parent), "--json") == 0
    again = json.loads(capsys.readouterr().out)
    assert again == {"runs": [], "skipped": ["payroll_runs.csv"]}


def test_status_and_quarantine_show_it(payroll: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run("lake", "ingest", str(payroll))
    capsys.readouterr()
    assert _run("lake", "status", "--on", "2026-06-30", "--json") == 0
    rows = {row["dataset"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == set(DATASETS)
    assert rows["payroll_runs"] == {
        "dataset": "payroll_runs", "rows": 1, "months": 1, "first": "2026-01-05",
        "last": "2026-01-05", "freshness_days": 62, "stale": True, "quarantined": 1, "runs": 1,
        "superseded": 0, "received_on": None,
    }  # fmt: skip
    assert _run("lake", "quarantine", "payroll_runs") == 0
    assert json.loads(capsys.readouterr().out) == {
        "file": "payroll_runs.csv", "row": 2, "column": "heads", "value": "many",
        "reason": "is not a whole number",
    }  # fmt: skip
    assert _run("lake", "status") == 0
    assert "payroll_runs" in capsys.readouterr().out


def test_a_correction_and_the_history_of_a_row(
    inbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = row_of("payroll_runs", uscc="F1", paid_on=date(2026, 1, 5), heads=3)
    file = write_csv(inbox / "payroll_runs.csv", [row])
    assert _run("lake", "ingest", str(file), "--history") == 0
    write_csv(file, [{**row, "heads": 4}])
    assert _run("lake", "ingest", str(file), "--received-on", "2026-03-01") == 0
    assert "1 earlier versions superseded" in capsys.readouterr().out
    assert _run("lake", "history", "payroll_runs", "F1", "2026-01-05") == 0
    assert capsys.readouterr().out == (
        "known from its event date until 2026-03-01 (run 1, payroll_runs.csv)\n"
        "  uscc: F1\n  paid_on: 2026-01-05\n  heads: 3\n  amount: 100.25\n"
        "known from 2026-03-01 on (run 2, payroll_runs.csv)\n"
        "  heads: 4\n"
    )
    assert _run("lake", "history", "payroll_runs", "F1", "2026-01-05", "--json") == 0
    versions = json.loads(capsys.readouterr().out)
    assert [(v["known_from"], v["known_until"]) for v in versions] == [
        (None, "2026-03-01"),
        ("2026-03-01", None),
    ]
    assert _run("lake", "history", "payroll_runs", "F2", "2026-01-05") == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "payroll_runs has no row F2, 2026-01-05\n")


def test_the_lake_may_lie_anywhere(
    payroll: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KUAIDAI_LAKE", str(tmp_path / "elsewhere"))
    assert _run("lake", "ingest", str(payroll)) == 0
    assert (tmp_path / "elsewhere" / "manifest.json").exists()
    for place, said in (("nosuch://x/lake", "nosuch"), (str(payroll), "Not a directory")):
        monkeypatch.setenv("KUAIDAI_LAKE", place)
        capsys.readouterr()
        assert _run("lake", "status") == 2
        shown = capsys.readouterr().err
        assert said in shown
        assert shown.count("\n") == 1


def test_contracts_are_printed_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("lake", "contracts") == 0
    text = capsys.readouterr().out
    columns = sum(len(dataset.columns) for dataset in DATASETS.values())
    assert text.count("\n## ") == len(DATASETS)
    assert text.count("\n| ") == columns + len(DATASETS)
    assert _run("lake", "contracts", "--json") == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == list(DATASETS)


def test_the_data_dictionary_is_printed_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("features", "catalog", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == [spec.name for spec in catalog()]
    assert all(row["title_en"] and row["title_zh"] for row in rows)
    assert _run("features", "catalog") == 0
    assert "settlement_months" in capsys.readouterr().out


def test_wrong_input_is_one_line_and_exit_code_2(
    inbox: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wages = write_csv(inbox / "wages.csv", [{"uscc": "F1"}])
    columns = write_csv(inbox / "loans" / "loans.csv", [{"uscc": "F1"}])
    (inbox / "text.json").write_text("x")
    empty = inbox / "empty"
    empty.mkdir()
    for arguments, said in (
        (("ingest", str(wages)), "'wages'"),
        (("ingest", str(columns)), "missing annual_rate"),
        (("ingest", str(inbox / "text.json")), "neither .csv nor .parquet"),
        (("ingest", str(inbox / "none.csv")), "none.csv"),
        (("ingest", str(empty)), "holds no CSV or Parquet file"),
        (("ingest", str(empty), "--mapping", "cumcm1999"), "cumcm1999"),
        (("ingest", str(empty), "--dataset", "wages"), "'wages'"),
        (("ingest", str(wages), "--dataset", "payroll_runs"), "missing amount"),
        (("quarantine", "wages"), "'wages'"),
        (("history", "wages", "F1"), "'wages'"),
        (("history", "payroll_runs", "F1"), "its key has 2 columns: uscc, paid_on"),
        (("history", "payroll_runs", "F1", "May"), "paid_on 'May' is not a date"),
    ):
        assert _run("lake", *arguments) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert shown.err.startswith("error: ")
        assert said in shown.err
        assert shown.err.count("\n") == 1
    for arguments, said in (
        (("status", "--on", "yesterday"), "yesterday"),
        (("ingest", str(wages), "--received-on", "2026-02-30"), "2026-02-30"),
        (("ingest", str(wages), "--received-on", "2026-02-03", "--history"), "--history"),
    ):
        assert _run("lake", *arguments) == 2
        assert said in capsys.readouterr().err
    assert not (home / "lake" / "manifest.json").exists()
