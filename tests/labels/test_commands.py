"""`kuaidai labels` on a small lake: figures, files, refusals."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.labels.conftest import loan, months

from kuaidai.data.lake import Lake
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.messages import arrow_schema
from kuaidai.interfaces.cli import main

EARLY, LATE = date(2023, 2, 10), date(2024, 5, 20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two loans with whole windows, one bad; one bad loan of a member of staff; one too young."""
    loans = [
        loan("A", "a", EARLY),
        loan("B", "b", EARLY),
        loan("S", "s", EARLY),
        loan("Y", "y", LATE),
    ]
    late = {7: 31, 8: 62, 9: 92}
    panel = [
        *months("A", {}, granted=EARLY),
        *months("B", late, granted=EARLY),
        *months("S", late, granted=EARLY),
        *months("Y", {}, granted=LATE, count=6),
    ]
    firm = {row["loan_no"]: row["uscc"] for row in loans}
    for name, rows, more in (
        ("loans", loans, {"annual_rate": 0.04}),
        ("loan_months", panel, {"monthly_due": Decimal("1.00")}),
    ):
        whole = [{**row, **more, "uscc": firm[row["loan_no"]]} for row in rows]
        pq.write_table(
            pa.Table.from_pylist(whole, arrow_schema(DATASETS[name])), tmp_path / f"{name}.parquet"
        )
    lake = Lake(tmp_path / "lake")
    for name in ("loans", "loan_months"):
        lake.ingest(tmp_path / f"{name}.parquet")
    return tmp_path / "lake"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main.run(["labels", *arguments])
    return int(left.value.code or 0)


def test_labels_are_built_counted_and_written(folder, tmp_path, capsys) -> None:
    out = tmp_path / "labels.parquet"

    assert run("build", "--lake", str(folder), "--out", str(out), "--json") == 0

    said = json.loads(capsys.readouterr().out)
    assert (said["good"], said["bad"], said["immature"], said["bad_rate"]) == (1, 2, 1, 0.666667)
    rows = pq.read_table(out).to_pylist()
    assert [(r["uscc"], r["label"]) for r in rows] == [
        ("a", "good"), ("b", "bad"), ("s", "bad"), ("y", "immature"),
    ]  # fmt: skip


def test_a_list_leaves_staff_out(folder, tmp_path, capsys) -> None:
    staff = tmp_path / "staff.csv"
    staff.write_text("uscc,reason\ns,staff\n")

    assert run("build", "--lake", str(folder), "--exclude", str(staff), "--csv") == 0

    rows = {r["uscc"]: r for r in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert (rows["s"]["label"], rows["s"]["exclusion"], rows["s"]["bad"]) == (
        "excluded",
        "staff",
        "",
    )
    assert rows["b"]["label"] == "bad"


def test_as_of_an_earlier_day_the_bad_was_not_known(folder, capsys) -> None:
    assert (
        run("build", "--lake", str(folder), "--as-of", "2023-12-31", "--window", "6", "--json") == 0
    )
    early = json.loads(capsys.readouterr().out)
    assert (early["good"], early["bad"]) == (3, 0)

    assert run("build", "--lake", str(folder), "--window", "9", "--json") == 0
    late = json.loads(capsys.readouterr().out)
    assert (late["good"], late["bad"]) == (1, 2)


def test_the_tables_speak_json_and_csv(folder, capsys) -> None:
    assert run("vintage", "--lake", str(folder), "--threshold", "60", "--json") == 0
    points = json.loads(capsys.readouterr().out)["rows"]
    assert points[8] == {
        "cohort": "2023 Q1", "threshold": 60, "months_on_book": 8, "loans": 3, "bad": 2, "rate": 2 / 3,
    }  # fmt: skip

    assert run("roll-rates", "--lake", str(folder), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    worst = {row["worst_state"]: row for row in found["worst_states"]}
    assert (worst["60+"]["loans"], worst["60+"]["ever_90"]) == (2, 2)

    assert run("windows", "--lake", str(folder), "--months", "12", "--csv") == 0
    assert "60,12,3,2,0.6667" in capsys.readouterr().out


def test_the_report_holds_charts_and_tables_in_both_languages(folder, tmp_path, capsys) -> None:
    out = tmp_path / "labels.html"

    assert run("report", "--lake", str(folder), "--out", str(out)) == 0

    page = out.read_text(encoding="utf-8")
    assert page.count("<svg") == 6
    assert "2023 Q1" in page and "66.7 %" in page
    assert "Vintage curves" in page and "账龄分析" in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("build", "--window", "0"), "window_months is 0"),
        (("build", "--least-principal", "much"), "least_principal is much"),
        (("build", "--exclude", "nowhere.csv"), "there is no such file"),
        (("vintage", "--threshold", "0"), "at least 1"),
        (("report", "--out", "/nowhere/x.html"), "its folder does not exist"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(folder, capsys, arguments, said) -> None:
    assert run(*arguments, "--lake", str(folder)) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ") and said in shown.err
    assert shown.err.count("\n") == 1


def test_an_empty_lake_is_refused(tmp_path, capsys) -> None:
    (tmp_path / "empty").mkdir()
    assert run("build", "--lake", str(tmp_path / "empty")) == 2
    assert "0 loans and 0 loan months" in capsys.readouterr().err
    assert run("build", "--lake", str(tmp_path / "none")) == 2
    assert "no such lake folder" in capsys.readouterr().err


def test_a_correction_that_came_late_is_not_known_before(folder, tmp_path, capsys) -> None:
    """In March 2024 the core reports that A was 61 days late in July 2023."""
    late = tmp_path / "loan_months.csv"
    late.write_text(
        "loan_no,uscc,month_end,outstanding,days_past_due,monthly_due\n"
        "A,a,2023-07-31,100.00,61,1.00\n"
    )
    Lake(folder).ingest(late, received_on=date(2024, 3, 5))

    def label(*options: str) -> str:
        assert run("build", "--lake", str(folder), "--csv", *options) == 0
        rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
        return next(row["label"] for row in rows if row["uscc"] == "a")

    assert label("--as-of", "2024-03-04") == "good"
    assert label("--as-of", "2024-03-05") == "bad"
    assert label() == "bad"
