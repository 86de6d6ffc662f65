"""Spark's frames: opening files, and a bounded sample that is the same in every run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from kuaidai.data.lake.errors import UnknownEngine
from kuaidai.risk.scorecards.engine.scan import SAMPLE_ROWS
from kuaidai.risk.scorecards.errors import BadSetting

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Batches = Iterator[pa.RecordBatch]

_SAMPLE_PARTITIONS = 64
_COUNTED = "part int, rows bigint"
_SAMPLED = "part int, rows binary"


def open_frame(data: DataFrame | Path | str | Sequence[Path]) -> DataFrame:
    """`data` as a Spark frame: a frame as it is; Parquet files or folders by the running session.

    Without a running session a local one is started. Raises `UnknownEngine` where Spark or Java is
    missing, `BadSetting` where a path does not exist.
    """
    if isinstance(data, str | Path):
        return open_frame([Path(data)])
    if not isinstance(data, Sequence):
        return data
    paths = [Path(path) for path in data]
    for path in paths:
        if not path.exists():
            raise BadSetting(name="data", value=path, rule="a Parquet file or a folder of them")
    try:
        session = import_module("kuaidai.data.lake.spark").session()
    except ImportError as error:
        why = f"{error}; install kuaidai[spark]"
        raise UnknownEngine(value="spark", why=why) from None
    frame: DataFrame = session.read.parquet(*(f"file://{path.resolve()}" for path in paths))
    return frame


def numbered(frame: DataFrame, columns: Sequence[str]) -> DataFrame:
    """`columns` in their order, called c0, c1, …: `mapInArrow` takes no name with a dot in it."""
    from pyspark.sql import functions

    quoted = ("`" + name.replace("`", "``") + "`" for name in columns)
    return frame.select(
        *(functions.col(name).alias(f"c{place}") for place, name in enumerate(quoted))
    )


def partition() -> int:
    """The number of the partition that this task works on."""
    from pyspark import TaskContext

    context = TaskContext.get()
    return context.partitionId() if context else 0


def sample_frame(frame: DataFrame, columns: Sequence[str], *, most: int = SAMPLE_ROWS) -> pa.Table:
    """About `most` rows of `columns`, on the driver: every n-th row of at most 64 partitions.

    One pass counts rows over the first column alone; the second stops at once in partitions that are
    not asked. At most `most` rows and one a partition come back; the same ones for the same partitions.
    """
    counts = dict(
        (row["part"], row["rows"])
        for row in numbered(frame, columns[:1]).mapInArrow(_count, _COUNTED).collect()
    )
    known = sorted(part for part, rows in counts.items() if rows)
    places = np.unique(np.linspace(0, len(known) - 1, _SAMPLE_PARTITIONS).astype(int))
    chosen = frozenset(known[place] for place in places.tolist()) if known else frozenset()
    stride = max(1, -(-sum(counts[part] for part in chosen) // most))
    taken = numbered(frame, columns).mapInArrow(_every(stride, chosen), _SAMPLED).collect()
    tables = [
        pa.ipc.open_stream(bytes(row["rows"])).read_all()
        for row in sorted(taken, key=lambda row: int(row["part"]))
    ]
    if not tables:
        return pa.table({name: [] for name in columns})
    return pa.concat_tables(tables, promote_options="permissive").rename_columns(list(columns))


def _count(batches: Batches) -> Batches:
    rows = sum(batch.num_rows for batch in batches)
    yield pa.RecordBatch.from_pydict(
        {"part": pa.array([partition()], pa.int32()), "rows": pa.array([rows], pa.int64())}
    )


def _every(stride: int, chosen: frozenset[int]) -> Callable[[Batches], Batches]:
    """Each `stride`-th row of the `chosen` partitions, as one Arrow stream a partition."""

    def work(batches: Batches) -> Batches:
        part = partition()
        if part not in chosen:
            return
        taken, seen = [], 0
        for batch in batches:
            places = np.arange(-seen % stride, batch.num_rows, stride)
            taken.append(batch.take(pa.array(places, pa.int64())))
            seen += batch.num_rows
        if not taken:
            return
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, taken[0].schema) as stream:
            for batch in taken:
                stream.write_batch(batch)
        yield pa.RecordBatch.from_pydict(
            {
                "part": pa.array([part], pa.int32()),
                "rows": pa.array([sink.getvalue().to_pybytes()], pa.binary()),
            }
        )

    return work
