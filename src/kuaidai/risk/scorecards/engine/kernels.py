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
_MAGNITUDE = np.uint64((1 << 63) - 1)
_INFINITE = np.uint64(0x7FF << 52)
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
def encode_numbers(bits: Any, table: Any, first: Any, keys: Any, codes: Any) -> Any:
    """Write the class of each double (seen as uint64) to `codes`; gives the number of infinite values.

    `table` and `first` as `bucket_table` makes them, `keys` as `search_keys` does.
    """
    infinite = 0
    last = table.size - 1
    for i in range(bits.size):
        size = bits[i] & _MAGNITUDE
        if size > _INFINITE:
            codes[i] = MISSING
            continue
        if size == _INFINITE:
            infinite += 1
            steadied = bits[i]
        else:
            steadied = (bits[i] + STEADY_HALF) & STEADY_MASK
            if steadied & _MAGNITUDE == 0:  # minus nought is nought
                steadied = np.uint64(0)
        ordered = (steadied ^ _ALL) if steadied & _SIGN else (steadied | _SIGN)
        bucket = min(max(np.int64(ordered >> _SHIFT) - first, 0), last)
        place = np.int64(table[bucket])
        while ordered >= keys[place]:
            place += 1
        codes[i] = place
    return infinite


def search_keys(cuts: Floats) -> npt.NDArray[np.uint64]:
    """The cuts as ordered integers, which compare as the numbers do; the last one stops any search."""
    return np.append(_ordered(cuts.view(np.uint64)), _ALL).astype(np.uint64)


@njit(cache=True, nogil=True)
def encode_places(places: Any, remap: Any, codes: Any) -> None:
    """Write the class of each dictionary place to `codes`."""
    for i in range(places.size):
        codes[i] = remap[places[i]]


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


@njit(cache=True, nogil=True, fastmath=True)
def weigh_rows(
    codes: Any,
    target: Any,
    weights: Any,
    offset: Any,
    lookup: Any,
    points: Any,
    design: Any,
    rest: Any,
) -> None:
    """Fill `design` and `rest` with the rows' part of a Newton step.

    `codes` (features × rows); `lookup` WOE and `points` coefficient × WOE per feature and class, the
    intercept standing in `rest` beforehand. Row k of `design` becomes WOE × √w with w the binomial
    weight, its last row √w; `rest` becomes (target − p) × weight ÷ √w. Empty `weights` or `offset`: none.
    """
    features, rows = codes.shape
    root = design[features]
    for i in range(offset.size):
        rest[i] += offset[i]
    for k in range(features):
        part, code = points[k], codes[k]
        for i in range(rows):
            rest[i] += part[code[i]]
    for i in range(rows):
        p = 1 / (1 + np.exp(-rest[i]))
        weight = weights[i] if weights.size else root.dtype.type(1)
        spread = weight * p * (1 - p)
        root[i] = np.sqrt(spread)
        rest[i] = weight * (target[i] - p) / root[i] if spread > 0 else root.dtype.type(0)
    for k in range(features):
        value, code, row = lookup[k], codes[k], design[k]
        for i in range(rows):
            row[i] = value[code[i]] * root[i]


@njit(cache=True, nogil=True)
def log_likelihood(
    codes: Any, target: Any, weights: Any, offset: Any, points: Any, base: Any
) -> Any:
    """Σ weight × (target × η − ln(1 + e^η)) over the rows."""
    total = 0.0
    features, rows = codes.shape
    for i in range(rows):
        eta = base + (offset[i] if offset.size else 0.0)
        for k in range(features):
            eta += points[k, codes[k, i]]
        loss = max(eta, 0.0) + np.log1p(np.exp(-abs(eta))) - target[i] * eta
        total -= loss * (weights[i] if weights.size else 1.0)
    return total
