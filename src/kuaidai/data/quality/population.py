"""Two populations side by side: how far each feature's distribution lies apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import stats

from kuaidai.data.quality.errors import NothingInCommon, PopulationEmpty
from kuaidai.kernel.stability import Stability, stability_index

_KEYS = frozenset({"uscc", "person_id", "company_id", "observed_on"})
_SHOWN = 8


@dataclass(frozen=True)
class FeatureDrift:
    """A feature in two populations.

    `stability`: the stability index over the deciles of the first population (a category's values),
    missing values in a bin of their own. `ks`: the largest distance of the two distribution functions
    of the values that are there, `ks_p` the chance of one as large in samples of one population; None
    for categories and where a side has no value. `missing_a`, `missing_b`: shares of rows.
    """

    feature: str
    stability: Stability
    ks: float | None
    ks_p: float | None
    missing_a: float
    missing_b: float


def population_drift(
    table_a: pa.Table, table_b: pa.Table, *, skipped: frozenset[str] = _KEYS
) -> tuple[FeatureDrift, ...]:
    """Every feature that both tables have, the most moved first; `skipped` names what is no feature.

    Numbers are binned by the deciles of `table_a`, so the index is not symmetric in them. Raises
    `PopulationEmpty`, `NothingInCommon`. Source of KS: Kolmogorov-Smirnov two-sample statistic.
    """
    for side, table in (("first", table_a), ("second", table_b)):
        if table.num_rows == 0:
            raise PopulationEmpty(side=side)
    names = [n for n in table_a.column_names if n in table_b.column_names and n not in skipped]
    if not names:
        left, right = (
            ", ".join(table.column_names[:_SHOWN]) or "none" for table in (table_a, table_b)
        )
        raise NothingInCommon(left=left, right=right)
    rows = [_feature(name, table_a[name], table_b[name]) for name in names]
    return tuple(sorted(rows, key=lambda row: (-row.stability.index, row.feature)))


def _feature(name: str, a: pa.ChunkedArray, b: pa.ChunkedArray) -> FeatureDrift:
    missing = [_missing(column) for column in (a, b)]
    if _is_number(a.type) and _is_number(b.type):
        first, second = (_values(column) for column in (a, b))
        counts = _binned(first, second)
        both = len(first) and len(second)
        test = stats.ks_2samp(first, second) if both else None
        ks, p = (float(test.statistic), float(test.pvalue)) if test is not None else (None, None)
    else:
        counts, ks, p = _by_value(a, b), None, None
    before, after = ([*count, lost] for count, lost in zip(counts, missing, strict=True))
    shares = [lost / len(column) for lost, column in zip(missing, (a, b), strict=True)]
    return FeatureDrift(name, stability_index(before, after), ks, p, *shares)


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
    )


def _values(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    values = np.asarray(column.cast(pa.float64()).drop_null().to_numpy(), dtype=np.float64)
    return values[~np.isnan(values)]


def _missing(column: pa.ChunkedArray) -> int:
    """Null cells, and for numbers those that are not a number."""
    if _is_number(column.type):
        return len(column) - len(_values(column))
    return int(column.null_count)


def _binned(
    first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]
) -> tuple[list[int], list[int]]:
    """Counts of both sides in the bins between the deciles of the first."""
    if not len(first):
        return [0], [len(second)]
    edges = np.unique(np.quantile(first, np.linspace(0.1, 0.9, 9)))
    bins = [
        np.bincount(np.searchsorted(edges, side, side="left"), minlength=len(edges) + 1).tolist()
        for side in (first, second)
    ]
    return bins[0], bins[1]


def _by_value(a: pa.ChunkedArray, b: pa.ChunkedArray) -> tuple[list[int], list[int]]:
    """Counts of both sides by value."""
    counted = [
        {
            row["values"]: row["counts"]
            for row in pc.value_counts(side.cast(pa.string())).to_pylist()
        }
        for side in (a, b)
    ]
    values = sorted({value for side in counted for value in side if value is not None})
    return [counted[0].get(v, 0) for v in values], [counted[1].get(v, 0) for v in values]
