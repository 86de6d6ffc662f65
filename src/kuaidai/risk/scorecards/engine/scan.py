"""The one scan: every value to its one-byte class, goods and bads counted per class."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from itertools import islice
from operator import add
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kuaidai.risk.scorecards.columns import Floats, read_column, read_target, require_present
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
from kuaidai.risk.scorecards.engine.marks import dictionaries, mark_of
from kuaidai.risk.scorecards.engine.memory import MOST_SAMPLED
from kuaidai.risk.scorecards.engine.rows import Rows
from kuaidai.risk.scorecards.errors import BadSetting, InfiniteValue, NotACategory, OneClassTarget

SAMPLE_ROWS = 200_000
_SAMPLE_PARTS = 8
_MOST_PERIODS = 120
_WARM_ROWS = (100_000, 1_000_000, 10_000_000)
_WARM_BLOCKS = 64
_ARRAYS = 4
_MOST_WEIGHT = 1e12  # sums of weights stay far from what a double can hold
Done = TypeVar("Done")


@dataclass(frozen=True)
class Block:
    """Codes (features × rows), target (0 or 1), and weights (empty: every row counts once).

    `periods` names each row's period while the rows are counted; it is not kept, nor is `mark`, that of
    the rows (see `marks`). `offsets`: each row's fixed part of the log-odds of bad (empty: none).
    """

    codes: Codes
    target: Codes
    weights: Floats
    periods: npt.NDArray[np.str_] = field(default_factory=lambda: np.empty(0, dtype=np.str_))
    offsets: Floats = field(default_factory=lambda: np.empty(0))
    mark: int = 0


@dataclass(frozen=True)
class Counts:
    """Fine classes per feature and what fell into them.

    `counts`: goods and bads by weight (256 × 2); `seen`: rows (256); `periods`: goods and bads in each
    of the periods named by `period_names` (periods × 256 × 2). `mark` is that of the rows,
    whatever their order, parts and classes.
    """

    classes: tuple[FineClasses, ...]
    counts: tuple[Floats, ...]
    seen: tuple[Floats, ...]
    rows: int
    mark: int
    period_names: tuple[str, ...]
    periods: tuple[Floats, ...]

    @property
    def goods(self) -> float:
        """Goods by weight."""
        return float(self.counts[0][:, 0].sum())

    @property
    def bads(self) -> float:
        """Bads by weight."""
        return float(self.counts[0][:, 1].sum())

    def require_both(self, target: str) -> None:
        """Raise `OneClassTarget` unless there are goods and bads."""
        if not (self.goods and self.bads):
            goods, bads = f"{self.goods:g}", f"{self.bads:g}"
            raise OneClassTarget(target=target, sample="the data", goods=goods, bads=bads)


class Addable(Protocol):
    """What merges by +."""

    def __add__(self, other: Self, /) -> Self:
        """Both together."""
        ...


Sum = TypeVar("Sum", bound=Addable)


class Coded(Counts):
    """Counted rows whose codes can be passed over again, wherever they lie."""

    def added(self, work: Callable[[Block], Sum]) -> Sum:
        """`work` on every block, the results added in an order that does not change.

        `work` may have to travel: a function of a module, or a partial one.
        """
        raise NotImplementedError

    def warm_samples(self) -> Iterator[Coded]:
        """Parts of the rows to start a regression from, ever larger; none where the whole is small."""
        return iter(())


@dataclass(frozen=True)
class Scan(Coded):
    """Counted rows on this machine, in blocks: each a `Block` in memory or the file it was written to.

    `sample_rows`: the most rows that `warm_samples` may take into memory.
    """

    blocks: tuple[Block | Path, ...]
    threads: int
    sample_rows: int = MOST_SAMPLED

    def added(self, work: Callable[[Block], Sum]) -> Sum:
        """`work` on every block from several threads, added in the order of the blocks."""
        return added(in_order(lambda block: work(load(block)), self.blocks, self.threads))

    def warm_samples(self) -> Iterator[Coded]:
        """About 0.1, 1 and 10 million rows, as far as they are less than a quarter of the whole.

        Ten times the rows bring the start √10 times nearer: passes over a part save one over the whole.
        """
        for rows in _WARM_ROWS:
            if self.rows > 4 * rows and rows <= self.sample_rows:
                yield self._sample(rows)

    def _sample(self, rows: int) -> Scan:
        """About so many rows and hardly more, evenly from at most 64 of the blocks."""
        picked = self.blocks[:: -(-len(self.blocks) // _WARM_BLOCKS)]
        stride = max(1, -(-self.rows * len(picked) // (len(self.blocks) * rows)))
        blocks = tuple(in_order(lambda block: _thinned(load(block), stride), picked, self.threads))
        return replace(self, blocks=blocks, rows=sum(len(b.target) for b in blocks))


def _thinned(block: Block, stride: int) -> Block:
    """Every `stride`-th row."""
    codes = np.ascontiguousarray(block.codes[:, ::stride])
    target = np.ascontiguousarray(block.target[::stride])
    weights, offsets = (
        np.ascontiguousarray(column[::stride]) for column in (block.weights, block.offsets)
    )
    return Block(codes, target, weights, offsets=offsets)


def added(sums: Iterable[Sum]) -> Sum:
    """All sums added, in their order; there must be one."""
    return reduce(add, sums)


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
    with block.open("rb") as file:
        codes, target, weights, offsets = (np.load(file) for _ in range(_ARRAYS))
    return Block(codes, target, weights, offsets=offsets)


def sample_classes(
    rows: Rows, features: Sequence[FeatureConfig], *, most: int, threads: int | None = None
) -> list[FineClasses]:
    """Fine classes from all rows up to `SAMPLE_ROWS`; beyond, from about as many spread over some parts."""
    threads = threads or os.cpu_count() or 1
    total = sum(rows.sizes)
    parts = np.unique(np.linspace(0, len(rows.sizes) - 1, _SAMPLE_PARTS).astype(int))
    if total <= SAMPLE_ROWS:
        parts = np.arange(len(rows.sizes))
    names = [feature.name for feature in features]
    share = max(1, total if total <= SAMPLE_ROWS else SAMPLE_ROWS // len(parts))
    read = in_order(lambda part: thinned(rows.read(part, names), share), parts.tolist(), threads)
    work = partial(_classes_in, one_table(read), most)
    return list(in_order(work, features, threads))


def thinned(table: pa.Table, rows: int) -> pa.Table:
    """About so many rows of the table, evenly."""
    stride = max(1, table.num_rows // rows)
    return table.take(pa.array(np.arange(0, table.num_rows, stride)))


def one_table(tables: Iterable[pa.Table]) -> pa.Table:
    """Tables behind each other, types and dictionaries made one."""
    return pa.concat_tables(tables, promote_options="permissive").unify_dictionaries()


def _classes_in(sample: pa.Table, most: int, feature: FeatureConfig) -> FineClasses:
    return classes_of(sample, feature, most)


def classes_of(sample: pa.Table, feature: FeatureConfig, most: int) -> FineClasses:
    """At most `most` fine classes of a feature, from a sample of its values. Raises `NotACategory`."""
    if feature.kind is Kind.NUMERIC:
        return numeric_classes(read_column(sample, feature.name, feature.kind), feature, most=most)
    column = sample[feature.name]
    if pa.types.is_nested(column.type):
        raise NotACategory(feature=feature.name, kind=column.type)
    counted: Counter[str] = Counter()
    for each in column.value_counts().to_pylist():
        if each["values"] is not None:
            counted[str(each["values"])] += each["counts"]
    return categorical_classes(counted.items(), feature, most=most)


def scan(
    rows: Rows,
    features: Sequence[FeatureConfig],
    *,
    target: str,
    weight: str | None = None,
    period: str | None = None,
    offset: str | None = None,
    classes: Sequence[FineClasses] | None = None,
    most: int = 254,
    folder: Path | None = None,
    threads: int | None = None,
    sample_rows: int = MOST_SAMPLED,
    progress: Callable[[int], None] | None = None,
) -> Scan:
    """Encode and count every row.

    `classes` fixes the fine classes (default: from a sample, at most `most` a feature); `period` names a
    column by whose values goods and bads are counted as well, `offset` one that holds a fixed part of each
    row's log-odds of bad; `folder` is where the codes go when they are not to stay in memory;
    `sample_rows`: see `Scan`; `progress` is told the rows done. Raises `MissingColumn`, `NotANumber`,
    `InfiniteValue`, `TargetNotBinary`, `OneClassTarget`, `BadSetting`.
    """
    wanted = required_columns(
        rows, features, target=target, weight=weight, period=period, offset=offset
    )
    if not sum(rows.sizes):
        raise OneClassTarget(target=target, sample="the data", goods=0, bads=0)
    threads = threads or os.cpu_count() or 1
    fixed = tuple(classes or sample_classes(rows, features, most=most, threads=threads))
    encoders = [Encoder.of(each) for each in fixed]

    def encode(part: int) -> tuple[Block | Path, Counted]:
        block = encode_rows(rows.read(part, wanted), encoders, target, weight, period, offset)
        return _keep(block, part, folder), Counted.of(block)

    blocks: list[Block | Path] = []
    total: Counted | None = None
    for block, counted in in_order(encode, range(len(rows.sizes)), threads):
        blocks.append(block)
        total = counted if total is None else total + counted
        if progress is not None:
            progress(total.rows)
    assert total is not None  # there is at least one part: some rows were promised above
    result = Scan(
        **total.figures(fixed), blocks=tuple(blocks), threads=threads, sample_rows=sample_rows
    )
    result.require_both(target)
    return result


def required_columns(
    rows: Rows,
    features: Sequence[FeatureConfig],
    *,
    target: str,
    weight: str | None = None,
    period: str | None = None,
    offset: str | None = None,
) -> list[str]:
    """The columns that a scan reads. Raises `BadSetting`, `MissingColumn` where it cannot."""
    names = [feature.name for feature in features]
    require_parts(names, target, weight, offset)
    wanted = [target, *(name for name in (weight, period, offset) if name), *names]
    require_present(rows.names, wanted)
    return list(dict.fromkeys(wanted))


def require_parts(
    features: Sequence[str], target: str, weight: str | None, offset: str | None = None
) -> None:
    """Raise `BadSetting` where the target, the weight or the offset would judge itself."""
    if target in features:
        raise BadSetting(name="features", value=target, rule="without the target column")
    if weight in (target, *features):
        rule = "a column that is neither the target nor a feature"
        raise BadSetting(name="weight", value=weight, rule=rule)
    if offset is not None and offset in (target, weight, *features):
        rule = "a column that is neither the target, the weight nor a feature"
        raise BadSetting(name="offset", value=offset, rule=rule)


@dataclass(frozen=True)
class Counted:
    """What some blocks add up to; see `Counts`. All arrays have a place per feature in front."""

    counts: Floats
    seen: Floats
    rows: int
    mark: int
    periods: Mapping[str, Floats]

    @staticmethod
    def of(block: Block) -> Counted:
        """The figures of one block."""
        features = len(block.codes)
        whole = np.zeros((features, CLASSES, 2), dtype=np.int64)
        for codes, counts in zip(block.codes, whole, strict=True):
            count_rows(codes, block.target, counts)
        weighed = _weighed(block) if block.weights.size else whole.astype(np.float64)
        seen = whole.sum(axis=2).astype(np.float64)
        return Counted(weighed, seen, len(block.target), block.mark, _by_period(block))

    def __add__(self, other: Counted) -> Counted:
        """The figures of both."""
        periods = dict(self.periods)
        for name, counts in other.periods.items():
            periods[name] = periods[name] + counts if name in periods else counts
        if len(periods) > _MOST_PERIODS:
            rule = f"a column of at most {_MOST_PERIODS} periods"
            raise BadSetting(name="stable_over", value=f"{len(periods)} values", rule=rule)
        return Counted(
            self.counts + other.counts,
            self.seen + other.seen,
            self.rows + other.rows,
            (self.mark + other.mark) % (1 << 64),
            periods,
        )

    def figures(self, classes: tuple[FineClasses, ...]) -> dict[str, Any]:
        """The fields of `Counts`."""
        names = tuple(sorted(self.periods))
        of_features = [np.array([self.periods[n][f] for n in names]) for f in range(len(classes))]
        return {
            "classes": classes,
            "counts": tuple(self.counts),
            "seen": tuple(self.seen),
            "rows": self.rows,
            "mark": self.mark,
            "period_names": names,
            "periods": tuple(of_features) if names else (),
        }


def _weighed(block: Block) -> Floats:
    counts: Floats = np.zeros((len(block.codes), CLASSES, 2))
    for codes, own in zip(block.codes, counts, strict=True):
        count_weights(codes, block.target, block.weights, own)
    return counts


def _by_period(block: Block) -> dict[str, Floats]:
    """Goods and bads by weight (features × 256 × 2) for each period of the block."""
    if not block.periods.size:
        return {}
    weights = block.weights if block.weights.size else np.ones(len(block.target))
    result = {}
    for name in np.unique(block.periods).tolist():
        inside = block.periods == name
        part = Block(
            np.ascontiguousarray(block.codes[:, inside]), block.target[inside], weights[inside]
        )
        result[str(name)] = _weighed(part)
    return result


def _keep(block: Block, part: int, folder: Path | None) -> Block | Path:
    if folder is None:
        return replace(block, periods=np.empty(0, dtype=np.str_))
    path = folder / f"codes-{part:06d}.npy"
    arrays = (block.codes, block.target, block.weights, block.offsets)
    assert len(arrays) == _ARRAYS
    with path.open("wb") as file:  # one behind the other: an archive would sum and copy them
        for array in arrays:
            np.save(file, array)
    return path


def encode_rows(
    table: pa.Table,
    encoders: Sequence[Encoder],
    target: str,
    weight: str | None,
    period: str | None = None,
    offset: str | None = None,
) -> Block:
    """Rows as a block of codes. Raises as `scan` does for bad values."""
    bad = read_target(table, target).astype(np.uint8)
    weights = np.empty(0) if weight is None else read_weights(table, weight)
    table = dictionaries(table, (e.name for e in encoders if e.kind is Kind.CATEGORICAL))
    codes = np.empty((len(encoders), table.num_rows), dtype=np.uint8)
    for encoder, row in zip(encoders, codes, strict=True):
        infinite = encoder.write(table, row)
        if infinite:
            raise InfiniteValue(feature=encoder.name, count=infinite)
    offsets = np.empty(0) if offset is None else _offsets(table, offset)
    mark = mark_of(table, ((e.name, e.kind) for e in encoders), bad, weights, offsets)
    block = Block(codes, bad, weights, offsets=offsets, mark=mark)
    if period is not None:
        named = np.array([str(v) for v in table[period].to_pylist()], dtype=np.str_)
        block = replace(block, periods=named)
    return block


def _offsets(table: pa.Table, offset: str) -> Floats:
    values = np.asarray(read_column(table, offset, Kind.NUMERIC), dtype=np.float64)
    odd = values[~np.isfinite(values)]
    if odd.size:
        raise BadSetting(name=f"offset {offset}", value=f"{odd[0]:g}", rule="finite, never missing")
    return values


def read_weights(table: pa.Table, weight: str) -> Floats:
    """The column of row weights; raises `BadSetting` where one is negative, infinite or missing."""
    values = np.asarray(read_column(table, weight, Kind.NUMERIC), dtype=np.float64)
    odd = values[~((values >= 0) & (values <= _MOST_WEIGHT))]
    if odd.size:
        rule = f"between 0 and {_MOST_WEIGHT:g}, never missing"
        raise BadSetting(name=f"weight {weight}", value=f"{odd[0]:g}", rule=rule)
    return values
