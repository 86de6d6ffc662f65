"""Fine classes for many rows: a pilot on some of them says where bins may end, and there the classes are finest.

One byte a value leaves 254 classes. Of equal frequency, a cut is up to a fifth of a percent of the rows from the
best place, which costs some thousandths of the information value. The pilot puts the cuts where bads run
ahead of or behind goods the most (`engine.ordered`): coarsely to see the trend, then finely, and finest around the
ends that an exact merge of those finds.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa

from kuaidai.risk.scorecards.binning import FeatureBinning, FeatureCounts, bin_feature
from kuaidai.risk.scorecards.columns import Floats, read_target, steady
from kuaidai.risk.scorecards.config import FeatureConfig, Kind, ScorecardConfig, Trend
from kuaidai.risk.scorecards.engine.fine_classes import (
    MOST_CLASSES,
    Codes,
    FineClasses,
    room_for_cuts,
)
from kuaidai.risk.scorecards.engine.merging import Shape
from kuaidai.risk.scorecards.engine.ordered import (
    MOST_ORDERED,
    Ordered,
    Places,
    stretches,
    stretches_near,
)
from kuaidai.risk.scorecards.engine.rows import Rows
from kuaidai.risk.scorecards.engine.scan import (
    SAMPLE_ROWS,
    classes_of,
    in_order,
    one_table,
    read_weights,
    required_columns,
    thinned,
)
from kuaidai.risk.scorecards.errors import InfeasibleBins

_PILOT_ROWS = 1_000_000
_PILOT_VALUES = 25_000_000
"""Held in memory as they are decoded: 200 MB of double precision."""
_COARSE = 60
"""Stretches of rows looked at for the trend."""
_REACH = 1 / 125
"""How far from an end of a bin, in shares of the rows, the classes are finest."""


@dataclass(frozen=True)
class _Held:
    """Parts of other rows, held in memory."""

    tables: tuple[pa.Table, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names."""
        return tuple(self.tables[0].column_names)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each part."""
        return tuple(table.num_rows for table in self.tables)

    def read(self, part: int, columns: Sequence[str]) -> pa.Table:
        """The named columns of one part."""
        return self.tables[part].select(list(columns))


@dataclass(frozen=True)
class Pilot:
    """What a pilot leaves to the scan: the classes, and the rows, held in memory where it read them all.

    `classes`: None where rows are so few that a sample holds them all.
    """

    rows: Rows
    classes: tuple[FineClasses, ...] | None


def pilot(
    rows: Rows,
    config: ScorecardConfig,
    *,
    target: str,
    weight: str | None = None,
    period: str | None = None,
    offset: str | None = None,
    threads: int | None = None,
) -> Pilot:
    """Classes for a scan of `rows`, whose other parameters are those of the scan. Raises as `scan` does."""
    if sum(rows.sizes) <= SAMPLE_ROWS:
        return Pilot(rows, None)
    wanted = required_columns(
        rows, config.features, target=target, weight=weight, period=period, offset=offset
    )
    threads = threads or os.cpu_count() or 1
    parts = _pilot_parts(rows.sizes, len(wanted))
    held = _Held(tuple(in_order(lambda part: rows.read(part, wanted), parts, threads)))
    every = -(-sum(held.sizes) // MOST_ORDERED)
    seen = [
        table if every == 1 else thinned(table, table.num_rows // every) for table in held.tables
    ]
    bad = np.concatenate([read_target(table, target) for table in seen]).astype(np.uint8)
    weights = [read_weights(table, weight) for table in seen] if weight else [np.empty(0)]
    work = partial(_classes, seen, config, bad, np.concatenate(weights))
    classes = tuple(in_order(work, config.features, threads))
    return Pilot(held if len(parts) == len(rows.sizes) else rows, classes)


def _pilot_parts(sizes: Sequence[int], columns: int) -> list[int]:
    """Parts spread over all that hold about a million rows, or as many values as fit; at least one."""
    most = min(_PILOT_ROWS, _PILOT_VALUES // columns)
    count = max(1, min(len(sizes), most // max(sizes)))
    return [int(place) for place in np.unique(np.linspace(0, len(sizes) - 1, count).astype(int))]


def _classes(
    tables: Sequence[pa.Table],
    config: ScorecardConfig,
    bad: Codes,
    weights: Floats,
    feature: FeatureConfig,
) -> FineClasses:
    """The classes of one feature; of equal frequency where there is no end of a bin to look for."""
    if feature.kind is Kind.NUMERIC and not feature.splits and 0 < bad.sum() < len(bad):
        try:
            return _supervised(Ordered.of(tables, bad, weights, feature), config)
        except InfeasibleBins:  # the pilot's: the whole may do, or says so itself
            pass
    share = max(1, SAMPLE_ROWS // len(tables))
    sample = one_table(thinned(table.select([feature.name]), share) for table in tables)
    return classes_of(sample, feature, MOST_CLASSES)


def _supervised(ordered: Ordered, config: ScorecardConfig) -> FineClasses:
    """Cuts where bins may end: one in four all over the values, the others around the ends of the best merge."""
    room = room_for_cuts(ordered.feature)
    if len(ordered.firsts) <= room:
        return ordered.classes(np.arange(1, len(ordered.firsts)))
    coarse = ordered.turns(stretches(ordered.rows, min(_COARSE, (room - 1) // 2)), "")
    trend = _merged(ordered, coarse, config).record.trend
    ways = 1 if trend in (Shape.ASCENDING, Shape.DESCENDING) else 2
    fine = ordered.turns(stretches(ordered.rows, (room - 1) // ways), trend)
    only = Trend(trend) if ways == 1 else ordered.feature.trend
    ends = _ends(ordered, _merged(ordered, fine, config, only))
    if not len(ends):
        return ordered.classes(fine)
    wide = room // (4 * ways)
    close = (room - 1 - wide * ways - len(ends)) // (len(ends) * ways)
    near = stretches_near(ordered.rows, ordered.below[ends, 0].tolist(), _REACH, max(0, close))
    found = [ordered.turns(edges, trend) for edges in (stretches(ordered.rows, wide), *near)]
    return ordered.classes(np.unique(np.concatenate([ends, *found])))


def _ends(ordered: Ordered, binned: FeatureBinning) -> Places:
    """The places where the bins end."""
    cuts = [binned.counts.classes.cuts[group[0] - 1] for group in binned.groups[1:]]
    return np.searchsorted(ordered.firsts, steady(np.array(cuts, dtype=np.float64)))


def _merged(
    ordered: Ordered, places: Places, config: ScorecardConfig, trend: Trend | None = None
) -> FeatureBinning:
    """The best merge of the classes that start at `places`, of `trend` if it is given."""
    classes = ordered.classes(places, short=False)
    counts, rows = ordered.counted(classes)
    feature = replace(ordered.feature, trend=trend or ordered.feature.trend)
    none = np.empty((0, *counts.shape))
    return bin_feature(FeatureCounts(replace(classes, feature=feature), counts, rows, none), config)
