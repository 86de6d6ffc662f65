"""Which files make up a dataset, as plain data: any engine reads the lake by it.

A dataset is a list of parts (one run's rows of one month), each with the day from which it was known,
and a few lists of superseded rows: key, number of the superseded run, the day it ended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from kuaidai.data.lake.contract import Dataset
from kuaidai.data.lake.manifest import Ended, IngestRun
from kuaidai.kernel.calendars import add_months
from kuaidai.kernel.canonical import canonical_json, sha256_hex

RUN = "_run"
"""The column of every data file and list that holds a run's number."""
MONTH = "_month"
"""The column of superseded lists that holds the month of the superseded row."""
SUPERSEDED_FILE = "superseded.parquet"


@dataclass(frozen=True)
class FilePart:
    """A run's rows of one month. `current` of its `rows` are the current versions; `ever_known` were the
    version in force on some day. `touched`: a superseded list names rows of it. `columns`: those of the
    contract that its files hold; what the contract gained since is missing in its rows."""

    month: date
    run: int
    known_from: date
    rows: int
    current: int
    ever_known: int
    touched: bool
    columns: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True)
class SupersededList:
    """A Parquet file of superseded rows, and the months in which these rows lie."""

    file: str
    months: frozenset[date]


@dataclass(frozen=True)
class Listing:
    """The files of a dataset, or of some of its months."""

    contract: Dataset
    parts: tuple[FilePart, ...]
    lists: tuple[SupersededList, ...]

    def of_month(self, month: date) -> Listing:
        """Only the files of one month."""
        parts = tuple(part for part in self.parts if part.month == month)
        lists = tuple(found for found in self.lists if month in found.months)
        return Listing(self.contract, parts, lists)


@dataclass(frozen=True)
class MonthPart:
    """A month of a dataset. `rows` is what a query of the month gives. The `fingerprint` changes with the
    month's rows and their versions, and with nothing else. `versioned`: some row became known, or was
    superseded, after the first day of the following month; a query then carries the version columns."""

    month: date
    rows: int
    fingerprint: str
    versioned: bool


def list_files(
    contract: Dataset, runs: Iterable[IngestRun], place: Callable[[IngestRun], str]
) -> Listing:
    """The files of a dataset's runs; `place` says where a run's folder is."""
    runs = tuple(runs)
    ended = _ended_by_part(runs)
    parts = tuple(
        FilePart(
            month=month.month,
            run=run.number,
            known_from=run.known_from,
            rows=month.rows,
            current=month.rows - sum(end.current for end in ended[run.number, month.month]),
            ever_known=month.rows - _never_known(run, ended[run.number, month.month]),
            touched=bool(ended[run.number, month.month]),
            columns=run.columns,
            files=tuple(f"{place(run)}/{file}" for file in month.files),
        )
        for run in runs
        for month in run.months
    )
    lists = tuple(
        SupersededList(f"{place(run)}/{SUPERSEDED_FILE}", frozenset(end.month for end in run.ended))
        for run in runs
        if run.ended
    )
    return Listing(contract, parts, lists)


def folder_of(run: IngestRun) -> str:
    """A run's folder, relative to the lake."""
    return run.folder


def _ended_by_part(runs: Iterable[IngestRun]) -> dict[tuple[int, date], list[Ended]]:
    found: dict[tuple[int, date], list[Ended]] = defaultdict(list)
    for run in runs:
        for end in run.ended:
            found[end.run, end.month].append(end)
    return found


def _never_known(run: IngestRun, ended: list[Ended]) -> int:
    """How many of a run's rows ended no later than they began; each ends so at most once."""
    return sum(end.rows for end in ended if end.until <= run.known_from)


Extent = tuple[date, date] | tuple[None, None]
"""The first and last event date of some rows, Nones where there are no rows."""


def extents(runs: Iterable[IngestRun]) -> dict[tuple[int, date], Extent]:
    """The extent of the current rows of every run and month, from the manifest alone."""
    runs = tuple(runs)
    out: dict[tuple[int, date], Extent] = {
        (run.number, month.month): (month.first, month.last) for run in runs for month in run.months
    }
    for run in runs:
        for end in run.ended:
            left = (end.first, end.last) if end.first and end.last else (None, None)
            out[end.run, end.month] = left
    return out


def month_parts(contract: Dataset, runs: Iterable[IngestRun]) -> tuple[MonthPart, ...]:
    """The months of a dataset in which some row was ever known, in order of time."""
    runs = tuple(runs)
    ended = _ended_by_part(runs)
    by_month: dict[date, list[FilePart]] = defaultdict(list)
    for part in list_files(contract, runs, folder_of).parts:
        if part.ever_known:
            by_month[part.month].append(part)
    out = []
    for month in sorted(by_month):
        parts = by_month[month]
        ends = {part.run: ended[part.run, month] for part in parts}
        versioned = _is_versioned(month, parts, ends)
        rows = sum(part.ever_known if versioned else part.current for part in parts)
        if rows:
            out.append(MonthPart(month, rows, _fingerprint(contract, runs, parts, ends), versioned))
    return tuple(out)


def _is_versioned(month: date, parts: list[FilePart], ends: dict[int, list[Ended]]) -> bool:
    closed = add_months(month, 1)
    return any(
        part.known_from > closed or any(end.until > closed for end in ends[part.run])
        for part in parts
    )


def _fingerprint(
    contract: Dataset,
    runs: tuple[IngestRun, ...],
    parts: list[FilePart],
    ends: dict[int, list[Ended]],
) -> str:
    """Over the content of the runs that hold the month, and of those that ended rows of it."""
    content = {run.number: [run.sha256, run.mapping, run.known_from.isoformat()] for run in runs}
    held = [
        [
            content[part.run],
            part.rows,
            [[end.until.isoformat(), end.rows] for end in ends[part.run]],
        ]
        for part in parts
    ]
    touching = [
        content[run.number]
        for run in runs
        if any(end.run in ends and end in ends[end.run] for end in run.ended)
    ]
    schema = [[column.name, column.type.value] for column in contract.columns]
    return sha256_hex(canonical_json([schema, held, touching]))


def known_on(listing: Listing, day: date) -> Listing:
    """Only the files that can hold rows known on `day`."""
    parts = tuple(
        part
        for part in listing.parts
        if part.known_from <= day and part.month <= day and part.ever_known
    )
    return Listing(listing.contract, parts, listing.lists)
