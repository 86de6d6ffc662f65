"""One file becomes one run: typed, checked, split by month, written aside where nobody reads it.

DuckDB works under a memory limit and spills into the stage; no step holds the whole file.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from kuaidai.data.lake.contract import Dataset
from kuaidai.data.lake.errors import FileUnreadable, LakeNotWritable, WrongTypes
from kuaidai.data.lake.files import require_columns
from kuaidai.data.lake.manifest import MonthRows
from kuaidai.data.lake.mapped_rows import FOREIGN, map_rows
from kuaidai.data.lake.mapping import Mapping
from kuaidai.data.lake.reading import keep_quiet, sql_text
from kuaidai.data.lake.statements import (
    can_be_typed,
    checked_select,
    good_select,
    quarantine_select,
    repeated_select,
    suspects_select,
)
from kuaidai.data.lake.texts import write_texts

QUARANTINE_FILE = "quarantine.parquet"
Advance = Callable[[str, int], None]
"""Told the step that is being done and how many bytes of the file it has just taken in."""


@dataclass(frozen=True)
class Delivery:
    """A file that comes in: what it is, and since when it is known."""

    file: Path
    contract: Dataset
    mapping: Mapping | None
    known_from: date
    number: int


@dataclass(frozen=True)
class Staged:
    """What a file's run holds."""

    months: tuple[MonthRows, ...]
    quarantined: int

    @property
    def rows(self) -> int:
        """Rows that fit the contract."""
        return sum(month.rows for month in self.months)


@contextmanager
def working_connection(stage: Path, memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that keeps within `memory_limit` and spills into the stage."""
    spill = stage / "spill"
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "temp_directory": str(spill),
        "preserve_insertion_order": False,
    }
    try:
        with duckdb.connect(config=settings) as db:
            keep_quiet(db)
            yield db
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def stage_file(
    db: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    target: Path,
    personal_key: str,
    advance: Advance,
) -> Staged:
    """Write a file's good and faulty rows into `target`.

    Raises `FileUnreadable`, `WrongColumns`, `WrongTypes`, `WrongDelimiter`, `LakeNotWritable`.
    """
    target.mkdir(parents=True)
    contract = delivery.contract
    try:
        rows = _open_raw(db, delivery, target, advance)
        advance("checking", 0)
        db.execute("SET VARIABLE personal_key = ?", [personal_key])
        db.execute(f"CREATE TEMP TABLE suspects AS {suspects_select(contract)}")
        db.execute(f"CREATE TEMP TABLE repeated AS {repeated_select(contract)}")
        good = good_select(contract, delivery.number, delivery.known_from)
        advance("writing", 0)
        if rows:
            data = sql_text(str(target / "data"))
            db.execute(f"COPY ({good}) TO '{data}' (FORMAT parquet, PARTITION_BY (_month))")
        months = _months(target, contract)
        bad = rows - sum(month.rows for month in months)
        if bad:
            faults = sql_text(str(target / QUARANTINE_FILE))
            db.execute(f"COPY ({quarantine_select(contract)}) TO '{faults}' (FORMAT parquet)")
        return Staged(months, bad)
    except duckdb.Error as error:
        raise refusal_of(error, delivery.file) from None
    finally:
        _forget(db)
        for left in target.glob("*.incoming"):
            left.unlink()


def _forget(db: duckdb.DuckDBPyConnection) -> None:
    for kind, name in (
        ("TABLE", "suspects"), ("TABLE", "repeated"), ("VIEW", "checked"), ("VIEW", "raw"),
        ("VIEW", FOREIGN),
    ):  # fmt: skip
        db.execute(f"DROP {kind} IF EXISTS {name}")


def refusal_of(error: duckdb.Error, file: Path) -> FileUnreadable | LakeNotWritable:
    """A full disk is the lake's trouble; everything else is a file damaged further on."""
    first = (str(error).splitlines() or [type(error).__name__])[0]
    full = ("No space left", "File too large", "Disk quota", "max_temp_directory_size")
    if isinstance(error, duckdb.OutOfMemoryException) or any(sign in first for sign in full):
        return LakeNotWritable(value=f"the rows of {file.name}", why=first)
    said = first.partition(": ")[2] or first
    return FileUnreadable(value=file.name, why=f"it is damaged or was cut off ({said})")


def _open_raw(
    db: duckdb.DuckDBPyConnection, delivery: Delivery, target: Path, advance: Advance
) -> int:
    """Make the views `raw` and `checked` of a file; how many rows it has."""
    file, mapping = delivery.file, delivery.mapping
    source = file
    if file.suffix.lower() == ".csv":
        source = target / "texts.incoming"
        write_texts(file, source, advance=lambda done: advance("reading", done))
    else:
        advance("reading", file.stat().st_size)
    db.execute(
        f"CREATE VIEW raw AS SELECT file_row_number + 1 AS _row, * EXCLUDE (file_row_number) "
        f"FROM read_parquet('{sql_text(str(source))}', file_row_number = true)"
    )
    names = {column.name: column.name for column in delivery.contract.columns}
    origins: dict[str, str] = {}
    if mapping is None:
        require_columns(set(_kinds(db)), file, delivery.contract)
    else:
        advance("mapping", 0)
        names, origins = map_rows(db, mapping, delivery.contract, file, target)
    kinds = _kinds(db)
    used = {column: kinds[name] for column, name in names.items()}
    _require_types(file, delivery.contract, used)
    db.execute(f"CREATE VIEW checked AS {checked_select(delivery.contract, names, used, origins)}")
    [(rows,)] = db.execute("SELECT count(*) FROM raw").fetchall()
    return int(rows)


def _kinds(db: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return {row[0]: row[1] for row in db.execute("DESCRIBE raw").fetchall() if row[0] != "_row"}


def _require_types(file: Path, contract: Dataset, kinds: dict[str, str]) -> None:
    wrong = [
        f"{name} is {kind} and must be {contract.column(name).type.value}"
        for name, kind in kinds.items()
        if not can_be_typed(kind)
    ]
    if wrong:
        raise WrongTypes(value=file.name, dataset=contract.name, difference="; ".join(wrong))


def _months(target: Path, contract: Dataset) -> tuple[MonthRows, ...]:
    """What was written, from the footers of the files."""
    months = []
    for folder in sorted((target / "data").glob("_month=*")):
        files = sorted(folder.glob("*.parquet"))
        days = [_days(file, contract.event_date) for file in files]
        months.append(
            MonthRows(
                month=date.fromisoformat(folder.name.partition("=")[2] + "-01"),
                rows=sum(pq.read_metadata(file).num_rows for file in files),
                first=min(first for first, _ in days),
                last=max(last for _, last in days),
                files=tuple(file.relative_to(target).as_posix() for file in files),
            )
        )
    return tuple(months)


def _days(file: Path, column: str) -> tuple[date, date]:
    """The first and last day in a date column of a file that has rows."""
    found = pq.read_metadata(file)
    place = found.schema.to_arrow_schema().get_field_index(column)
    stats = [found.row_group(at).column(place).statistics for at in range(found.num_row_groups)]
    return min(stat.min for stat in stats), max(stat.max for stat in stats)
