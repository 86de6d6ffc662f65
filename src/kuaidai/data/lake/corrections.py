"""Which earlier rows a run supersedes: a streaming join over key columns only, kept as a small list.

Of two deliveries of one key the later received counts, from the day it was received; of two received
on one day the later run's. A history load supersedes everything before it for all time. A file that
is ingested again under a corrected mapping supersedes every row it gave before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from kuaidai.data.lake.contract import END, KNOWN_FROM, KNOWN_UNTIL
from kuaidai.data.lake.listing import (
    MONTH,
    RUN,
    SUPERSEDED_FILE,
    Extent,
    FilePart,
    Listing,
    extents,
)
from kuaidai.data.lake.manifest import Ended, IngestRun
from kuaidai.data.lake.reading import ended_select, parquet, sql_day, sql_text
from kuaidai.data.lake.statements import key_columns, quoted_name


@dataclass(frozen=True)
class _Question:
    """A staged run, and the earlier files that may hold versions of its rows."""

    run: IngestRun
    staged: Path
    before: Listing
    same_key: list[FilePart]
    replaced: list[FilePart]

    @property
    def keys(self) -> str:
        return key_columns(self.before.contract)


def find_superseded(
    db: duckdb.DuckDBPyConnection,
    run: IngestRun,
    staged: Path,
    before: Listing,
    known: Iterable[IngestRun],
) -> tuple[Ended, ...]:
    """Write the list of rows that `run` (staged) brings to an end; what it holds, by run and month.

    `before` lists the files of `known`, the earlier runs of the dataset.
    """
    known = tuple(known)
    ask = _question(run, staged, before, known)
    if not ask.same_key and not ask.replaced:
        return ()
    db.execute(f"CREATE TEMP TABLE ended AS {_ended(ask)}")
    try:
        found = db.execute(
            f"SELECT {RUN}, {MONTH}, {KNOWN_UNTIL}, count(*), "
            f"count(*) FILTER (_was = {sql_day(END)}), min(_day), max(_day) "
            "FROM ended GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        if not found:
            return ()
        path = sql_text(str(staged / SUPERSEDED_FILE))
        columns = f"{ask.keys}, {RUN}, {MONTH}, {KNOWN_UNTIL}"
        db.execute(f"COPY (SELECT {columns} FROM ended) TO '{path}' (FORMAT parquet)")
        touched = {(row[0], row[1]): (row[5], row[6]) for row in found}
        left = _left(db, ask, touched, extents((*known, run)))
        return tuple(
            Ended(number, month, until, rows, current, *left[number, month])
            for number, month, until, rows, current, _, _ in found
        )
    finally:
        db.execute("DROP TABLE IF EXISTS ended")


def _question(
    run: IngestRun, staged: Path, before: Listing, known: tuple[IngestRun, ...]
) -> _Question:
    """Where the event date is part of the key, only files of the run's own months are asked."""
    again = {old.number for old in known if old.sha256 == run.sha256}
    months = {month.month for month in run.months}
    dated = before.contract.event_date in before.contract.key
    parts = [part for part in before.parts if part.ever_known]
    same_key = [
        part
        for part in parts
        if part.run not in again and months and (not dated or part.month in months)
    ]
    return _Question(run, staged, before, same_key, [part for part in parts if part.run in again])


def _ended(ask: _Question) -> str:
    """SQL of what ends: key, run, month, first day no longer known, event date, and until when the row
    was to be known before."""
    received = sql_day(ask.run.known_from)
    queries = []
    if ask.same_key:
        earlier = f"{KNOWN_FROM} <= {received}" if ask.run.received_on else "true"
        queries.append(
            f"SELECT {ask.keys}, {RUN}, {_month_of('_day')}, {received} AS {KNOWN_UNTIL}, _day, _was "
            f"FROM matches WHERE {earlier} AND _was > {received}"
        )
        if ask.run.received_on:  # a delivery that came in late ends where a later one begins
            queries.append(
                f"SELECT {ask.keys}, {ask.run.number}, {_month_of('any_value(_new_day)')}, "
                f"min({KNOWN_FROM}), any_value(_new_day), {sql_day(END)} "
                f"FROM matches WHERE {KNOWN_FROM} > {received} GROUP BY {ask.keys}"
            )
    if ask.replaced:
        queries.append(
            f"SELECT {ask.keys}, {RUN}, {_month_of('_day')}, {received} AS {KNOWN_UNTIL}, _day, _was "
            f"FROM ({_versions(ask.before, ask.replaced)}) WHERE _was > {received}"
        )
    union = " UNION ALL ".join(queries)
    if not ask.same_key:
        return union
    new = _slim(ask.before, [str(ask.staged / file) for file in _files(ask.run)])
    return (
        f"WITH matches AS MATERIALIZED (SELECT o.*, n._day AS _new_day "
        f"FROM ({_versions(ask.before, ask.same_key)}) o JOIN ({new}) n USING ({ask.keys})) {union}"
    )


def _month_of(day: str) -> str:
    return f"CAST(date_trunc('month', {day}) AS DATE) AS {MONTH}"


def _files(run: IngestRun) -> list[str]:
    return [file for month in run.months for file in month.files]


def _slim(before: Listing, files: Iterable[str]) -> str:
    day = quoted_name(before.contract.event_date)
    keys = key_columns(before.contract)
    return f"SELECT {keys}, {RUN}, {KNOWN_FROM}, {day} AS _day FROM {parquet(files)}"


def _versions(before: Listing, parts: list[FilePart]) -> str:
    """SQL of the versions in `parts` that were ever known: key, run, event date, known from and `_was`
    (until when)."""
    keys = key_columns(before.contract)
    rows = _slim(before, [file for part in parts for file in part.files])
    until = f"coalesce({KNOWN_UNTIL}, {sql_day(END)})"
    return (
        f"SELECT {keys}, {RUN}, {KNOWN_FROM}, _day, {until} AS _was FROM ({rows}) "
        f"LEFT JOIN ({ended_select(before, parts)}) USING ({keys}, {RUN}) "
        f"WHERE {until} > {KNOWN_FROM}"
    )


def _left(
    db: duckdb.DuckDBPyConnection,
    ask: _Question,
    touched: dict[tuple[int, date], tuple[date, date]],
    before: dict[tuple[int, date], Extent],
) -> dict[tuple[int, date], Extent]:
    """The first and last event date of what is left current in every touched part."""
    out: dict[tuple[int, date], Extent] = {}
    asked = []
    for place, (low, high) in touched.items():
        first, last = before[place]
        if first is None or last is None or (low > first and high < last):
            out[place] = before[place]
        else:
            out[place] = (None, None)
            asked.append(place)
    if not asked:
        return out
    parts = [part for part in ask.before.parts if (part.run, part.month) in asked]
    files = [file for part in parts for file in part.files]
    files += [
        str(ask.staged / file)
        for month in ask.run.months
        if (ask.run.number, month.month) in asked
        for file in month.files
    ]
    gone = f"SELECT {ask.keys}, {RUN} FROM ended"
    if parts:
        lists = ended_select(ask.before, parts)
        gone += f" UNION ALL SELECT {ask.keys}, {RUN} FROM ({lists})"
    rows = db.execute(
        f"SELECT {RUN}, {_month_of('_day')}, min(_day), max(_day) "
        f"FROM ({_slim(ask.before, files)}) ANTI JOIN ({gone}) USING ({ask.keys}, {RUN}) "
        f"GROUP BY {RUN}, {MONTH}"
    ).fetchall()
    return out | {(number, month): (first, last) for number, month, first, last in rows}
