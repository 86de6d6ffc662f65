"""A mark of the rows themselves: the same for the same rows in any order, any parts and any classes.

A row's mark is a hash of its values as the fit reads them: numbers to 30 significant bits (`steady`), minus
nought as nought, categories by their text, what is missing as missing. The mark of many rows is the sum of
theirs modulo 2**64, so parts add up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit
from pandas.util import hash_array

from kuaidai.risk.scorecards.columns import STEADY_HALF, STEADY_MASK, Floats, read_column
from kuaidai.risk.scorecards.config import Kind
from kuaidai.risk.scorecards.engine.fine_classes import Codes

Marks = npt.NDArray[np.uint64]

_START = np.uint64(14695981039346656037)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_MISSING = np.uint64(0x7FF8_0000_0000_0001)
_HALF = np.uint64(32)


def dictionaries(table: pa.Table, categories: Iterable[str]) -> pa.Table:
    """The table with its columns of categories as dictionaries, so that each text is read once."""
    for name in categories:
        kind = table.schema.field(name).type
        if not (pa.types.is_dictionary(kind) or pa.types.is_nested(kind)):
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, table[name].dictionary_encode())
    return table


def mark_of(
    table: pa.Table, features: Iterable[tuple[str, Kind]], target: Codes, *others: Floats
) -> int:
    """The mark of a table's rows: their target, `others` (weights, offsets; empty: none) and features."""
    marks = np.full(table.num_rows, _START, dtype=np.uint64)
    _add_whole(target, marks)
    for numbers in others:
        if numbers.size:
            _add_whole(numbers.view(np.uint64), marks)
    for name, kind in features:
        if kind is Kind.CATEGORICAL:
            _add_hashes(*_hashes(table[name]), marks)
        else:
            _add_numbers(_numbers(table, name), marks)
    return int(_total(marks))


def _numbers(table: pa.Table, name: str) -> Floats:
    column = table[name]
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        return np.asarray(read_column(table, name, Kind.NUMERIC), dtype=np.float64)
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _hashes(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], Marks]:
    """Each row's place in the column's dictionary, and a hash of each place's text; the last: missing."""
    chunks = column.unify_dictionaries().chunks
    levels = chunks[0].dictionary.to_pylist() if chunks else []
    texts = np.array([str(level) for level in levels], dtype=object)
    hashed = hash_array(texts, categorize=False) if levels else np.empty(0, dtype=np.uint64)
    hashed[[place for place, level in enumerate(levels) if level is None]] = _MISSING
    indices = pa.chunked_array([c.indices for c in chunks] or [pa.array([], pa.int64())])
    places = indices.cast(pa.int64()).fill_null(len(levels)).to_numpy()
    return places, np.append(hashed, _MISSING)


@njit(cache=True, nogil=True)
def _mixed(mark: Any, value: Any) -> Any:
    # The value's high bits, where a rounded number has all of its own, come into its low ones, and
    # after the product, which only carries upwards, once more.
    mark = (mark ^ value ^ (value >> _HALF)) * _PRIME
    return mark ^ (mark >> _HALF)


@njit(cache=True, nogil=True)
def _add_numbers(numbers: Any, marks: Any) -> None:
    bits = numbers.view(np.uint64)
    for i in range(bits.size):
        value = (bits[i] + STEADY_HALF) & STEADY_MASK
        value = np.uint64(0) if numbers[i] == 0 else value
        value = _MISSING if numbers[i] != numbers[i] else value
        marks[i] = _mixed(marks[i], value)


@njit(cache=True, nogil=True)
def _add_hashes(places: Any, hashes: Any, marks: Any) -> None:
    for i in range(places.size):
        marks[i] = _mixed(marks[i], hashes[places[i]])


@njit(cache=True, nogil=True)
def _add_whole(numbers: Any, marks: Any) -> None:
    for i in range(numbers.size):
        marks[i] = _mixed(marks[i], np.uint64(numbers[i]))


@njit(cache=True, nogil=True)
def _total(marks: Any) -> Any:
    total = np.uint64(0)
    for i in range(marks.size):
        total += _mixed(marks[i], marks[i])
    return total
