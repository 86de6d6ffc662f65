"""The one scan: every value to its one-byte class, goods and bads counted per class."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
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
from kuaidai.risk.scorecards.engine.kernels import count_rows, count_weights, mark_rows
from kuaidai.risk.scorecards.engine.rows import Rows
from kuaidai.risk.scorecards.errors import BadSetting, InfiniteValue, OneClassTarget

SAMPLE_ROWS = 200_000
_SAMPLE_PARTS = 8
_MOST_PERIODS = 120
Done = TypeVar("Done")


@dataclass(frozen=True)
class Block:
    """Codes (features × rows), target (0 or 1), and weights (empty: every row counts once)."""

    codes: Codes
    target: Codes
    weights: Floats


@dataclass(frozen=True)
class Scan:
    """What one scan leaves: the codes, and per feature its classes and what fell into them.

    `counts`: goods and bads by weight (256 × 2); `seen`: rows (256); `periods`: goods and bads in each
    of the periods named by `period_names` (periods × 256 × 2). A block is a `Block` in memory or the
    file it was written to. `mark` fingerprints the coded rows whatever their order.
    """

    classes: tuple[FineClasses, ...]
    counts: tuple[Floats, ...]
    seen: tuple[Floats, ...]
    blocks: tuple[Block | Path, ...]
    rows: int
    threads: int
    mark: int
    period_names: tuple[str, ...] = ()
    periods: tuple[Floats, ...] = ()

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
    period: str | None = None,
    classes: Sequence[FineClasses] | None = None,
    most: int = 254,
    folder: Path | None = None,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Scan:
    """Encode and count every row.

    `classes` fixes the fine classes (default: from a sample, at most `most` a feature); `period` names a
    column by whose values goods and bads are counted as well; `folder` is where the codes go when they
    are not to stay in memory; `progress` is told the rows done. Raises `MissingColumn`, `NotANumber`,
    `InfiniteValue`, `TargetNotBinary`, `OneClassTarget`, `BadSetting`.
    """
    names = [feature.name for feature in features]
    wanted = [target, *([weight] if weight else []), *([period] if period else []), *names]
    require_columns(pa.table({name: [] for name in rows.names}), wanted)
    if not sum(rows.sizes):
        raise OneClassTarget(target=target, sample="the data", goods=0, bads=0)
    fixed = tuple(classes or sample_classes(rows, features, most=most))
    encoders = [Encoder.of(each) for each in fixed]
    threads = threads or os.cpu_count() or 1
    wanted = list(dict.fromkeys(wanted))

    def encode(part: int) -> tuple[Block | Path, _Counted]:
        table = rows.read(part, wanted)
        block, counted = _encode_part(table, encoders, target, weight)
        if period is not None:
            counted = replace(counted, periods=_by_period(block, table[period]))
        return _keep(block, part, folder), counted

    blocks: list[Block | Path] = []
    totals = _Totals(len(fixed))
    for part, (block, counted) in enumerate(in_order(encode, range(len(rows.sizes)), threads)):
        blocks.append(block)
        totals.add(counted, rows.sizes[part])
        if progress is not None:
            progress(totals.rows)
    result = totals.scan(fixed, blocks, threads)
    if not (result.goods and result.bads):
        goods, bads = f"{result.goods:g}", f"{result.bads:g}"
        raise OneClassTarget(target=target, sample="the data", goods=goods, bads=bads)
    return result


@dataclass(frozen=True)
class _Counted:
    """What one part adds up to."""

    counts: list[Floats]
    seen: list[Floats]
    mark: int
    periods: dict[str, list[Floats]]


class _Totals:
    """The sums over the parts read so far."""

    def __init__(self, features: int) -> None:
        self.rows = 0
        self._mark = 0
        self._counts = [np.zeros((CLASSES, 2)) for _ in range(features)]
        self._seen = [np.zeros(CLASSES) for _ in range(features)]
        self._periods: dict[str, list[Floats]] = {}

    def add(self, part: _Counted, rows: int) -> None:
        """Take in one part of so many rows."""
        self.rows += rows
        self._mark = (self._mark + part.mark) % (1 << 64)
        for place, (counts, seen) in enumerate(zip(part.counts, part.seen, strict=True)):
            self._counts[place] += counts
            self._seen[place] += seen
        for name, of_features in part.periods.items():
            known = self._periods.setdefault(name, [np.zeros((CLASSES, 2)) for _ in of_features])
            for total, counts in zip(known, of_features, strict=True):
                total += counts
            if len(self._periods) > _MOST_PERIODS:
                rule = f"a column of at most {_MOST_PERIODS} periods"
                raise BadSetting(
                    name="stable_over", value=f"{len(self._periods)} values", rule=rule
                )

    def scan(
        self, classes: tuple[FineClasses, ...], blocks: list[Block | Path], threads: int
    ) -> Scan:
        """The finished scan."""
        names = tuple(sorted(self._periods))
        periods = tuple(
            np.array([self._periods[name][place] for name in names])
            for place in range(len(classes))
        )
        return Scan(
            classes,
            tuple(self._counts),
            tuple(self._seen),
            tuple(blocks),
            self.rows,
            threads,
            self._mark,
            names,
            periods if names else (),
        )


def _by_period(block: Block, column: pa.ChunkedArray) -> dict[str, list[Floats]]:
    """Goods and bads by weight (256 × 2) per feature, for each value of `column`; missing is one too."""
    names, places = np.unique([str(value) for value in column.to_pylist()], return_inverse=True)
    weights = block.weights if block.weights.size else np.ones(len(block.target))
    result = {}
    for place, name in enumerate(names.tolist()):
        inside = places == place
        of_features = []
        for codes in block.codes:
            counts: Floats = np.zeros((CLASSES, 2))
            count_weights(codes[inside], block.target[inside], weights[inside], counts)
            of_features.append(counts)
        result[name] = of_features
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
) -> tuple[Block, _Counted]:
    bad = read_target(table, target).astype(np.uint8)
    weights = np.empty(0) if weight is None else _weights(table, weight)
    codes = np.empty((len(encoders), table.num_rows), dtype=np.uint8)
    counts: list[Floats] = []
    seen: list[Floats] = []
    for encoder, row in zip(encoders, codes, strict=True):
        infinite = encoder.write(table, row)
        if infinite:
            raise InfiniteValue(feature=encoder.name, count=infinite)
        whole = np.zeros((CLASSES, 2), dtype=np.int64)
        count_rows(row, bad, whole)
        seen.append(whole.sum(axis=1).astype(np.float64))
        counted: Floats = whole.astype(np.float64)
        if weight is not None:
            counted = np.zeros((CLASSES, 2))
            count_weights(row, bad, weights, counted)
        counts.append(counted)
    return Block(codes, bad, weights), _Counted(
        counts, seen, int(mark_rows(codes, bad, weights)), {}
    )


def _weights(table: pa.Table, weight: str) -> Floats:
    values = np.asarray(read_column(table, weight, Kind.NUMERIC), dtype=np.float64)
    odd = values[~(np.isfinite(values) & (values >= 0))]
    if odd.size:
        raise BadSetting(
            name=f"weight {weight}", value=f"{odd[0]:g}", rule="0 or more, never missing"
        )
    return values
