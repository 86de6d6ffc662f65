"""Batch over the lake and online over a report's rows give the same; the future changes neither."""

from __future__ import annotations

import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from kuaidai.data.features import catalog, compute_batch, compute_online, online, prepare_online
from kuaidai.data.lake import Lake
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.messages import row_to_json, rows_to_tables
from kuaidai.simulator.emit import write_drop
from kuaidai.simulator.world import build_world

pytestmark = pytest.mark.slow  # every feature of dozens of firms, again and again
ENDS_ON = date(2026, 6, 30)
OBSERVED = (date(2026, 6, 30), date(2026, 3, 1), date(2025, 10, 17))
NAMES = list(DATASETS)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("features")
    write_drop(build_world(firms=120, months=24, seed=5, ends_on=ENDS_ON), folder / "drop")
    lake = Lake(folder / "lake", personal_key=b"tests")
    lake.ingest(folder / "drop")
    return lake


@pytest.fixture(scope="module")
def everything(lake: Lake) -> dict[str, pa.Table]:
    return {name: lake.arrow(name) for name in NAMES}


@pytest.fixture(scope="module")
def subjects(everything: dict[str, pa.Table]) -> pa.Table:
    """Forty-two owners of firms, spread over three days of observation."""
    owners = everything["owners"].sort_by([("uscc", "ascending"), ("person_id", "ascending")])
    rows = owners.to_pylist()[:42]
    return pa.table(
        {
            "uscc": [row["uscc"] for row in rows],
            "person_id": [row["person_id"] for row in rows],
            "observed_on": pa.array([OBSERVED[n % 3] for n in range(42)], pa.date32()),
        }
    )


@pytest.fixture(scope="module")
def batch(lake: Lake, subjects: pa.Table) -> list[dict[str, Any]]:
    return compute_batch(lake, subjects).to_pylist()


def _report(everything: dict[str, pa.Table], firm: str, person: str) -> dict[str, pa.Table]:
    """The rows about one firm and its owner, as the platforms' reports bring them."""
    rows = {}
    for name, table in everything.items():
        column = next(c for c in ("subject", "uscc", "person_id") if c in table.column_names)
        mine = table.filter(pc.is_in(table[column], pa.array([firm, person])))
        rows[name] = [row_to_json(DATASETS[name], row) for row in mine.to_pylist()]
    return rows_to_tables(rows)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-6)
    return type(one) is type(other) and one == other


def test_online_gives_what_batch_gives(
    everything: dict[str, pa.Table], batch: list[dict[str, Any]]
) -> None:
    different, filled = [], Counter[str]()
    for row in batch:
        key = {"uscc": row["uscc"], "person_id": row["person_id"]}
        tables = _report(everything, row["uscc"], row["person_id"])
        one = compute_online(tables, **key, observed_on=row["observed_on"])
        filled.update(name for name, value in one.items() if value is not None)
        different += [
            (name, row[name], value) for name, value in one.items() if not _same(row[name], value)
        ]
    assert len(batch) >= 30
    assert different == []
    assert {spec.name for spec in catalog()} - set(filled) == set()


def test_values_have_plain_types(batch: list[dict[str, Any]]) -> None:
    kinds = {type(row[spec.name]) for row in batch for spec in catalog()}
    assert kinds <= {int, float, str, type(None)}


def _later(table: pa.Table, name: str, day: date) -> list[dict[str, Any]]:
    """Copies of rows that become known on `day`, a year and a half of months ahead in content."""
    contract = DATASETS[name]
    copies = []
    for number, row in enumerate(table.to_pylist()[:5]):
        row[contract.event_date] = day
        for column in contract.key:
            if column.endswith(("_id", "_no")) and column not in ("person_id", "uscc"):
                row[column] = f"FUTURE-{number}"
        if "closed_on" in row:
            row["closed_on"] = None
        copies.append(row)
    return copies


@pytest.mark.parametrize("name", NAMES)
def test_what_becomes_known_on_the_day_or_later_changes_nothing(
    everything: dict[str, pa.Table], batch: list[dict[str, Any]], name: str
) -> None:
    planted = 0
    for row in batch[:6]:
        key = {"uscc": row["uscc"], "person_id": row["person_id"]}
        on = row["observed_on"]
        tables = _report(everything, row["uscc"], row["person_id"])
        before = compute_online(tables, **key, observed_on=on)
        template = tables[name] if tables[name].num_rows else _borrowed(everything[name], key, name)
        for day in (on, date(2026, 12, 31)):
            rows = _later(template, name, day)
            if name == "owners":  # one row a firm and person: another firm's must not leak either
                rows = [{**later, "person_id": "SOMEBODY"} for later in rows]
            planted += len(rows)
            more = pa.concat_tables(
                [tables[name], pa.Table.from_pylist(rows, schema=tables[name].schema)]
            )
            assert compute_online({**tables, name: more}, **key, observed_on=on) == before
    assert planted > 0


def _borrowed(table: pa.Table, key: dict[str, str], name: str) -> pa.Table:
    """Rows of others made this subject's own, for datasets in which it has none."""
    column = next(c for c in ("subject", "uscc", "person_id") if c in table.column_names)
    mine = key["person_id"] if column == "person_id" else key["uscc"]
    rows = [{**row, column: mine} for row in table.slice(0, 3).to_pylist()]
    return pa.Table.from_pylist(rows, schema=table.schema)


def test_the_future_changes_nothing_in_batch_either(
    lake: Lake, subjects: pa.Table, batch: list[dict[str, Any]]
) -> None:
    """The lake runs to June 2026: observations of 2025 must not see it."""
    early = [row for row in batch if row["observed_on"] == OBSERVED[2]]
    cut = Lake(lake.root.with_name("cut"), personal_key=b"tests")
    folder = lake.root.with_name("cut-drop")
    folder.mkdir()
    _write_known_before(lake, folder, OBSERVED[2])
    cut.ingest(folder)
    chosen = subjects.filter(pc.equal(subjects["observed_on"], pa.scalar(OBSERVED[2], pa.date32())))
    for known, found in zip(early, compute_batch(cut, chosen).to_pylist(), strict=True):
        assert [name for name in known if not _same(known[name], found[name])] == []


def _write_known_before(lake: Lake, folder: Path, day: date) -> None:

    for name in NAMES:
        table = lake.arrow(name)
        known = pc.less(table[DATASETS[name].event_date], pa.scalar(day, pa.date32()))
        pq.write_table(table.filter(known), folder / f"{name}.parquet")


def test_applicants_at_the_same_moment_do_not_see_each_other(
    everything: dict[str, pa.Table], batch: list[dict[str, Any]]
) -> None:
    def strays(row: dict[str, Any]) -> list[str]:
        found = compute_online(
            _report(everything, row["uscc"], row["person_id"]),
            uscc=row["uscc"], person_id=row["person_id"], observed_on=row["observed_on"],
        )  # fmt: skip
        return [name for name, value in found.items() if not _same(value, row[name])]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(strays, batch[:16])) == [[]] * 16


def test_an_engine_survives_tables_that_cannot_be_used(
    everything: dict[str, pa.Table], batch: list[dict[str, Any]]
) -> None:
    row = batch[0]
    key = {"uscc": row["uscc"], "person_id": row["person_id"], "observed_on": row["observed_on"]}
    with pytest.raises((KeyError, pa.ArrowException)):
        compute_online({"loans": pa.table({"loan_no": ["L1"]})}, **key)
    found = compute_online(_report(everything, row["uscc"], row["person_id"]), **key)
    assert [name for name, value in found.items() if not _same(value, row[name])] == []


def test_an_engine_made_beforehand_is_the_one_used() -> None:
    prepare_online()
    ready = len(online._idle)
    assert ready >= 1
    compute_online({}, uscc="F1", person_id="P1", observed_on=ENDS_ON)
    prepare_online()
    assert len(online._idle) == ready
