"""One demo-sized world and its drop, built once for all simulator tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from kuaidai.simulator.emit import write_drop
from kuaidai.simulator.world import World, build_world

ENDS_ON = date(2026, 10, 31)


@pytest.fixture(scope="session")
def world() -> World:
    return build_world(firms=500, months=24, seed=7, ends_on=ENDS_ON)


@pytest.fixture(scope="session")
def drop(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulator") / "drop"
    write_drop(world, folder)
    return folder


@pytest.fixture(scope="session")
def sql(drop: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every dataset of the drop, and the truth, as views."""
    with duckdb.connect(config={"threads": 1}) as connection:
        files = [*drop.glob("*.parquet"), drop.with_name("drop-truth") / "truth.parquet"]
        for path in files:
            connection.execute(f"create view {path.stem} as select * from '{path}'")
        yield connection
