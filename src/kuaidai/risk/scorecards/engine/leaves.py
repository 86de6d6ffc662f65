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
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from kuaidai.risk.scorecards.columns import Floats


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


class LeafArrays(NamedTuple):
    """Leaves for compiled loops: conditions `starts[i]` to `starts[i + 1]` belong to leaf i.

    `sets` is -1 for a numeric condition, else the row of `allowed` (sets × categories).
    """

    starts: Any
    values: Any
    columns: Any
    lows: Any
    highs: Any
    missing: Any
    shares: Any
    sets: Any
    allowed: Any


def leaf_arrays(leaves: Sequence[Leaf], categorical: Sequence[bool]) -> LeafArrays:
    """The leaves as arrays; `categorical` tells for each column whether it holds categories."""
    conditions = [condition for leaf in leaves for condition in leaf.conditions]
    chosen = [c for c in conditions if categorical[c.column]]
    places = np.full(len(conditions), -1, dtype=np.int64)
    places[[categorical[c.column] for c in conditions]] = np.arange(len(chosen))
    most = max((level for c in chosen for level in c.levels), default=0)
    allowed = np.zeros((max(len(chosen), 1), most + 1), dtype=np.bool_)
    for place, condition in enumerate(chosen):
        allowed[place, list(condition.levels)] = True
    return LeafArrays(
        starts=np.cumsum([0, *(len(leaf.conditions) for leaf in leaves)]).astype(np.int64),
        values=np.array([leaf.value for leaf in leaves], dtype=np.float64),
        columns=np.array([c.column for c in conditions], dtype=np.int64),
        lows=np.array([-np.inf if c.low is None else c.low for c in conditions], dtype=np.float64),
        highs=np.array(
            [np.inf if c.high is None else c.high for c in conditions], dtype=np.float64
        ),
        missing=np.array([c.missing for c in conditions], dtype=np.bool_),
        shares=np.array([c.share for c in conditions], dtype=np.float64),
        sets=places,
        allowed=allowed,
    )


def leaf_sums(rows: Floats, leaves: LeafArrays) -> Floats:
    """What the leaves of each row (rows × columns, NaN for missing) add up to."""
    total = np.zeros(len(rows))
    _add_leaves(rows, leaves, total)
    return total


def shapley_values(rows: Floats, leaves: LeafArrays) -> Floats:
    """Rows × columns: each column's Shapley value of what the row's leaves add up to."""
    most = int(np.diff(leaves.starts).max(initial=1))
    weights = np.zeros((most + 1, most + 1))
    for players in range(1, most + 1):
        for known in range(players):
            weights[players, known] = (
                factorial(known) * factorial(players - 1 - known) / factorial(players)
            )
    values = np.zeros(rows.shape)
    _add_shapley_values(rows, leaves, weights, values)
    return values


@njit(cache=True, nogil=True)
def _meets(value: Any, c: Any, leaves: Any) -> Any:
    if np.isnan(value):
        return leaves.missing[c]
    if leaves.sets[c] >= 0:
        level = np.int64(value)
        return level < leaves.allowed.shape[1] and leaves.allowed[leaves.sets[c], level]
    above = value > leaves.lows[c] or leaves.lows[c] == -np.inf
    return above and value <= leaves.highs[c]


@njit(cache=True, nogil=True)
def _add_leaves(rows: Any, leaves: Any, total: Any) -> None:
    for row in range(rows.shape[0]):
        for leaf in range(leaves.values.size):
            inside = True
            for c in range(leaves.starts[leaf], leaves.starts[leaf + 1]):
                if not _meets(rows[row, leaves.columns[c]], c, leaves):
                    inside = False
                    break
            if inside:
                total[row] += leaves.values[leaf]


@njit(cache=True, nogil=True)
def _add_shapley_values(rows: Any, leaves: Any, weights: Any, values: Any) -> None:
    known = np.zeros(weights.shape[0])
    sums = np.zeros(weights.shape[0])
    for row in range(rows.shape[0]):
        for leaf in range(leaves.values.size):
            first, last = leaves.starts[leaf], leaves.starts[leaf + 1]
            for c in range(first, last):
                met = _meets(rows[row, leaves.columns[c]], c, leaves)
                known[c - first] = 1.0 if met else 0.0
            for own in range(first, last):
                # sums[k]: of all sets of k other columns, Π known inside × Π shares outside
                size = 1
                sums[0] = 1.0
                for c in range(first, last):
                    if c == own:
                        continue
                    sums[size] = sums[size - 1] * known[c - first]
                    for k in range(size - 1, 0, -1):
                        sums[k] = sums[k] * leaves.shares[c] + sums[k - 1] * known[c - first]
                    sums[0] *= leaves.shares[c]
                    size += 1
                mean = 0.0
                for k in range(size):
                    mean += weights[last - first, k] * sums[k]
                gain = known[own - first] - leaves.shares[own]
                values[row, leaves.columns[own]] += leaves.values[leaf] * gain * mean
