"""Array types of the simulator: floats for what is drawn, whole cents for what is emitted."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
Days: TypeAlias = NDArray[np.datetime64]
"""Dates of day precision (`datetime64[D]`)."""
AnyArray: TypeAlias = NDArray[Any]


def cents(amount: Floats) -> Ints:
    """`amount` in yuan as whole cents; negative amounts become nothing."""
    return np.rint(np.maximum(amount, 0.0) * 100.0).astype(np.int64)


def logistic(value: Floats) -> Floats:
    """The probability whose log-odds are `value`."""
    return np.asarray(1.0 / (1.0 + np.exp(-value)), dtype=np.float64)


def rolling_sum(values: AnyArray, width: int) -> AnyArray:
    """Along the second axis, the sum of each value and the `width - 1` before it."""
    total = np.cumsum(values, axis=1)
    total[:, width:] = total[:, width:] - total[:, :-width]
    return total


def rolling_max(values: AnyArray, width: int) -> AnyArray:
    """Along the second axis, the largest of each value and the `width - 1` before it."""
    best = values.copy()
    for lag in range(1, width):
        best[:, lag:] = np.maximum(best[:, lag:], values[:, :-lag])
    return best
