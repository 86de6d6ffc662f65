"""Rollups kept beside the lake: a month is rolled up once, and again only when its rows change.

`rollups/<name>/<month>-<digest>.parquet`, where the digest is of the month's fingerprint and of the
rollup's own SQL. A file appears whole or not at all, and its name says what it was made from, so
nothing else needs to be remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import ibis

from kuaidai.data.features.account_behaviour import BALANCES
from kuaidai.data.features.rollups import VERSION, Rollup
from kuaidai.data.features.settlement import FLOWS, PAYERS
from kuaidai.data.lake import Lake
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.listing import Listing, MonthPart
from kuaidai.data.lake.messages import arrow_schema
from kuaidai.data.lake.reading import Reading, parquet, sql_text
from kuaidai.kernel.canonical import sha256_hex

STORED: tuple[Rollup, ...] = (FLOWS, PAYERS, BALANCES)
"""The rollups of the datasets that grow with the firms' daily life."""

FOLDER = "rollups"
Progress = Callable[[str, int, int], None]
"""Told a rollup's name, months done, and months in all."""


def _silent(name: str, done: int, months: int) -> None:
    pass


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did for one rollup: months rolled up anew, months taken as they were, files removed."""

    rollup: str
    computed: int
    reused: int
    removed: int


def refresh(lake: Lake, *, progress: Progress = _silent) -> tuple[Refreshed, ...]:
    """Bring every stored rollup up to date with the lake."""
    return tuple(_refresh(lake, rollup, progress) for rollup in STORED)


def _refresh(lake: Lake, rollup: Rollup, progress: Progress) -> Refreshed:
    months = lake.month_parts(rollup.dataset)
    wanted = {_file_of(rollup, month): month for month in months}
    there = lake.storage.side_files(f"{FOLDER}/{rollup.name}")
    missing = [name for name in wanted if name not in there]
    if missing:
        listing, backend = lake.listing(rollup.dataset), lake.connect([])
        with lake.storage.side_stage(f"{FOLDER}/{rollup.name}") as stage:
            for done, name in enumerate(missing):
                progress(rollup.name, done, len(missing))
                _roll_up(lake, backend, rollup, listing, wanted[name], stage / name)
    stale = there - set(wanted)
    for name in stale:
        lake.storage.remove_side_file(f"{FOLDER}/{rollup.name}/{name}")
    return Refreshed(rollup.name, len(missing), len(wanted) - len(missing), len(stale))


def _file_of(rollup: Rollup, month: MonthPart) -> str:
    digest = sha256_hex(f"{month.fingerprint} {_definition(rollup, versioned=False)}".encode())[:24]
    return f"{month.month:%Y-%m}-{digest}.parquet"


@cache
def _definition(rollup: Rollup, *, versioned: bool) -> str:
    """The rollup's SQL over the view `month_rows`: it changes when the rollup does."""
    schema = dict(ibis.Schema.from_pyarrow(arrow_schema(DATASETS[rollup.dataset])).items())
    if versioned:
        schema |= dict.fromkeys(VERSION, "date")
    rows = ibis.table(schema, name="month_rows")
    rolled = rollup.over(rows) if versioned else rollup.over_current(rows)
    return str(ibis.to_sql(rolled, dialect="duckdb"))


def _roll_up(
    lake: Lake, backend: Any, rollup: Rollup, listing: Listing, month: MonthPart, target: Path
) -> None:
    rows = lake.engine.select(listing.of_month(month.month), Reading(versions=month.versioned))
    backend.con.execute(f"CREATE OR REPLACE VIEW month_rows AS {rows}")
    query, path = _definition(rollup, versioned=month.versioned), sql_text(str(target))
    backend.con.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")


def stored_select(lake: Lake, rollup: Rollup) -> str | None:
    """SQL of a stored rollup as it stands after a refresh; None where the lake has no month of it."""
    names: Sequence[str] = [_file_of(rollup, month) for month in lake.month_parts(rollup.dataset)]
    if not names:
        return None
    base = f"{lake.storage.base}/{FOLDER}/{rollup.name}"
    return f"SELECT * FROM {parquet(f'{base}/{name}' for name in names)}"
