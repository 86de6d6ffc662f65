"""From the world's arrays to Arrow columns of the dataset contracts, without a Python loop over rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.messages import arrow_schema
from kuaidai.simulator.arrays import AnyArray, Ints

MONEY = pa.decimal128(18, 2)


def money(cents: Ints) -> pa.Array:
    """Whole cents as exact decimals with two places."""
    words = np.empty((len(cents), 2), dtype="<i8")
    words[:, 0] = cents
    words[:, 1] = np.asarray(cents) >> 63
    return pa.Array.from_buffers(MONEY, len(cents), [None, pa.py_buffer(words.tobytes())])


def dates(days: AnyArray) -> pa.Array:
    """Days as date32; not-a-time becomes null."""
    return pa.array(np.asarray(days).astype("datetime64[D]"))


def named(names: Sequence[str], indexes: AnyArray) -> pa.Array:
    """The name at each index; index -1 is null."""
    places = pa.array(np.asarray(indexes), mask=np.asarray(indexes) < 0)
    return pa.array(list(names), pa.string()).take(places)


def numbered(prefix: str, numbers: Ints, width: int) -> pa.Array:
    """`prefix` and a zero-padded number, row by row."""
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), digits, "")


def table(dataset: str, columns: Mapping[str, Any]) -> pa.Table:
    """The columns as a table of the dataset's own Arrow schema; optional ones not given are empty."""
    contract = DATASETS[dataset]
    rows = len(next(iter(columns.values())))
    arrays, schema = [], arrow_schema(contract)
    for field in schema:
        if field.name not in columns and not contract.column(field.name).required:
            arrays.append(pa.nulls(rows, field.type))
            continue
        column = columns[field.name]
        array = column if isinstance(column, pa.Array | pa.ChunkedArray) else pa.array(column)
        arrays.append(array.cast(field.type))
    return pa.Table.from_arrays(arrays, schema=schema)
