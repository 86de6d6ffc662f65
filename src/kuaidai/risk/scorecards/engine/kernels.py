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
def mark_rows(codes: Any, target: Any, weights: Any) -> Any:
    """Sum, modulo 2**64, of a hash of every row: the same for the same rows in any order and any parts.

    FNV-1a over the row's codes, target and weight, then the finalizer of MurmurHash3.
    """
    features, rows = codes.shape
    total = np.uint64(0)
    prime = np.uint64(1099511628211)
    marks = np.empty(1024, dtype=np.uint64)
    bits = weights.view(np.uint64)
    for at in range(0, rows, 1024):
        size = min(1024, rows - at)
        for i in range(size):
            marks[i] = (np.uint64(14695981039346656037) ^ np.uint64(target[at + i])) * prime
            if bits.size:
                marks[i] = (marks[i] ^ bits[at + i]) * prime
        for k in range(features):
            code = codes[k, at : at + size]
            for i in range(size):
                marks[i] = (marks[i] ^ np.uint64(code[i])) * prime
        for i in range(size):
            mark = marks[i]
            mark = (mark ^ (mark >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
            total += mark ^ (mark >> np.uint64(33))
    return total


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
