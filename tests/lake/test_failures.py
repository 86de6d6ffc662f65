"""A writer that is killed, a disk that fills up: the earlier data stay readable, nothing is half there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.rows import row_of, table_of, write_csv

from kuaidai.data.lake import Lake
from kuaidai.data.lake.errors import LakeNotWritable

_KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from kuaidai.data.lake import Lake
from kuaidai.data.lake.storage import LocalFolder

root, inbox, at = sys.argv[1:]
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
if at == "published":
    LocalFolder.replace_manifest = die
if at == "draft written":
    Path.replace = die
Lake(root).ingest(
    Path(inbox), received_on=date(2026, 6, 1), progress=lambda step: step.doing == at and die()
)
"""


def _payroll(*heads: int) -> list[dict[str, object]]:
    return [
        row_of("payroll_runs", uscc="F1", paid_on=date(2026, month, 5), heads=count)
        for month, count in enumerate(heads, start=1)
    ]


def _heads(lake: Lake) -> list[int]:
    return lake.table("payroll_runs").order_by("paid_on").to_pyarrow()["heads"].to_pylist()


@pytest.mark.slow
@pytest.mark.parametrize(
    "at",
    ["reading", "checking", "writing", "looking for earlier versions", "publishing", "published",
     "draft written"],
)  # fmt: skip
def test_a_writer_that_is_killed_leaves_the_lake_as_it_was(
    lake: Lake, inbox: Path, at: str
) -> None:
    lake.ingest(write_csv(inbox / "payroll_runs.csv", _payroll(3, 4)))
    before = lake.runs()
    write_csv(inbox / "payroll_runs.csv", _payroll(30, 40, 50))
    write_csv(inbox / "loans.csv", [row_of("loans")])
    died = subprocess.run(
        [sys.executable, "-c", _KILLED, str(lake.root), str(inbox), at], check=False
    )
    assert died.returncode == -signal.SIGKILL
    assert lake.runs() == before
    assert _heads(lake) == [3, 4]

    report = lake.ingest(inbox, received_on=date(2026, 6, 1))
    assert len(report.runs) == 2
    assert _heads(lake) == [30, 40, 50]
    assert sorted(path.name for path in lake.root.iterdir() if path.is_file()) == [
        ".lock",
        "manifest.json",
    ]
    for dataset in ("payroll_runs", "loans"):
        visible = {run.folder for run in lake.runs() if run.dataset == dataset}
        assert lake.storage.run_folders(dataset) == visible


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def _noise(rows: int) -> pa.Table:
    """Rows that hardly compress."""
    plain = row_of("transactions")
    made = [
        {**plain, "transaction_id": os.urandom(16).hex(), "booked_on": date(2026, 1, 1 + n % 28)}
        for n in range(rows)
    ]
    return table_of("transactions", made)


def test_a_disk_that_fills_up_is_a_clear_refusal(small_disk: Path, inbox: Path) -> None:
    lake = Lake(small_disk / "lake")
    lake.ingest(write_csv(inbox / "payroll_runs.csv", _payroll(3, 4)))
    (inbox / "payroll_runs.csv").unlink()
    pq.write_table(_noise(150_000), inbox / "transactions.parquet")
    with pytest.raises(LakeNotWritable) as refused:
        lake.ingest(inbox)
    said = refused.value.text("en")
    assert "No space left" in said
    assert "Nothing was ingested" in said
    assert "\n" not in said
    assert [run.dataset for run in lake.runs()] == ["payroll_runs"]
    assert sorted(path.name for path in lake.root.iterdir()) == [
        ".lock",
        "manifest.json",
        "payroll_runs",
    ]
    assert _heads(lake) == [3, 4]
    pq.write_table(_noise(100), inbox / "transactions.parquet")
    assert lake.ingest(inbox).runs[0].rows == 100


def test_a_disk_that_fills_up_under_a_csv_file_is_a_clear_refusal(
    small_disk: Path, inbox: Path
) -> None:
    lake = Lake(small_disk / "lake")
    row = row_of("transactions")
    rows = ({**row, "transaction_id": os.urandom(16).hex()} for _ in range(60_000))
    write_csv(inbox / "transactions.csv", list(rows))
    with pytest.raises(LakeNotWritable, match="No space left"):
        lake.ingest(inbox)
    assert [path.name for path in lake.root.iterdir()] == [".lock"]


_LIMITED = """
import resource, sys
from pathlib import Path
from kuaidai.data.lake import Lake
from kuaidai.kernel.errors import Refusal

root, inbox, most = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
try:
    Lake(root).ingest(Path(inbox))
except Refusal as refusal:
    print(refusal.code)
"""


@pytest.mark.slow
def test_a_manifest_that_cannot_be_written_is_a_clear_refusal(lake: Lake, inbox: Path) -> None:
    for n in range(8):  # the manifest of these is larger than any file of the next run
        days = [date(2024, 1, 5) + timedelta(days=31 * month + n) for month in range(24)]
        rows = [row_of("payroll_runs", uscc=f"F{n}", paid_on=day) for day in days]
        lake.ingest(write_csv(inbox / "payroll_runs.csv", rows))
    before, size = lake.runs(), (lake.root / "manifest.json").stat().st_size
    write_csv(inbox / "payroll_runs.csv", _payroll(3))
    limited = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(lake.root), str(inbox), str(size)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert limited.stdout == "LAKE_NOT_WRITABLE\n"
    assert lake.runs() == before
    assert not (lake.root / "manifest.json.draft").exists()
    assert lake.storage.run_folders("payroll_runs") == {run.folder for run in before}


def test_a_folder_that_may_not_be_written_is_a_clear_refusal(tmp_path: Path, inbox: Path) -> None:
    write_csv(inbox / "payroll_runs.csv", _payroll(3))
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeNotWritable, match="Not a directory"):
        Lake(tmp_path / "file" / "lake").ingest(inbox)
