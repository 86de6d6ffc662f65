"""The same lake on a local folder, on fsspec's memory and on an S3 server over HTTP."""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import fsspec
import pytest
from tests.support.rows import row_of, write_csv

from kuaidai.data.lake import Lake
from kuaidai.data.lake.errors import LakeBusy, LakeNotReachable, LakeNotReadable, LakeNotWritable
from kuaidai.data.lake.ingestion import Step


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """An S3 server of the test's own; the address of an empty bucket on it."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        fsspec.filesystem("s3", skip_instance_cache=True).mkdir("bank")
        yield "s3://bank"
    server.stop()


_S3 = pytest.param("s3", marks=pytest.mark.slow)


@pytest.fixture(params=["local", "memory", _S3])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    place = uuid.uuid4().hex
    if request.param == "local":
        return str(tmp_path / place)
    return (
        f"memory://{place}"
        if request.param == "memory"
        else f"{request.getfixturevalue('s3')}/{place}"
    )


@pytest.fixture(params=["memory", _S3])
def remote(request: pytest.FixtureRequest) -> str:
    place = uuid.uuid4().hex
    return (
        f"memory://{place}"
        if request.param == "memory"
        else f"{request.getfixturevalue('s3')}/{place}"
    )


def _payroll(inbox: Path, *heads: int, firm: str = "F1") -> Path:
    rows = [
        row_of("payroll_runs", uscc=firm, paid_on=date(2026, month, 5), heads=count)
        for month, count in enumerate(heads, start=1)
    ]
    return write_csv(inbox / "payroll_runs.csv", rows)


def _heads(lake: Lake, as_of: date | None = None) -> list[int]:
    table = lake.connect(["payroll_runs"], as_of=as_of).table("payroll_runs")
    return table.order_by("uscc", "paid_on").to_pyarrow()["heads"].to_pylist()


def test_ingest_read_correct_and_look_back(root: str, inbox: Path) -> None:
    lake = Lake(root, personal_key=b"k")
    assert lake.ingest(_payroll(inbox, 3, 4, -1)).runs[0].rows == 2
    lake.ingest(_payroll(inbox, 3, 40), received_on=date(2026, 4, 1))
    assert lake.ingest(_payroll(inbox, 3, 40), received_on=date(2026, 5, 1)).runs == ()

    again = Lake(root, personal_key=b"k")
    assert _heads(again) == [3, 40]
    assert _heads(again, date(2026, 3, 31)) == [3, 4]
    [status] = [row for row in again.status() if row.dataset == "payroll_runs"]
    assert (status.rows, status.months, status.superseded, status.quarantined) == (2, 2, 2, 1)
    assert [row["value"] for row in again.quarantine("payroll_runs")] == ["-1"]
    assert [v.row["heads"] for v in again.history("payroll_runs", "F1", "2026-02-05")] == [4, 40]
    [january, february] = again.month_parts("payroll_runs")
    assert january.versioned
    db = again.connect([]).con
    assert len(db.sql(again.month_query("payroll_runs", february.month)).fetchall()) == 2


def test_a_failing_manifest_write_leaves_the_lake_as_it_was(
    root: str, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(root)
    lake.ingest(_payroll(inbox, 3))
    replace = type(lake.storage).replace_manifest

    def no_room(*_: object) -> None:
        raise LakeNotWritable(value="manifest.json", why="No space left on device")

    with monkeypatch.context() as patch, pytest.raises(LakeNotWritable, match="No space left"):
        patch.setattr(type(lake.storage), "replace_manifest", no_room)
        lake.ingest(_payroll(inbox, 9, 9))
    assert replace is type(lake.storage).replace_manifest
    assert _heads(lake) == [3]
    assert lake.storage.run_folders("payroll_runs") == {run.folder for run in lake.runs()}
    lake.ingest(_payroll(inbox, 9, 9))
    assert _heads(lake) == [9, 9]


def test_leftovers_of_dead_runs_are_removed_by_the_next_writer(remote: str, inbox: Path) -> None:
    lake = Lake(remote)
    lake.ingest(_payroll(inbox, 3))
    fsspec.open(f"{remote}/payroll_runs/run-000002-dead/data/half.parquet", "wb").open().close()
    assert len(lake.storage.run_folders("payroll_runs")) == 2
    assert _heads(lake) == [3]
    lake.ingest(_payroll(inbox, 4, firm="F2"))
    assert lake.storage.run_folders("payroll_runs") == {run.folder for run in lake.runs()}
    assert _heads(lake) == [3, 4]


@pytest.fixture
def mark(remote: str) -> Callable[[str, int], None]:
    def write(host: str, process: int) -> None:
        held = {"host": host, "process": process, "since": "2026-01-05T08:00:00+00:00"}
        with fsspec.open(f"{remote}/writer.json", "wb") as file:
            file.write(json.dumps(held).encode())

    return write


def test_one_writer_at_a_time(remote: str, inbox: Path, mark: Callable[[str, int], None]) -> None:
    lake = Lake(remote)
    for host, process in (("another-host", 1), (socket.gethostname(), os.getpid())):
        mark(host, process)
        with pytest.raises(LakeBusy) as refused:
            lake.ingest(_payroll(inbox, 3))
        said = refused.value.text("en")
        assert f"process {process} on {host} since 2026-01-05" in said
        assert f"delete {remote}/writer.json" in said
    assert lake.runs() == ()


def test_the_mark_of_a_dead_writer_here_is_taken_over(
    remote: str, inbox: Path, mark: Callable[[str, int], None]
) -> None:
    lake = Lake(remote)
    mark(socket.gethostname(), 2**22 + 1)  # above the highest process number there can be
    lake.ingest(_payroll(inbox, 3))
    assert _heads(lake) == [3]
    lake.ingest(_payroll(inbox, 4, firm="F2"))


def test_a_refused_file_leaves_no_mark(remote: str, inbox: Path) -> None:
    lake = Lake(remote)
    (inbox / "payroll_runs.csv").write_text("uscc,paid_on,heads,amount\nF1,2026-01-05,3\n")
    for _ in range(2):
        with pytest.raises(Exception, match="line 2 has 3 cells"):
            lake.ingest(inbox)
    assert lake.storage.run_folders("payroll_runs") == set()


def test_a_manifest_of_the_first_version_is_refused(root: str) -> None:
    lake = Lake(root)
    with fsspec.open(f"{root}/manifest.json", "wb", auto_mkdir=True) as file:
        file.write(b'{"version": 1, "runs": []}')
    with pytest.raises(LakeNotReadable, match=r"earlier version of kuaidai \(manifest 1"):
        lake.status()


def test_a_writer_whose_mark_was_deleted_does_not_overwrite_another(
    remote: str, inbox: Path
) -> None:
    lake = Lake(remote)
    others = _payroll(inbox / "other", 4, firm="F2")

    def meanwhile(step: Step) -> None:
        if step.doing == "writing":
            lake.storage.root.joinpath("writer.json").unlink()
            lake.ingest(others)

    with pytest.raises(LakeNotWritable, match="another writer has replaced it"):
        lake.ingest(_payroll(inbox, 3), progress=meanwhile)
    assert _heads(lake) == [4]
    lake.ingest(_payroll(inbox, 3))
    assert _heads(lake) == [3, 4]


def test_a_data_file_that_is_gone_is_named(tmp_path: Path, inbox: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.ingest(_payroll(inbox, 3))
    [file] = (tmp_path / "lake").rglob("data_*.parquet")
    file.unlink()
    with pytest.raises(LakeNotReadable, match=r"payroll_runs: .*data_0\.parquet"):
        lake.table("payroll_runs")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 2, "runs": [{}]}', b"\xff"])
def test_a_damaged_manifest_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(LakeNotReadable, match="manifest is damaged"):
        Lake(tmp_path).runs()


@pytest.mark.slow
def test_a_bucket_that_does_not_exist_is_not_made(s3: str, inbox: Path) -> None:
    lake = Lake("s3://no-such-bucket/lake")
    with pytest.raises(LakeNotWritable, match="no-such-bucket"):
        lake.ingest(_payroll(inbox, 3))
    assert fsspec.filesystem("s3", skip_instance_cache=True).ls("") == [s3.removeprefix("s3://")]


def test_places_that_are_no_storage_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LakeNotReachable, match="nosuch"):
        Lake("nosuch://bucket/lake")
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises((LakeNotReachable, LakeNotWritable)):
        Lake(tmp_path / "file").ingest(_payroll(tmp_path, 3))
