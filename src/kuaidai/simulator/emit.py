"""Write the world to disk: one Parquet file a dataset, and the truth beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kuaidai.data.lake.datasets import DATASETS
from kuaidai.simulator.administration import administration_tables
from kuaidai.simulator.columns import dates, named
from kuaidai.simulator.platform_trade import trade_tables
from kuaidai.simulator.tables_firm import firm_tables
from kuaidai.simulator.tables_record import record_tables
from kuaidai.simulator.world import World

Progress = Callable[[str, int], None]
"""Told each dataset's name and its number of rows once it is written."""


def dataset_tables(world: World) -> Iterator[tuple[str, pa.Table]]:
    """Every dataset the world emits, rows known after the history's end left out."""
    ends = pa.scalar(world.line.ends_on, pa.date32())
    written = chain(
        firm_tables(world), record_tables(world), trade_tables(world), administration_tables(world)
    )
    for name, table in written:
        yield name, table.filter(pc.less_equal(table[DATASETS[name].event_date], ends))


def write_drop(
    world: World, folder: Path, progress: Progress | None = None, *, truth: Path | None = None
) -> dict[str, int]:
    """Write `<dataset>.parquet` files into `folder`; return rows by dataset.

    The truth (latent health, missed payments) goes to the folder `truth`, by default
    `<folder>-truth`; only tests and benchmarks may read it. The same world gives the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = {}
    for name, table in dataset_tables(world):
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
        rows[name] = table.num_rows
        if progress is not None:
            progress(name, table.num_rows)
    hidden = truth if truth is not None else folder.with_name(f"{folder.name}-truth")
    hidden.mkdir(parents=True, exist_ok=True)
    pq.write_table(truth_table(world), hidden / "truth.parquet", compression="zstd")
    return rows


def truth_table(world: World) -> pa.Table:
    """What really drove each firm, by month: health, strain, payments missed in a row."""
    count, months = world.loans.firm_missed.shape
    firm, month = np.divmod(np.arange(count * months), months)
    shift = world.health.strain.shape[1] - months
    return pa.table(
        {
            "uscc": named(world.firms.uscc, firm),
            "month": dates(world.line.month_first[month]),
            "health": world.health.firm_months()[firm, month],
            "strain": world.health.strain[firm, month + shift],
            "missed": world.loans.firm_missed[firm, month],
        }
    )
