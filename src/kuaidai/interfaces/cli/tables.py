"""Tables in files, as commands read and write them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from kuaidai.kernel.errors import Refusal


class FileNotUsable(Refusal):
    """A file to read is not there, is of another kind, or cannot be written."""

    code = "FILE_NOT_USABLE"
    en = "{value} cannot be used: {why}."
    zh = "无法使用 {value}：{why}。"


def require_file(path: Path) -> None:
    """Raise `FileNotUsable` where `path` is no file to read."""
    if path.is_dir():
        raise FileNotUsable(value=path, why="it is a folder; name a file")
    if not path.is_file():
        raise FileNotUsable(value=path, why="there is no such file")


def read_table(path: Path) -> pa.Table:
    """A Parquet or CSV file as a table; raises `FileNotUsable`."""
    require_file(path)
    try:
        if path.suffix == ".parquet":
            return pq.read_table(path)
        if path.suffix == ".csv":
            return pacsv.read_csv(path)
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise FileNotUsable(value=path, why=reason) from error
    raise FileNotUsable(value=path, why="its name ends neither in .parquet nor in .csv")


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet or CSV; raises `FileNotUsable`."""
    if not path.parent.is_dir():
        raise FileNotUsable(value=path, why="its folder does not exist; create it first")
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".csv":
        pacsv.write_csv(table, path)
    else:
        raise FileNotUsable(value=path, why="its name ends neither in .parquet nor in .csv")
