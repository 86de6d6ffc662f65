"""The drop as a library: all rows about one firm and its owner, found by offset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset
import pyarrow.parquet as pq

from kuaidai.data.lake.contract import Dataset
from kuaidai.data.lake.datasets import DATASETS, PLATFORM_DATASETS
from kuaidai.simulator.errors import DropTooLarge
from kuaidai.simulator.sandbox.exchange import Problem

_SUBJECT_COLUMNS = ("subject", "person_id", "uscc")
"""The column that says whom a dataset's row is about: the first of these it has."""

MOST_FIRMS = 5_000
"""More are refused, since every row is kept in memory."""


@dataclass(frozen=True)
class Shelf:
    """One dataset's rows, grouped by subject; `places` gives each subject's first row and count."""

    contract: Dataset
    rows: pa.Table
    places: dict[str, tuple[int, int]]

    def about(self, subject: str, as_of: date) -> pa.Table:
        """The rows about `subject` that were known on `as_of`."""
        first, count = self.places.get(subject, (0, 0))
        rows = self.rows.slice(first, count)
        known = pc.less_equal(rows[self.contract.event_date], pa.scalar(as_of, pa.date32()))
        return rows.filter(known)


@dataclass(frozen=True)
class Owner:
    """Who stands behind a firm: the customer number, and the resident ID that proves it."""

    uscc: str
    person_id: str
    resident_id: str


class Archive:
    """Everything a drop knows, ready to answer queries about one subject at a time."""

    def __init__(self, drop: Path) -> None:
        names = {name for group in PLATFORM_DATASETS.values() for name in group}
        places = {name: place for name in names if (place := _place(drop, name)) is not None}
        missing = sorted(names - set(places))
        if missing:
            raise FileNotFoundError(
                f"{drop} is not a drop: it lacks {', '.join(missing)}; write one with `kuaidai simulate`"
            )
        firms = pyarrow.dataset.dataset(places["accounts"]).count_rows()
        if firms > MOST_FIRMS:
            raise DropTooLarge(value=drop, firms=firms, most=MOST_FIRMS)
        self._shelves = {name: _shelf(places[name], name) for name in sorted(names)}
        owners = self._shelves["owners"].rows.select(["uscc", "person_id", "resident_id"])
        self._owners: dict[tuple[str, str], Owner] = {
            (row["uscc"], row["resident_id"]): Owner(**row) for row in owners.to_pylist()
        }
        self._firms = set(self._shelves["enterprises"].places)
        self._opening = self._last_balances()

    @property
    def firms(self) -> int:
        """How many firms the drop knows."""
        return len(self._firms)

    def owner(self, uscc: str, resident_id: str) -> Owner:
        """The person with that resident ID behind that firm; raises `Problem` 404."""
        if uscc not in self._firms:
            raise Problem(404, "unknown-firm", "no firm has this social credit code")
        found = self._owners.get((uscc, resident_id))
        if found is None:
            raise Problem(404, "unknown-person", "no such person stands behind this firm")
        return found

    def report(self, platform: str, owner: Owner, as_of: date) -> dict[str, Any]:
        """The platform's report on a firm and its owner, as `report_schema` describes it."""
        datasets = {name: self._rows(name, owner, as_of) for name in PLATFORM_DATASETS[platform]}
        return {
            "platform": platform,
            "subject": {"uscc": owner.uscc, "person_id": owner.person_id},
            "as_of": as_of.isoformat(),
            "datasets": datasets,
        }

    def other_than(self, owner: Owner) -> Owner:
        """Somebody else, for a platform that lies."""
        return next(other for other in self._owners.values() if other.uscc != owner.uscc)

    def opening_balances(self) -> list[tuple[str, str, int]]:
        """Each account with its firm and its last end-of-day balance in cents."""
        return list(self._opening)

    def _last_balances(self) -> list[tuple[str, str, int]]:
        balances = self._shelves["daily_balances"].rows
        newest = balances.filter(pc.equal(balances["balance_on"], pc.max(balances["balance_on"])))
        last = {row["account_no"]: int(row["balance"] * 100) for row in newest.to_pylist()}
        accounts = self._shelves["accounts"].rows.to_pylist()
        return [
            (row["account_no"], row["uscc"], max(last.get(row["account_no"], 0), 0))
            for row in accounts
        ]

    def _rows(self, name: str, owner: Owner, as_of: date) -> list[dict[str, Any]]:
        shelf = self._shelves[name]
        column = _subject_column(shelf.contract)
        subjects = {
            "uscc": [owner.uscc],
            "person_id": [owner.person_id],
            "subject": [owner.uscc, owner.person_id],
        }[column]
        public = [column.name for column in shelf.contract.columns if not column.personal]
        return [
            row
            for subject in subjects
            for row in _as_rows(shelf.about(subject, as_of).select(public), as_of)
        ]


def _subject_column(contract: Dataset) -> str:
    if contract.name == "owners":
        return "uscc"
    names = {column.name for column in contract.columns}
    return next(name for name in _SUBJECT_COLUMNS if name in names)


def _place(drop: Path, name: str) -> Path | None:
    """A dataset's file, or the folder of its parts."""
    places = (drop / f"{name}.parquet", drop / name)
    return next((place for place in places if place.exists()), None)


def _shelf(place: Path, name: str) -> Shelf:
    contract = DATASETS[name]
    rows = pq.read_table(place).combine_chunks()
    column = _subject_column(contract)
    places, grouped = _places(rows[column])
    if not grouped:
        rows = rows.take(pc.sort_indices(rows[column]))
        places, _ = _places(rows[column])
    return Shelf(contract, rows, places)


def _places(key: pa.ChunkedArray) -> tuple[dict[str, tuple[int, int]], bool]:
    """Each subject's first row and count, and whether its rows do stand together."""
    if len(key) == 0:
        return {}, True
    changed = pc.not_equal(key[1:].combine_chunks(), key[:-1].combine_chunks())
    starts = np.concatenate([[0], np.flatnonzero(changed.to_numpy(zero_copy_only=False)) + 1])
    counts = np.diff(np.append(starts, len(key)))
    subjects = key.take(pa.array(starts)).to_pylist()
    places = {
        subject: (int(first), int(count))
        for subject, first, count in zip(subjects, starts, counts, strict=True)
    }
    return places, len(places) == len(subjects)


def _as_rows(rows: pa.Table, as_of: date) -> list[dict[str, Any]]:
    """Rows as a report carries them: personal columns left out, money and dates as text."""
    if rows.num_rows == 0:
        return []
    if "closed_on" in rows.column_names:
        place = rows.column_names.index("closed_on")
        still_open = pc.greater(rows["closed_on"], pa.scalar(as_of, pa.date32()))
        nothing = pa.scalar(None, pa.date32())
        rows = rows.set_column(
            place, "closed_on", pc.if_else(still_open, nothing, rows["closed_on"])
        )
    names, columns = [], []
    for field in rows.schema:
        column = rows[field.name]
        if pa.types.is_decimal(field.type) or pa.types.is_date(field.type):
            column = column.cast(pa.string())
        names.append(field.name)
        columns.append(column.to_pylist())
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
