"""Batch equals online, feature for feature, for hundreds of firms on as many days."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from kuaidai.data.features import compute_batch, compute_online
from kuaidai.data.features.spec import FEATURE_DATASETS
from kuaidai.data.lake import Lake
from kuaidai.simulator.emit import write_drop
from kuaidai.simulator.world import build_world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
FIRMS = 220
ENDS_ON = date(2026, 6, 30)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("scale")
    write_drop(build_world(firms=FIRMS, months=12, seed=9, ends_on=ENDS_ON), folder / "drop")
    lake = Lake(folder / "lake", personal_key=b"tests")
    lake.ingest(folder / "drop")
    return lake


def _subjects(lake: Lake) -> pa.Table:
    """Every firm with its legal representative, each on a day of its own in the last 300 days."""
    owners = lake.arrow("owners")
    owners = owners.filter(pc.equal(owners["role"], "legal_representative")).sort_by("uscc")
    days = [ENDS_ON - timedelta(days=place % 300) for place in range(len(owners))]
    return pa.table(
        {
            "uscc": owners["uscc"],
            "person_id": owners["person_id"],
            "observed_on": pa.array(days, pa.date32()),
        }
    )


class _Files:
    """Each dataset in memory with the column that names its subject."""

    def __init__(self, lake: Lake) -> None:
        self._tables: dict[str, tuple[pa.Table, str]] = {}
        for name in FEATURE_DATASETS:
            rows = lake.arrow(name)
            column = next(c for c in ("subject", "uscc", "person_id") if c in rows.column_names)
            self._tables[name] = (rows, column)

    def about(self, row: dict[str, Any]) -> dict[str, pa.Table]:
        who = pa.array([row["uscc"], row["person_id"]])
        return {
            name: rows.filter(pc.is_in(rows[column], who))
            for name, (rows, column) in self._tables.items()
        }


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-6)
    return type(one) is type(other) and bool(one == other)


def test_hundreds_of_firms_on_hundreds_of_days(lake: Lake) -> None:
    subjects = _subjects(lake)
    batch = compute_batch(lake, subjects, chunk=128).to_pylist()
    files = _Files(lake)
    different = []
    for row in batch:
        found = compute_online(
            files.about(row),
            uscc=row["uscc"],
            person_id=row["person_id"],
            observed_on=row["observed_on"],
        )
        different += [
            (row["uscc"], row["observed_on"], name, row[name], value)
            for name, value in found.items()
            if not _alike(row[name], value)
        ]
    assert different == []
    assert len({row["uscc"] for row in batch}) >= 200
    assert len({row["observed_on"] for row in batch}) >= 200


def test_chunks_change_nothing(lake: Lake) -> None:
    subjects = _subjects(lake).slice(0, 40)
    whole = compute_batch(lake, subjects).to_pylist()
    for one, other in zip(whole, compute_batch(lake, subjects, chunk=16).to_pylist(), strict=True):
        assert [name for name in one if not _alike(one[name], other[name])] == []


def test_no_subjects_give_no_rows(lake: Lake) -> None:
    assert compute_batch(lake, _subjects(lake).slice(0, 0)).num_rows == 0
