"""From one firm to a million: clusters, processes, memory, and a disk that fills up."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from datetime import date
from hashlib import sha256
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from kuaidai.simulator.emit import write_bank, write_drop
from kuaidai.simulator.errors import BeingWritten, DropTooLarge, MoreThanOneCluster
from kuaidai.simulator.plan import MOST_FIRMS, Plan
from kuaidai.simulator.sandbox.archive import Archive, Owner
from kuaidai.simulator.staging import staged
from kuaidai.simulator.world import build_world

ENDS_ON = date(2026, 6, 30)


def _bytes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(("firms", "months"), [(1, 1), (500, 24), (12_345, 24), (MOST_FIRMS, 240)])
def test_clusters_cover_the_firms_without_gaps(firms: int, months: int) -> None:
    clusters = Plan(firms=firms, months=months, seed=1, ends_on=ENDS_ON).clusters()

    ends = [cluster.first + cluster.firms for cluster in clusters]
    assert [cluster.first for cluster in clusters] == [0, *ends[:-1]]
    assert ends[-1] == firms
    assert max(cluster.firms for cluster in clusters) * (months + 21) <= 100_000
    assert max(cluster.firms for cluster in clusters) <= 2_000


def test_a_world_is_one_cluster() -> None:
    with pytest.raises(MoreThanOneCluster, match="2001 firms over 24 months are 2 clusters"):
        build_world(firms=2_001, months=24, seed=1, ends_on=ENDS_ON)


def test_a_folder_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    with staged(tmp_path / "drop"), pytest.raises(BeingWritten):
        write_bank(Plan(firms=5, months=1, seed=1, ends_on=ENDS_ON), tmp_path / "drop")


def _simulate(out: Path, *more: str, **options: object) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-m", "kuaidai", "simulate", "--out", str(out), "--json", *more]
    return subprocess.Popen(
        arguments, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )  # type: ignore[call-overload]


@pytest.mark.slow  # starts processes and kills them
def test_a_killed_run_leaves_no_drop_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    out = tmp_path / "drop"
    run = _simulate(out, "--firms", "8000", "--months", "3", "--workers", "2")
    aside = tmp_path / ".drop.writing" / "drop" / "transactions"
    while not aside.exists() and run.poll() is None:
        time.sleep(0.05)
    children = _children(run.pid)
    run.send_signal(signal.SIGKILL)
    run.communicate()

    assert not out.exists()
    assert children
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline, "workers outlive the command"
        time.sleep(0.1)
    write_drop(build_world(firms=5, months=1, seed=1, ends_on=ENDS_ON), out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drop", "drop-truth"]


def _children(parent: int) -> list[int]:
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(child) for child in found]


@pytest.mark.slow  # starts a process
def test_a_disk_that_fills_up_is_named_and_the_former_drop_stays(tmp_path: Path) -> None:
    out = tmp_path / "drop"
    write_drop(build_world(firms=5, months=1, seed=1, ends_on=ENDS_ON), out)
    before = _bytes(out)

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    run = _simulate(out, "--firms", "300", "--months", "3", preexec_fn=full)
    _, errors = run.communicate(timeout=120)

    assert run.returncode == 2
    assert "was not written: File too large" in errors
    assert _bytes(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drop", "drop-truth"]


@pytest.mark.slow  # writes 20,000 firms
def test_memory_does_not_grow_with_the_number_of_firms(tmp_path: Path) -> None:
    peaks = {}
    for firms in (4_000, 16_000):
        out = tmp_path / str(firms)
        run = _simulate(out, "--firms", str(firms), "--months", "1", "--workers", "1")
        printed, errors = run.communicate(timeout=280)
        assert run.returncode == 0, errors
        peaks[firms] = json.loads(printed)["peak_memory_bytes"]

    assert peaks[16_000] < 1.2 * peaks[4_000]
    assert peaks[16_000] < 2 * 2**30


@pytest.mark.slow
def test_the_command_prints_rows_rate_and_memory(tmp_path: Path) -> None:
    run = _simulate(tmp_path / "drop", "--firms", "30", "--months", "1", "--shock", "2025-11:-1:62")
    printed, errors = run.communicate(timeout=120)

    assert run.returncode == 0, errors
    figures = json.loads(printed)
    with duckdb.connect() as connection:
        counted = connection.execute(
            f"select count(*) from '{tmp_path}/drop/transactions.parquet'"
        ).fetchone()
    assert counted == (figures["rows"]["transactions"],)
    assert figures["transactions_per_second"] > 0
    assert figures["peak_memory_bytes"] > 50 * 2**20
    assert json.loads((tmp_path / "drop" / "drop.json").read_text())["shocks"] == ["2025-11:-1:62"]
    assert (tmp_path / "drop-truth" / "truth.parquet").is_file()


@pytest.mark.slow
def test_the_sandbox_reads_parts_and_refuses_more_firms_than_it_can_keep(
    drop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in drop.glob("*.parquet"):
        rows = pq.read_table(file)
        (tmp_path / file.stem).mkdir()
        half = len(rows) // 2
        for part, share in enumerate((rows[:half], rows[half:])):
            pq.write_table(share, tmp_path / file.stem / f"part-{part:05d}.parquet")

    whole, parted = Archive(drop), Archive(tmp_path)
    owner = whole.other_than(Owner("", "", ""))
    assert parted.firms == whole.firms == 500
    for platform in ("bank_core", "tax", "courts"):
        assert parted.report(platform, owner, ENDS_ON) == whole.report(platform, owner, ENDS_ON)

    monkeypatch.setattr("kuaidai.simulator.sandbox.archive.MOST_FIRMS", 499)
    with pytest.raises(DropTooLarge, match="holds 500 firms and the sandbox keeps at most 499"):
        Archive(tmp_path)
