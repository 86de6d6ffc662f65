"""The lake: a folder of Parquet by dataset, ingest run and month, with a manifest.

A run is all or nothing: it is written aside, moved into place, and becomes visible only when the
manifest, replaced atomically, names it. Of rows with the same key the last run's counts.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa

from kuaidai.data.lake.contract import Dataset
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.errors import FileUnreadable
from kuaidai.data.lake.files import (
    contract_of,
    find_files,
    read_raw,
    require_columns,
    sha256_of,
    sql_pattern,
    sql_text,
    why_unreadable,
)
from kuaidai.data.lake.mapping import Mapping
from kuaidai.data.lake.messages import arrow_schema
from kuaidai.data.lake.statements import (
    QUARANTINE_SELECT,
    fault_select,
    good_select,
    text_select,
    typed_select,
)


@dataclass(frozen=True)
class IngestRun:
    """One file's ingest. `sha256` identifies the file; a file ingested before is skipped."""

    dataset: str
    file: str
    sha256: str
    rows: int
    quarantined: int
    received_on: str
    folder: str


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did: runs made, and files that were there already."""

    runs: tuple[IngestRun, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True)
class DatasetStatus:
    """How a dataset stands. `stale` is None where no day was given to judge freshness by."""

    dataset: str
    rows: int
    first: date | None
    last: date | None
    quarantined: int
    runs: int
    stale: bool | None


class Lake:
    """The lake in a folder. `personal_key` is the key of the hashes that replace personal columns."""

    def __init__(self, root: Path, *, personal_key: bytes = b"") -> None:
        self.root = root
        self._key = hashlib.sha256(b"lake-personal" + personal_key).hexdigest()

    @property
    def _manifest_path(self) -> Path:
        return self.root / "manifest.json"

    def runs(self) -> tuple[IngestRun, ...]:
        """Every run, oldest first."""
        if not self._manifest_path.exists():
            return ()
        rows = json.loads(self._manifest_path.read_text(encoding="utf-8"))["runs"]
        return tuple(IngestRun(**row) for row in rows)

    def ingest(
        self,
        path: Path,
        *,
        dataset: str | None = None,
        mapping: Mapping | None = None,
        received_on: date | None = None,
    ) -> IngestReport:
        """Ingest a file, or every file of a folder that is named after a dataset.

        All or nothing over the whole call. Rows that break the contract go to quarantine with row,
        column, value and reason. Raises `UnknownDataset`, `WrongColumns`, `FileUnreadable`,
        `NothingToIngest`, `MappingWrong`; then nothing was changed.
        """
        files = find_files(path, dataset, mapping)
        with _one_writer(self.root):
            return self._ingest(files, mapping, received_on)

    def _ingest(
        self, files: list[tuple[Path, Dataset]], mapping: Mapping | None, received_on: date | None
    ) -> IngestReport:
        before = self.runs()
        known = {(run.dataset, run.sha256) for run in before}
        runs: list[IngestRun] = []
        skipped: list[str] = []
        stage = self.root / ".stage"
        shutil.rmtree(stage, ignore_errors=True)  # left by a run that died
        try:
            for file, contract in files:
                digest = sha256_of(file)
                if (contract.name, digest) in known:
                    skipped.append(file.name)
                    continue
                known.add((contract.name, digest))
                number = len(before) + len(runs)
                runs.append(
                    self._stage(stage, file, contract, mapping, digest, number, received_on)
                )
            for run in runs:
                self._move(stage, run.folder)
            if runs:
                self._write_manifest([*before, *runs])
        finally:
            shutil.rmtree(stage, ignore_errors=True)
            visible = {run.folder for run in self.runs()}
            for run in runs:
                if run.folder not in visible:
                    shutil.rmtree(self.root / run.folder, ignore_errors=True)
        return IngestReport(tuple(runs), tuple(skipped))

    def _stage(
        self,
        stage: Path,
        file: Path,
        contract: Dataset,
        mapping: Mapping | None,
        digest: str,
        number: int,
        received_on: date | None,
    ) -> IngestRun:
        folder = f"{contract.name}/run-{number:06d}-{digest[:12]}"
        target = stage / folder
        target.mkdir(parents=True)
        try:
            rows, bad = self._write(target, file, contract, mapping)
        except duckdb.Error as error:  # a file that breaks off or is damaged further on
            raise FileUnreadable(value=file.name, why=why_unreadable(error)) from None
        received = received_on.isoformat() if received_on else ""
        return IngestRun(contract.name, file.name, digest, rows, bad, received, folder)

    def _write(
        self, target: Path, file: Path, contract: Dataset, mapping: Mapping | None
    ) -> tuple[int, int]:
        """Write a file's good and faulty rows into `target`; return how many there are of each."""
        with duckdb.connect() as db:
            read_raw(db, file)
            require_columns(db, file, contract, mapping)
            db.execute(f"CREATE TABLE texts AS {text_select(contract, mapping)}")
            db.execute(f"CREATE TABLE typed AS {typed_select(contract)}")
            db.execute(f"CREATE TABLE checked AS {fault_select(contract)}")
            personal = [self._key] * sum(column.personal for column in contract.columns)
            db.execute(f"CREATE TABLE good AS {good_select(contract)}", personal)
            rows = _count(db, "SELECT count(*) FROM good")
            bad = _count(db, "SELECT count(*) FROM checked WHERE _reason IS NOT NULL")
            if rows:
                data = sql_text(target / "data")
                db.execute(f"COPY good TO '{data}' (FORMAT parquet, PARTITION_BY (_month))")
            if bad:
                faults = sql_text(target / "quarantine.parquet")
                db.execute(f"COPY ({QUARANTINE_SELECT}) TO '{faults}' (FORMAT parquet)")
        return rows, bad

    def _move(self, stage: Path, folder: str) -> None:
        target = self.root / folder
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)  # left by a run that died before the manifest
        (stage / folder).rename(target)

    def _write_manifest(self, runs: list[IngestRun]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        draft = self._manifest_path.with_suffix(".draft")
        rows = {"version": 1, "runs": [asdict(run) for run in runs]}
        with draft.open("w", encoding="utf-8") as file:
            json.dump(rows, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._manifest_path)

    def select(self, name: str) -> str:
        """SQL that reads a dataset: the last row of every key, contract columns only."""
        contract = contract_of(name)
        columns = ", ".join(f'"{column.name}"' for column in contract.columns)
        runs = [run for run in self.runs() if run.dataset == name and run.rows]
        if not runs:
            return ""
        reads = [
            f"SELECT {columns}, {place} AS _run FROM read_parquet("
            f"'{sql_pattern(self.root / run.folder / 'data')}/*/*.parquet', hive_partitioning = false)"
            for place, run in enumerate(runs)
        ]
        if len(runs) == 1:
            return f"SELECT {columns} FROM ({reads[0]})"
        keys = ", ".join(f'"{key}"' for key in contract.key)
        latest = f"row_number() OVER (PARTITION BY {keys} ORDER BY _run DESC) = 1"
        return f"SELECT {columns} FROM ({' UNION ALL '.join(reads)}) QUALIFY {latest}"

    def connect(self, names: list[str] | None = None) -> ibis.BaseBackend:
        """An Ibis DuckDB connection with a view per dataset; datasets without data are empty."""
        backend = ibis.duckdb.connect()
        for name in names or list(DATASETS):
            query = self.select(name)
            if query:
                backend.con.execute(f'CREATE VIEW "{name}" AS {query}')
            else:
                backend.con.register(name, arrow_schema(contract_of(name)).empty_table())
        return backend

    def table(self, name: str) -> ibis.Table:
        """A dataset as an Ibis table on a connection of its own. Raises `UnknownDataset`."""
        contract_of(name)
        return self.connect([name]).table(name)

    def arrow(self, name: str) -> pa.Table:
        """A whole dataset in memory."""
        return self.table(name).to_pyarrow().cast(arrow_schema(contract_of(name)))

    def quarantine(self, name: str, *, limit: int = 100) -> list[dict[str, object]]:
        """Rows that were refused: file, row, column, value and reason. Raises `UnknownDataset`."""
        contract_of(name)
        out: list[dict[str, object]] = []
        for run in self.runs():
            if run.dataset == name and run.quarantined:
                path = sql_pattern(self.root / run.folder / "quarantine.parquet")
                query = f"SELECT * FROM read_parquet('{path}') ORDER BY row LIMIT {int(limit)}"
                with duckdb.connect() as db:
                    found = db.sql(query).to_arrow_table().to_pylist()
                out += [{"file": run.file, **row} for row in found]
        return out[:limit]

    def status(self, *, on: date | None = None) -> tuple[DatasetStatus, ...]:
        """How every dataset stands; `on` is the day that freshness is judged by."""
        return tuple(self._dataset_status(contract, on) for contract in DATASETS.values())

    def _dataset_status(self, contract: Dataset, on: date | None) -> DatasetStatus:
        runs = [run for run in self.runs() if run.dataset == contract.name]
        bad = sum(run.quarantined for run in runs)
        query = self.select(contract.name)
        if not query:
            stale = None if on is None else True
            return DatasetStatus(contract.name, 0, None, None, bad, len(runs), stale)
        day = f'"{contract.event_date}"'
        with duckdb.connect() as db:
            row = db.execute(f"SELECT count(*), min({day}), max({day}) FROM ({query})").fetchone()
        assert row is not None  # an aggregate always gives one row
        stale = None if on is None else (on - row[2]).days > contract.freshness_days
        return DatasetStatus(contract.name, row[0], row[1], row[2], bad, len(runs), stale)


@contextmanager
def _one_writer(root: Path) -> Iterator[None]:
    """Wait until no other process ingests into the lake."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _count(db: duckdb.DuckDBPyConnection, query: str) -> int:
    row = db.execute(query).fetchone()
    assert row is not None  # a count always gives one row
    return int(row[0])
