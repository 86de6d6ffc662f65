"""Compute features in batch over the lake; `online` does the same for one applicant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from kuaidai.data.features.catalogue import catalog, feature_parts
from kuaidai.data.features.rollup_store import STORED, refresh, stored_select
from kuaidai.data.features.spec import FEATURE_DATASETS, SUBJECTS
from kuaidai.data.lake import Lake

CHUNK = 250_000
"""Subjects computed at a time: memory grows with this and not with their number."""
_KEYS = ("uscc", "person_id", "observed_on")


def compute_batch(lake: Lake, subjects: pa.Table, *, chunk: int = CHUNK) -> pa.Table:
    """Features of many subjects (uscc, person_id, observed_on) over the lake, in their order.

    Each subject sees what was known on its day: no later fact, and of corrected rows the version that
    was then in force. The stored rollups are brought up to date first.
    """
    return pa.concat_tables(compute_batches(lake, subjects, chunk=chunk))


def compute_batches(lake: Lake, subjects: pa.Table, *, chunk: int = CHUNK) -> Iterator[pa.Table]:
    """The same in tables of `chunk` subjects each, one at a time; at least one table."""
    backend: Any = lake.connect(list(FEATURE_DATASETS), versions=True)
    tables = {name: backend.table(name) for name in FEATURE_DATASETS}
    tables |= _stored_rollups(lake, backend)
    for start in range(0, max(len(subjects), 1), chunk):
        numbered = _numbered(subjects.slice(start, chunk))
        asked = lake.engine.register(backend, "subjects", numbered)
        parts = [part.to_pyarrow() for part in feature_parts(asked, tables)]
        yield _collect(parts, numbered)


def _stored_rollups(lake: Lake, backend: Any) -> dict[str, ibis.Table]:
    """Views of the stored rollups; Spark rolls up within its own jobs and keeps none."""
    if lake.engine.name != "duckdb":
        return {}
    refresh(lake)
    found = {}
    for rollup in STORED:
        query = stored_select(lake, rollup)
        if query is not None:
            backend.con.execute(f'CREATE VIEW "{rollup.name}" AS {query}')
            found[rollup.name] = backend.table(rollup.name)
    return found


def _numbered(subjects: pa.Table) -> pa.Table:
    columns = {name: subjects[name] for name in _KEYS}
    numbers = pa.array(np.arange(len(subjects)))
    return pa.table({"subject": numbers, **columns}).cast(SUBJECTS)


def _collect(parts: list[pa.Table], subjects: pa.Table) -> pa.Table:
    """The parts' rows beside their subjects, in the catalogue's order of columns."""
    columns: dict[str, Any] = {}
    for part in parts:
        place = np.full(len(subjects), -1)
        place[part["subject"].to_numpy()] = np.arange(len(part))
        rows = part.drop_columns(["subject"]).take(pa.array(place, mask=place < 0))
        columns |= dict(zip(rows.column_names, rows.columns, strict=True))
    features = {spec.name: columns[spec.name] for spec in catalog()}
    return pa.table({**{name: subjects[name] for name in _KEYS}, **features})
