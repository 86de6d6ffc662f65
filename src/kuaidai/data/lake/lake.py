"""The lake: a folder of Parquet by dataset, ingest run and month, with a manifest.

A run is all or nothing: it is written aside, put into place, and becomes visible only when the
manifest, replaced in one step, names it. Rows are never changed: a correction is a later run, which
lists the versions it supersedes, so that every earlier day can be read as it was known then.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from kuaidai.data.lake import manifest as manifests
from kuaidai.data.lake.contract import END, KNOWN_UNTIL
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.engines import DuckDbEngine, engine_of
from kuaidai.data.lake.errors import WrongKey
from kuaidai.data.lake.files import contract_of, find_files
from kuaidai.data.lake.ingestion import IngestReport, Progress, ingest_files, silent
from kuaidai.data.lake.listing import Listing, MonthPart, list_files, month_parts
from kuaidai.data.lake.manifest import IngestRun, Manifest
from kuaidai.data.lake.mapping import Mapping
from kuaidai.data.lake.messages import arrow_schema
from kuaidai.data.lake.reading import Reading, every_version, parquet
from kuaidai.data.lake.staging import QUARANTINE_FILE
from kuaidai.data.lake.standing import DatasetStatus, standing
from kuaidai.data.lake.statements import NOT_TYPE, SQL_TYPE
from kuaidai.data.lake.storage import open_storage


@dataclass(frozen=True)
class RowVersion:
    """One version of a row: known from the first day until the day before the second. None stands for
    "from its own event date on" and "until now". `run` and `file` say where it came from."""

    known_from: date | None
    known_until: date | None
    run: int
    file: str
    row: dict[str, Any]


class Lake:
    """The lake at a path or an fsspec URL.

    `personal_key` is the key of the hashes that replace personal columns; `engine` is `duckdb` (default)
    or `spark`; ingest keeps within `memory_limit` (as DuckDB writes it).
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        personal_key: bytes = b"",
        engine: str | None = None,
        memory_limit: str = "2GB",
    ) -> None:
        self.storage = open_storage(root)
        self.root = self.storage.root
        self.engine = engine_of(engine)
        self._key = hashlib.sha256(b"lake-personal" + personal_key).hexdigest()
        self._memory_limit = memory_limit

    def manifest(self) -> Manifest:
        """What the lake consists of. Raises `LakeNotReadable`, `LakeNotReachable`."""
        return manifests.read(self.storage)

    def runs(self) -> tuple[IngestRun, ...]:
        """Every run, oldest first."""
        return self.manifest().runs

    def ingest(
        self,
        path: Path,
        *,
        dataset: str | None = None,
        mapping: Mapping | Sequence[Mapping] | None = None,
        received_on: date | None = None,
        progress: Progress = silent,
    ) -> IngestReport:
        """Ingest a file, or every file of a folder that is named after a dataset.

        All or nothing over the whole call. `received_on` is the day of the delivery; without it the
        files are a history load, whose facts count as known on their own event dates. Rows that break
        the contract go to quarantine with row, column, value and reason. Raises `UnknownDataset`,
        `WrongColumns`, `WrongTypes`, `WrongDelimiter`, `FileUnreadable`, `NothingToIngest`,
        `MappingWrong`, `LakeNotWritable`, `LakeBusy`; then nothing was changed.
        """
        mappings = (mapping,) if isinstance(mapping, Mapping) else tuple(mapping or ())
        files = find_files(Path(path), dataset, mappings)
        with self.storage.writer() as stage:
            return ingest_files(
                self.storage,
                self.manifest(),
                files,
                stage=stage,
                received_on=received_on,
                personal_key=self._key,
                memory_limit=self._memory_limit,
                progress=progress,
            )

    def listing(self, name: str) -> Listing:
        """The files of a dataset as plain data. Raises `UnknownDataset`."""
        return self.listings([name])[name]

    def listings(self, names: list[str] | None = None) -> Map[str, Listing]:
        """The files of several datasets, all if None, as of one moment."""
        found = self.manifest()
        return {
            name: list_files(contract_of(name), found.of(name), self._place)
            for name in (DATASETS if names is None else names)
        }

    def _place(self, run: IngestRun) -> str:
        return f"{self.storage.base}/{run.folder}"

    def connect(
        self, names: list[str] | None = None, *, as_of: date | None = None, versions: bool = False
    ) -> ibis.BaseBackend:
        """An Ibis connection with a view per dataset; datasets without data are empty.

        The views hold the current rows; with `as_of` the rows as known at the end of that day; with
        `versions` every version that was ever known, with the columns `KNOWN_FROM` and `KNOWN_UNTIL`.
        Raises `UnknownDataset`, and `ValueError` where both are asked for.
        """
        if versions and as_of is not None:
            raise ValueError("ask for all versions, or for the rows as of a day, not for both")
        reading = Reading(as_of=as_of, versions=versions)
        return self.engine.connect(self.listings(names), reading, self.storage)

    def month_parts(self, name: str) -> tuple[MonthPart, ...]:
        """The months of a dataset. Raises `UnknownDataset`."""
        return month_parts(contract_of(name), self.manifest().of(name))

    def month_query(self, name: str, month: date) -> str:
        """SQL of a month's rows for the lake's connections (`connect([])` is enough).

        A versioned month gives all versions with the two columns, any other its current rows.
        """
        versioned = any(part.versioned for part in self.month_parts(name) if part.month == month)
        listing = self.listing(name).of_month(month)
        return self.engine.select(listing, Reading(versions=versioned))

    def table(self, name: str) -> ibis.Table:
        """A dataset as an Ibis table on a connection of its own. Raises `UnknownDataset`."""
        contract_of(name)
        return self.connect([name]).table(name)

    def arrow(self, name: str) -> pa.Table:
        """A whole dataset in memory."""
        return self.table(name).to_pyarrow().cast(arrow_schema(contract_of(name)))

    def history(self, name: str, *key: str) -> tuple[RowVersion, ...]:
        """Every version of the row with `key` (in the contract's order), in the order they came.

        Raises `UnknownDataset`, and `WrongKey` where the values do not make a key.
        """
        contract = contract_of(name)
        if len(key) != len(contract.key):
            why = f"its key has {len(contract.key)} columns: {', '.join(contract.key)}"
            raise WrongKey(value=" ".join(key), dataset=name, why=why)
        runs = self.manifest().of(name)
        files = {run.number: run.file for run in runs}
        backend: Any = DuckDbEngine().connect({}, Reading(), self.storage)
        for column, value in zip(contract.key, key, strict=True):
            kind = contract.column(column).type
            cast = f"SELECT TRY_CAST(? AS {SQL_TYPE[kind]})"
            if backend.con.execute(cast, [value]).fetchall() == [(None,)]:
                why = f"{column} {value!r} {NOT_TYPE[kind]}"
                raise WrongKey(value=" ".join(key), dataset=name, why=why)
        query, values = every_version(self.listing(name), key)
        found = backend.con.sql(query, params=values).to_arrow_table().to_pylist()
        return tuple(
            RowVersion(
                known_from=next(run.received_on for run in runs if run.number == row["_run"]),
                known_until=None if row[KNOWN_UNTIL] == END else row[KNOWN_UNTIL],
                run=row["_run"],
                file=files[row["_run"]],
                row={column.name: row[column.name] for column in contract.columns},
            )
            for row in found
        )

    def quarantine(self, name: str, *, limit: int = 100) -> list[dict[str, object]]:
        """Rows that were refused: file, row, column, value and reason. Raises `UnknownDataset`."""
        contract_of(name)
        out: list[dict[str, object]] = []
        backend: Any = DuckDbEngine().connect({}, Reading(), self.storage)
        for run in self.manifest().of(name):
            if run.quarantined and len(out) < limit:
                faults = parquet([f"{self._place(run)}/{QUARANTINE_FILE}"])
                query = f"SELECT * FROM {faults} ORDER BY row LIMIT {int(limit)}"
                found = backend.con.sql(query).to_arrow_table().to_pylist()
                out += [{"file": run.file, **row} for row in found]
        return out[:limit]

    def status(self, *, on: date | None = None) -> tuple[DatasetStatus, ...]:
        """How every dataset stands; `on` is the day that freshness is judged by. Nothing is scanned."""
        found = self.manifest()
        return tuple(standing(contract, found.of(name), on) for name, contract in DATASETS.items())
