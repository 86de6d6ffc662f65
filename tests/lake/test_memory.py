"""The memory that an ingest takes does not grow with the file: peaks of whole processes compared."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from kuaidai.data.lake.datasets import DATASETS

_INGEST = """
import re, sys
from pathlib import Path
from kuaidai.data.lake import Lake

lake = Lake(sys.argv[1], memory_limit="100MB")
[run] = lake.ingest(Path(sys.argv[2]), dataset="transactions").runs
# not ru_maxrss: that of a child begins with the peak of the process that forked it
[peak] = re.findall(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(run.rows, int(peak) // 1024)
"""
_MADE = {
    "transaction_id": "'T' || i",
    "account_no": "'A' || (hash(i) % 100000)",
    "uscc": "'F' || (hash(i) % 50000)",
    "booked_on": "DATE '2024-01-01' + CAST(hash(i + 1) % 730 AS INTEGER)",
    "direction": "'credit'",
    "amount": "CAST(0.01 + (hash(i + 2) % 1000000) / 100.0 AS DECIMAL(18, 2))",
    "purpose": "'sales'",
    "sequence": "i",
    "balance_after": "NULL",
    "counterparty": "'C' || (hash(i + 3) % 50000)",
}


def _write(file: Path, rows: int) -> Path:
    names = [column.name for column in DATASETS["transactions"].columns]
    columns = ", ".join(f"{_MADE[name]} AS {name}" for name in names)
    with duckdb.connect(config={"memory_limit": "500MB"}) as db:
        db.execute(f"COPY (SELECT {columns} FROM range({rows}) t(i)) TO '{file}'")
    return file


def _peak(lake: Path, file: Path, rows: int) -> int:
    """The ingesting process's peak memory in MB."""
    command = [sys.executable, "-c", _INGEST, str(lake), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found, peak = map(int, done.stdout.split())
    assert found == rows
    return peak


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_four_times_the_file_takes_hardly_more_memory(tmp_path: Path, kind: str) -> None:
    """The larger CSV file alone is some 200 MB, twice DuckDB's limit; held in memory it would show."""
    peaks = [
        _peak(tmp_path / f"lake-{rows}", _write(tmp_path / f"{rows}.{kind}", rows), rows)
        for rows in (600_000, 2_400_000)
    ]
    assert peaks[1] < 1.3 * peaks[0]
    assert peaks[1] < 700


@pytest.mark.slow
def test_looking_for_earlier_versions_keeps_within_the_limit_too(tmp_path: Path) -> None:
    first = _write(tmp_path / "first.parquet", 2_400_000)
    _peak(tmp_path / "lake", first, 2_400_000)
    again = _write(tmp_path / "again.parquet", 1_200_000)
    assert _peak(tmp_path / "lake", again, 1_200_000) < 700
