"""Compute features: one definition, in batch over the lake and online for one applicant."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import date
from typing import Any

import ibis
import pyarrow as pa

from kuaidai.data.features.catalogue import FAMILIES, catalog
from kuaidai.data.features.spec import Tables
from kuaidai.data.features.windows import with_cut
from kuaidai.data.lake import Lake
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.messages import arrow_schema

_DATASETS = tuple(name for name in DATASETS if name != "invoices")
_SUBJECTS = pa.schema(
    [
        ("subject", pa.int64()),
        ("uscc", pa.string()),
        ("person_id", pa.string()),
        ("observed_on", pa.date32()),
    ]
)
_local = threading.local()


def feature_parts(subjects: ibis.Table, tables: Tables) -> list[ibis.Table]:
    """Every family's tables of features, keyed by `subject`."""
    cut = with_cut(subjects)
    return [part for family in FAMILIES for part in family.parts(cut, tables)]


def _numbered(subjects: pa.Table) -> pa.Table:
    columns = {name: subjects[name] for name in ("uscc", "person_id", "observed_on")}
    return pa.table({"subject": pa.array(range(len(subjects)), pa.int64()), **columns}).cast(
        _SUBJECTS
    )


def _collect(parts: list[pa.Table], subjects: pa.Table) -> pa.Table:
    """Join the parts' rows to the subjects in memory, in the catalogue's order of columns."""
    count = len(subjects)
    columns: dict[str, Any] = {}
    for part in parts:
        places = part["subject"].to_pylist()
        for name in part.column_names:
            if name == "subject":
                continue
            values: list[Any] = [None] * count
            for place, value in zip(places, part[name].to_pylist(), strict=True):
                values[place] = value
            columns[name] = pa.array(values, part.schema.field(name).type)
    keys = {name: subjects[name] for name in ("uscc", "person_id", "observed_on")}
    return pa.table({**keys, **{spec.name: columns[spec.name] for spec in catalog()}})


def compute_batch(lake: Lake, subjects: pa.Table) -> pa.Table:
    """Features of many subjects (uscc, person_id, observed_on) over the lake, in their order."""
    backend = lake.connect(list(_DATASETS))
    numbered = _numbered(subjects)
    backend.con.register("subjects", numbered)
    tables = {name: backend.table(name) for name in _DATASETS}
    parts = [part.to_pyarrow() for part in feature_parts(backend.table("subjects"), tables)]
    return _collect(parts, numbered)


def compute_online(
    tables: Mapping[str, pa.Table], *, uscc: str, person_id: str, observed_on: date
) -> dict[str, float | int | str | None]:
    """Features of one applicant from Arrow tables of the datasets; absent datasets count as empty.

    The same expressions as in batch, compiled once a thread and run on an in-memory DuckDB.
    """
    engine = _engine()
    row = pa.table(
        {
            "uscc": [uscc],
            "person_id": [person_id],
            "observed_on": pa.array([observed_on], pa.date32()),
        }
    )
    numbered = _numbered(row)
    engine.con.register("subjects", numbered)
    for name in _DATASETS:
        schema = arrow_schema(DATASETS[name])
        table = tables.get(name)
        engine.con.register(name, schema.empty_table() if table is None else table.cast(schema))
    parts = [engine.con.sql(query).to_arrow_table() for query in _local.queries]
    found = _collect(parts, numbered).to_pylist()[0]
    return {spec.name: found[spec.name] for spec in catalog()}


def _engine() -> Any:
    """This thread's DuckDB, with the features' SQL compiled from the expressions."""
    if not hasattr(_local, "engine"):
        engine = ibis.duckdb.connect()
        engine.con.execute("SET threads = 1")
        engine.con.register("subjects", _SUBJECTS.empty_table())
        for name in _DATASETS:
            engine.con.register(name, arrow_schema(DATASETS[name]).empty_table())
        tables = {name: engine.table(name) for name in _DATASETS}
        parts = feature_parts(engine.table("subjects"), tables)
        _local.queries = [str(ibis.to_sql(part, dialect="duckdb")) for part in parts]
        _local.engine = engine
    return _local.engine
