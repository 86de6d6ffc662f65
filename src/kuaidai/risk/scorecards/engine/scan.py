"""The one scan: every value to its one-byte class, goods and bads counted per class."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa

from kuaidai.risk.scorecards.columns import Floats, read_column, read_target, require_columns
from kuaidai.risk.scorecards.config import FeatureConfig, Kind
from kuaidai.risk.scorecards.engine.encoding import Encoder
from kuaidai.risk.scorecards.engine.fine_classes import (
    CLASSES,
    Codes,
    FineClasses,
    categorical_classes,
    numeric_classes,
)
from kuaidai.risk.scorecards.engine.kernels import count_rows, count_weights
from kuaidai.risk.scorecards.engine.rows import Rows
from kuaidai.risk.scorecards.errors import BadSetting, InfiniteValue, OneClassTarget

SAMPLE_ROWS = 200_000
_SAMPLE_PARTS = 8
Done = TypeVar("Done")


@dataclass(frozen=True)
class Block:
    """Codes (features × rows), target (0 or 1), and weights (empty: every row counts once)."""

    codes: Codes
    target: Codes
    weights: Floats


@dataclass(frozen=True)
class Scan:
    """What one scan leaves: classes and their goods and bads (256 × 2, by weight) per feature, and the codes.

    A block is a `Block` in memory or the file it was written to.
    """

    classes: tuple[FineClasses, ...]
    counts: tuple[Floats, ...]
    blocks: tuple[Block | Path, ...]
    rows: int
    threads: int

    @property
    def goods(self) -> float:
        """Goods by weight."""
        return float(self.counts[0][:, 0].sum())

    @property
    def bads(self) -> float:
        """Bads by weight."""
        return float(self.counts[0][:, 1].sum())

    def each(self, work: Callable[[Block], Done]) -> Iterator[Done]:
        """`work` on every block from several threads; results come in the order of the blocks."""
        return in_order(lambda block: work(load(block)), self.blocks, self.threads)


Item = TypeVar("Item")


def in_order(work: Callable[[Item], Done], items: Sequence[Item], threads: int) -> Iterator[Done]:
    """`work` on every item from several threads, a few ahead; results in the order of the items."""
    waiting = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(work, item) for item in islice(waiting, threads + 1)]
        while running:
            done = running.pop(0).result()
            running += [pool.submit(work, item) for item in islice(waiting, 1)]
            yield done


def load(block: Block | Path) -> Block:
    """The block, read from its file where it was written to one."""
    if isinstance(block, Block):
        return block
    with np.load(block) as arrays:
        return Block(arrays["codes"], arrays["target"], arrays["weights"])


def sample_classes(
    rows: Rows, features: Sequence[FeatureConfig], *, most: int
) -> list[FineClasses]:
    """Fine classes from a sample of at most `SAMPLE_ROWS` rows spread over the parts."""
    parts = np.unique(np.linspace(0, len(rows.sizes) - 1, _SAMPLE_PARTS).astype(int))
    names = [feature.name for feature in features]
    share = max(1, SAMPLE_ROWS // len(parts))
    taken = []
    for part in parts.tolist():
        stride = max(1, rows.sizes[part] // share)
        table = rows.read(part, names)
        taken.append(table.take(pa.array(np.arange(0, table.num_rows, stride))))
    sample = pa.concat_tables(taken, promote_options="permissive").unify_dictionaries()
    return [_classes_of(sample, feature, most) for feature in features]


def _classes_of(sample: pa.Table, feature: FeatureConfig, most: int) -> FineClasses:
    if feature.kind is Kind.NUMERIC:
        return numeric_classes(read_column(sample, feature.name, feature.kind), feature, most=most)
    counted = Counter(str(v) for v in sample[feature.name].to_pylist() if v is not None)
    return categorical_classes(counted.items(), feature, most=most)


def scan(
    rows: Rows,
    features: Sequence[FeatureConfig],
    *,
    target: str,
    weight: str | None = None,
    classes: Sequence[FineClasses] | None = None,
    most: int = 254,
    folder: Path | None = None,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Scan:
    """Encode and count every row.

    `classes` fixes the fine classes (default: from a sample, at most `most` a feature); `folder` is
    where the codes go when they are not to stay in memory; `progress` is told the rows done. Raises
    `MissingColumn`, `NotANumber`, `InfiniteValue`, `TargetNotBinary`, `OneClassTarget`, `BadSetting`.
    """
    names = [feature.name for feature in features]
    wanted = [target, *([weight] if weight else []), *names]
    require_columns(pa.table({name: [] for name in rows.names}), wanted)
    if not sum(rows.sizes):
        raise OneClassTarget(target=target, sample="the data", goods=0, bads=0)
    fixed = tuple(classes or sample_classes(rows, features, most=most))
    encoders = [Encoder.of(each) for each in fixed]
    threads = threads or os.cpu_count() or 1

    def encode(part: int) -> tuple[Block | Path, list[Floats]]:
        block, counts = _encode_part(rows.read(part, wanted), encoders, target, weight)
        return _keep(block, part, folder), counts

    blocks: list[Block | Path] = []
    totals = [np.zeros((CLASSES, 2)) for _ in fixed]
    done = 0
    for part, (block, counts) in enumerate(in_order(encode, range(len(rows.sizes)), threads)):
        blocks.append(block)
        for total, count in zip(totals, counts, strict=True):
            total += count
        done += rows.sizes[part]
        if progress is not None:
            progress(done)
    result = Scan(fixed, tuple(totals), tuple(blocks), done, threads)
    if not (result.goods and result.bads):
        raise OneClassTarget(target=target, sample="the data", goods=result.goods, bads=result.bads)
    return result


def _keep(block: Block, part: int, folder: Path | None) -> Block | Path:
    if folder is None:
        return block
    path = folder / f"codes-{part:06d}.npz"
    with path.open("wb") as file:
        np.savez(file, codes=block.codes, target=block.target, weights=block.weights)
    return path


def _encode_part(
    table: pa.Table, encoders: Sequence[Encoder], target: str, weight: str | None
) -> tuple[Block, list[Floats]]:
    bad = read_target(table, target).astype(np.uint8)
    weights = np.empty(0) if weight is None else _weights(table, weight)
    codes = np.empty((len(encoders), table.num_rows), dtype=np.uint8)
    counts: list[Floats] = []
    for encoder, row in zip(encoders, codes, strict=True):
        infinite = encoder.write(table, row)
        if infinite:
            raise InfiniteValue(feature=encoder.name, count=infinite)
        if weight is None:
            whole = np.zeros((CLASSES, 2), dtype=np.int64)
            count_rows(row, bad, whole)
            counts.append(whole.astype(np.float64))
        else:
            counted: Floats = np.zeros((CLASSES, 2))
            count_weights(row, bad, weights, counted)
            counts.append(counted)
    return Block(codes, bad, weights), counts


def _weights(table: pa.Table, weight: str) -> Floats:
    values = np.asarray(read_column(table, weight, Kind.NUMERIC), dtype=np.float64)
    odd = values[~(np.isfinite(values) & (values >= 0))]
    if odd.size:
        raise BadSetting(
            name=f"weight {weight}", value=f"{odd[0]:g}", rule="0 or more, never missing"
        )
    return values
