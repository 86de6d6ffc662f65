"""Spark gives what DuckDB gives: the same lake, the same expressions, corrections included."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from kuaidai.data.features import compute_batch
from kuaidai.data.lake import Lake
from kuaidai.simulator.emit import write_drop
from kuaidai.simulator.world import build_world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql", reason="the extra kuaidai[spark] is not installed")
    from pyspark.errors import PySparkException

    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    settings = {
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.autoBroadcastJoinThreshold": "10485760",
        "spark.driver.memory": "2g",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except PySparkException as error:
        pytest.skip(f"Spark does not start without Java: {error}")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small bank's lake with a late delivery that corrects a month's transactions."""
    folder = tmp_path_factory.mktemp("spark")
    world = build_world(firms=40, months=6, seed=5, ends_on=date(2026, 6, 30))
    write_drop(world, folder / "drop")
    lake = Lake(folder / "lake", personal_key=b"tests")
    lake.ingest(folder / "drop")
    sales = lake.arrow("transactions")
    in_april = pc.equal(pc.strftime(sales["booked_on"], "%Y-%m"), "2026-04")
    corrected = sales.filter(in_april)
    doubled = pc.cast(pc.multiply(corrected["amount"], 2), pa.decimal128(18, 2), safe=False)
    place = corrected.column_names.index("amount")
    pq.write_table(corrected.set_column(place, "amount", doubled), folder / "transactions.parquet")
    lake.ingest(folder / "transactions.parquet", received_on=date(2026, 5, 20))
    return folder / "lake"


def _subjects(lake: Lake) -> pa.Table:
    owners = lake.arrow("owners").sort_by([("uscc", "ascending"), ("person_id", "ascending")])
    days = (date(2026, 5, 10), date(2026, 5, 20), date(2026, 6, 30))
    count = 30
    return pa.table(
        {
            "uscc": owners["uscc"].to_pylist()[:count],
            "person_id": owners["person_id"].to_pylist()[:count],
            "observed_on": pa.array([days[n % 3] for n in range(count)], pa.date32()),
        }
    )


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-6)
    return bool(one == other)


def test_features_are_the_same_on_both_engines(spark: Any, root: Path) -> None:
    here = Lake(root)
    subjects = _subjects(here)
    ours = compute_batch(here, subjects).to_pylist()
    theirs = compute_batch(Lake(root, engine="spark"), subjects).to_pylist()

    different = [
        (row["uscc"], name, row[name], other[name])
        for row, other in zip(ours, theirs, strict=True)
        for name in row
        if not _alike(row[name], other[name])
    ]
    assert different == []
    assert sum(row["credit_turnover_12m"] is not None for row in ours) > 20


@pytest.mark.parametrize("day", [None, date(2026, 5, 19), date(2026, 5, 20)])
def test_the_lake_reads_the_same_on_both_engines(spark: Any, root: Path, day: date | None) -> None:
    def rows(lake: Lake) -> pa.Table:
        table = lake.connect(["transactions"], as_of=day).table("transactions")
        columns = ["transaction_id", "amount", "booked_on"]
        return table.select(*columns).order_by("transaction_id").to_pyarrow()

    ours, theirs = rows(Lake(root)), rows(Lake(root, engine="spark"))
    assert ours.num_rows > 1000
    assert ours.cast(theirs.schema).equals(theirs)
