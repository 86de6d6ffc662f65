"""Compute features in batch over the lake; `online` does the same for one applicant."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from kuaidai.data.features.catalogue import catalog, feature_parts
from kuaidai.data.features.spec import FEATURE_DATASETS, SUBJECTS
from kuaidai.data.lake import Lake


def _numbered(subjects: pa.Table) -> pa.Table:
    columns = {name: subjects[name] for name in ("uscc", "person_id", "observed_on")}
    return pa.table({"subject": pa.array(range(len(subjects)), pa.int64()), **columns}).cast(
        SUBJECTS
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
    backend = lake.connect(list(FEATURE_DATASETS))
    numbered = _numbered(subjects)
    backend.con.register("subjects", numbered)
    tables = {name: backend.table(name) for name in FEATURE_DATASETS}
    parts = [part.to_pyarrow() for part in feature_parts(backend.table("subjects"), tables)]
    return _collect(parts, numbered)
