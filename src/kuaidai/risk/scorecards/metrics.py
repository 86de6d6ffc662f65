"""Measures of a score: discrimination with its interval, and calibration.

Throughout, `bad` is 1 for bad and 0 for good, and a higher score means less risk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from kuaidai.risk.scorecards.columns import Floats

_Z95 = 1.959963984540054


@dataclass(frozen=True)
class AucInterval:
    """Area under the ROC curve with its DeLong standard error and 95 % interval (logit scale)."""

    auc: float
    error: float
    low: float
    high: float

    @property
    def gini(self) -> float:
        """Gini coefficient = 2 AUC − 1."""
        return 2 * self.auc - 1


def auc_with_interval(scores: Floats, bad: Floats, weights: Floats | None = None) -> AucInterval:
    """AUC = chance that a good scores above a bad (ties count half), with DeLong's variance.

    The interval is taken on the logit scale, so it stays inside [0, 1]; with an AUC of 0 or 1 the
    variance is zero and the interval has no width. Source: DeLong, DeLong, Clarke-Pearson 1988.
    With `weights` goods and bads count by weight; the variance takes each row for one observation, however
    heavy (linearisation of a ratio of weighted sums), and with equal weights is DeLong's.

    >>> auc_with_interval(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 0.0, 1.0, 0.0])).auc
    0.75
    """
    if weights is None:
        beats, beaten = _placements(scores, bad)
        auc = float(beats.mean())
        variance = _variance_of_mean(beats) + _variance_of_mean(beaten)
    else:
        auc, variance = _weighed_auc(scores, bad, weights)
    error = math.sqrt(variance)
    if auc in (0.0, 1.0) or error == 0.0:
        return AucInterval(auc, error, auc, auc)
    centre, spread = math.log(auc / (1 - auc)), _Z95 * error / (auc * (1 - auc))
    low, high = (1 / (1 + math.exp(-(centre + side * spread))) for side in (-1, 1))
    return AucInterval(auc, error, low, high)


def _placements(scores: Floats, bad: Floats) -> tuple[Floats, Floats]:
    """Per good the share of bads it scores above, per bad the share of goods above it; ties half."""
    goods, bads = scores[bad == 0], scores[bad == 1]
    ranks = stats.rankdata(np.concatenate([goods, bads]))
    beats = (ranks[: len(goods)] - stats.rankdata(goods)) / len(bads)
    beaten = 1 - (ranks[len(goods) :] - stats.rankdata(bads)) / len(goods)
    return beats, beaten


def _weighed_auc(scores: Floats, bad: Floats, weights: Floats) -> tuple[float, float]:
    """AUC and its variance by weight; rows of no weight count nowhere."""
    sides = [(bad == side) & (weights > 0) for side in (0, 1)]
    (goods, good_weights), (bads, bad_weights) = [(scores[at], weights[at]) for at in sides]
    beats = _share_below(goods, bads, bad_weights)
    beaten = 1 - _share_below(bads, goods, good_weights)
    auc = float(np.average(beats, weights=good_weights))
    variance = sum(
        _variance_of_weighed_mean(parts, own)
        for parts, own in ((beats, good_weights), (beaten, bad_weights))
    )
    return auc, float(variance)


def _share_below(values: Floats, others: Floats, weights: Floats) -> Floats:
    """For each value the share, by weight, of `others` below it; those equal count half."""
    order = np.argsort(others, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(weights[order])])
    ends = [sums[np.searchsorted(others[order], values, side=side)] for side in ("left", "right")]
    share: Floats = (ends[0] + ends[1]) / (2 * sums[-1])
    return share


def _variance_of_weighed_mean(parts: Floats, weights: Floats) -> float:
    if len(parts) < 2:
        return 0.0
    left = parts - np.average(parts, weights=weights)
    spread = float(np.sum((weights * left) ** 2)) / float(weights.sum()) ** 2
    return spread * len(parts) / (len(parts) - 1)


@dataclass(frozen=True)
class AucDifference:
    """AUC of one score less that of another on the same rows, its error, and two-sided p-value."""

    difference: float
    error: float
    p_value: float


def auc_difference(first: Floats, second: Floats, bad: Floats) -> AucDifference:
    """Paired test of two scores of the same rows, a higher score being better in both.

    Source: DeLong, DeLong, Clarke-Pearson 1988. The p-value is 1 where the error is 0 and the scores
    do not differ, and NaN where they do.
    """
    (beats, beaten), (others, others_beaten) = _placements(first, bad), _placements(second, bad)
    gap = float(beats.mean() - others.mean())
    variance = _variance_of_mean(beats - others) + _variance_of_mean(beaten - others_beaten)
    error = math.sqrt(variance)
    if error == 0.0:
        return AucDifference(gap, 0.0, 1.0 if gap == 0.0 else math.nan)
    return AucDifference(gap, error, float(2 * stats.norm.sf(abs(gap) / error)))


def _variance_of_mean(parts: Floats) -> float:
    return float(parts.var(ddof=1) / len(parts)) if len(parts) > 1 else 0.0


@dataclass(frozen=True)
class Separation:
    """Cumulative shares of goods and bads at or below each distinct score, and their largest gap."""

    scores: tuple[float, ...]
    bads: tuple[float, ...]
    goods: tuple[float, ...]
    ks: float
    ks_score: float


def separation(scores: Floats, bad: Floats) -> Separation:
    """Kolmogorov-Smirnov separation of goods and bads; the curves also give the ROC."""
    distinct, place = np.unique(scores, return_inverse=True)
    bads = np.cumsum(np.bincount(place, bad)) / bad.sum()
    goods = np.cumsum(np.bincount(place, 1 - bad)) / (1 - bad).sum()
    gap = np.abs(bads - goods)
    widest = int(np.argmax(gap))
    return Separation(
        tuple(distinct.tolist()),
        tuple(bads.tolist()),
        tuple(goods.tolist()),
        float(gap[widest]),
        float(distinct[widest]),
    )


def brier_score(pds: Floats, bad: Floats) -> float:
    """Mean squared distance between PD and outcome."""
    return float(np.mean((pds - bad) ** 2))


@dataclass(frozen=True)
class CalibrationRow:
    """Rows of one score band: how many, the mean PD, the bads seen, a 95 % interval of the rate."""

    label: str
    rows: int
    bads: int
    mean_pd: float
    bad_rate: float
    low: float
    high: float


def calibration_row(label: str, pds: Floats, bad: Floats) -> CalibrationRow:
    """Expected and observed bad rate, the latter with its exact (Clopper-Pearson) interval."""
    rows, bads = len(bad), int(bad.sum())
    if rows == 0:
        return CalibrationRow(label, 0, 0, math.nan, math.nan, math.nan, math.nan)
    low = float(stats.beta.ppf(0.025, bads, rows - bads + 1)) if bads else 0.0
    high = float(stats.beta.ppf(0.975, bads + 1, rows - bads)) if bads < rows else 1.0
    return CalibrationRow(label, rows, bads, float(pds.mean()), bads / rows, low, high)


def calibration_table(
    scores: Floats, pds: Floats, bad: Floats, *, bands: int = 10
) -> tuple[CalibrationRow, ...]:
    """Equal-frequency score bands from the worst to the best, expected against observed."""
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, bands + 1)[1:-1]))
    places = np.searchsorted(edges, scores, side="right")
    table = []
    for place in np.unique(places):
        inside = places == place
        label = f"{scores[inside].min():g} – {scores[inside].max():g}"
        table.append(calibration_row(label, pds[inside], bad[inside]))
    return tuple(table)


def hosmer_lemeshow(table: tuple[CalibrationRow, ...]) -> float:
    """p-value of the Hosmer-Lemeshow test over a calibration table (bands − 2 degrees of freedom)."""
    statistic = 0.0
    for row in table:
        expected = row.rows * row.mean_pd
        statistic += (row.bads - expected) ** 2 / max(expected * (1 - row.mean_pd), 1e-12)
    return float(stats.chi2.sf(statistic, max(len(table) - 2, 1)))
