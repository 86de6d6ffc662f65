"""Is a feature related to the outcome at all? Asked of the raw values, before any binning."""

from __future__ import annotations

import numpy as np
from scipy import stats

from kuaidai.risk.scorecards.binning import ordinary_rows
from kuaidai.risk.scorecards.columns import Floats, Values
from kuaidai.risk.scorecards.config import FeatureConfig, Kind, Trend


def association_p_value(values: Values, bad: Floats, feature: FeatureConfig) -> float:
    """p-value of the feature's plain association with the outcome.

    Numeric: Mann-Whitney on ordinary values, one-sided where the feature's trend is fixed; with trend
    `none` a chi-square test over quarters of the values. Categorical: chi-square over categories.
    Missing and special values are tested against the rest; of the two tests made, the smaller
    p-value counts, doubled. 1.0 where nothing can be tested.
    """
    ordinary = ordinary_rows(values, feature)
    tests = [_within(values[ordinary], bad[ordinary], feature), _contingency(ordinary, bad)]
    made = [p for p in tests if p is not None]
    return min(1.0, min(made, default=1.0) * max(len(made), 1))


def _within(values: Values, bad: Floats, feature: FeatureConfig) -> float | None:
    if len(values) == 0 or bad.min() == bad.max() or len(set(values.tolist())) == 1:
        return None
    if feature.kind is Kind.CATEGORICAL:
        return _contingency(values, bad)
    if feature.trend is Trend.NONE:
        edges = np.unique(np.quantile(values, (0.25, 0.5, 0.75)))
        return _contingency(np.searchsorted(edges, values, side="right"), bad)
    sides = {Trend.ASCENDING: "greater", Trend.DESCENDING: "less"}
    side = sides.get(feature.trend, "two-sided")
    result = stats.mannwhitneyu(values[bad == 1], values[bad == 0], alternative=side)
    return float(result.pvalue)


def _contingency(groups: Values, bad: Floats) -> float | None:
    names, place = np.unique(groups.astype(str), return_inverse=True)
    if len(names) < 2 or bad.min() == bad.max():
        return None
    bads = np.bincount(place, bad)
    table = np.vstack([bads, np.bincount(place) - bads])
    return float(stats.chi2_contingency(table, correction=len(names) == 2).pvalue)
