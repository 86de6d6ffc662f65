"""From the world's arrays to Arrow columns of the dataset contracts, without a Python loop over rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.messages import arrow_schema
from kuaidai.simulator.arrays import AnyArray, Ints

MONEY = pa.decimal128(18, 2)
_FOUR_DIGITS = np.array([b"%04d" % number for number in range(10_000)]).view("<u4")


def money(cents: Ints) -> pa.Array:
    """Whole cents as exact decimals with two places."""
    words = np.empty((len(cents), 2), dtype="<i8")
    words[:, 0] = cents
    words[:, 1] = np.asarray(cents) >> 63
    return pa.Array.from_buffers(MONEY, len(cents), [None, pa.py_buffer(words.tobytes())])


def dates(days: AnyArray) -> pa.Array:
    """Days as date32; not-a-time becomes null."""
    return pa.array(np.asarray(days).astype("datetime64[D]"))


def named(names: Sequence[str], indexes: AnyArray) -> pa.DictionaryArray:
    """The name at each index, as a dictionary column; index -1 is null."""
    places = np.asarray(indexes).astype(np.int32)
    keys = pa.array(places, mask=places < 0 if len(places) and places.min() < 0 else None)
    return pa.DictionaryArray.from_arrays(keys, pa.array(list(names), pa.string()))


def numbered(prefix: str, numbers: AnyArray, width: int) -> pa.Array:
    """`prefix` and a number padded with zeros to `width` digits, row by row.

    Raises `ValueError` where a number has more digits.
    """
    left = np.asarray(numbers, dtype=np.int64)
    if len(left) and int(left.max()) >= 10**width:
        raise ValueError(f"{int(left.max())} has more than {width} digits")
    start, groups = len(prefix.encode()), -(-width // 4)
    digits = np.empty((len(left), groups), dtype=np.uint32)
    for group in range(groups - 1, -1, -1):
        left, four = np.divmod(left, 10_000)
        digits[:, group] = _FOUR_DIGITS[four]
    text = np.empty((len(left), start + width), dtype=np.uint8)
    text[:, :start] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    text[:, start:] = digits.view(np.uint8).reshape(len(left), 4 * groups)[:, 4 * groups - width :]
    ends = np.arange(len(left) + 1, dtype=np.int32) * text.shape[1]
    return pa.StringArray.from_buffers(len(left), pa.py_buffer(ends), pa.py_buffer(text))


def tokens(prefix: str, numbers: AnyArray, width: int) -> pa.DictionaryArray:
    """As `numbered`, for numbers of a narrow range that come again and again; -1 is null.

    A dictionary column. Time and memory grow with the range.
    """
    given = np.asarray(numbers, dtype=np.int64)
    known = given >= 0
    low, high = (int(given[known].min()), int(given.max())) if known.any() else (0, 0)
    seen = np.zeros(high - low + 2, dtype=np.bool_)
    seen[np.where(known, given - low, -1)] = True
    seen[-1] = False
    keys = (np.cumsum(seen, dtype=np.int32) - 1)[np.where(known, given - low, -1)]
    names = numbered(prefix, np.flatnonzero(seen) + low, width)
    return pa.DictionaryArray.from_arrays(
        pa.array(keys, mask=None if known.all() else ~known), names
    )


def table(dataset: str, columns: Mapping[str, Any]) -> pa.Table:
    """The columns as a table of the dataset; optional ones not given are empty.

    Types are those of the dataset's Arrow schema, except that text columns may stay dictionaries.
    """
    contract = DATASETS[dataset]
    rows = len(next(iter(columns.values())))
    arrays = {}
    for field in arrow_schema(contract):
        if field.name not in columns and not contract.column(field.name).required:
            arrays[field.name] = pa.nulls(rows, field.type)
            continue
        column = columns[field.name]
        array = column if isinstance(column, pa.Array | pa.ChunkedArray) else pa.array(column)
        kept = pa.types.is_dictionary(array.type) and array.type.value_type == field.type
        arrays[field.name] = array if kept else array.cast(field.type)
    return pa.table(arrays)
