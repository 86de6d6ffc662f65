"""Compiled loops over one column or one block of codes; they release the interpreter's lock."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from kuaidai.risk.scorecards.columns import STEADY_HALF, STEADY_MASK, Floats
from kuaidai.risk.scorecards.engine.fine_classes import MISSING, Codes

_SIGN = np.uint64(1 << 63)
_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_ONE = np.uint64(1)
_MAGNITUDE = np.uint64((1 << 63) - 1)
_INFINITE = np.uint64(0x7FF << 52)
_GREATEST = _INFINITE ^ _SIGN
_LEAST = ~(_INFINITE | _SIGN) & STEADY_MASK
_BLOCK = 1024
_SHIFT = np.uint64(
    45
)  # sign, exponent and the first seven bits of the mantissa: 128 buckets an octave


def bucket_table(cuts: Floats) -> tuple[Codes, int]:
    """Number of cuts at or below the least number of each bucket, and the key of the first bucket.

    A bucket holds the doubles that share sign, exponent and seven bits of mantissa. Looking a value's
    bucket up leaves at most the few cuts inside the bucket to compare with.
    """
    if not len(cuts):
        return np.zeros(1, dtype=np.uint8), 0
    keys = _ordered(cuts.view(np.uint64)) >> _SHIFT
    first, last = int(keys[0]) - 1, int(keys[-1])
    ordered = np.arange(first, last + 1, dtype=np.uint64) << _SHIFT
    bits = np.where(ordered & _SIGN != 0, ordered & _MAGNITUDE, ~ordered)
    least = bits.view(np.float64)
    least = np.where(np.isnan(least), np.where(bits & _SIGN != 0, -np.inf, np.inf), least)
    return np.searchsorted(cuts, least, side="right").astype(np.uint8), first


def _ordered(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return np.where(bits & _SIGN != 0, ~bits, bits | _SIGN)


@njit(cache=True, nogil=True)
def _spread_bits(valid: Any, first: Any, size: Any, spread: Any) -> Any:
    """`size` bits of `valid` from bit `first` on, a byte each (1 or 0), in `spread`, which has 16 more."""
    start = first >> 3
    for at in range(start, (first + size + 7) >> 3):
        byte = valid[at]
        for bit in range(8):
            spread[(at - start) * 8 + bit] = (byte >> bit) & 1
    return spread[first & 7 : (first & 7) + size]


@njit(cache=True, nogil=True)
def encode_numbers(
    values: Any, valid: Any, offset: Any, table: Any, first: Any, keys: Any, codes: Any
) -> Any:
    """Write the class of each number to `codes`; gives the number of infinite values.

    `values` of any numeric type; bit `offset` + i of `valid` says whether value i is there (empty: all
    are). `table` and `first` as `bucket_table` makes them, `keys` as `search_keys` does.
    """
    infinite = 0
    numbers = np.empty(_BLOCK, dtype=np.float64)
    bits, gaps = numbers.view(np.uint64), np.empty(_BLOCK, dtype=np.bool_)
    spread = np.empty(_BLOCK + 16, dtype=np.uint8)
    for at in range(0, values.size, _BLOCK):
        size = min(_BLOCK, values.size - at)
        for i in range(size):
            numbers[i] = values[at + i]
        if valid.size:
            there = _spread_bits(valid, offset + at, size, spread)
            for i in range(size):
                bits[i] |= np.uint64(there[i]) - _ONE  # all bits: not a number
        infinite += _order_bits(bits, gaps, size)
        _find_classes(bits[:size], gaps, table, first, keys, codes[at : at + size])
    return infinite


@njit(cache=True, nogil=True)
def _order_bits(bits: Any, gaps: Any, size: Any) -> Any:
    """Doubles (seen as uint64) to integers that rise as their steadied values do; NaN to `gaps`.

    Gives the number of infinite values. Free of branches, so that it runs in vectors.
    """
    infinite = 0
    for i in range(size):
        magnitude = bits[i] & _MAGNITUDE
        gaps[i] = magnitude > _INFINITE
        infinite += magnitude == _INFINITE
        steadied = (bits[i] + STEADY_HALF) & STEADY_MASK
        none = gaps[i] or steadied & _MAGNITUDE == 0  # minus nought is nought
        steadied = np.uint64(0) if none else steadied
        bits[i] = steadied ^ (_ALL if steadied & _SIGN else _SIGN)
    return infinite


@njit(cache=True, nogil=True)
def _find_classes(ordered: Any, gaps: Any, table: Any, first: Any, keys: Any, codes: Any) -> None:
    """The class of each ordered value: the table's, or one of the few behind it."""
    last = table.size - 1
    for i in range(ordered.size):
        bucket = min(max(np.int64(ordered[i] >> _SHIFT) - first, 0), last)
        place = np.int64(table[bucket])
        place += (
            ordered[i] >= keys[place]
        )  # no branch: often it is one more, and rarely more than one
        while ordered[i] >= keys[place]:
            place += 1
        codes[i] = place
    for i in range(ordered.size):
        codes[i] = MISSING if gaps[i] else codes[i]


def numbers_of(keys: npt.NDArray[np.uint64]) -> Floats:
    """The numbers of ordered integers; the greatest of all is not a number."""
    bits = np.where(keys & _SIGN != 0, keys & _MAGNITUDE, ~keys & STEADY_MASK | _SIGN)
    return bits.view(np.float64)


def search_keys(cuts: Floats) -> npt.NDArray[np.uint64]:
    """The cuts as ordered integers, which compare as the numbers do; the last one stops any search."""
    return np.append(_ordered(cuts.view(np.uint64)), _ALL).astype(np.uint64)


def least_values(cuts: Floats) -> Floats:
    """Of each cut (as `steady` leaves it) the least number that `steady` does not leave below it."""
    bits = np.asarray(cuts + 0.0, dtype=np.float64).view(np.uint64)
    last_below = (bits | _SIGN) + STEADY_HALF - _ONE  # halves round away from nought
    return np.where(cuts > 0, bits - STEADY_HALF, last_below).view(np.float64)


@njit(cache=True, nogil=True)
def add_steps(
    values: Any, valid: Any, offset: Any, least: Any, steps: Any, ends: Any, scores: Any
) -> None:
    """Add the points of each number: those below all bins' ends, and a step for each end reached.

    `values`, `valid` and `offset` as in `encode_numbers`; `least` holds the least value of each bin but
    the first, in the precision to compare in; `ends`: points of the first bin and of what is missing. As
    each step is a pass without branches over a block, it runs in vectors.
    """
    numbers = np.empty(_BLOCK, dtype=least.dtype)
    spread = np.empty(_BLOCK + 16, dtype=np.uint8)
    first, gap = ends[0], ends[1] - ends[0]
    for at in range(0, values.size, _BLOCK):
        size = min(_BLOCK, values.size - at)
        own, block = scores[at : at + size], numbers[:size]
        for i in range(size):
            block[i] = values[at + i]
        if valid.size:
            there = _spread_bits(valid, offset + at, size, spread)
            for i in range(size):
                block[i] = block[i] if there[i] else np.nan
        for i in range(size):
            own[i] += first + (gap if block[i] != block[i] else 0)
        for k in range(least.size):
            edge, step = least[k], steps[k]
            for i in range(size):
                own[i] += step if block[i] >= edge else 0


@njit(cache=True, nogil=True)
def add_points(places: Any, valid: Any, offset: Any, points: Any, scores: Any) -> None:
    """Add the points of each dictionary place to the row's score; the last ones are those of no place."""
    if not valid.size:
        for i in range(places.size):
            scores[i] += points[places[i]]
        return
    spread = np.empty(_BLOCK + 16, dtype=np.uint8)
    for at in range(0, places.size, _BLOCK):
        size = min(_BLOCK, places.size - at)
        there = _spread_bits(valid, offset + at, size, spread)
        for i in range(size):
            scores[at + i] += points[places[at + i] if there[i] else points.size - 1]


@njit(cache=True, nogil=True)
def encode_places(places: Any, valid: Any, offset: Any, remap: Any, codes: Any) -> None:
    """Write the class of each dictionary place to `codes`; the last of `remap` is that of no place."""
    if not valid.size:
        for i in range(places.size):
            codes[i] = remap[places[i]]
        return
    spread = np.empty(_BLOCK + 16, dtype=np.uint8)
    for at in range(0, places.size, _BLOCK):
        size = min(_BLOCK, places.size - at)
        there = _spread_bits(valid, offset + at, size, spread)
        for i in range(size):
            codes[at + i] = remap[places[at + i] if there[i] else remap.size - 1]


@njit(cache=True, nogil=True)
def count_rows(codes: Any, target: Any, counts: Any) -> None:
    """Add each row to `counts` (256 × good, bad) of whole numbers."""
    for i in range(codes.size):
        counts[codes[i], target[i]] += 1


@njit(cache=True, nogil=True)
def count_weights(codes: Any, target: Any, weights: Any, counts: Any) -> None:
    """Add each row's weight to `counts` (256 × good, bad)."""
    for i in range(codes.size):
        counts[codes[i], target[i]] += weights[i]


@njit(cache=True, nogil=True)
def count_scores(
    codes: Any, target: Any, weights: Any, points: Any, base: Any, counts: Any
) -> None:
    """Add each row to `counts` (score × good, bad) at `base` + the sum of its points.

    `points` (features × 256); `base` is the offset that brings the lowest score to place 0.
    """
    features, rows = codes.shape
    for i in range(rows):
        score = base
        for k in range(features):
            score += points[k, codes[k, i]]
        counts[score, target[i]] += weights[i] if weights.size else 1.0


@njit(cache=True, nogil=True)
def write_keys(values: Any, valid: Any, offset: Any, first: Any, keys: Any) -> None:
    """A key for each number that rises as its steadied value, the row's number in its low bits.

    `values`, `valid` and `offset` as in `encode_numbers`; `first`: the number of the first row, below
    2**23. A missing value has the greatest key of all.
    """
    numbers = np.empty(_BLOCK, dtype=np.float64)
    bits, gaps = numbers.view(np.uint64), np.empty(_BLOCK, dtype=np.bool_)
    spread = np.empty(_BLOCK + 16, dtype=np.uint8)
    for at in range(0, values.size, _BLOCK):
        size = min(_BLOCK, values.size - at)
        for i in range(size):
            numbers[i] = values[at + i]
        if valid.size:
            there = _spread_bits(valid, offset + at, size, spread)
            for i in range(size):
                bits[i] |= np.uint64(there[i]) - _ONE
        _order_bits(bits, gaps, size)
        for i in range(size):
            key = STEADY_MASK if gaps[i] else bits[i] & STEADY_MASK
            keys[at + i] = key | np.uint64(first + at + i)


@njit(cache=True, nogil=True)
def sorted_keys(keys: Any) -> Any:
    """The keys in order of their values: digits of eleven bits, the lowest first (radix sort)."""
    counts = np.zeros((4, 2048), dtype=np.int64)
    digit = np.uint64(2047)
    for key in keys:
        for k in range(4):
            counts[k, (key >> np.uint64(23 + 11 * k)) & digit] += 1
    other = np.empty_like(keys)
    for k in range(4):
        if counts[k].max() == keys.size:
            continue
        place = 0
        for value in range(2048):
            count = counts[k, value]
            counts[k, value] = place
            place += count
        shift = np.uint64(23 + 11 * k)
        for key in keys:
            bucket = (key >> shift) & digit
            other[counts[k, bucket]] = key
            counts[k, bucket] += 1
        keys, other = other, keys
    return keys


@njit(cache=True, nogil=True)
def add_up(
    keys: Any, bad: Any, weights: Any, special: Any, most: Any, runs: Any, below: Any, own: Any
) -> Any:
    """Write runs of values (first and last, as keys without a row), and rows, goods, bads by weight below.

    `keys` in order; empty `weights`: each row is one. A run is one value, or, of more than `most` values,
    neighbours with goods alone or with bads alone. Missing values and `special` codes (keys) are
    summed in `own`, infinite ones left out. Gives the number of runs; behind them stand the sums of all.
    """
    joined = _more_values(keys, most)
    rows, goods, bads = 0.0, 0.0, 0.0
    count, kind, at = 0, -1, 0
    while at < keys.size:
        value = keys[at] & STEADY_MASK
        place = 0 if value == STEADY_MASK else -1
        for k in range(special.size):
            place = k + 1 if value == special[k] else place
        left_out = value in (_GREATEST, _LEAST)
        first, more_goods, more_bads = at, 0.0, 0.0
        while at < keys.size and keys[at] & STEADY_MASK == value:
            row = keys[at] & ~STEADY_MASK
            weight = weights[row] if weights.size else 1.0
            more_bads += weight * bad[row]
            more_goods += weight * (1 - bad[row])
            at += 1
        if place >= 0:
            own[place, 0], own[place, 1], own[place, 2] = at - first, more_goods, more_bads
            continue
        if left_out:
            continue
        its = (1 if more_goods > 0 else 0) + (2 if more_bads > 0 else 0)
        if not joined or its != kind or its == 3:
            runs[0, count] = value
            below[count, 0], below[count, 1], below[count, 2] = rows, goods, bads
            count += 1
        runs[1, count - 1] = value
        kind = its
        rows += at - first
        goods += more_goods
        bads += more_bads
    below[count, 0], below[count, 1], below[count, 2] = rows, goods, bads
    return count


@njit(cache=True, nogil=True)
def _more_values(keys: Any, most: Any) -> Any:
    count = 0
    for at in range(keys.size):
        count += at == 0 or (keys[at] ^ keys[at - 1]) & STEADY_MASK != 0
    return count > most


@njit(cache=True, nogil=True)
def farthest(below: Any, bounds: Any, odds: Any, side: Any) -> Any:
    """Between each two of `bounds` the place where bads less odds times goods, times `side`, are the most.

    `below` (places × rows, goods, bads) as in `Ordered`; an empty stretch gives its first place.
    """
    found = np.empty(odds.size, dtype=np.int64)
    for k in range(odds.size):
        best = -np.inf
        found[k] = bounds[k]
        for place in range(bounds[k], bounds[k + 1]):
            height = side * (below[place, 2] - odds[k] * below[place, 1])
            if height > best:
                best = height
                found[k] = place
    return found
