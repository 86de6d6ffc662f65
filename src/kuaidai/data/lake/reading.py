"""The SQL with which DuckDB reads a listing: current rows, rows as known on a day, all versions.

A version ends where a superseded list says so. Lists are small and are joined only to the files that
they touch; the data themselves are never sorted or windowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import duckdb

from kuaidai.data.lake.contract import END, KNOWN_FROM, KNOWN_UNTIL, Column
from kuaidai.data.lake.listing import MONTH, RUN, FilePart, Listing, known_on
from kuaidai.data.lake.statements import SQL_TYPE, quoted_name


@dataclass(frozen=True)
class Reading:
    """Which rows to read: the current ones, those known on `as_of`, or all `versions` ever known."""

    as_of: date | None = None
    versions: bool = False


CURRENT = Reading()


def keep_quiet(db: duckdb.DuckDBPyConnection) -> None:
    """Turn off DuckDB's own progress bar: it would write into the answer of a command."""
    db.execute("SET enable_progress_bar = false")


def select(listing: Listing, reading: Reading = CURRENT) -> str:
    """SQL of the rows of a listing; with both version columns where all versions are read."""
    parts = wanted_parts(listing, reading)
    if not parts:
        return _nothing(listing, reading)
    alike: dict[tuple[bool, tuple[str, ...]], list[FilePart]] = {}
    for part in parts:
        alike.setdefault((part.touched, part.columns), []).append(part)
    return " UNION ALL ".join(
        _touched(listing, reading, alike[kind])
        if kind[0]
        else _untouched(listing, reading, alike[kind])
        for kind in sorted(alike)
    )


def wanted_parts(listing: Listing, reading: Reading) -> list[FilePart]:
    """The parts that can hold rows of a reading."""
    if reading.as_of is not None:
        return list(known_on(listing, reading.as_of).parts)
    if reading.versions:
        return [part for part in listing.parts if part.ever_known]
    return [part for part in listing.parts if part.current]


def _nothing(listing: Listing, reading: Reading) -> str:
    columns = [_missing(column) for column in listing.contract.columns]
    if reading.versions:
        columns += [f"CAST(NULL AS DATE) AS {KNOWN_FROM}", f"CAST(NULL AS DATE) AS {KNOWN_UNTIL}"]
    return f"SELECT {', '.join(columns)} WHERE false"


def _columns(listing: Listing, parts: list[FilePart]) -> str:
    """The contract's columns of parts that hold the same ones."""
    held = set(parts[0].columns)
    return ", ".join(
        f"d.{quoted_name(column.name)}" if column.name in held else _missing(column)
        for column in listing.contract.columns
    )


def _missing(column: Column) -> str:
    return f"CAST(NULL AS {SQL_TYPE[column.type]}) AS {quoted_name(column.name)}"


def _untouched(listing: Listing, reading: Reading, parts: list[FilePart]) -> str:
    versions = f", d.{KNOWN_FROM}, {sql_day(END)} AS {KNOWN_UNTIL}" if reading.versions else ""
    where = _dated(listing, reading)
    return (
        f"SELECT {_columns(listing, parts)}{versions} FROM {_files(parts)} d"
        f"{' WHERE ' + where if where else ''}"
    )


def _touched(listing: Listing, reading: Reading, parts: list[FilePart]) -> str:
    lists = ended_select(listing, parts)
    join = " AND ".join(
        f"d.{name} = e.{name}" for name in (*map(quoted_name, listing.contract.key), RUN)
    )
    if reading == CURRENT:
        return f"SELECT {_columns(listing, parts)} FROM {_files(parts)} d ANTI JOIN ({lists}) e ON {join}"
    until = f"coalesce(e.{KNOWN_UNTIL}, {sql_day(END)})"
    versions = f", d.{KNOWN_FROM}, {until} AS {KNOWN_UNTIL}" if reading.versions else ""
    tests = [f"{until} > d.{KNOWN_FROM}"]
    if reading.as_of is not None:
        tests = [f"{until} > {sql_day(reading.as_of)}", _dated(listing, reading)]
    return (
        f"SELECT {_columns(listing, parts)}{versions} FROM {_files(parts)} d "
        f"LEFT JOIN ({lists}) e ON {join} WHERE {' AND '.join(tests)}"
    )


def ended_select(listing: Listing, parts: Iterable[FilePart]) -> str:
    """SQL of the superseded rows in `parts`: key, run and the first day they were no longer known."""
    months = {part.month for part in parts}
    files = [found.file for found in listing.lists if found.months & months]
    keys = ", ".join((*map(quoted_name, listing.contract.key), RUN))
    if not files:
        return f"SELECT {keys}, {KNOWN_FROM} AS {KNOWN_UNTIL} FROM {_files(parts)} WHERE false"
    wanted = ", ".join(sql_day(month) for month in sorted(months))
    return (
        f"SELECT {keys}, min({KNOWN_UNTIL}) AS {KNOWN_UNTIL} FROM {parquet(files)} "
        f"WHERE {MONTH} IN ({wanted}) GROUP BY {keys}"
    )


def every_version(listing: Listing, key: tuple[str, ...]) -> tuple[str, list[str]]:
    """SQL and parameters of all versions of one row, those included that were never in force."""
    if not listing.parts:
        return f"SELECT *, 0 AS {RUN} FROM ({_nothing(listing, Reading(versions=True))})", []
    contract = listing.contract
    join = ", ".join((*map(quoted_name, contract.key), RUN))
    wanted = " AND ".join(
        f"{quoted_name(name)} = CAST(? AS {SQL_TYPE[contract.column(name).type]})"
        for name in contract.key
    )
    alike: dict[tuple[str, ...], list[FilePart]] = {}
    for part in listing.parts:
        alike.setdefault(part.columns, []).append(part)
    rows = " UNION ALL ".join(
        f"SELECT {_columns(listing, parts)}, d.{RUN}, d.{KNOWN_FROM} FROM {_files(parts)} d"
        for parts in alike.values()
    )
    lists = ended_select(listing, listing.parts)
    return (
        f"SELECT d.*, coalesce(e.{KNOWN_UNTIL}, {sql_day(END)}) AS {KNOWN_UNTIL} "
        f"FROM (SELECT * FROM ({rows}) WHERE {wanted}) d "
        f"LEFT JOIN ({lists}) e USING ({join}) ORDER BY {RUN}"
    ), list(key)


def _dated(listing: Listing, reading: Reading) -> str:
    """A row is known no earlier than on its own event date and on the day its run was received."""
    if reading.as_of is None:
        return ""
    day = sql_day(reading.as_of)
    return f"d.{quoted_name(listing.contract.event_date)} <= {day} AND d.{KNOWN_FROM} <= {day}"


def _files(parts: Iterable[FilePart]) -> str:
    return parquet([file for part in parts for file in part.files])


def parquet(files: Iterable[str]) -> str:
    """A table function over files; a path is never taken for a pattern."""
    names = ", ".join(f"'{sql_pattern(file)}'" for file in files)
    return f"read_parquet([{names}], hive_partitioning = false)"


def sql_text(text: str) -> str:
    """A text inside an SQL string."""
    return text.replace("'", "''")


def sql_pattern(path: str) -> str:
    """A path inside an SQL string where DuckDB expects a pattern of files."""
    return sql_text("".join(f"[{sign}]" if sign in "*?[" else sign for sign in path))


def sql_day(day: date) -> str:
    """A day inside SQL."""
    return f"DATE '{day.isoformat()}'"
