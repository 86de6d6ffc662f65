"""A numeric feature's values in order with the goods and bads below each, and where bins may well end.

Information value is convex in a bin's goods and bads. So of all places for one boundary between two
bins the best is, for some odds, where bads less odds times goods below it are the most or the least:
among fine classes, a class per such place loses next to nothing, where one per quantile loses up to
some thousandths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kuaidai.risk.scorecards.columns import STEADY_MASK, Floats, steady
from kuaidai.risk.scorecards.config import FeatureConfig
from kuaidai.risk.scorecards.engine.encoding import numbers_in
from kuaidai.risk.scorecards.engine.fine_classes import (
    CLASSES,
    MISSING,
    Codes,
    FineClasses,
    numeric_cuts,
    room_for_cuts,
    shortest,
)
from kuaidai.risk.scorecards.engine.kernels import (
    add_up,
    farthest,
    numbers_of,
    sorted_keys,
    write_keys,
)
from kuaidai.risk.scorecards.engine.merging import Shape

Places = npt.NDArray[np.int64]

MOST_ORDERED = 1 << 23
"""Rows whose numbers fit beside a steadied value in 64 bits."""
_AROUND = 0.03
_SIDES = {Shape.ASCENDING.value: (-1.0,), Shape.DESCENDING.value: (1.0,)}
_BOTH = (-1.0, 1.0)


@dataclass(frozen=True)
class Ordered:
    """Runs of a feature's ordinary values, rising, and what lies below each; the last place holds all.

    A run is one value, or, where values are more than classes, neighbours with goods alone or with bads
    alone, in which no bin does well to end. `below`: rows, goods and bads by weight (runs + 1, 3);
    `own`: the same of the missing values and of each special code, in the order of the feature's.
    """

    feature: FeatureConfig
    firsts: Floats
    lasts: Floats
    below: Floats
    own: Floats

    @staticmethod
    def of(
        tables: Sequence[pa.Table], bad: Codes, weights: Floats, feature: FeatureConfig
    ) -> Ordered:
        """From tables of at most `MOST_ORDERED` rows, of which all are bad (1) or good (0).

        Empty `weights`: each row is one. Raises `NotANumber`.
        """
        keys = np.empty(len(bad), dtype=np.uint64)
        at = 0
        for numbers in (each for table in tables for each in numbers_in(table, feature.name)):
            size = len(numbers.values)
            write_keys(numbers.values, numbers.valid, numbers.offset, at, keys[at : at + size])
            at += size
        codes = steady(np.array([code for _, code in feature.special], dtype=np.float64))
        special = np.empty(len(codes), dtype=np.uint64)
        write_keys(codes, np.empty(0, dtype=np.uint8), 0, 0, special)
        special &= STEADY_MASK
        room = room_for_cuts(feature)
        runs, below = np.empty((2, len(keys)), dtype=np.uint64), np.empty((len(keys) + 1, 3))
        own = np.zeros((1 + len(special), 3))
        count = add_up(sorted_keys(keys), bad, weights, special, room, runs, below, own)
        firsts, lasts = numbers_of(runs[:, :count])
        return Ordered(feature, firsts, lasts, below[: count + 1].copy(), own)

    @property
    def rows(self) -> float:
        """Ordinary rows."""
        return float(self.below[-1, 0])

    def classes(self, places: Places, *, short: bool = True) -> FineClasses:
        """Classes that start with the runs at `places`; `short`: their cuts in few digits."""
        inside = places[(places > 0) & (places < len(self.firsts))]
        cuts = self.firsts[inside].tolist()
        if short:
            before = self.lasts[inside - 1].tolist()
            cuts = [shortest(*pair) for pair in zip(before, cuts, strict=True)]
        return FineClasses(self.feature, cuts=numeric_cuts(cuts, self.feature))

    def counted(self, classes: FineClasses) -> tuple[Floats, Floats]:
        """Goods and bads (256 × 2) and rows (256) of the classes."""
        sums = np.zeros((CLASSES, 3))
        ends = np.searchsorted(self.firsts, classes.edges)
        sums[: classes.size] = np.diff(self.below[[0, *ends, len(self.firsts)]], axis=0)
        sums[MISSING] = self.own[0]
        for (_, code), own in zip(classes.special_classes(), self.own[1:], strict=True):
            sums[code] += own
        return sums[:, 1:], sums[:, 0]

    def turns(self, edges: Floats, trend: str) -> Places:
        """A place in each stretch of rows between two `edges` where a bin may best end, or two of them.

        Where bads less the odds of the neighbourhood times goods are the least, if bad rates rise, or the
        most, if they fall; both where `trend` does not say.
        """
        rows = self.below[:, 0]
        middles = (edges[1:] + edges[:-1]) / 2
        around = np.clip(
            [middles - _AROUND * self.rows, middles + _AROUND * self.rows], 0, self.rows
        )
        low, high = np.searchsorted(rows, around)
        goods, bads = (self.below[high] - self.below[low]).T[1:]
        odds = bads / np.maximum(goods, 1e-300)
        bounds = np.clip(np.searchsorted(rows, edges), 1, len(self.firsts))
        found = [farthest(self.below, bounds, odds, side) for side in _SIDES.get(trend, _BOTH)]
        return np.unique(np.concatenate(found))


def stretches(rows: float, count: int) -> Floats:
    """The edges of so many stretches of equal length."""
    return np.linspace(0, rows, count + 1)


def stretches_near(rows: float, ends: Sequence[float], reach: float, count: int) -> list[Floats]:
    """The edges of so many stretches around each of `ends`, as far as a share `reach` of the rows."""
    return [
        np.clip(np.linspace(end - reach * rows, end + reach * rows, count + 1), 0, rows)
        for end in ends
    ]
