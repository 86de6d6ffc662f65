"""The lake: a folder of Parquet by dataset, ingest run and month, with a manifest.

A run is all or nothing: it is written aside, moved into place, and becomes visible only when the
manifest, replaced atomically, names it. Of rows with the same key the last run's counts.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa

from kuaidai.data.lake.contract import Dataset
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.errors import FileUnreadable, NothingToIngest, UnknownDataset, WrongColumns
from kuaidai.data.lake.mapping import Mapping
from kuaidai.data.lake.messages import arrow_schema
from kuaidai.data.lake.statements import fault_select, good_select, typed_select

_ENDINGS = (".parquet", ".csv")


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
    """How a dataset stands."""

    dataset: str
    rows: int
    first: date | None
    last: date | None
    quarantined: int
    runs: int
    stale: bool


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
        `NothingToIngest`; then nothing was changed.
        """
        before = self.runs()
        known = {(run.dataset, run.sha256) for run in before}
        runs: list[IngestRun] = []
        skipped: list[str] = []
        stage = self.root / ".stage"
        shutil.rmtree(stage, ignore_errors=True)
        try:
            for file, contract in _files(path, dataset, mapping):
                digest = _sha256(file)
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
            self._write_manifest([*before, *runs])
        except BaseException:
            for run in runs:
                shutil.rmtree(self.root / run.folder, ignore_errors=True)
            raise
        finally:
            shutil.rmtree(stage, ignore_errors=True)
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
        with duckdb.connect() as db:
            _read_raw(db, file)
            _require_columns(db, file, contract, mapping)
            db.execute(f"CREATE TABLE typed AS {typed_select(contract, mapping)}")
            db.execute(f"CREATE TABLE checked AS {fault_select(contract)}")
            personal = [self._key] * sum(column.personal for column in contract.columns)
            db.execute(f"CREATE TABLE good AS {good_select(contract)}", personal)
            rows = _count(db, "SELECT count(*) FROM good")
            bad = _count(db, "SELECT count(*) FROM checked WHERE _reason IS NOT NULL")
            if rows:
                db.execute(
                    f"COPY good TO '{_text(target / 'data')}' (FORMAT parquet, PARTITION_BY (_month))"
                )
            if bad:
                faults = (
                    'SELECT _row AS row, _column AS "column", _value AS value, _reason AS reason'
                )
                where = "FROM checked WHERE _reason IS NOT NULL"
                db.execute(f"COPY ({faults} {where}) TO '{_text(target / 'quarantine.parquet')}'")
        received = received_on.isoformat() if received_on else ""
        return IngestRun(contract.name, file.name, digest, rows, bad, received, folder)

    def _move(self, stage: Path, folder: str) -> None:
        target = self.root / folder
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)  # left by a run that died before the manifest
        (stage / folder).rename(target)

    def _write_manifest(self, runs: list[IngestRun]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        draft = self._manifest_path.with_suffix(".draft")
        rows = {"version": 1, "runs": [asdict(run) for run in runs]}
        draft.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
        draft.replace(self._manifest_path)

    def select(self, name: str) -> str:
        """SQL that reads a dataset: the last row of every key, contract columns only."""
        contract = _contract(name)
        columns = ", ".join(f'"{column.name}"' for column in contract.columns)
        runs = [run for run in self.runs() if run.dataset == name and run.rows]
        if not runs:
            return ""
        reads = [
            f"SELECT {columns}, {place} AS _run FROM read_parquet("
            f"'{_text(self.root / run.folder / 'data')}/*/*.parquet', hive_partitioning = false)"
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
                backend.con.register(name, arrow_schema(_contract(name)).empty_table())
        return backend

    def table(self, name: str) -> ibis.Table:
        """A dataset as an Ibis table on a connection of its own. Raises `UnknownDataset`."""
        _contract(name)
        return self.connect([name]).table(name)

    def arrow(self, name: str) -> pa.Table:
        """A whole dataset in memory."""
        return self.table(name).to_pyarrow().cast(arrow_schema(_contract(name)))

    def quarantine(self, name: str, *, limit: int = 100) -> list[dict[str, object]]:
        """Rows that were refused: file, row, column, value and reason."""
        out: list[dict[str, object]] = []
        for run in self.runs():
            if run.dataset == name and run.quarantined:
                path = _text(self.root / run.folder / "quarantine.parquet")
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
            return DatasetStatus(contract.name, 0, None, None, bad, len(runs), on is not None)
        day = f'"{contract.event_date}"'
        with duckdb.connect() as db:
            row = db.execute(f"SELECT count(*), min({day}), max({day}) FROM ({query})").fetchone()
        assert row is not None  # an aggregate always gives one row
        stale = on is not None and (on - row[2]).days > contract.freshness_days
        return DatasetStatus(contract.name, row[0], row[1], row[2], bad, len(runs), stale)


def _contract(name: str) -> Dataset:
    if name not in DATASETS:
        raise UnknownDataset(value=name, known=", ".join(sorted(DATASETS)))
    return DATASETS[name]


def _files(path: Path, dataset: str | None, mapping: Mapping | None) -> list[tuple[Path, Dataset]]:
    """The files to ingest with their contracts, in a fixed order."""
    if mapping is not None:
        folder = path if path.is_dir() else path.parent
        found = sorted({file for pattern in mapping.files for file in folder.glob(pattern)})
        files = [(file, _contract(mapping.dataset)) for file in found]
    elif path.is_dir():
        files = [
            (file, DATASETS[name])
            for name in DATASETS
            for ending in _ENDINGS
            for file in sorted([*path.glob(f"{name}{ending}"), *path.glob(f"{name}/*{ending}")])
            if dataset in (None, name)
        ]
    elif path.exists():
        if path.suffix not in _ENDINGS:
            raise FileUnreadable(value=path.name, why="it is neither .csv nor .parquet")
        files = [(path, _contract(dataset or path.stem))]
    else:
        raise FileUnreadable(value=path, why="there is no such file or folder")
    if not files:
        raise NothingToIngest(value=path)
    return files


def _read_raw(db: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Make the view or table `raw` of a file; CSV columns all as text, UTF-8 (BOM or not) or GB18030."""
    try:
        if file.suffix == ".parquet":
            db.execute(f"CREATE VIEW raw AS SELECT * FROM read_parquet('{_text(file)}')")
            db.execute("SELECT * FROM raw LIMIT 1")
        else:
            db.register("raw", _csv(file))
    except (duckdb.Error, pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(value=file.name, why=str(error).splitlines()[0]) from error


def _csv(file: Path) -> pa.Table:
    import pyarrow.csv as reader

    with file.open("rb") as stream:
        head = stream.read(1 << 20)
    try:
        head.decode("utf-8-sig")
        encoding = "utf-8"
    except UnicodeDecodeError as error:
        encoding = "utf-8" if error.start > len(head) - 4 else "gb18030"
    names = (
        head.split(b"\n", 1)[0].decode(encoding if encoding == "gb18030" else "utf-8-sig").strip()
    )
    columns = [name.strip().strip('"') for name in names.split(",")]
    return reader.read_csv(
        file,
        read_options=reader.ReadOptions(encoding=encoding, column_names=columns, skip_rows=1),
        convert_options=reader.ConvertOptions(column_types={name: pa.string() for name in columns}),
    )


def _require_columns(
    db: duckdb.DuckDBPyConnection, file: Path, contract: Dataset, mapping: Mapping | None
) -> None:
    there = {row[0] for row in db.execute("DESCRIBE raw").fetchall()}
    renamed = mapping.columns if mapping else {}
    made = set(mapping.line_numbers) if mapping else set()
    wanted = {renamed.get(c.name, c.name) for c in contract.columns if c.name not in made}
    unknown = set() if mapping else there - wanted
    if wanted - there or unknown:
        raise WrongColumns(
            value=file.name,
            dataset=contract.name,
            missing=", ".join(sorted(wanted - there)) or "none",
            unknown=", ".join(sorted(unknown)) or "none",
        )


def _count(db: duckdb.DuckDBPyConnection, query: str) -> int:
    row = db.execute(query).fetchone()
    assert row is not None  # a count always gives one row
    return int(row[0])


def _text(path: Path) -> str:
    """A path inside an SQL string."""
    return str(path).replace("'", "''")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
