"""Trees as their leaves: what a row adds up to, and the exact Shapley values of that sum.

A leaf holds the rows that meet all its conditions, one a column: the splits on a column on the way to
the leaf make one interval, or one set of categories. What is expected of the leaf where only the columns
of a set S are known is its value × Π over its conditions of (known: 1 or 0, as the row meets it; unknown:
`share`, the part of the development rows that went the leaf's way at those splits). That is the game of
TreeSHAP with the trees' own counts (Lundberg et al. 2020), and the Shapley values of a product are a
short sum over its elementary symmetric polynomials: no sampling, no rounding but the machine's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

from kuaidai.risk.scorecards.columns import Floats

Places: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Condition:
    """What a leaf asks of a column: a number in `(low, high]`, or a category of `levels`.

    `missing`: whether rows without a value meet it. `share`: the part of the development rows at the
    column's splits on the way to the leaf that met it.
    """

    column: int
    low: float | None
    high: float | None
    levels: tuple[int, ...]
    missing: bool
    share: float


@dataclass(frozen=True)
class Leaf:
    """A leaf of a tree: the log-odds it adds, and what it asks of a row."""

    tree: int
    value: float
    conditions: tuple[Condition, ...]

    @property
    def expected(self) -> float:
        """What the leaf adds on average."""
        return self.value * float(np.prod([c.share for c in self.conditions]))


@dataclass(frozen=True)
class LeafTables:
    """Leaves for compiled loops: which of them take which values, looked up by the code of the value.

    A column's codes count the intervals between its `cuts`, or its `levels`; the last one is missing.
    `accepts` (columns × codes × words) has a bit a leaf. Conditions `starts[i]` to `starts[i + 1]`
    (their `columns` and `shares`) belong to leaf i.
    """

    cuts: tuple[Floats, ...]
    levels: tuple[int, ...]
    accepts: npt.NDArray[np.uint64]
    values: Floats
    starts: Places
    columns: Places
    shares: Floats

    @staticmethod
    def of(leaves: Sequence[Leaf], levels: Sequence[int]) -> LeafTables:
        """The tables of `leaves`; `levels`: how many categories each column has, 0 for numbers."""
        conditions = [condition for leaf in leaves for condition in leaf.conditions]
        cuts = tuple(_cuts([c for c in conditions if c.column == n]) for n in range(len(levels)))
        codes = 2 + max(max(map(len, cuts), default=0), *levels, 0)
        bits = np.zeros((len(levels), codes, 64 * -(-len(leaves) // 64)), dtype=np.bool_)
        bits[:, :, : len(leaves)] = True
        for place, leaf in enumerate(leaves):
            for c in leaf.conditions:
                bits[c.column, :, place] = _taken(c, cuts[c.column], levels[c.column], codes)
        return LeafTables(
            cuts=cuts,
            levels=tuple(levels),
            accepts=np.packbits(bits, axis=2, bitorder="little").view("<u8").astype(np.uint64),
            values=np.array([leaf.value for leaf in leaves], dtype=np.float64),
            starts=np.cumsum([0, *(len(leaf.conditions) for leaf in leaves)]).astype(np.int64),
            columns=np.array([c.column for c in conditions], dtype=np.int64),
            shares=np.array([c.share for c in conditions], dtype=np.float64),
        )

    def codes(self, rows: Floats) -> Places:
        """The code of each value of `rows` (rows × columns, NaN for missing)."""
        found = np.empty(rows.shape, dtype=np.int64)
        for n, (cuts, levels) in enumerate(zip(self.cuts, self.levels, strict=True)):
            missing = np.isnan(rows[:, n])
            if levels:
                found[:, n] = np.where(missing, 0, rows[:, n])
            else:
                found[:, n] = np.searchsorted(cuts, rows[:, n], side="left")
            found[missing, n] = levels or len(cuts) + 1
        return found


def _cuts(conditions: Sequence[Condition]) -> Floats:
    ends = {end for c in conditions for end in (c.low, c.high) if end is not None}
    return np.array(sorted(ends), dtype=np.float64)


def _taken(c: Condition, cuts: Floats, levels: int, codes: int) -> npt.NDArray[np.bool_]:
    """For each code of the condition's column whether a value with it meets the condition."""
    taken = np.zeros(codes, dtype=np.bool_)
    if levels:
        taken[list(c.levels)] = True
    else:
        low = 0 if c.low is None else int(np.searchsorted(cuts, c.low)) + 1
        high = len(cuts) if c.high is None else int(np.searchsorted(cuts, c.high))
        taken[low : high + 1] = True
    taken[levels or len(cuts) + 1] = c.missing
    return taken


def leaf_sums(rows: Floats, leaves: LeafTables) -> Floats:
    """What the leaves of each row (rows × columns, NaN for missing) add up to."""
    total = np.zeros(len(rows))
    _add_leaves(leaves.codes(rows), leaves.accepts, leaves.values, total)
    return total


def shapley_values(rows: Floats, leaves: LeafTables) -> Floats:
    """Rows × columns: each column's Shapley value of what the row's leaves add up to."""
    most = int(np.diff(leaves.starts).max(initial=1))
    weights = np.zeros((most + 1, most + 1))
    for players in range(1, most + 1):
        for known in range(players):
            weights[players, known] = (
                factorial(known) * factorial(players - 1 - known) / factorial(players)
            )
    values = np.zeros(rows.shape)
    _add_shapley_values(
        leaves.codes(rows),
        leaves.accepts,
        leaves.values,
        leaves.starts,
        leaves.columns,
        leaves.shares,
        weights,
        values,
    )
    return values


@njit(cache=True, nogil=True)
def _add_leaves(codes: Any, accepts: Any, values: Any, total: Any) -> None:
    one = np.uint64(1)
    for row in range(codes.shape[0]):
        for word in range(accepts.shape[2]):
            inside = accepts[0, codes[row, 0], word]
            for column in range(1, codes.shape[1]):
                inside &= accepts[column, codes[row, column], word]
            leaf = 64 * word
            while inside:
                if inside & one:
                    total[row] += values[leaf]
                inside >>= one
                leaf += 1


@njit(cache=True, nogil=True)
def _add_shapley_values(
    codes: Any,
    accepts: Any,
    leaf_values: Any,
    starts: Any,
    columns: Any,
    shares: Any,
    weights: Any,
    values: Any,
) -> None:
    known = np.zeros(weights.shape[0])
    sums = np.zeros(weights.shape[0])
    one = np.uint64(1)
    for row in range(codes.shape[0]):
        for leaf in range(leaf_values.size):
            first, last = starts[leaf], starts[leaf + 1]
            word, bit = leaf // 64, np.uint64(leaf % 64)
            for c in range(first, last):
                taken = accepts[columns[c], codes[row, columns[c]], word]
                known[c - first] = np.float64((taken >> bit) & one)
            for own in range(first, last):
                # sums[k]: of all sets of k other columns, Π known inside × Π shares outside
                size = 1
                sums[0] = 1.0
                for c in range(first, last):
                    if c == own:
                        continue
                    sums[size] = sums[size - 1] * known[c - first]
                    for k in range(size - 1, 0, -1):
                        sums[k] = sums[k] * shares[c] + sums[k - 1] * known[c - first]
                    sums[0] *= shares[c]
                    size += 1
                mean = 0.0
                for k in range(size):
                    mean += weights[last - first, k] * sums[k]
                gain = known[own - first] - shares[own]
                values[row, columns[own]] += leaf_values[leaf] * gain * mean
