"""From a column of a table to one-byte codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kuaidai.risk.scorecards.columns import Floats, read_column
from kuaidai.risk.scorecards.config import Kind
from kuaidai.risk.scorecards.engine.fine_classes import MISSING, OTHER, Codes, FineClasses
from kuaidai.risk.scorecards.engine.kernels import (
    bucket_table,
    encode_numbers,
    encode_places,
    search_keys,
)
from kuaidai.risk.scorecards.errors import NotACategory

_ALL_THERE = np.frombuffer(b"", np.uint8)


@dataclass(frozen=True)
class Encoder:
    """Cuts of a numeric feature or codes of its categories, prepared for the kernels."""

    name: str
    kind: Kind
    table: Codes
    first: int
    keys: npt.NDArray[np.uint64]
    places: Mapping[str, int]

    @staticmethod
    def of(classes: FineClasses) -> Encoder:
        """The encoder into fine classes."""
        places = {level: place for place, level in enumerate(classes.levels)}
        return Encoder.make(classes.name, classes.feature.kind, classes.edges, places)

    @staticmethod
    def make(name: str, kind: Kind, cuts: Floats, places: Mapping[str, int]) -> Encoder:
        """An encoder from rising `cuts` (as `steady` leaves them), or from categories to codes."""
        steadied = np.asarray(cuts, dtype=np.float64) + 0.0
        table, first = bucket_table(steadied)
        return Encoder(name, kind, table, first, search_keys(steadied), places)

    def write(self, table: pa.Table, codes: Codes) -> int:
        """Write the code of every row; gives the number of infinite values.

        Raises `NotANumber`, `NotACategory`.
        """
        if self.kind is Kind.CATEGORICAL:
            encode_places(*self._remap(table[self.name]), codes)
            return 0
        at = infinite = 0
        for numbers in _numbers(table, self.name):
            inside = codes[at : at + len(numbers.values)]
            infinite += encode_numbers(
                numbers.values,
                numbers.valid,
                numbers.offset,
                self.table,
                self.first,
                self.keys,
                inside,
            )
            at += len(inside)
        return int(infinite)

    def _remap(self, column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], Codes]:
        """Each row's place in the column's dictionary, and the code of each place."""
        if pa.types.is_nested(column.type):
            raise NotACategory(feature=self.name, kind=column.type)
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        chunks = column.unify_dictionaries().chunks
        levels = chunks[0].dictionary.to_pylist() if chunks else []
        remap = [MISSING if v is None else self.places.get(str(v), OTHER) for v in levels]
        indices = pa.chunked_array([c.indices for c in chunks] or [pa.array([], pa.int32())])
        places = indices.cast(pa.int32()).fill_null(len(levels)).to_numpy()
        return places, np.array([*remap, MISSING], dtype=np.uint8)


@dataclass(frozen=True)
class _Numbers:
    """Numbers of any type; bit `offset` + i of `valid` says whether the i-th is there (empty: all are)."""

    values: npt.NDArray[Any]
    valid: npt.NDArray[np.uint8]
    offset: int


def _numbers(table: pa.Table, name: str) -> Iterator[_Numbers]:
    """The column's chunks as they lie in memory, or read value by value where they are no plain numbers."""
    column = table[name]
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        values = np.asarray(read_column(table, name, Kind.NUMERIC), dtype=np.float64)
        yield _Numbers(values, _ALL_THERE, 0)
        return
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    for chunk in column.chunks:
        known, data = chunk.buffers()
        values = np.frombuffer(data or b"", dtype=column.type.to_pandas_dtype())
        values = values[chunk.offset : chunk.offset + len(chunk)]
        there = chunk.null_count == 0
        yield _Numbers(
            values, _ALL_THERE if there else np.frombuffer(known, np.uint8), chunk.offset
        )
