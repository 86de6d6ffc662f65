"""Scorecards and their data in files, as the commands take them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pyarrow import ArrowInvalid
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kuaidai.interfaces.cli.tables import FileNotUsable, read_table
from kuaidai.risk.scorecards.card import Scorecard

if TYPE_CHECKING:
    from kuaidai.risk.scorecards.engine.rows import Rows


def registered_label(path: Path) -> str | None:
    """NAME/VERSION of the register where `path` is no file and reads like one."""
    text = str(path)
    looks_like_one = re.fullmatch(r"[^/]+/[0-9]+", text) is not None
    return text if looks_like_one and not path.exists() else None


def read_card(path: Path) -> Scorecard:
    """The scorecard in the file `path`, or on the register as NAME/VERSION.

    Raises `FileNotUsable`, `BadArtefact`, `UnknownVersion`.
    """
    label = registered_label(path)
    if label is not None:
        from kuaidai.config import setup

        setup()
        from kuaidai.risk.policy.queries import scorecard_version

        return scorecard_version(label)
    if not path.is_file():
        raise FileNotUsable(value=path, why="there is no such file")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileNotUsable(value=path, why="it is not a text file") from error
    return Scorecard.from_json(text, source=str(path))


def open_data(path: Path) -> Rows:
    """Rows of a Parquet file, of a folder of them, or of a CSV file; raises `FileNotUsable`."""
    from kuaidai.risk.scorecards.engine.rows import open_rows

    if not path.exists():
        raise FileNotUsable(value=path, why="there is no such file or folder")
    if path.suffix == ".csv":
        return open_rows(read_table(path))
    try:
        return open_rows(path)
    except (ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise FileNotUsable(value=path, why=reason) from error


def require_folders(*files: Path | None) -> None:
    """Raise `FileNotUsable` where the folder of a file to write is not there."""
    for file in files:
        if file is not None and not file.parent.is_dir():
            raise FileNotUsable(value=file, why="its folder does not exist; create it first")


@contextmanager
def counting(total: int, *, of: str = "rows") -> Iterator[Callable[[int], None]]:
    """A bar of rows (or what else is counted) done, on standard error."""
    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.completed:,.0f} {task.description}"))
    with Progress(
        *columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task(of, total=total)
        yield lambda done: bar.update(task, completed=done)
