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
            self._write_places(table, codes)
            return 0
        at = infinite = 0
        for numbers in numbers_in(table, self.name):
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

    def _write_places(self, table: pa.Table, codes: Codes) -> None:
        at = 0
        for places, levels in places_in(table, self.name):
            known = [MISSING if v is None else self.places.get(v, OTHER) for v in levels]
            remap = np.array([*known, MISSING], dtype=np.uint8)
            inside = codes[at : at + len(places.values)]
            encode_places(places.values, places.valid, places.offset, remap, inside)
            at += len(inside)


@dataclass(frozen=True)
class Chunk:
    """Numbers of any type; bit `offset` + i of `valid` says whether the i-th is there (empty: all are)."""

    values: npt.NDArray[Any]
    valid: npt.NDArray[np.uint8]
    offset: int

    @staticmethod
    def of(array: pa.Array) -> Chunk:
        """The numbers of an Arrow array as they lie in memory."""
        known, data = array.buffers()
        values = np.frombuffer(data or b"", dtype=array.type.to_pandas_dtype())
        values = values[array.offset : array.offset + len(array)]
        there = array.null_count == 0
        return Chunk(values, _ALL_THERE if there else np.frombuffer(known, np.uint8), array.offset)

    def present(self) -> npt.NDArray[np.bool_]:
        """Whether each of the numbers is there."""
        if not self.valid.size:
            return np.ones(len(self.values), dtype=np.bool_)
        bits = np.unpackbits(self.valid, bitorder="little").astype(np.bool_)
        return bits[self.offset : self.offset + len(self.values)]


def numbers_in(table: pa.Table, name: str) -> Iterator[Chunk]:
    """The column's chunks as they lie in memory, or read value by value where they are no plain numbers."""
    column = table[name]
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        values = np.asarray(read_column(table, name, Kind.NUMERIC), dtype=np.float64)
        yield Chunk(values, _ALL_THERE, 0)
        return
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    for chunk in column.chunks:
        yield Chunk.of(chunk)


def places_in(table: pa.Table, name: str) -> Iterator[tuple[Chunk, list[str | None]]]:
    """Of each chunk of a column of categories every row's place in its dictionary, and the dictionary.

    Raises `NotACategory`.
    """
    column = table[name]
    if pa.types.is_nested(column.type):
        raise NotACategory(feature=name, kind=column.type)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    for chunk in column.chunks:
        levels = [None if v is None else str(v) for v in chunk.dictionary.to_pylist()]
        yield Chunk.of(chunk.indices), levels
