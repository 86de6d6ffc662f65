"""One pass over a Spark frame: values to one-byte codes that Spark keeps, goods and bads counted."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from kuaidai.kernel.errors import Refusal
from kuaidai.risk.scorecards.columns import require_names, require_present
from kuaidai.risk.scorecards.config import FeatureConfig
from kuaidai.risk.scorecards.engine.encoding import Encoder
from kuaidai.risk.scorecards.engine.fine_classes import MOST_CLASSES, FineClasses
from kuaidai.risk.scorecards.engine.scan import (
    Block,
    Coded,
    Counted,
    Sum,
    added,
    classes_of,
    encode_rows,
    require_parts,
)
from kuaidai.risk.scorecards.errors import OneClassTarget
from kuaidai.risk.scorecards.spark.frames import Batches, numbered, partition, sample_frame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_CODED = (
    "features int, codes binary, target binary, weights binary, offsets binary, periods binary, "
    "mark binary, refused binary"
)
_SUMMED = "part int, result binary, refused binary"
_CELL_BYTES = 1 << 24
_MOST_ROWS = 1 << 17
_LEAST_ROWS = 1 << 13


@dataclass(frozen=True)
class SparkScan(Coded):
    """The counts, and the codes as a frame that Spark keeps in memory or on disk until `close`."""

    coded: DataFrame

    def added(self, work: Callable[[Block], Sum]) -> Sum:
        """`work` on every block where it lies; added within partitions, then in their order.

        Adding floats in another order than a local scan moves the last bits of a sum only.
        """
        return _added(self.coded, work)

    def close(self) -> None:
        """Let Spark forget the codes."""
        self.coded.unpersist()

    def __enter__(self) -> Self:
        """The scan itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


def scan_frame(
    frame: DataFrame,
    features: Sequence[FeatureConfig],
    *,
    target: str,
    weight: str | None = None,
    period: str | None = None,
    offset: str | None = None,
    classes: Sequence[FineClasses] | None = None,
    most: int = MOST_CLASSES,
) -> SparkScan:
    """Encode and count every row of a frame, as `scan` does; close the result when done with it.

    `classes` fixes the fine classes (default: from a sample that comes to the driver, at most `most`
    a feature). The codes of one partition have to fit into its worker's memory. Raises
    `MissingColumn`, `RepeatedColumn`, `NotANumber`, `InfiniteValue`, `TargetNotBinary`, `OneClassTarget`,
    `BadSetting`.
    """
    from pyspark import StorageLevel

    names = [feature.name for feature in features]
    require_names(frame.columns)
    extra = [name for name in (weight, period, offset) if name]
    wanted = list(dict.fromkeys([target, *extra, *names]))
    require_parts(names, target, weight, offset)
    require_present(frame.columns, wanted)
    fixed = tuple(classes or _sampled_classes(frame, features, most))
    coded = numbered(frame, wanted).mapInArrow(
        _encode(fixed, wanted, target, weight, period, offset), _CODED
    )
    coded = coded.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        counted = _added(coded, Counted.of)
        result = SparkScan(**counted.figures(fixed), coded=coded)
        result.require_both(target)
    except _NoRows:
        coded.unpersist()
        raise OneClassTarget(target=target, sample="the data", goods=0, bads=0) from None
    except BaseException:
        coded.unpersist()
        raise
    return result


class _NoRows(Exception):
    """The frame has no rows."""


def _sampled_classes(
    frame: DataFrame, features: Sequence[FeatureConfig], most: int
) -> list[FineClasses]:
    sample = sample_frame(frame, [feature.name for feature in features])
    if not sample.num_rows:
        return [FineClasses(feature) for feature in features]
    return [classes_of(sample, feature, most) for feature in features]


def _encode(
    classes: Sequence[FineClasses],
    columns: list[str],
    target: str,
    weight: str | None,
    period: str | None,
    offset: str | None,
) -> Callable[[Batches], Batches]:
    """What turns a partition into blocks of codes; a refused value becomes a row that says so."""
    size = min(_MOST_ROWS, max(_LEAST_ROWS, _CELL_BYTES // max(1, len(classes))))

    def work(batches: Batches) -> Batches:
        encoders = [Encoder.of(each) for each in classes]
        for table in _gathered(batches, size):
            try:
                named = table.rename_columns(columns)
                yield _block_row(encode_rows(named, encoders, target, weight, period, offset))
            except Refusal as refusal:
                yield _row(_CODED, refused=packed(refusal))
                return

    return work


def _gathered(batches: Batches, size: int) -> Iterator[pa.Table]:
    """Batches put together to tables of at least `size` rows, but for the last."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(each.num_rows for each in held) >= size:
            yield pa.Table.from_batches(held)
            held = []
    if any(each.num_rows for each in held):
        yield pa.Table.from_batches(held)


_TYPES = {"int": pa.int32(), "binary": pa.binary()}


def _row(schema: str, **cells: Any) -> pa.RecordBatch:
    fields = [field.split() for field in schema.split(", ")]
    return pa.RecordBatch.from_pydict(
        {name: pa.array([cells.get(name)], _TYPES[kind]) for name, kind in fields}
    )


def _block_row(block: Block) -> pa.RecordBatch:
    return _row(
        _CODED,
        features=len(block.codes),
        codes=block.codes.tobytes(),
        target=block.target.tobytes(),
        weights=block.weights.tobytes(),
        offsets=block.offsets.tobytes(),
        periods=json.dumps(block.periods.tolist()).encode(),
        mark=block.mark.to_bytes(8, "little"),
    )


def _blocks(batches: Batches) -> Iterator[Block]:
    """The blocks of a partition. Raises the refusal that one of them stands for."""
    for batch in batches:
        for row in range(batch.num_rows):
            cells = {name: batch[name][row] for name in batch.schema.names}
            if cells["refused"].is_valid:
                raise unpacked(cells["refused"].as_py())
            codes = np.frombuffer(cells["codes"].as_buffer(), np.uint8)
            yield Block(
                codes.reshape(cells["features"].as_py(), -1),
                np.frombuffer(cells["target"].as_buffer(), np.uint8),
                np.frombuffer(cells["weights"].as_buffer(), np.float64),
                np.array(json.loads(cells["periods"].as_py()), dtype=np.str_),
                np.frombuffer(cells["offsets"].as_buffer(), np.float64),
                int.from_bytes(cells["mark"].as_py(), "little"),
            )


def _added(coded: DataFrame, work: Callable[[Block], Sum]) -> Sum:
    def each(batches: Batches) -> Batches:
        part = partition()
        try:
            sums = [work(block) for block in _blocks(batches)]
        except Refusal as refusal:
            yield _row(_SUMMED, part=part, refused=packed(refusal))
            return
        if sums:
            yield _row(_SUMMED, part=part, result=pickle.dumps(added(sums)))

    found = sorted(coded.mapInArrow(each, _SUMMED).collect(), key=lambda row: int(row["part"]))
    for row in found:
        if row["refused"] is not None:
            raise unpacked(bytes(row["refused"]))
    if not found:
        raise _NoRows
    results: Iterator[Sum] = (_loaded(bytes(row["result"])) for row in found)
    return added(results)


def packed(refusal: Refusal) -> bytes:
    """A refusal's class and values: exceptions with keywords do not survive pickling themselves."""
    return pickle.dumps((type(refusal), refusal.values))


def unpacked(packed: bytes) -> Refusal:
    kind, values = _loaded(packed)
    refusal: Refusal = kind(**values)
    return refusal


def _loaded(packed: bytes) -> Any:
    return pickle.loads(packed)
