"""The SQL with which DuckDB reads a listing: current rows, rows as known on a day, all versions.

A version ends where a superseded list says so. Lists are small and are joined only to the files that
they touch; the data themselves are never sorted or windowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import duckdb

from kuaidai.data.lake.contract import END, KNOWN_FROM, KNOWN_UNTIL
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
    parts = _wanted(listing, reading)
    if not parts:
        return _nothing(listing, reading)
    plain = [part for part in parts if not part.touched]
    touched = [part for part in parts if part.touched]
    queries = []
    if plain:
        queries.append(_untouched(listing, reading, plain))
    if touched:
        queries.append(_touched(listing, reading, touched))
    return " UNION ALL ".join(queries)


def _wanted(listing: Listing, reading: Reading) -> list[FilePart]:
    if reading.as_of is not None:
        return list(known_on(listing, reading.as_of).parts)
    if reading.versions:
        return [part for part in listing.parts if part.ever_known]
    return [part for part in listing.parts if part.current]


def _nothing(listing: Listing, reading: Reading) -> str:
    columns = [
        f"CAST(NULL AS {SQL_TYPE[column.type]}) AS {quoted_name(column.name)}"
        for column in listing.contract.columns
    ]
    if reading.versions:
        columns += [f"CAST(NULL AS DATE) AS {KNOWN_FROM}", f"CAST(NULL AS DATE) AS {KNOWN_UNTIL}"]
    return f"SELECT {', '.join(columns)} WHERE false"


def _columns(listing: Listing) -> str:
    return ", ".join(f"d.{quoted_name(column.name)}" for column in listing.contract.columns)


def _untouched(listing: Listing, reading: Reading, parts: list[FilePart]) -> str:
    versions = f", d.{KNOWN_FROM}, {sql_day(END)} AS {KNOWN_UNTIL}" if reading.versions else ""
    where = _dated(listing, reading)
    return (
        f"SELECT {_columns(listing)}{versions} FROM {_files(parts)} d"
        f"{' WHERE ' + where if where else ''}"
    )


def _touched(listing: Listing, reading: Reading, parts: list[FilePart]) -> str:
    lists = ended_select(listing, parts)
    join = " AND ".join(
        f"d.{name} = e.{name}" for name in (*map(quoted_name, listing.contract.key), RUN)
    )
    if reading == CURRENT:
        return f"SELECT {_columns(listing)} FROM {_files(parts)} d ANTI JOIN ({lists}) e ON {join}"
    until = f"coalesce(e.{KNOWN_UNTIL}, {sql_day(END)})"
    versions = f", d.{KNOWN_FROM}, {until} AS {KNOWN_UNTIL}" if reading.versions else ""
    tests = [f"{until} > d.{KNOWN_FROM}"]
    if reading.as_of is not None:
        tests = [f"{until} > {sql_day(reading.as_of)}", _dated(listing, reading)]
    return (
        f"SELECT {_columns(listing)}{versions} FROM {_files(parts)} d "
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
    lists = ended_select(listing, listing.parts)
    contract = listing.contract
    join = " AND ".join(f"d.{name} = e.{name}" for name in (*map(quoted_name, contract.key), RUN))
    wanted = " AND ".join(
        f"d.{quoted_name(name)} = CAST(? AS {SQL_TYPE[contract.column(name).type]})"
        for name in contract.key
    )
    return (
        f"SELECT {_columns(listing)}, d.{RUN}, d.{KNOWN_FROM}, "
        f"coalesce(e.{KNOWN_UNTIL}, {sql_day(END)}) AS {KNOWN_UNTIL} "
        f"FROM {_files(listing.parts)} d LEFT JOIN ({lists}) e ON {join} "
        f"WHERE {wanted} ORDER BY d.{RUN}"
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
