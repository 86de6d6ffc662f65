"""Ingest as a whole: what is refused, what is all or nothing, what counts when files overlap."""

from __future__ import annotations

import shutil
import threading
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.support.rows import csv_text, row_of, table_of, write_csv

from kuaidai.data.lake import Lake
from kuaidai.data.lake.errors import (
    FileUnreadable,
    NothingToIngest,
    UnknownDataset,
    WrongColumns,
)


def _payroll(*heads: int, firm: str = "F1") -> list[dict[str, object]]:
    return [
        row_of("payroll_runs", uscc=firm, paid_on=date(2026, month, 5), heads=count)
        for month, count in enumerate(heads, start=1)
    ]


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != ".lock"
    }


def _heads(lake: Lake) -> list[int]:
    return lake.table("payroll_runs").order_by("uscc", "paid_on").to_pyarrow()["heads"].to_pylist()


def test_wrong_columns_are_named_and_nothing_changes(lake: Lake, inbox: Path) -> None:
    lake.ingest(write_csv(inbox / "payroll_runs.csv", _payroll(3)))
    before = _tree(lake.root)
    row = {name: value for name, value in _payroll(4)[0].items() if name not in ("heads", "amount")}
    with pytest.raises(WrongColumns) as refused:
        lake.ingest(write_csv(inbox / "payroll_runs.csv", [{**row, "staff": 4}]))
    message = refused.value.text("en")
    assert "payroll_runs.csv" in message
    assert "missing amount, heads; unknown staff" in message
    assert _tree(lake.root) == before


def test_a_column_that_stands_twice_is_refused(lake: Lake, inbox: Path) -> None:
    text = csv_text(_payroll(3)).replace("uscc,", "uscc,uscc,").replace("F1,", "F1,F1,")
    (inbox / "payroll_runs.csv").write_text(text)
    with pytest.raises((WrongColumns, FileUnreadable)):
        lake.ingest(inbox)
    assert lake.runs() == ()


def test_an_unknown_dataset_is_answered_with_the_known_ones(lake: Lake, inbox: Path) -> None:
    file = write_csv(inbox / "wages.csv", _payroll(3))
    for path, dataset in ((file, None), (file, "wages"), (inbox, "wages")):
        with pytest.raises(UnknownDataset) as refused:
            lake.ingest(path, dataset=dataset)
        assert "'wages'" in refused.value.text("en")
        assert "payroll_runs" in refused.value.text("en")
    with pytest.raises(UnknownDataset):
        lake.quarantine("wages")
    with pytest.raises(UnknownDataset):
        lake.table("wages")


def test_a_file_under_another_name_is_read_when_told_what_it_is(lake: Lake, inbox: Path) -> None:
    write_csv(inbox / "wages.csv", _payroll(3, 4))
    assert lake.ingest(inbox / "wages.csv", dataset="payroll_runs").runs[0].rows == 2


@pytest.mark.parametrize("name", ["notes.txt", "wages.csv"])
def test_a_folder_without_datasets_is_refused(lake: Lake, inbox: Path, name: str) -> None:
    (inbox / name).write_text("uscc\nF1\n")
    with pytest.raises(NothingToIngest):
        lake.ingest(inbox)
    assert lake.runs() == ()


@pytest.mark.parametrize("name", ["missing.csv", "missing"])
def test_a_path_that_does_not_exist_is_refused(lake: Lake, inbox: Path, name: str) -> None:
    with pytest.raises(FileUnreadable, match="no such file or folder"):
        lake.ingest(inbox / name)


def test_folders_of_a_dataset_and_capital_endings_are_read(lake: Lake, inbox: Path) -> None:
    write_csv(inbox / "payroll_runs" / "a.CSV", _payroll(3))
    write_csv(inbox / "payroll_runs" / "b.csv", _payroll(4, firm="F2"))
    write_csv(inbox / "loans.csv", [row_of("loans")])
    assert [run.file for run in lake.ingest(inbox, dataset="payroll_runs").runs] == [
        "a.CSV",
        "b.csv",
    ]
    assert [run.dataset for run in lake.ingest(inbox).runs] == ["loans"]


def _truncate(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def _damage_pages(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[4 : len(whole) // 3] = b"\xff" * (len(whole) // 3 - 4)
    path.write_bytes(bytes(whole))


@pytest.mark.parametrize("harm", [_truncate, _damage_pages])
def test_a_damaged_parquet_file_is_refused(lake: Lake, inbox: Path, harm) -> None:
    path = inbox / "payroll_runs.parquet"
    rows = [row for firm in range(300) for row in _payroll(1, 2, 3, firm=f"F{firm}")]
    pq.write_table(table_of("payroll_runs", rows), path)
    harm(path)
    with pytest.raises(FileUnreadable) as refused:
        lake.ingest(inbox)
    assert "payroll_runs.parquet cannot be read" in refused.value.text("en")
    assert refused.value.text("en").count("\n") == 0
    assert _tree(lake.root) == {}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_the_encodings_banks_use(lake: Lake, inbox: Path, encoding: str) -> None:
    rows = [row_of("enterprises", name="杭州测试贸易有限公司", uscc=f"F{n}") for n in range(3)]
    lake.ingest(write_csv(inbox / "enterprises.csv", rows, encoding))
    assert lake.arrow("enterprises")["name"].to_pylist() == ["杭州测试贸易有限公司"] * 3


def test_gb18030_that_shows_only_late_in_the_file_is_recognised(lake: Lake, inbox: Path) -> None:
    plain = [row_of("enterprises", name="x" * 400, uscc=f"A{n}") for n in range(4000)]
    rows = [*plain, row_of("enterprises", name="晚到有限公司", uscc="Z")]
    path = write_csv(inbox / "enterprises.csv", rows, "gb18030")
    assert path.stat().st_size > 1 << 20
    lake.ingest(path)
    assert "晚到有限公司" in lake.arrow("enterprises")["name"].to_pylist()


def test_bytes_that_are_no_text_are_refused(lake: Lake, inbox: Path) -> None:
    text = csv_text([row_of("enterprises", name="NAME")]).encode()
    (inbox / "enterprises.csv").write_bytes(text.replace(b"NAME", b"\x81\xff\xfe\x80"))
    with pytest.raises(FileUnreadable, match="neither UTF-8 nor GB18030"):
        lake.ingest(inbox)


@pytest.mark.parametrize("content", ["", "\n"])
def test_an_empty_file_is_refused(lake: Lake, inbox: Path, content: str) -> None:
    (inbox / "payroll_runs.csv").write_text(content)
    with pytest.raises((FileUnreadable, WrongColumns)):
        lake.ingest(inbox)


def test_a_header_without_rows_is_an_ingest_of_nothing(lake: Lake, inbox: Path) -> None:
    header = csv_text(_payroll(1)).splitlines()[0]
    (inbox / "payroll_runs.csv").write_text(header + "\n")
    assert lake.ingest(inbox).runs[0].rows == 0
    assert lake.arrow("payroll_runs").num_rows == 0


def test_the_same_file_again_changes_nothing(lake: Lake, inbox: Path) -> None:
    write_csv(inbox / "payroll_runs.csv", _payroll(3, 4))
    lake.ingest(inbox)
    before = _tree(lake.root)
    again = lake.ingest(inbox)
    assert (again.runs, again.skipped) == ((), ("payroll_runs.csv",))
    assert _tree(lake.root) == before


def test_a_later_file_supersedes_rows_of_the_same_key_only(lake: Lake, inbox: Path) -> None:
    lake.ingest(write_csv(inbox / "payroll_runs.csv", _payroll(3, 4, 5)))
    correction = _payroll(3, 40)[1:] + _payroll(7, firm="F2")
    lake.ingest(write_csv(inbox / "payroll_runs.csv", correction))
    assert _heads(lake) == [3, 40, 5, 7]


def test_one_bad_file_of_several_makes_no_run_visible(lake: Lake, inbox: Path) -> None:
    write_csv(inbox / "loans.csv", [row_of("loans")])
    write_csv(inbox / "payroll_runs.csv", [{"uscc": "F1"}])
    with pytest.raises(WrongColumns):
        lake.ingest(inbox)
    assert lake.runs() == ()
    assert _tree(lake.root) == {}
    assert lake.arrow("loans").num_rows == 0


def test_a_crash_before_the_manifest_leaves_the_lake_as_it_was(
    lake: Lake, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.ingest(write_csv(inbox / "payroll_runs.csv", _payroll(3)))
    before = _tree(lake.root)
    write_csv(inbox / "payroll_runs.csv", _payroll(3, 4))

    def power_cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(Path, "replace", power_cut)
        lake.ingest(inbox)
    assert _heads(lake) == [3]
    assert {name for name in _tree(lake.root) if "draft" not in name} == set(before)
    lake.ingest(inbox)
    assert _heads(lake) == [3, 4]


def test_what_a_dead_process_left_behind_is_not_read(lake: Lake, inbox: Path) -> None:
    lake.ingest(write_csv(inbox / "payroll_runs.csv", _payroll(3)))
    [run] = lake.runs()
    left = lake.root / "payroll_runs" / "run-000001-left"
    shutil.copytree(lake.root / run.folder, left)
    shutil.copytree(lake.root / run.folder, lake.root / ".stage" / "payroll_runs" / "half")
    assert _heads(lake) == [3]
    lake.ingest(write_csv(inbox / "payroll_runs.csv", _payroll(9, firm="F2")))
    assert _heads(lake) == [3, 9]
    assert not (lake.root / ".stage").exists()


def test_two_ingests_at_once_both_count(lake: Lake, inbox: Path) -> None:
    files = [
        write_csv(inbox / f"{n}" / "payroll_runs.csv", _payroll(n, firm=f"F{n}"))
        for n in range(1, 5)
    ]
    threads = [threading.Thread(target=lake.ingest, args=(file,)) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _heads(lake) == [1, 2, 3, 4]


def test_folders_with_quotes_and_brackets_in_their_names_work(tmp_path: Path, inbox: Path) -> None:
    lake = Lake(tmp_path / "it's a [lake]")
    lake.ingest(write_csv(inbox / "payroll_runs.csv", [*_payroll(3), *_payroll(-1, firm="F2")]))
    assert _heads(lake) == [3]
    assert len(lake.quarantine("payroll_runs")) == 1
