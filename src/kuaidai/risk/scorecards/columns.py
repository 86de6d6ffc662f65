"""Reading feature values: one reading for a table's column and for a single value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from kuaidai.risk.scorecards.config import Kind
from kuaidai.risk.scorecards.errors import (
    MissingColumn,
    NotANumber,
    RepeatedColumn,
    TargetNotBinary,
)

Table: TypeAlias = pa.Table | pd.DataFrame
Values: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]

_STEADY_BITS = 30
_STEADY = 2.0**_STEADY_BITS
_PLAIN = 1e-300
STEADY_HALF = np.uint64(1 << 22)
STEADY_MASK = np.uint64(0xFFFF_FFFF_FF80_0000)
"""Rounding to 30 significant bits on the bits of a double: add half of the last kept, cut the rest."""


def plain_table(table: Table) -> Table:
    """The table as it is, or as Arrow where it is another frame that hands out Arrow (Polars, DuckDB)."""
    if isinstance(table, pa.Table | pd.DataFrame) or not hasattr(table, "__arrow_c_stream__"):
        return table
    return pa.table(table)


def column_names(table: Table) -> tuple[str, ...]:
    """Names of the table's columns."""
    table = plain_table(table)
    names = table.column_names if isinstance(table, pa.Table) else table.columns
    return tuple(str(name) for name in names)


def row_count(table: Table) -> int:
    """Number of rows."""
    table = plain_table(table)
    return int(table.num_rows) if isinstance(table, pa.Table) else len(table)


def require_columns(table: Table, names: Sequence[str]) -> None:
    """Raise `MissingColumn` for one of `names` that the table lacks, `RepeatedColumn` for one it has twice."""
    require_present(column_names(table), names)


def require_present(present: Sequence[str], names: Sequence[str]) -> None:
    """As `require_columns`, for a table of which the columns' names are known."""
    for name in names:
        if name not in present:
            raise MissingColumn(column=name, present=shown_names(present))
    require_names([name for name in present if name in names])


def shown_names(names: Sequence[str]) -> str:
    """The first twelve of `names`, as a message shows them."""
    return (", ".join(names[:12]) + (" …" if len(names) > 12 else "")) or "no column"


def require_names(names: Sequence[str]) -> None:
    """Raise `RepeatedColumn` where two columns share a name."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise RepeatedColumn(column=", ".join(repeated))


def take_rows(table: Table, rows: npt.NDArray[np.int64]) -> Table:
    """The table's `rows` (positions), in that order."""
    table = plain_table(table)
    return table.take(pa.array(rows)) if isinstance(table, pa.Table) else table.iloc[rows]


def numeric_value(value: object, feature: str) -> float:
    """One value as a float, NaN where missing; raises `NotANumber` for text that is no number."""
    if value is None or value is pd.NA or value is pd.NaT:
        return math.nan
    if isinstance(value, bool | int | float | Decimal | np.number | np.bool_):
        try:
            return float(value)
        except OverflowError as error:  # a whole number that no double can hold
            raise NotANumber(feature=feature, value=f"{str(value)[:12]}…") from error
    if isinstance(value, str):
        if not value.strip():
            return math.nan
        try:
            return float(value)
        except ValueError:
            pass
    raise NotANumber(feature=feature, value=repr(value))


def steady(values: Floats) -> Floats:
    """Numbers to 30 significant bits (nine digits), so that noise of summation cannot move a score.

    The order in which an engine adds floats changes their last bits: a ratio that is 1 comes out as
    0.9999999999999998 in one run and as 1 in the next. Whole numbers up to 2**30 stay as they are;
    applying it twice changes nothing.

    >>> steady(np.array([0.9999999999999998, 1.0000000000000002, 3.0])).tolist()
    [1.0, 1.0, 3.0]
    """
    plain = np.asarray(values, dtype=np.float64)
    rounded = ((plain.view(np.uint64) + STEADY_HALF) & STEADY_MASK).view(np.float64)
    return np.asarray(np.where(np.isfinite(plain), rounded, plain), dtype=np.float64)


def steady_number(value: float) -> float:
    """`steady` of one number, without an array."""
    if not _PLAIN <= abs(value) <= 1 / _PLAIN:
        return float(steady(np.array(value, dtype=np.float64)))
    mantissa, exponent = math.frexp(value)
    kept = math.floor(abs(mantissa) * _STEADY + 0.5)
    return math.copysign(math.ldexp(kept, exponent - _STEADY_BITS), value)


def category_value(value: object) -> str | None:
    """One value as a category; None where missing."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float) and math.isnan(value):
        return None
    return str(value)


def read_value(value: object, feature: str, kind: Kind) -> Values:
    """One value as a column of length one."""
    if kind is Kind.NUMERIC:
        return steady(np.array([numeric_value(value, feature)], dtype=np.float64))
    column = np.empty(1, dtype=object)
    column[0] = category_value(value)
    return column


def read_column(table: Table, name: str, kind: Kind) -> Values:
    """A column as float64 with NaN for missing (numeric) or as objects with None (categorical).

    Raises `MissingColumn` and `NotANumber`.
    """
    table = plain_table(table)
    require_columns(table, [name])
    column = table[name]
    if kind is Kind.NUMERIC and isinstance(table, pa.Table) and _is_plain_number(column.type):
        return steady(np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64))
    cells = column.to_pylist() if isinstance(table, pa.Table) else column.tolist()
    if kind is Kind.NUMERIC:
        return steady(np.array([numeric_value(cell, name) for cell in cells], dtype=np.float64))
    values = np.empty(len(cells), dtype=object)
    values[:] = [category_value(cell) for cell in cells]
    return values


def _is_plain_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def read_target(table: Table, target: str) -> Floats:
    """The target as 0.0 (good) and 1.0 (bad); raises `MissingColumn`, `TargetNotBinary`."""
    shown = target.strip("\0")  # the estimators' own name of a column that was given as an array
    try:
        values = np.asarray(read_column(table, target, Kind.NUMERIC), dtype=np.float64)
    except NotANumber as error:
        raise TargetNotBinary(target=shown, value=error.values["value"]) from error
    odd = values[~np.isin(values, (0.0, 1.0))]
    if odd.size:
        value = "missing values" if math.isnan(odd[0]) else f"{odd[0]:g}"
        raise TargetNotBinary(target=shown, value=value)
    return values
