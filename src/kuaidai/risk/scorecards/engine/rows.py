"""Rows in parts: Parquet row groups or the batches of a table in memory, read one part at a time."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kuaidai.risk.scorecards.columns import require_names, require_present, shown_names
from kuaidai.risk.scorecards.errors import BadSetting, FileDiffers, MissingColumn, MixedColumn

_BATCH_ROWS = 1 << 17


@runtime_checkable
class Rows(Protocol):
    """A table in parts that can be read again and from several threads."""

    @property
    def names(self) -> tuple[str, ...]:
        """Column names."""
        ...

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each part."""
        ...

    def read(self, part: int, columns: Sequence[str]) -> pa.Table:
        """The named columns of one part."""
        ...


@dataclass(frozen=True)
class TableRows:
    """An Arrow table in memory."""

    table: pa.Table

    @property
    def names(self) -> tuple[str, ...]:
        """Column names."""
        return tuple(self.table.column_names)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each part."""
        rows = self.table.num_rows
        return tuple(min(_BATCH_ROWS, rows - at) for at in range(0, rows, _BATCH_ROWS))

    def read(self, part: int, columns: Sequence[str]) -> pa.Table:
        """The named columns of one part."""
        return self.table.select(list(columns)).slice(part * _BATCH_ROWS, _BATCH_ROWS)


@dataclass(frozen=True)
class ParquetRows:
    """Parquet files; each row group is a part. Text columns come as dictionaries.

    `keeps` is held for as long as these rows are: a temporary folder that goes with them.
    """

    files: tuple[Path, ...]
    groups: tuple[tuple[int, int, int], ...]
    schema: pa.Schema
    keeps: object = None
    _opened: threading.local = field(default_factory=threading.local, compare=False, repr=False)

    @staticmethod
    def of(paths: Sequence[Path]) -> ParquetRows:
        """Open the footers of `paths`: files, or folders of `*.parquet` in name order."""
        files = [f for p in paths for f in (sorted(p.glob("*.parquet")) if p.is_dir() else [p])]
        if not files:
            shown = ", ".join(str(p) for p in paths)
            raise BadSetting(name="data", value=shown, rule="a Parquet file or a folder of them")
        groups = []
        for place, file in enumerate(files):
            footer = _read_footer(file)
            groups += [
                (place, group, footer.row_group(group).num_rows)
                for group in range(footer.num_row_groups)
            ]
        return ParquetRows(tuple(files), tuple(groups), pq.read_schema(files[0]))

    @staticmethod
    def spooled(write: Callable[[Path], object]) -> ParquetRows:
        """Rows that can be had once, written by `write` to a temporary file that can be read again."""
        folder = tempfile.TemporaryDirectory(prefix="kuaidai-rows-")
        file = Path(folder.name) / "rows.parquet"
        write(file)
        return replace(ParquetRows.of([file]), keeps=folder)

    def _require_alike(self, place: int, schema: pa.Schema, columns: Sequence[str]) -> None:
        """Raise `MissingColumn` or `FileDiffers` where a file is not what the first one promised."""
        file, first = self.files[place].name, self.files[0].name
        missing = [name for name in columns if name not in schema.names]
        if missing:
            present = f"{shown_names(schema.names)} (in {file})"
            raise MissingColumn(column=missing[0], present=present)
        for name in columns:
            kinds = [_sort_of(held.field(name).type) for held in (schema, self.schema)]
            if kinds[0] != kinds[1] and "null" not in kinds:
                raise FileDiffers(
                    file=file, column=name, found=kinds[0], first=first, expected=kinds[1]
                )

    @property
    def names(self) -> tuple[str, ...]:
        """Column names."""
        return tuple(self.schema.names)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each part."""
        return tuple(rows for _, _, rows in self.groups)

    def read(self, part: int, columns: Sequence[str]) -> pa.Table:
        """The named columns of one part."""
        place, group, _ = self.groups[part]
        opened: dict[int, pq.ParquetFile] = self._opened.__dict__.setdefault("files", {})
        if place not in opened:
            opened.clear()
            text = [f.name for f in self.schema if pa.types.is_string(f.type)]
            opened[place] = pq.ParquetFile(self.files[place], read_dictionary=text)
            self._require_alike(place, opened[place].schema_arrow, columns)
        return opened[place].read_row_group(group, columns=list(columns), use_threads=False)


def _read_footer(file: Path) -> pq.FileMetaData:
    try:
        return pq.read_metadata(file)
    except pa.ArrowInvalid as error:
        why = str(error).splitlines()[0].rstrip(".")
        raise BadSetting(name="data", value=file, rule=f"a Parquet file ({why})") from error


def _sort_of(kind: pa.DataType) -> str:
    """Types that concatenate and read alike, under one name."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return "a number"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "text"
    return str(kind)


def whole_table(rows: Rows, columns: Sequence[str]) -> pa.Table:
    """All rows of the named columns in one table in memory; raises `MissingColumn`."""
    require_present(rows.names, columns)
    parts = [rows.read(part, columns) for part in range(len(rows.sizes))]
    return pa.concat_tables(parts).combine_chunks()


class Query(Protocol):
    """Anything that writes its rows to a Parquet file, as Ibis tables do."""

    def to_parquet(self, path: Path) -> object:
        """Write the rows to `path`."""
        ...


def _write_batches(batches: pa.RecordBatchReader, file: Path) -> None:
    with pq.ParquetWriter(file, batches.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def _plain_text(table: pa.Table) -> pa.Table:
    """Views of text, which Polars hands out, as text that every Arrow function takes."""
    fields = [
        pa.field(f.name, pa.large_string()) if pa.types.is_string_view(f.type) else f
        for f in table.schema
    ]
    return table.cast(pa.schema(fields))


def _from_frame(frame: pd.DataFrame) -> pa.Table:
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        for name in frame.columns:
            try:
                pa.Array.from_pandas(frame[name])
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                why = str(error).splitlines()[0].rstrip(".")
                raise MixedColumn(column=name, why=why) from error
        raise


class ArrowStream(Protocol):
    """Anything that hands out its rows through the Arrow C stream interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The capsule of the stream."""
        ...


Data: TypeAlias = (
    Rows
    | pa.Table
    | pd.DataFrame
    | pa.RecordBatchReader
    | Path
    | str
    | Sequence[Path]
    | ArrowStream
)


def _at(path: Path) -> Rows:
    if not path.exists():
        raise BadSetting(name="data", value=path, rule="a file or folder that exists")
    if path.is_file() and path.suffix == ".csv":
        raise BadSetting(name="data", value=path, rule="Parquet, or a frame read from the CSV file")
    return ParquetRows.of([path])


def open_rows(data: Data) -> Rows:
    """`data` as rows in parts.

    Takes a Parquet file, a folder of them or a list of files; an Arrow table; a pandas frame; an Arrow
    reader or an Ibis table (written to a temporary file, for neither can be read twice); anything with
    the Arrow C stream interface, as Polars frames and DuckDB relations have. Raises `BadSetting` for
    anything else, `RepeatedColumn` and `MixedColumn`.
    """
    if isinstance(data, TableRows | ParquetRows):
        return data
    if isinstance(data, str | Path):
        rows: Rows = _at(Path(data))
    elif isinstance(data, pa.Table):
        rows = TableRows(data)
    elif isinstance(data, pd.DataFrame):
        require_names([str(name) for name in data.columns])
        rows = TableRows(_from_frame(data))
    elif isinstance(data, pa.RecordBatchReader):
        rows = ParquetRows.spooled(partial(_write_batches, data))
    elif hasattr(data, "to_parquet"):
        rows = ParquetRows.spooled(lambda file: data.to_parquet(str(file)))
    elif hasattr(data, "__arrow_c_stream__"):
        rows = TableRows(_plain_text(pa.table(data)))
    elif isinstance(data, Rows):
        rows = data
    elif isinstance(data, Sequence) and all(isinstance(path, Path) for path in data):
        rows = ParquetRows.of([Path(path) for path in data])
    else:
        kind = type(data).__name__
        raise BadSetting(name="data", value=kind, rule="a Parquet path, an Arrow table or a frame")
    require_names(rows.names)
    return rows
