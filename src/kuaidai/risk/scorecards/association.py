"""Is a feature related to the outcome at all? Asked of its fine classes, before any merging."""

from __future__ import annotations

import numpy as np
from scipy import stats

from kuaidai.risk.scorecards.binning import FeatureCounts
from kuaidai.risk.scorecards.columns import Floats
from kuaidai.risk.scorecards.config import Kind, Trend

_QUARTERS = 4


def association_p_value(counts: FeatureCounts) -> float:
    """p-value of the feature's plain association with the outcome.

    Numeric: Mann-Whitney on ordinary values, one-sided where the feature's trend is fixed; with trends
    that may turn a chi-square test over quarters of the values. Categorical: chi-square over categories.
    Values in one fine class count as tied. Missing and special values are tested against the rest; of
    the two tests made, the smaller p-value counts, doubled. 1.0 where nothing can be tested.
    """
    order = counts.ordinary()
    ordinary = counts.counts[order]
    whole = counts.counts.sum(axis=0)
    inside = ordinary.sum(axis=0)
    tests = [_within(ordinary, counts), _chi_square(np.array([inside, whole - inside]))]
    made = [p for p in tests if p is not None]
    return min(1.0, min(made, default=1.0) * max(len(made), 1))


def _within(ordinary: Floats, counts: FeatureCounts) -> float | None:
    feature = counts.classes.feature
    if len(ordinary) < 2 or not ordinary.sum(axis=0).all():
        return None
    if feature.kind is Kind.CATEGORICAL:
        return _chi_square(ordinary)
    if feature.trend in (Trend.NONE, Trend.PEAK, Trend.VALLEY):
        below = np.cumsum(ordinary.sum(axis=1)) - ordinary.sum(axis=1) / 2
        quarter = (below / ordinary.sum() * _QUARTERS).astype(int)
        return _chi_square(np.array([ordinary[quarter == q].sum(axis=0) for q in range(_QUARTERS)]))
    return rank_sum_p_value(ordinary[:, 0], ordinary[:, 1], feature.trend)


def rank_sum_p_value(goods: Floats, bads: Floats, trend: Trend) -> float:
    """Mann-Whitney p-value that bads lie higher (ascending), lower (descending) or either way.

    `goods` and `bads` per class in value order. Normal approximation with ties and the continuity
    correction, as in `scipy.stats.mannwhitneyu` (method asymptotic).
    """
    count = goods + bads
    good, bad = goods.sum(), bads.sum()
    n = good + bad
    ranks = np.cumsum(count) - (count - 1) / 2
    u = float((ranks * bads).sum() - bad * (bad + 1) / 2)
    ties = float((count**3 - count).sum())
    spread = np.sqrt(good * bad / 12 * (n + 1 - ties / (n * (n - 1))))
    if spread == 0:
        return 1.0
    above = u - good * bad / 2
    if trend is Trend.ASCENDING:
        return float(stats.norm.sf((above - 0.5) / spread))
    if trend is Trend.DESCENDING:
        return float(stats.norm.sf((-above - 0.5) / spread))
    return float(min(1.0, 2 * stats.norm.sf((abs(above) - 0.5) / spread)))


def _chi_square(table: Floats) -> float | None:
    """p-value of the chi-square test of a groups × (good, bad) table; None where it says nothing."""
    held = table[table.sum(axis=1) > 0]
    if len(held) < 2 or not held.sum(axis=0).all():
        return None
    return float(stats.chi2_contingency(held, correction=len(held) == 2).pvalue)
