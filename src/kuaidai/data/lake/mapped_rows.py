"""A foreign file's rows under a mapping: looked up, filtered, derived, ordered, kept, filled, numbered.

The steps follow each other in that order. Each is a view over the one before; what must be sorted is
written aside once, and nothing holds the whole file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from kuaidai.data.lake.contract import Dataset
from kuaidai.data.lake.errors import MappingWrong, WrongColumns
from kuaidai.data.lake.mapping import ORDER, BookingOrder, FillDays, Keep, LookUp, Mapping
from kuaidai.data.lake.reading import parquet, sql_text
from kuaidai.data.lake.recipe_sql import came, made, test_of, text_of
from kuaidai.data.lake.recipes import Recipe, hundredths
from kuaidai.data.lake.running_balances import Booking, booking_order
from kuaidai.data.lake.statements import quoted_name
from kuaidai.data.lake.texts import write_texts

FOREIGN = "foreign_rows"
"""The view that `raw` stands on once values are made."""
_CENTS = "CAST(round(TRY_CAST({} AS DECIMAL(18, 4)) * 100) AS BIGINT)"
_BATCH = 100_000
_ORDERS = pa.schema([("_at", pa.int64()), (ORDER, pa.int64())])


def lookup_files(mapping: Mapping, file: Path) -> tuple[Path, ...]:
    """The look-up files of a mapping, which lie beside the file. Raises `MappingWrong`."""
    found = []
    for name, wanted in mapping.lookups.items():
        path = file.parent / wanted.file
        if Path(wanted.file).name != wanted.file or not path.is_file():
            why = f"lookups.{name} needs the file {wanted.file} beside {file.name}"
            raise MappingWrong(value=mapping.dataset, why=why)
        found.append(path)
    return tuple(found)


def map_rows(
    db: duckdb.DuckDBPyConnection, mapping: Mapping, contract: Dataset, file: Path, target: Path
) -> tuple[dict[str, str], dict[str, str]]:
    """Turn the view `raw` of a file into rows with the contract's values.

    Gives the names of the columns that hold each contract column's value, and what came of it where it
    was made. Raises `WrongColumns`, `MappingWrong`.
    """
    there = _kinds(db)
    joined = _join_lookups(db, mapping, file, target)
    _require_sources(mapping, contract, file, {*there, *joined})
    _narrow(db, mapping, target)
    if mapping.booking_order is not None:
        _order_bookings(db, mapping.booking_order, target)
    if mapping.keep is not None:
        _keep(db, mapping.keep, target)
    if mapping.fill_days is not None:
        _fill_days(db, mapping.fill_days, mapping.end_column, target)
    if mapping.line_numbers:
        _number_lines(db, mapping, target)
    return _make_columns(db, mapping, contract)


def _kinds(db: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return {row[0]: row[1] for row in db.execute("DESCRIBE raw").fetchall() if row[0] != "_row"}


def _write(db: duckdb.DuckDBPyConnection, query: str, target: Path, step: str) -> None:
    """Write a step's rows aside and make them the view `raw`."""
    path = target / f"{step}.incoming"
    db.execute(f"COPY ({query}) TO '{sql_text(str(path))}' (FORMAT parquet)")
    _replace_raw(db, f"SELECT * FROM {parquet([str(path)])}")


def _replace_raw(db: duckdb.DuckDBPyConnection, query: str) -> None:
    db.execute("DROP VIEW raw")
    db.execute(f"CREATE VIEW raw AS {query}")


def _join_lookups(
    db: duckdb.DuckDBPyConnection, mapping: Mapping, file: Path, target: Path
) -> set[str]:
    """Join each look-up's columns to `raw`, named `<look-up>.<column>`; their names."""
    names: set[str] = set()
    paths = lookup_files(mapping, file)
    for (name, wanted), path in zip(mapping.lookups.items(), paths, strict=True):
        missing = sorted(set(wanted.on) - set(_kinds(db)) - names)
        if missing:
            raise MappingWrong(
                value=mapping.dataset,
                why=f"lookups.{name}: {file.name} has no column {', '.join(missing)}",
            )
        found = _looked_up(db, name, wanted, path, target)
        on = " AND ".join(
            f"{text_of(here)} = {text_of(f'{name}.{other}')}" for here, other in wanted.on.items()
        )
        _write(db, f"SELECT * FROM raw LEFT JOIN ({found}) ON {on}", target, f"with-{name}")
        names |= set(_kinds(db)) - names
    return names


def _looked_up(
    db: duckdb.DuckDBPyConnection, name: str, wanted: LookUp, path: Path, target: Path
) -> str:
    """SQL of a look-up's rows. Raises `MappingWrong` where a column is missing or a key repeats."""
    source = path
    if path.suffix.lower() == ".csv":
        source = target / f"look-up-{name}.incoming"
        write_texts(path, source)
    table = parquet([str(source)])
    columns = [row[0] for row in db.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()]
    used = {condition.column for condition in wanted.where} | set(wanted.on.values())
    missing = sorted(used - set(columns))
    if missing:
        why = f"lookups.{name}: {path.name} has no column {', '.join(missing)}"
        raise MappingWrong(value=name, why=why)
    tests = " AND ".join(map(test_of, wanted.where)) or "true"
    keys = ", ".join(map(text_of, wanted.on.values()))
    if db.execute(
        f"SELECT 1 FROM {table} WHERE {tests} GROUP BY {keys} HAVING count(*) > 1 LIMIT 1"
    ).fetchall():
        several = f"{path.name} has several rows of one {', '.join(wanted.on.values())}"
        raise MappingWrong(
            value=name, why=f"lookups.{name}: {several}; choose among them with where"
        )
    named = ", ".join(
        f"{quoted_name(column)} AS {quoted_name(f'{name}.{column}')}" for column in columns
    )
    return f"SELECT {named} FROM {table} WHERE {tests}"


def _require_sources(mapping: Mapping, contract: Dataset, file: Path, there: set[str]) -> None:
    """Raises `WrongColumns` unless every column that the mapping reads is there."""
    made_here = {*mapping.derived, *([ORDER] if mapping.booking_order else [])}
    wanted = {condition.column for condition in mapping.where}
    recipes: list[str | Recipe] = [
        mapping.recipe(column.name)
        for column in contract.columns
        if column.name not in mapping.line_numbers
        and (column.required or column.name in mapping.columns)
    ]
    for recipe in (*recipes, *mapping.derived.values()):
        wanted |= {recipe} if isinstance(recipe, str) else recipe.columns
    for keys in mapping.line_numbers.values():
        wanted |= set(keys)
    if mapping.booking_order is not None:
        order = mapping.booking_order
        wanted |= {*order.per, order.day, order.amount, order.balance}
    if mapping.keep is not None:
        wanted |= {*mapping.keep.per, *mapping.keep.by}
    if mapping.fill_days is not None:
        wanted |= {*mapping.fill_days.per, mapping.fill_days.day}
    if mapping.end_column is not None:
        wanted.add(mapping.end_column)
    missing = wanted - there - made_here
    if missing:
        raise WrongColumns(
            value=file.name,
            dataset=contract.name,
            missing=", ".join(sorted(missing)),
            unknown="none",
        )
    hidden = sorted(made_here & there)
    if hidden:
        why = f"{file.name} has a column {', '.join(hidden)} of its own; name the derived one otherwise"
        raise MappingWrong(value=mapping.dataset, why=why)


def _narrow(db: duckdb.DuckDBPyConnection, mapping: Mapping, target: Path) -> None:
    """Leave out the rows that the mapping does not want, and add its derived columns."""
    if not mapping.where and not mapping.derived:
        return
    query = "SELECT * FROM raw"
    if mapping.where:
        query += f" WHERE {' AND '.join(map(test_of, mapping.where))}"
    for name, recipe in mapping.derived.items():
        query = f"SELECT *, {made(recipe)} AS {quoted_name(name)} FROM ({query})"
    _write(db, query, target, "narrowed")


def _day(column: str) -> str:
    return f"TRY_CAST(regexp_extract({text_of(column)}, '^[^ T]+') AS DATE)"


def _order_bookings(db: duckdb.DuckDBPyConnection, order: BookingOrder, target: Path) -> None:
    """Add the column `booking_order`: found from balances on days of several bookings, else 1."""
    per = ", ".join(map(quoted_name, order.per))
    after, amount = _CENTS.format(text_of(order.balance)), _CENTS.format(text_of(order.amount))
    bookings = (
        f"SELECT _row AS _at, {per}, {_day(order.day)} AS _day, {after} AS _after, "
        f"{after} - {amount} AS _before FROM raw"
    )
    days = (
        f"SELECT *, lag(_one) OVER (PARTITION BY {per} ORDER BY _day) AS _evening FROM "
        f"(SELECT {per}, _day, count(*) AS _count, "
        f"CASE WHEN count(*) = 1 THEN any_value(_after) END AS _one FROM ({bookings}) "
        f"GROUP BY {per}, _day)"
    )
    same = " AND ".join(
        f"b.{name} IS NOT DISTINCT FROM d.{name}" for name in (*map(quoted_name, order.per), "_day")
    )
    account = ", ".join(f"b.{quoted_name(name)}" for name in order.per)
    several = (
        f"SELECT b._day, b._at, b._before, b._after, d._evening, {account} "
        f"FROM ({bookings}) b JOIN ({days}) d ON {same} WHERE d._count > 1 "
        f"ORDER BY {account}, b._day, b._at"
    )
    path = target / "orders.incoming"
    reader: pa.RecordBatchReader = db.sql(several).to_arrow_reader(_BATCH)
    with pq.ParquetWriter(path, _ORDERS) as writer:
        for batch in _orders(reader, hundredths(order.tolerance)):
            writer.write_batch(batch)
    query = (
        f"SELECT r.*, coalesce(o.{ORDER}, 1) AS {ORDER} FROM raw r "
        f"LEFT JOIN {parquet([str(path)])} o ON r._row = o._at"
    )
    _write(db, query, target, "ordered")


def _orders(batches: Iterable[pa.RecordBatch], tolerance: int) -> Iterator[pa.RecordBatch]:
    """The place of each booking in its day, day by day; the evening before is carried on."""
    at: list[int] = []
    places: list[int] = []
    account, closing = None, None
    for (holder, _), rows in groupby(_rows(batches), key=lambda row: (row[5:], row[0])):
        day = list(rows)
        evening = day[0][4]
        if evening is None and holder == account:
            evening = closing
        order = _day_order([(row[2], row[3]) for row in day], evening, tolerance)
        at += [day[place][1] for place in order]
        places += range(1, len(order) + 1)
        account, closing = holder, day[order[-1]][3]
        if len(at) >= _BATCH:
            yield pa.record_batch([pa.array(at), pa.array(places)], schema=_ORDERS)
            at, places = [], []
    if at:
        yield pa.record_batch([pa.array(at), pa.array(places)], schema=_ORDERS)


def _day_order(bookings: list[Booking], evening: int | None, tolerance: int) -> list[int]:
    """The order of a day's bookings; the file's where balances are missing or make no chain."""
    if any(before is None or after is None for before, after in bookings):
        return list(range(len(bookings)))
    found = booking_order(bookings, evening, tolerance)
    return list(range(len(bookings))) if found is None else found


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _keep(db: duckdb.DuckDBPyConnection, keep: Keep, target: Path) -> None:
    """Of the rows that share `per`, leave the first or last. Text of digits is ordered by number."""
    kinds = _kinds(db)
    back = " DESC NULLS LAST" if keep.rows == "last" else " ASC NULLS FIRST"
    terms = []
    for name in keep.by:
        if kinds[name] == "VARCHAR":
            terms.append(f"TRY_CAST({quoted_name(name)} AS DECIMAL(38, 6)){back}")
        terms.append(f"{quoted_name(name)}{back}")
    terms.append(f"_row{back}")
    per = ", ".join(map(quoted_name, keep.per))
    query = (
        f"SELECT * FROM raw QUALIFY row_number() OVER "
        f"(PARTITION BY {per} ORDER BY {', '.join(terms)}) = 1"
    )
    _write(db, query, target, "kept")


def _fill_days(
    db: duckdb.DuckDBPyConnection, fill: FillDays, end: str | None, target: Path
) -> None:
    """Repeat each row for the days until the next one; a row without a day stays as it is."""
    per, day = ", ".join(map(quoted_name, fill.per)), quoted_name(fill.day)
    last = "max(_day) OVER ()" if fill.until == "file_end" else "_day"
    if end is not None:
        last = f"coalesce({_day(end)} - 1, _day)"
    spans = (
        f"SELECT *, least(coalesce(lead(_day) OVER (PARTITION BY {per} ORDER BY _day) - 1, {last}), "
        f"_day + {fill.most_days}) AS _until FROM (SELECT *, {_day(fill.day)} AS _day FROM raw)"
    )
    filled = (
        f"SELECT * EXCLUDE (_day, _until, _each) REPLACE (strftime(_each, '%Y-%m-%d') AS {day}) "
        f"FROM (SELECT *, unnest(generate_series(_day, greatest(_day, _until), INTERVAL 1 DAY)) "
        f"AS _each FROM ({spans}) WHERE _day IS NOT NULL)"
    )
    undated = f"SELECT * REPLACE (CAST({day} AS VARCHAR) AS {day}) FROM raw WHERE {_day(fill.day)} IS NULL"
    _write(db, f"{filled} UNION ALL BY NAME {undated}", target, "filled")


def _number_lines(db: duckdb.DuckDBPyConnection, mapping: Mapping, target: Path) -> None:
    numbers = [
        f"row_number() OVER (PARTITION BY {', '.join(map(quoted_name, keys))} ORDER BY _row) "
        f"AS {quoted_name('_line_' + column)}"
        for column, keys in mapping.line_numbers.items()
    ]
    _write(db, f"SELECT *, {', '.join(numbers)} FROM raw", target, "numbered")


def _make_columns(
    db: duckdb.DuckDBPyConnection, mapping: Mapping, contract: Dataset
) -> tuple[dict[str, str], dict[str, str]]:
    """Add a column for every value that a recipe makes, and one for what it was made from."""
    there = _kinds(db)
    sources, origins, added = {}, {}, []
    for column in contract.columns:
        name, recipe = column.name, mapping.recipe(column.name)
        if name in mapping.line_numbers:
            sources[name] = f"_line_{name}"
        elif isinstance(recipe, Recipe):
            sources[name], origins[name] = f"_made_{name}", f"_came_{name}"
            added += [
                f"{made(recipe)} AS {quoted_name(sources[name])}",
                f"{came(recipe)} AS {quoted_name(origins[name])}",
            ]
        elif recipe in there:
            sources[name] = recipe
        else:
            sources[name] = f"_made_{name}"
            added.append(f"CAST(NULL AS VARCHAR) AS {quoted_name(sources[name])}")
    db.execute(f"ALTER VIEW raw RENAME TO {FOREIGN}")
    db.execute(f"CREATE VIEW raw AS SELECT {', '.join(['*', *added])} FROM {FOREIGN}")
    return sources, origins
