"""Features of one applicant: batch's own expressions, planned once and run on a small engine.

Planning costs far more than running over one firm's rows. So the expressions become SQL once a
process, an engine prepares that SQL once over empty tables, and every applicant's rows live in them
only for the length of a transaction that is rolled back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import duckdb
import ibis
import pyarrow as pa

from kuaidai.data.features.catalogue import catalog, feature_parts
from kuaidai.data.features.spec import FEATURE_DATASETS, SUBJECTS
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.messages import arrow_schema

Value = float | int | str | None


@dataclass(frozen=True)
class _Part:
    """One query: its SQL, its columns, and the Python type of each (None leaves a text alone)."""

    query: str
    columns: tuple[str, ...]
    types: tuple[type[int] | type[float] | None, ...]


_idle: list[duckdb.DuckDBPyConnection] = []
"""Engines nobody is using; each is used by one thread at a time."""
_compiling = threading.Lock()


def compute_online(
    tables: Mapping[str, pa.Table], *, uscc: str, person_id: str, observed_on: date
) -> dict[str, float | int | str | None]:
    """Features of one applicant from Arrow tables of the datasets; absent datasets count as empty."""
    found: dict[str, Value] = {}
    with _engine() as engine, _loaded(engine, tables, (0, uscc, person_id, observed_on)):
        for place, part in enumerate(_parts()):
            rows = engine.execute(f"EXECUTE part_{place}").fetchall()
            values = rows[0] if rows else (None,) * len(part.columns)
            for name, kind, value in zip(part.columns, part.types, values, strict=True):
                found[name] = value if value is None or kind is None else kind(value)
    return {spec.name: found[spec.name] for spec in catalog()}


def prepare_online() -> None:
    """Have an engine ready, so that the first applicant need not wait for it."""
    with _engine():
        pass


def _parts() -> tuple[_Part, ...]:
    with _compiling:  # Ibis need not do the same work in several threads at once
        return _compiled()


@cache
def _compiled() -> tuple[_Part, ...]:
    """The features' SQL from the expressions."""
    tables = {
        name: ibis.table(ibis.Schema.from_pyarrow(arrow_schema(DATASETS[name])), name=name)
        for name in FEATURE_DATASETS
    }
    subjects = ibis.table(ibis.Schema.from_pyarrow(SUBJECTS), name="subjects")
    return tuple(map(_part, feature_parts(subjects, tables)))


def _part(expression: ibis.Table) -> _Part:
    schema = expression.schema()
    columns = tuple(name for name in schema if name != "subject")
    types = tuple(
        int if schema[name].is_integer() else float if schema[name].is_floating() else None
        for name in columns
    )
    return _Part(str(ibis.to_sql(expression.select(*columns), dialect="duckdb")), columns, types)


@contextmanager
def _engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine for this thread alone; one that failed is thrown away."""
    try:
        engine = _idle.pop()
    except IndexError:
        engine = _new_engine()
    try:
        yield engine
    except BaseException:
        engine.close()
        raise
    _idle.append(engine)


def _new_engine() -> duckdb.DuckDBPyConnection:
    engine = duckdb.connect(config={"threads": 1})
    # A plan must not rest on the tables being empty while it is made.
    engine.execute("PRAGMA disable_optimizer")
    schemas = {name: arrow_schema(DATASETS[name]) for name in FEATURE_DATASETS}
    for name, schema in {**schemas, "subjects": SUBJECTS}.items():
        engine.register("rows_of_table", schema.empty_table())
        engine.execute(f'CREATE TABLE "{name}" AS SELECT * FROM rows_of_table')
    engine.unregister("rows_of_table")
    for place, part in enumerate(_parts()):
        engine.execute(f"PREPARE part_{place} AS {part.query}")
    return engine


@contextmanager
def _loaded(
    engine: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table], subject: tuple[Any, ...]
) -> Iterator[None]:
    """The applicant's rows in the engine's tables, gone afterwards."""
    engine.begin()
    try:
        engine.execute("INSERT INTO subjects VALUES (?, ?, ?, ?)", subject)
        for name in FEATURE_DATASETS:
            rows = tables.get(name)
            if rows is not None and rows.num_rows:
                schema = arrow_schema(DATASETS[name])
                engine.register("rows_of_table", rows.select(schema.names).cast(schema))
                engine.execute(f'INSERT INTO "{name}" SELECT * FROM rows_of_table')
                engine.unregister("rows_of_table")
        yield
    finally:
        engine.rollback()
