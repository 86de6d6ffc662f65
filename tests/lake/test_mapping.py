"""Mapping files: foreign columns become a contract's, and numbering lines loses no row."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.support.rows import write_csv

from kuaidai.data.lake import Lake
from kuaidai.data.lake.errors import FileUnreadable, MappingWrong, NothingToIngest, WrongColumns
from kuaidai.data.lake.mapping import Mapping, load_mapping

[SHIPPED] = load_mapping("cumcm2020c")


def _invoice(number: str, amount: str, **values: str) -> dict[str, str]:
    return {
        "company_id": "E1", "side": "out", "invoice_no": number, "invoice_date": "2019-03-05",
        "counterparty_id": "B7", "amount": amount, "tax": "0.30", "amount_with_tax": "10.30",
        "status": "valid", "has_credit_history": "1", **values,
    }  # fmt: skip


def test_repeated_numbers_become_lines_and_none_is_lost(lake: Lake, inbox: Path) -> None:
    rows = [
        _invoice("100", "10.00"),
        _invoice("200", "20.00"),
        _invoice("100", "30.00"),
        _invoice("100", "40.00", side="in"),
        _invoice("100", "10.00"),
    ]
    report = lake.ingest(write_csv(inbox / "invoices_a.csv", rows).parent, mapping=_csv_mapping())
    assert (report.runs[0].rows, report.runs[0].quarantined) == (5, 0)
    table = lake.table("invoices").order_by("side", "invoice_no", "line").to_pyarrow()
    found = [
        (row["side"], row["invoice_no"], row["line"], str(row["amount"]))
        for row in table.to_pylist()
    ]
    assert found == [
        ("in", "100", 1, "40.00"),
        ("out", "100", 1, "10.00"),
        ("out", "100", 2, "30.00"),
        ("out", "100", 3, "10.00"),
        ("out", "200", 1, "20.00"),
    ]
    assert set(table["issued_on"].to_pylist()) == {date(2019, 3, 5)}
    assert set(table["counterparty"].to_pylist()) == {"B7"}


def _csv_mapping():
    return Mapping(SHIPPED.dataset, ("invoices_*.csv",), SHIPPED.columns, SHIPPED.line_numbers)


def test_quarantine_counts_rows_as_the_file_does(lake: Lake, inbox: Path) -> None:
    rows = [_invoice("9", "1.00"), _invoice("1", "1.00"), _invoice("5", "bad"), _invoice("1", "2")]
    lake.ingest(write_csv(inbox / "invoices_a.csv", rows), mapping=_csv_mapping())
    assert [(row["row"], row["value"]) for row in lake.quarantine("invoices")] == [(3, "bad")]


def test_one_file_given_is_one_file_read(lake: Lake, inbox: Path) -> None:
    first = write_csv(inbox / "invoices_a.csv", [_invoice("1", "1.00")])
    write_csv(inbox / "invoices_b.csv", [_invoice("2", "1.00")])
    assert [run.file for run in lake.ingest(first, mapping=_csv_mapping()).runs] == [
        "invoices_a.csv"
    ]


def test_columns_that_the_mapping_needs_are_named(lake: Lake, inbox: Path) -> None:
    row = {name: value for name, value in _invoice("1", "1").items() if name != "invoice_date"}
    with pytest.raises(WrongColumns, match="missing invoice_date; unknown none"):
        lake.ingest(write_csv(inbox / "invoices_a.csv", [row]), mapping=_csv_mapping())


def test_paths_without_a_fitting_file_are_refused(lake: Lake, inbox: Path) -> None:
    with pytest.raises(NothingToIngest):
        lake.ingest(inbox, mapping=SHIPPED)
    with pytest.raises(FileUnreadable, match="no such file or folder"):
        lake.ingest(inbox / "nowhere", mapping=SHIPPED)
    with pytest.raises(MappingWrong, match="makes rows of invoices"):
        lake.ingest(inbox, dataset="loans", mapping=SHIPPED)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("dataset = ", "Invalid value"),
        ('files = ["*.csv"]', "dataset: is missing"),
        ('dataset = "wages"\nfiles = ["*.csv"]', "there is no dataset 'wages'"),
        ('dataset = "loans"', "files: is missing"),
        ('dataset = "loans"\nfiles = "*.csv"', "files: must be a list"),
        ('dataset = "loans"\nfiles = ["*"]\ncolumns = "x"', "columns: must be a table"),
        ('dataset = "loans"\nfiles = ["*"]\n[columns]\nrate = "r"', "loans has no column rate"),
        (
            'dataset = "loans"\nfiles = ["*"]\n[line_numbers]\nloan_no = "a"',
            "line_numbers.loan_no: must be a list",
        ),
    ],
)
def test_a_mapping_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "m.toml"
    file.write_text(text)
    with pytest.raises(MappingWrong) as refused:
        load_mapping(file)
    assert why in refused.value.text("en")


def test_a_mapping_that_is_nowhere_is_named() -> None:
    with pytest.raises(MappingWrong, match="no such file"):
        load_mapping("cumcm1999")


@pytest.mark.slow
def test_the_real_invoices_are_read_without_loss(lake: Lake, real_data: Path) -> None:
    report = lake.ingest(real_data / "cumcm2020c", mapping=SHIPPED)
    assert [(run.rows, run.quarantined) for run in report.runs] == [(373_431, 0), (726_010, 0)]
    [invoices] = [row for row in lake.status() if row.dataset == "invoices"]
    assert invoices.rows == 373_431 + 726_010
