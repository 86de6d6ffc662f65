"""A cluster's world as tables of the dataset contracts, and these as Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.messages import arrow_schema
from kuaidai.simulator.administration import administration_tables
from kuaidai.simulator.invoices import invoice_tables
from kuaidai.simulator.platform_trade import trade_tables
from kuaidai.simulator.tables_firm import firm_tables
from kuaidai.simulator.tables_record import record_tables
from kuaidai.simulator.truth import truth_table
from kuaidai.simulator.world import World

TRUTH = "truth"
_ROWS_IN_A_GROUP = 1_000_000


def dataset_tables(world: World) -> Iterator[tuple[str, pa.Table]]:
    """Every dataset the world emits, in its contract's own Arrow schema."""
    for name, table in _tables(world):
        yield name, table.cast(arrow_schema(DATASETS[name]))


def _tables(world: World) -> Iterator[tuple[str, pa.Table]]:
    """Every dataset, text columns as dictionaries, rows known after the history's end left out."""
    ends = world.line.ends_on
    written = chain(
        firm_tables(world),
        record_tables(world),
        trade_tables(world),
        administration_tables(world),
        invoice_tables(world),
    )
    for name, table in written:
        known_on = table[DATASETS[name].event_date]
        if table.num_rows and pc.max(known_on).as_py() > ends:
            table = table.filter(pc.less_equal(known_on, pa.scalar(ends, pa.date32())))
        yield name, table


def write_cluster(world: World, drop: Path, truth: Path, *, alone: bool) -> dict[str, int]:
    """Write a world's datasets into the folder `drop` and its truth into the folder `truth`.

    A world that is `alone` is one file a dataset, `<dataset>.parquet`; one of several clusters is
    `<dataset>/part-<cluster>.parquet`. Returns rows by dataset. The same world gives the same bytes.
    """
    rows = {}
    part = world.cluster.number
    for name, table in _tables(world):
        _write(table, _place(drop, name, part, alone=alone))
        rows[name] = table.num_rows
    _write(truth_table(world), _place(truth, TRUTH, part, alone=alone))
    return rows


def _place(folder: Path, name: str, part: int, *, alone: bool) -> Path:
    if alone:
        return folder / f"{name}.parquet"
    (folder / name).mkdir(exist_ok=True)
    return folder / name / f"part-{part:05d}.parquet"


def _write(table: pa.Table, path: Path) -> None:
    """Dictionary columns are written as they are; the file says plain text, as the contract does."""
    dictionaries = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    pq.write_table(
        table,
        path,
        compression="zstd",
        row_group_size=_ROWS_IN_A_GROUP,
        use_dictionary=dictionaries,
        column_encoding={
            field.name: encoding
            for field in table.schema
            if (encoding := _encoding(field.type)) is not None
        },
        store_decimal_as_integer=True,
        store_schema=False,
    )


def _encoding(kind: pa.DataType) -> str | None:
    """How to pack columns that are no dictionaries: numbers that run on pack well as differences."""
    if pa.types.is_string(kind):
        return "DELTA_BYTE_ARRAY"
    if pa.types.is_integer(kind) or pa.types.is_date(kind):
        return "DELTA_BINARY_PACKED"
    return None
