"""Scorecards and their data in files, as the commands take them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pyarrow import ArrowInvalid
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from kuaidai.interfaces.cli.tables import FileNotUsable, read_table, require_file
from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.errors import OneCardOnly

if TYPE_CHECKING:
    from kuaidai.risk.scorecards.engine.rows import Rows
    from kuaidai.risk.scorecards.segments import SegmentedScorecard


def registered_label(path: Path) -> str | None:
    """NAME/VERSION of the register where `path` is no file and reads like one."""
    text = str(path)
    looks_like_one = re.fullmatch(r"[^/]+/[0-9]+", text) is not None
    return text if looks_like_one and not path.exists() else None


def read_any_card(path: Path) -> Scorecard | SegmentedScorecard:
    """The scorecard in the file `path`, segmented or not, or on the register as NAME/VERSION.

    Raises `FileNotUsable`, `BadArtefact`, `UnknownVersion`.
    """
    from kuaidai.risk.scorecards.segments.artefact import read_scorecard

    label = registered_label(path)
    if label is not None:
        from kuaidai.config import setup

        setup()
        from kuaidai.risk.policy.queries import scorecard_version

        return scorecard_version(label)
    require_file(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        raise FileNotUsable(value=path, why="it is not a text file") from error
    return read_scorecard(text, source=str(path))


def read_card(path: Path, *, what: str = "this command", segment: str = "") -> Scorecard:
    """The one scorecard in `path`, or that of a segment; raises as `read_any_card`, and `OneCardOnly`."""
    found = read_any_card(path)
    if isinstance(found, Scorecard):
        return found
    names = ", ".join(found.segmentation.names)
    if segment in found.segmentation.names:
        return found.card(segment)
    remedy = f"Name one of its segments with --segment: {names}."
    if what == "this command":
        remedy = f"Its segments: {names}."
    raise OneCardOnly(source=str(path), what=what, remedy=remedy)


def write_text(path: Path, text: str) -> None:
    """Write a text file; raises `FileNotUsable`."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise FileNotUsable(value=path, why=why) from error


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
        if file is not None and file.is_dir():
            raise FileNotUsable(value=file, why="it is a folder; name a file")


def table_console() -> Console:
    """Where tables go: as wide as the terminal, and wide enough for any of them in a file or a pipe."""
    console = Console()
    return console if console.is_terminal else Console(width=160)


@contextmanager
def counting(
    total: int, *, of: str = "rows", quiet: bool = False
) -> Iterator[Callable[[int], None]]:
    """A bar of rows (or what else is counted) done, on standard error where that is a terminal.

    `quiet` shows none.
    """
    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.completed:,.0f} {task.description}"))
    with _progress(*columns, quiet=quiet) as bar:
        task = bar.add_task(of, total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def working(first: str, *, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """What is being done, with the time it takes, on standard error where that is a terminal."""
    with _progress(SpinnerColumn(), TextColumn("{task.description}"), quiet=quiet) as bar:
        task = bar.add_task(first, total=None)
        yield lambda stage: bar.update(task, description=stage)


def _progress(*columns: ProgressColumn, quiet: bool) -> Progress:
    console = Console(stderr=True)
    return Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )
