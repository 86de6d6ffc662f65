"""The manifest: which runs the lake consists of, and what each of them holds and supersedes.

Every number a status needs stands in it, so that nothing has to be scanned; what is not named in it
is not part of the lake.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from kuaidai.data.lake.contract import BEGINNING
from kuaidai.data.lake.errors import LakeNotReadable
from kuaidai.data.lake.storage import Storage

VERSION = 2


@dataclass(frozen=True)
class MonthRows:
    """A run's rows of one month of event dates; `files` are relative to the run's folder."""

    month: date
    rows: int
    first: date
    last: date
    files: tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    """Rows of `run` in `month` whose version a run brought to an end on `until`.

    `rows` counts all of them, `current` those that were the current version until then. `first` and
    `last` are the event dates of what is left current of that run's month, None where nothing is.
    """

    run: int
    month: date
    until: date
    rows: int
    current: int
    first: date | None
    last: date | None


@dataclass(frozen=True)
class IngestRun:
    """One file's ingest. `sha256` is the file's digest, `mapping` the mapping's or "": a file whose last
    ingest was under the same mapping is skipped. `received_on` None marks a history load. `columns` are
    those of the contract at the time: optional ones that it gained since are missing in the run's rows."""

    number: int
    dataset: str
    file: str
    sha256: str
    mapping: str
    rows: int
    quarantined: int
    received_on: date | None
    folder: str
    columns: tuple[str, ...] = ()
    months: tuple[MonthRows, ...] = ()
    ended: tuple[Ended, ...] = ()

    @property
    def known_from(self) -> date:
        """The first day on which the run's rows were known; a history load's always were."""
        return self.received_on or BEGINNING

    @property
    def content(self) -> tuple[str, str]:
        """What was ingested, whatever mapping made of it."""
        return self.dataset, self.sha256


@dataclass(frozen=True)
class Manifest:
    """Every run, oldest first."""

    runs: tuple[IngestRun, ...] = ()

    def of(self, dataset: str) -> tuple[IngestRun, ...]:
        """The runs of one dataset, oldest first."""
        return tuple(run for run in self.runs if run.dataset == dataset)

    def grown(self, runs: Iterable[IngestRun]) -> Manifest:
        """This manifest with more runs."""
        return replace(self, runs=(*self.runs, *runs))

    @property
    def next_number(self) -> int:
        """The number of the next run."""
        return self.runs[-1].number + 1 if self.runs else 1


def dump(manifest: Manifest) -> bytes:
    """A manifest as JSON, a run a line."""
    rows = ",\n".join(
        json.dumps(asdict(run), ensure_ascii=False, default=str) for run in manifest.runs
    )
    return f'{{"version": {VERSION}, "runs": [\n{rows}\n]}}\n'.encode()


def read(storage: Storage) -> Manifest:
    """A lake's manifest, empty before the first ingest. Raises `LakeNotReadable`, `LakeNotReachable`."""
    content = storage.manifest()
    return Manifest() if content is None else parse(content, storage.base)


def parse(text: bytes, place: str) -> Manifest:
    """The manifest in `text`. Raises `LakeNotReadable` for another version and for damage."""
    try:
        raw = json.loads(text)
        version = raw["version"]
        if version != VERSION:
            raise LakeNotReadable(value=place, why=_other_version(version))
        return Manifest(tuple(map(_run, raw["runs"])))
    except (ValueError, KeyError, TypeError) as error:
        why = f"its manifest is damaged ({error}); restore manifest.json from a backup"
        raise LakeNotReadable(value=place, why=why) from None


def _other_version(version: Any) -> str:
    kind = "an earlier" if version == 1 else "another"
    return (
        f"it was written by {kind} version of kuaidai (manifest {version}, this one reads {VERSION}); "
        "ingest the delivered files again into an empty lake"
    )


def _run(raw: dict[str, Any]) -> IngestRun:
    received = raw["received_on"]
    return IngestRun(
        **{
            **raw,
            "received_on": date.fromisoformat(received) if received else None,
            "columns": tuple(raw["columns"]),
            "months": tuple(map(_month, raw["months"])),
            "ended": tuple(map(_ended, raw["ended"])),
        }
    )


def _month(raw: dict[str, Any]) -> MonthRows:
    days = {name: date.fromisoformat(raw[name]) for name in ("month", "first", "last")}
    return MonthRows(**{**raw, **days, "files": tuple(raw["files"])})


def _ended(raw: dict[str, Any]) -> Ended:
    days = {
        name: date.fromisoformat(raw[name]) if raw[name] else None
        for name in ("month", "until", "first", "last")
    }
    return Ended(**{**raw, **days})
