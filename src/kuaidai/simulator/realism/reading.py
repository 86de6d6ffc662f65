"""The files of a drop: one a dataset, or a folder of parts."""

from __future__ import annotations

from pathlib import Path

import duckdb

from kuaidai.simulator.realism.errors import DropNotUsable


def source_of(drop: Path, dataset: str) -> str | None:
    """What DuckDB reads the dataset from, quoted; None where the drop has none."""
    if (drop / f"{dataset}.parquet").is_file():
        return quoted(drop / f"{dataset}.parquet")
    parts = drop / dataset
    if any(parts.glob("*.parquet")):
        return quoted(parts / "*.parquet")
    return None


def quoted(path: Path) -> str:
    """The path as an SQL string."""
    text = str(path).replace("'", "''")
    return f"'{text}'"


def open_drop(drop: Path, needed: tuple[str, ...]) -> duckdb.DuckDBPyConnection:
    """A connection with a view for each needed dataset. Raises `DropNotUsable`."""
    if not drop.is_dir():
        raise DropNotUsable(value=drop, why="there is no such folder")
    connection = duckdb.connect(config={"threads": 2})
    for name in needed:
        source = source_of(drop, name)
        if source is None:
            connection.close()
            raise DropNotUsable(value=drop, why=f"it has no {name}.parquet")
        try:
            connection.execute(f"create view {name} as select * from {source}")
        except duckdb.Error as error:
            connection.close()
            raise DropNotUsable(value=drop, why=f"{name}: {first_line(error)}") from error
    return connection


def first_line(error: Exception) -> str:
    """What went wrong, without the rest of the query."""
    return str(error).splitlines()[0].rstrip(".")
