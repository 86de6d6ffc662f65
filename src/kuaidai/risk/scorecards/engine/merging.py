"""Merging neighbouring fine classes so that information value is the greatest the rules allow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from kuaidai.risk.scorecards.columns import Floats
from kuaidai.risk.scorecards.errors import BadSetting

_CHISQUARE = 1e-12
_CLOSE = 1e-12


class Shape(StrEnum):
    """How the bad rate moves over the bins: strictly, wherever it moves.

    `auto` is the better of ascending and descending; a peak rises, then falls; a valley the reverse;
    either may consist of one side only.
    """

    NONE = "none"
    ASCENDING = "ascending"
    DESCENDING = "descending"
    AUTO = "auto"
    PEAK = "peak"
    VALLEY = "valley"


@dataclass(frozen=True)
class MergeRules:
    """What merged bins must obey.

    `min_share` and `min_rows` count rows, `min_bads` and `min_goods` weight. `max_p_value`: greatest
    p-value of the two-proportion z-test between neighbours (`None`: not asked). `fixed`: boundaries
    (number of fine classes before them) that must stand.
    """

    shape: Shape = Shape.AUTO
    min_bins: int = 1
    max_bins: int = 8
    min_share: float = 0.0
    min_rows: float = 1.0
    min_bads: float = 0.0
    min_goods: float = 0.0
    max_p_value: float | None = None
    fixed: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse rules that contradict themselves; raises `BadSetting`."""
        if not 1 <= self.min_bins <= self.max_bins:
            raise BadSetting(name="min_bins", value=self.min_bins, rule="between 1 and max_bins")
        if not 0 <= self.min_share <= 1:
            raise BadSetting(name="min_share", value=self.min_share, rule="between 0 and 1")
        if self.max_p_value is not None and not 0 < self.max_p_value <= 1:
            raise BadSetting(name="max_p_value", value=self.max_p_value, rule="in (0, 1]")


@dataclass(frozen=True)
class Merge:
    """The best merge: bin b holds the fine classes `ends[b-1]` up to but not including `ends[b]`."""

    ends: tuple[int, ...]
    information_value: float
    shape: Shape


def merge(
    goods: npt.ArrayLike,
    bads: npt.ArrayLike,
    rules: MergeRules,
    *,
    epsilon: float,
    rows: npt.ArrayLike | None = None,
    totals: tuple[float, float] | None = None,
    periods: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> Merge | None:
    """The merge of greatest information value, exactly; None where the rules admit none.

    `goods` and `bads` per fine class in value order, by weight; `rows` defaults to their sum. `totals`:
    goods and bads of the whole sample, where special and missing values are not among the classes.
    `periods`: goods and bads (periods × classes) in each of which the shape must hold as well.
    `epsilon` stands in for a zero count as in `weight_of_evidence`. Dynamic programming over
    (number of bins, last bin, side of the turning point).
    """
    good, bad = np.asarray(goods, dtype=np.float64), np.asarray(bads, dtype=np.float64)
    count = good + bad if rows is None else np.asarray(rows, dtype=np.float64)
    if not len(good):
        return None
    whole = totals or (float(good.sum()), float(bad.sum()))
    over = (np.empty((0, len(good))), np.empty((0, len(good)))) if periods is None else periods
    parts = _sums(np.vstack([good, over[0]])), _sums(np.vstack([bad, over[1]]))
    values = _values(parts[0][0], parts[1][0], _sums(count[None])[0], whole, rules, epsilon)
    least = -1.0 if rules.max_p_value is None else _z_square(rules.max_p_value)
    found: list[Merge] = []
    for shape in _tried(rules.shape):
        ends, best = _search(
            *parts, values, rules.min_bins, min(rules.max_bins, len(good)), _CODES[shape], least
        )
        if len(ends):
            found.append(Merge(tuple(ends.tolist()), best, shape))
    return max(found, key=lambda each: each.information_value, default=None)


def _tried(shape: Shape) -> tuple[Shape, ...]:
    return (Shape.DESCENDING, Shape.ASCENDING) if shape is Shape.AUTO else (shape,)


_CODES = {
    Shape.NONE: 0,
    Shape.ASCENDING: 1,
    Shape.DESCENDING: 2,
    Shape.PEAK: 3,
    Shape.VALLEY: 4,
}


def _z_square(p_value: float) -> float:
    from scipy import stats

    return float(stats.chi2.isf(p_value, 1)) * (1 - _CHISQUARE)


def _sums(counts: Floats) -> Floats:
    return np.hstack([np.zeros((len(counts), 1)), np.cumsum(counts, axis=1)])


def _values(
    goods: Floats,
    bads: Floats,
    rows: Floats,
    totals: tuple[float, float],
    rules: MergeRules,
    epsilon: float,
) -> Floats:
    """Part of the information value of each possible bin [i, j); NaN where the rules forbid it."""
    good = goods[None, :] - goods[:, None]
    bad = bads[None, :] - bads[:, None]
    count = rows[None, :] - rows[:, None]
    share = np.where(good > 0, good, epsilon) / totals[0]
    bad_share = np.where(bad > 0, bad, epsilon) / totals[1]
    value = (good / totals[0] - bad / totals[1]) * np.log(share / bad_share)
    least = max(rules.min_share * rows[-1], rules.min_rows)
    allowed = (count >= least) & (bad >= rules.min_bads) & (good >= rules.min_goods)
    for boundary in rules.fixed:
        allowed[:boundary, boundary + 1 :] = False
    return np.where(allowed & np.triu(np.ones_like(allowed), 1), value, math.nan)


@njit(cache=True, nogil=True)
def _follows(goods: Any, bads: Any, h: Any, i: Any, j: Any, rising: Any, least: Any) -> Any:
    """Whether bin [i, j) may stand behind [h, i): its bad rate higher (lower) in every period."""
    for p in range(goods.shape[0]):
        left_bad, left = bads[p, i] - bads[p, h], goods[p, i] - goods[p, h]
        right_bad, right = bads[p, j] - bads[p, i], goods[p, j] - goods[p, i]
        turn = right_bad * left - left_bad * right  # the odds compared without dividing
        if rising * turn < 0 or (rising != 0 and turn == 0):
            return False
    if least < 0:
        return True
    left_bad, left = bads[0, i] - bads[0, h], goods[0, i] - goods[0, h]
    right_bad, right = bads[0, j] - bads[0, i], goods[0, j] - goods[0, i]
    n, m, bad = left + left_bad, right + right_bad, left_bad + right_bad
    rate = bad / (n + m)
    spread = rate * (1 - rate) * (1 / n + 1 / m)
    if spread <= 0:
        return False
    return (left_bad / n - right_bad / m) ** 2 / spread >= least


@njit(cache=True, nogil=True)
def _ranks(goods: Any, bads: Any, values: Any) -> Any:
    """Order of the bins [h, i) that end at each i by bad rate, and where the rate of each [i, j) falls.

    `below[i, j]`: how many of them surely or perhaps have a lower rate than [i, j); `above[i, j]`: from
    which place on they surely or perhaps have a higher one. Rates that rounding could confuse count as
    both; `_follows` has the last word.
    """
    n = values.shape[0] - 1
    order = np.zeros((n + 1, n + 1), dtype=np.int32)
    below = np.zeros((n + 1, n + 1), dtype=np.int32)
    above = np.zeros((n + 1, n + 1), dtype=np.int32)
    for i in range(1, n):
        rates = np.empty(i)
        for h in range(i):
            rates[h] = _rate(goods, bads, h, i)
        found = np.argsort(rates)
        order[i, :i] = found
        ranked = rates[found]
        for j in range(i + 1, n + 1):
            if values[i, j] == values[i, j]:
                rate = _rate(goods, bads, i, j)
                below[i, j] = np.searchsorted(ranked, rate + _CLOSE, side="right")
                above[i, j] = np.searchsorted(ranked, rate - _CLOSE, side="left")
    return order, below, above


@njit(cache=True, nogil=True)
def _rate(goods: Any, bads: Any, i: Any, j: Any) -> Any:
    bad, good = bads[0, j] - bads[0, i], goods[0, j] - goods[0, i]
    return bad / (bad + good) if bad + good > 0 else 0.0


@njit(cache=True, nogil=True)
def _leaders(best: Any, order: Any, i: Any, lower: Any, upper: Any) -> None:
    """The best way to end at i among the lowest 1, 2, … rates (`lower`), and from a rate on (`upper`)."""
    lead = -1
    for r in range(i):
        if lead < 0 or _beats(best, order[i, r], lead):
            lead = order[i, r]
        lower[r + 1] = lead
    lead = -1
    for r in range(i - 1, -1, -1):
        if lead < 0 or _beats(best, order[i, r], lead):
            lead = order[i, r]
        upper[r] = lead


@njit(cache=True, nogil=True)
def _beats(best: Any, h: Any, lead: Any) -> Any:
    return best[h] > best[lead] or (best[h] == best[lead] and h < lead)


@njit(cache=True, nogil=True)
def _predecessor(
    goods: Any, bads: Any, best: Any, leader: Any, k: Any, i: Any, j: Any, way: Any, least: Any
) -> Any:
    """The best bin [h, i) that [i, j) may follow; -1: none.

    The leader by rates alone is the answer where it passes every test, which is nearly always; otherwise
    all are looked at.
    """
    if leader < 0 or best[leader] == -np.inf:
        return -1
    if _follows(goods, bads, leader, i, j, way, least):
        return leader
    found = -1
    for h in range(k - 2, i):
        better = best[h] > (best[found] if found >= 0 else -np.inf)
        if better and _follows(goods, bads, h, i, j, way, least):
            found = h
    return found


@njit(cache=True, nogil=True)
def _extend(
    goods: Any,
    bads: Any,
    values: Any,
    best: Any,
    before: Any,
    ranks: Any,
    k: Any,
    i: Any,
    first: Any,
    least: Any,
) -> None:
    """Fill in the best ways to end with k bins of which the last starts at i, on either side of a turn."""
    order, below, above = ranks
    n, sides = values.shape[0] - 1, best.shape[0]
    lower, upper = np.full(n + 2, -1), np.full(n + 2, -1)
    for origin in range(sides):
        ends = best[origin, k - 1, i]
        _leaders(ends, order, i, lower, upper)
        for j in range(i + 1, n + 1):
            if values[i, j] != values[i, j]:
                continue
            for side in range(origin, sides):
                way = first if side == 0 else -first
                leader = lower[i]
                if way > 0:
                    leader = lower[below[i, j]]
                elif way < 0:
                    leader = upper[above[i, j]]
                h = _predecessor(goods, bads, ends, leader, k, i, j, way, least)
                if h >= 0 and ends[h] + values[i, j] > best[side, k, j, i]:
                    best[side, k, j, i] = ends[h] + values[i, j]
                    before[side, k, j, i] = h * 2 + origin


@njit(cache=True, nogil=True)
def _trace(best: Any, before: Any, min_bins: Any) -> Any:
    """Walk back from the best last bin."""
    sides, most, n = best.shape[0], best.shape[1], best.shape[2] - 1
    top, bins, start, side = -np.inf, 0, 0, 0
    for k in range(min_bins, most):
        for i in range(n):
            for s in range(sides):
                if best[s, k, n, i] > top:
                    top, bins, start, side = best[s, k, n, i], k, i, s
    ends = np.empty(bins, dtype=np.int64)
    end = n
    for k in range(bins, 0, -1):
        ends[k - 1] = end
        came = before[side, k, end, start]
        end = start
        start, side = came // 2, came % 2
    return ends, top


@njit(cache=True, nogil=True)
def _search(
    goods: Any, bads: Any, values: Any, min_bins: Any, max_bins: Any, shape: Any, least: Any
) -> Any:
    """Ends of the best merge (empty: none) and its value.

    `best[side, k, j, i]`: the most that k bins up to j are worth, the last of them [i, j). For every i the
    bins before it are ranked by rate once; whatever the last bin, its best predecessor by rate is then
    found in one step, so time grows with the square of the classes, save where further tests object.
    """
    n = values.shape[0] - 1
    sides = 2 if shape >= 3 else 1
    first = 0 if shape == 0 else (1 if shape in (1, 3) else -1)
    best = np.full((sides, max_bins + 1, n + 1, n + 1), -np.inf)
    before = np.full((sides, max_bins + 1, n + 1, n + 1), -1, dtype=np.int32)
    for j in range(1, n + 1):
        if values[0, j] == values[0, j]:
            best[0, 1, j, 0] = values[0, j]
    ranks = _ranks(goods, bads, values)
    for k in range(2, max_bins + 1):
        for i in range(k - 1, n):
            _extend(goods, bads, values, best, before, ranks, k, i, first, least)
    return _trace(best, before, min_bins)
