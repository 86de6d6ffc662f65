"""Files that come in: which there are, what they hold, and whether their columns are the contract's."""

from __future__ import annotations

import codecs
import csv
import glob
import hashlib
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv

from kuaidai.data.lake.contract import Dataset
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.errors import (
    FileUnreadable,
    MappingWrong,
    NothingToIngest,
    UnknownDataset,
    WrongColumns,
)
from kuaidai.data.lake.mapping import Mapping

_ENDINGS = (".parquet", ".csv")


def contract_of(name: str) -> Dataset:
    """The contract of a dataset. Raises `UnknownDataset`."""
    if name not in DATASETS:
        raise UnknownDataset(value=name, known=", ".join(sorted(DATASETS)))
    return DATASETS[name]


def find_files(
    path: Path, dataset: str | None, mapping: Mapping | None
) -> list[tuple[Path, Dataset]]:
    """The files to ingest with their contracts, in a fixed order.

    Raises `UnknownDataset`, `FileUnreadable`, `NothingToIngest`, `MappingWrong`.
    """
    if not path.exists():
        raise FileUnreadable(value=path, why="there is no such file or folder")
    if mapping is not None:
        if dataset not in (None, mapping.dataset):
            raise MappingWrong(value=dataset, why=f"it makes rows of {mapping.dataset}")
        dataset = mapping.dataset
    wanted = None if dataset is None else contract_of(dataset)
    if not path.is_dir():
        if path.suffix.lower() not in _ENDINGS:
            raise FileUnreadable(value=path.name, why="it is neither .csv nor .parquet")
        return [(path, wanted or contract_of(path.stem))]
    if mapping is not None and wanted is not None:
        found = {file for pattern in mapping.files for file in path.glob(pattern)}
        files = [(file, wanted) for file in sorted(found) if file.is_file()]
    else:
        files = [
            (file, contract)
            for contract in ([wanted] if wanted else DATASETS.values())
            for file in _named(path, contract.name)
        ]
    if not files:
        raise NothingToIngest(value=path)
    return files


def _named(folder: Path, name: str) -> list[Path]:
    """Files of a dataset in a folder: `<dataset>.csv`, and all of the folder `<dataset>`."""
    found = [*folder.glob(f"{name}.*"), *folder.glob(f"{name}/*")]
    return sorted(file for file in found if file.is_file() and file.suffix.lower() in _ENDINGS)


def read_raw(db: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Make the view `raw` of a file; CSV columns all as text, UTF-8 (BOM or not) or GB18030.

    Raises `FileUnreadable`; its message never holds a row of the file.
    """
    try:
        if file.suffix.lower() == ".parquet":
            db.execute(f"CREATE VIEW raw AS SELECT * FROM read_parquet('{sql_pattern(file)}')")
        else:
            db.register("raw", _csv(file))
    except (duckdb.Error, pa.ArrowException, OSError, UnicodeError) as error:
        raise FileUnreadable(value=file.name, why=why_unreadable(error)) from None


def why_unreadable(error: Exception) -> str:
    """The first line of a reader's complaint, without the row that it quotes."""
    if isinstance(error, UnicodeError):
        return "it is neither UTF-8 nor GB18030"
    first = (str(error).splitlines() or [type(error).__name__])[0]
    kept, quotes, _ = first.partition(", got ")
    return kept + quotes + _.partition(":")[0]


def _csv(file: Path) -> pa.Table:
    encoding = _encoding(file)
    with file.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as text:
        names = [name.strip() for name in next(csv.reader(text), [])]
    return pyarrow.csv.read_csv(
        file,
        read_options=pyarrow.csv.ReadOptions(encoding=encoding, column_names=names, skip_rows=1),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )


def _encoding(file: Path) -> str:
    """`utf-8` if the whole file is, else `gb18030`."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with file.open("rb") as stream:
        try:
            while block := stream.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "gb18030"
    return "utf-8"


def require_columns(
    db: duckdb.DuckDBPyConnection, file: Path, contract: Dataset, mapping: Mapping | None
) -> None:
    """Raises `WrongColumns` unless `raw` has the contract's columns (under a mapping: at least)."""
    there = {row[0] for row in db.execute("DESCRIBE raw").fetchall()}
    wanted = {column.name for column in contract.columns}
    unknown = there - wanted
    if mapping is not None:
        unknown = set()
        made = mapping.line_numbers
        wanted = {mapping.columns.get(name, name) for name in wanted if name not in made}
        wanted |= {key for keys in made.values() for key in keys}
    if wanted - there or unknown:
        raise WrongColumns(
            value=file.name,
            dataset=contract.name,
            missing=", ".join(sorted(wanted - there)) or "none",
            unknown=", ".join(sorted(unknown)) or "none",
        )


def sql_text(path: Path) -> str:
    """A path inside an SQL string."""
    return str(path).replace("'", "''")


def sql_pattern(path: Path) -> str:
    """A path inside an SQL string where DuckDB expects a pattern of files."""
    return glob.escape(str(path)).replace("'", "''")


def sha256_of(path: Path) -> str:
    """The digest that identifies a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
