"""The baseline: bins, bounds and known values of every column, fixed on the first months."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import ibis

from kuaidai.data.quality.plan import ColumnPlan, Measure

MOST_CATEGORIES = 40
"""A text column with more values than this in the baseline is no category."""
LEAST_PER_CATEGORY = 20
"""Nor is one whose values occur less often than this on average: they name things."""
_QUANTILES = (0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9)
_DECILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class ColumnBaseline:
    """What a column is held against.

    `edges`: upper edges (inclusive) of all bins of a number but the last, its deciles without repeats.
    `low`, `high`: outlier bounds, None where the middle half of the values are all the same.
    `values`: the categories known.
    """

    plan: ColumnPlan
    edges: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()

    @property
    def measure(self) -> Measure:
        """How the column is measured after all."""
        return self.plan.measure


def fix_baseline(
    rows: ibis.Table, plans: tuple[ColumnPlan, ...], *, spread: float
) -> tuple[ColumnBaseline, ...]:
    """Fix every column on `rows`, the baseline's. One pass, and one more for each category.

    Outliers are what lies outside median ± `spread` · interquartile range, for money on the scale
    sign(x) · ln(1 + |x|): multiples, not yuan, are far apart there. Quantiles are approximate
    (t-digest).
    """
    asked: dict[str, Any] = {}
    for place, plan in enumerate(plans):
        column = rows[plan.name]
        if plan.measure in (Measure.NUMBER, Measure.MONEY):
            asked[f"q{place}"] = number(column).approx_quantile(list(_QUANTILES))
        elif plan.measure is Measure.CATEGORY:
            asked[f"d{place}"] = column.approx_nunique()
            asked[f"n{place}"] = column.count()
    found = rows.aggregate(**asked).to_pyarrow().to_pylist()[0] if asked else {}
    fixed = []
    for place, plan in enumerate(plans):
        if f"q{place}" in found:
            fixed.append(_number_baseline(plan, found[f"q{place}"], spread))
        elif f"d{place}" in found:
            fixed.append(_category_baseline(rows, plan, found[f"d{place}"], found[f"n{place}"]))
        else:
            fixed.append(ColumnBaseline(plan))
    return tuple(fixed)


def number(column: Any) -> Any:
    """A column as a double, NaN read as missing: money leaves exact arithmetic here."""
    value = column.cast("float64")
    return ibis.cases((value.isnan(), None), else_=value)


def _number_baseline(
    plan: ColumnPlan, quantiles: list[float | None] | None, spread: float
) -> ColumnBaseline:
    if not quantiles or any(value is None or math.isnan(value) for value in quantiles):
        return ColumnBaseline(plan)
    at = dict(
        zip(_QUANTILES, (float(value) for value in quantiles if value is not None), strict=True)
    )
    edges = tuple(sorted({at[share] for share in _DECILES}))
    low, high = outlier_bounds(
        at[0.25], at[0.5], at[0.75], spread=spread, money=plan.measure is Measure.MONEY
    )
    return ColumnBaseline(plan, edges, low, high)


def outlier_bounds(
    lower: float, median: float, upper: float, *, spread: float, money: bool
) -> tuple[float | None, float | None]:
    """Median ± spread · (upper − lower quartile), for money on the logarithmic scale.

    >>> outlier_bounds(10, 20, 30, spread=3, money=False)
    (-40, 80)
    """
    if not money:
        reach = spread * (upper - lower)
        return (median - reach, median + reach) if reach > 0 else (None, None)
    reach = spread * (_log(upper) - _log(lower))
    if reach <= 0:
        return None, None
    return _unlog(_log(median) - reach), _unlog(_log(median) + reach)


def _log(value: float) -> float:
    return math.copysign(math.log1p(abs(value)), value)


def _unlog(value: float) -> float:
    return math.copysign(math.expm1(min(abs(value), 700.0)), value)


def _category_baseline(
    rows: ibis.Table, plan: ColumnPlan, distinct: int, count: int
) -> ColumnBaseline:
    """The values seen; where they are too many or too rare the column is one of presence only."""
    presence = ColumnBaseline(ColumnPlan(plan.name, Measure.PRESENCE, plan.title_en, plan.title_zh))
    if distinct > 2 * MOST_CATEGORIES:  # the count is approximate
        return presence
    column = rows[plan.name].cast("string")
    known = rows.select(value=column).filter(column.notnull()).distinct().limit(MOST_CATEGORIES + 1)
    values = sorted(known.to_pyarrow()["value"].to_pylist())
    if len(values) > MOST_CATEGORIES or count < LEAST_PER_CATEGORY * len(values):
        return presence
    return ColumnBaseline(plan, values=tuple(values))
