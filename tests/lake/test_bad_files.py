"""Files that are not what they should be: each is refused in one clear line and changes nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.rows import csv_text, row_of, table_of, write_csv

from kuaidai.data.lake import Lake
from kuaidai.data.lake.errors import FileUnreadable, WrongColumns, WrongDelimiter, WrongTypes
from kuaidai.kernel.errors import Refusal


def _payroll(count: int = 1) -> str:
    return csv_text([row_of("payroll_runs", uscc=f"F{n}") for n in range(count)])


def _refused(lake: Lake, inbox: Path, content: bytes, kind: type[Refusal]) -> str:
    (inbox / "payroll_runs.csv").write_bytes(content)
    with pytest.raises(kind) as refused:
        lake.ingest(inbox)
    assert lake.runs() == ()
    assert [path.name for path in lake.root.rglob("*")] == [".lock"]
    said = refused.value.text("en")
    assert "\n" not in said
    return said


@pytest.mark.parametrize(
    ("sign", "named"), [(";", "';'"), ("\t", "tabs"), ("|", "'|'"), ("，", "full-width")]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_another_delimiter_is_recognised(
    lake: Lake, inbox: Path, sign: str, named: str, encoding: str
) -> None:
    content = _payroll().replace(",", sign).encode(encoding)
    said = _refused(lake, inbox, content, WrongDelimiter)
    assert f"looks separated by {named}" in said or f"looks separated by the {named}" in said
    assert "must be separated by ','" in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("F1,2026-01-05,3", "line 52 has 3 cells where the header has 4"),
        ("F1,2026-01-05,3,9.00,extra", "line 52 has 5 cells where the header has 4"),
    ],
)
def test_a_line_with_too_many_or_too_few_cells_is_named(
    lake: Lake, inbox: Path, line: str, said: str
) -> None:
    content = f"{_payroll(50)}{line}\n{_payroll(3)}"
    assert said in _refused(lake, inbox, content.encode(), FileUnreadable)


def test_line_numbers_count_breaks_inside_quoted_cells(lake: Lake, inbox: Path) -> None:
    header, row = _payroll().splitlines()
    content = f'{header}\n"F\n1",2026-01-05,3,9.00\n{row}\n1,2\n'
    assert "line 5 has 2 cells" in _refused(lake, inbox, content.encode(), FileUnreadable)


def test_a_quotation_mark_that_is_never_closed_is_refused(lake: Lake, inbox: Path) -> None:
    header, *rows = _payroll(20).splitlines()
    content = "\n".join([header, '"' + rows[0], *rows[1:]])
    assert "line 2 has 1 cells" in _refused(lake, inbox, content.encode(), FileUnreadable)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_refused(lake: Lake, inbox: Path, encoding: str) -> None:
    said = _refused(lake, inbox, _payroll().encode(encoding), FileUnreadable)
    assert "UTF-16" in said or "is NUL" in said


def test_a_nul_byte_is_named_with_its_place(lake: Lake, inbox: Path) -> None:
    content = _payroll(3).encode()
    damaged = content[:60] + b"\0" + content[60:]
    assert "byte 61 is NUL" in _refused(lake, inbox, damaged, FileUnreadable)


def test_a_nul_in_a_parquet_text_goes_to_quarantine(lake: Lake, inbox: Path) -> None:
    rows = [row_of("payroll_runs", uscc="F1\0"), row_of("payroll_runs", uscc="F2")]
    pq.write_table(table_of("payroll_runs", rows), inbox / "payroll_runs.parquet")
    assert lake.ingest(inbox).runs[0].rows == 1
    [found] = lake.quarantine("payroll_runs")
    assert (found["row"], found["column"], found["reason"]) == (1, "uscc", "holds a NUL character")


def test_bytes_that_break_off_inside_a_character_are_refused(lake: Lake, inbox: Path) -> None:
    text = csv_text([row_of("payroll_runs", uscc="杭")]).encode("gb18030")
    assert "neither" in _refused(lake, inbox, text[: text.index(b",2026") - 1], FileUnreadable)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b",,,\n1,2,3,4\n"])
def test_a_file_without_a_header_is_empty(lake: Lake, inbox: Path, content: bytes) -> None:
    assert "it is empty" in _refused(lake, inbox, content, FileUnreadable)


def test_columns_that_stand_twice_are_named(lake: Lake, inbox: Path) -> None:
    content = _payroll().replace("heads", "amount").encode()
    assert "column 'amount' stands more than once" in _refused(lake, inbox, content, FileUnreadable)


def test_a_parquet_file_is_not_taken_for_csv_nor_csv_for_parquet(lake: Lake, inbox: Path) -> None:
    (inbox / "payroll_runs.parquet").write_text(_payroll())
    with pytest.raises(FileUnreadable, match=r"payroll_runs\.parquet"):
        lake.ingest(inbox / "payroll_runs.parquet")
    pq.write_table(table_of("payroll_runs", [row_of("payroll_runs")]), inbox / "payroll_runs.csv")
    with pytest.raises(FileUnreadable, match=r"NUL|neither"):
        lake.ingest(inbox / "payroll_runs.csv")


def _columns(**changed: pa.Array) -> pa.Table:
    plain = {
        "uscc": pa.array(["F1"]),
        "paid_on": pa.array([date(2026, 1, 5)]),
        "heads": pa.array([3]),
        "amount": pa.array(["9.00"]),
    }
    return pa.table({**plain, **changed})


@pytest.mark.parametrize(
    ("column", "array", "kind"),
    [
        ("amount", pa.array([{"value": 9}]), "STRUCT"),
        ("amount", pa.array([[9, 9]]), "BIGINT[]"),
        ("uscc", pa.array([b"\x00\x01"], pa.binary()), "BLOB"),
        ("heads", pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), "MAP"),
    ],
)
def test_types_that_no_value_can_have_are_refused(
    lake: Lake, inbox: Path, column: str, array: pa.Array, kind: str
) -> None:
    pq.write_table(_columns(**{column: array}), inbox / "payroll_runs.parquet")
    with pytest.raises(WrongTypes) as refused:
        lake.ingest(inbox)
    assert f"{column} is {kind}" in refused.value.text("en")
    assert lake.runs() == ()


@pytest.mark.parametrize(
    "array",
    [
        pa.array(["9"]),
        pa.array([9]),
        pa.array([9.0]),
        pa.array([9], pa.decimal128(38, 0)),
        pa.array(["9"]).dictionary_encode(),
    ],
)
def test_types_that_parse_are_read(lake: Lake, inbox: Path, array: pa.Array) -> None:
    pq.write_table(_columns(amount=array), inbox / "payroll_runs.parquet")
    assert lake.ingest(inbox).runs[0].quarantined == 0
    assert [str(value) for value in lake.arrow("payroll_runs")["amount"].to_pylist()] == ["9.00"]


def test_the_columns_of_one_bad_file_among_good_ones_are_told_with_its_name(
    lake: Lake, inbox: Path
) -> None:
    write_csv(inbox / "payroll_runs" / "a.csv", [row_of("payroll_runs")])
    row = {**row_of("payroll_runs"), "bonus": 1}
    write_csv(inbox / "payroll_runs" / "b.csv", [row])
    with pytest.raises(WrongColumns, match=r"b\.csv .* missing none; unknown bonus"):
        lake.ingest(inbox)
    assert lake.runs() == ()
