"""Fine classes for many rows: a pilot on some of them says where bins end, and there the classes are finest.

One byte a value leaves 254 classes. Of equal frequency, a cut is up to a fifth of a percent of the rows from the
best place, which costs some thousandths of the information value; a dozen times closer where it
matters, next to nothing is lost.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from kuaidai.risk.scorecards.binning import FeatureBinning, bin_scan
from kuaidai.risk.scorecards.columns import read_column
from kuaidai.risk.scorecards.config import Kind, ScorecardConfig
from kuaidai.risk.scorecards.engine.fine_classes import (
    MOST_CLASSES,
    FineClasses,
    numeric_classes,
)
from kuaidai.risk.scorecards.engine.rows import Rows
from kuaidai.risk.scorecards.engine.scan import (
    SAMPLE_ROWS,
    classes_of,
    in_order,
    one_table,
    required_columns,
    scan,
    thinned,
)
from kuaidai.risk.scorecards.errors import InfeasibleBins, OneClassTarget

_PILOT_ROWS = 1_000_000
_PILOT_VALUES = 25_000_000
"""Held in memory as they are decoded: 200 MB of double precision."""


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


def pilot_classes(
    rows: Rows,
    config: ScorecardConfig,
    *,
    target: str,
    weight: str | None = None,
    threads: int | None = None,
) -> tuple[FineClasses, ...] | None:
    """Classes for a scan of `rows`; None where they are so few that a sample holds them all.

    Raises as `scan` does.
    """
    if sum(rows.sizes) <= SAMPLE_ROWS:
        return None
    wanted = required_columns(rows, config.features, target=target, weight=weight)
    threads = threads or os.cpu_count() or 1
    parts = _pilot_parts(rows.sizes, len(wanted))
    held = _Held(tuple(in_order(lambda part: rows.read(part, wanted), parts, threads)))
    share = max(1, SAMPLE_ROWS // len(parts))
    sample = one_table(thinned(table, share) for table in held.tables)
    first = tuple(
        in_order(lambda each: classes_of(sample, each, MOST_CLASSES), config.features, threads)
    )
    try:
        scanned = scan(
            held, config.features, target=target, weight=weight, classes=first, threads=threads
        )
        binned = bin_scan(scanned, config)
    except (OneClassTarget, InfeasibleBins):  # the pilot's: the whole may do, or says so itself
        return first
    return tuple(in_order(partial(_refined, sample), binned, threads))


def _pilot_parts(sizes: Sequence[int], columns: int) -> list[int]:
    """Parts spread over all that hold about a million rows, or as many values as fit; at least one."""
    most = min(_PILOT_ROWS, _PILOT_VALUES // columns)
    count = max(1, min(len(sizes), most // max(sizes)))
    return [int(place) for place in np.unique(np.linspace(0, len(sizes) - 1, count).astype(int))]


def _refined(sample: pa.Table, binned: FeatureBinning) -> FineClasses:
    classes, feature = binned.counts.classes, binned.feature
    if feature.kind is Kind.CATEGORICAL or feature.splits:
        return classes
    ends = [classes.cuts[group[0] - 1] for group in binned.groups[1:]]
    return numeric_classes(read_column(sample, feature.name, feature.kind), feature, around=ends)
