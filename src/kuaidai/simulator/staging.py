"""A drop's folder appears whole or not at all: it is written aside and moved into place.

The work stands in `.<name>.writing` beside the folder, locked while a run lives. What a killed run left
there is removed by the next. A folder is a drop if it has the manifest `drop.json`, which is written last.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kuaidai.simulator.errors import BeingWritten, NotADrop

MANIFEST = "drop.json"
"""The file that makes a folder a drop, and its truth's folder a truth."""


@dataclass(frozen=True)
class Staging:
    """Where a run writes: the drop and, apart from it, the truth."""

    drop: Path
    truth: Path


def truth_of(folder: Path) -> Path:
    """The folder of a drop's truth."""
    return folder.with_name(f"{folder.name}-truth")


@contextmanager
def staged(folder: Path) -> Iterator[Staging]:
    """Folders to write to, which become `folder` and its truth when the block ends without an error.

    Raises `NotADrop` where either place holds something else than a former run's, before anything is
    written, and `BeingWritten`.
    """
    folder = folder.resolve()
    places = (folder, truth_of(folder))
    for place in places:
        _check(place)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _own(folder.with_name(f".{folder.name}.writing"), folder) as aside:
        staging = Staging(aside / "drop", aside / "truth")
        staging.drop.mkdir()
        staging.truth.mkdir()
        yield staging
        for place in places:
            _check(place)
            if place.exists():
                place.rename(aside / f"former-{place.name}")
        staging.truth.rename(places[1])
        staging.drop.rename(places[0])


def _check(place: Path) -> None:
    if not place.exists():
        return
    if not place.is_dir() or (any(place.iterdir()) and not (place / MANIFEST).is_file()):
        raise NotADrop(value=place)


@contextmanager
def _own(aside: Path, folder: Path) -> Iterator[Path]:
    """The folder `aside`, empty and locked; gone at the end."""
    aside.mkdir(exist_ok=True)
    handle = os.open(aside, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BeingWritten(value=folder) from None
        for left in aside.iterdir():
            shutil.rmtree(left)
        try:
            yield aside
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    finally:
        os.close(handle)
