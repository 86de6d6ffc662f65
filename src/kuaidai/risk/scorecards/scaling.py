"""From coefficients to points, from scores to PD, from bands to grades."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from kuaidai.risk.scorecards.card import Calibration, Grade, ScoreStep, rounded_probability
from kuaidai.risk.scorecards.characteristics import Characteristic
from kuaidai.risk.scorecards.columns import Floats
from kuaidai.risk.scorecards.config import ScorecardConfig
from kuaidai.risk.scorecards.errors import FitNotConverged
from kuaidai.risk.scorecards.regression import fit_logistic


def rounded(points: float) -> int:
    """Points to the nearest whole number, halves upwards: a larger value never gets fewer points.

    >>> [rounded(p) for p in (-2.5, -0.4, 0.5, 1.49)]
    [-2, 0, 1, 1]
    """
    return math.floor(points + 0.5)


def give_points(c: Characteristic, coefficient: float, config: ScorecardConfig) -> Characteristic:
    """The characteristic with points per bin: −factor × coefficient × WOE, rounded; 0 is neutral."""
    factor = config.pdo / math.log(2)
    attributes = tuple(
        replace(a, points=rounded(-factor * coefficient * a.woe)) for a in c.attributes
    )
    return replace(c, attributes=attributes)


def base_points(intercept: float, config: ScorecardConfig) -> int:
    """Points of an applicant who is average everywhere: base score at the base odds, shifted."""
    factor = config.pdo / math.log(2)
    return rounded(config.base_score - factor * (math.log(config.base_odds) + intercept))


def calibrate(
    log_odds: Floats, target: Floats, weights: Floats, *, central_tendency: float | None
) -> Calibration:
    """Map the log-odds a score stands for to PD.

    A logistic fit of the target on the score's log-odds (it undoes the rounding); with a
    `central_tendency` the intercept is then moved until the mean PD equals that long-run rate.
    Falls back to the identity, recorded as such, where the fit is not sound.
    """
    method, intercept, slope = "logistic on the score", 0.0, 1.0
    try:
        fit = fit_logistic(log_odds[:, None], target, weights)
        intercept, slope = float(fit.coefficients[0]), float(fit.coefficients[1])
    except FitNotConverged:
        slope = -1.0
    if slope <= 0:
        method, intercept, slope = "identity (the calibration fit was not sound)", 0.0, 1.0
    if central_tendency is None:
        return Calibration(method, intercept, slope)
    shift = shift_to(slope * log_odds, weights, central_tendency)
    return Calibration(f"{method}, mean set to {central_tendency:g}", shift, slope)


def keep_log_odds(
    log_odds: Floats, weights: Floats, *, central_tendency: float | None
) -> Calibration:
    """PDs from the log-odds that the scores stand for, moved only to a `central_tendency`."""
    method = "identity (the fit held an offset)"
    if central_tendency is None:
        return Calibration(method, 0.0, 1.0)
    shift = shift_to(log_odds, weights, central_tendency)
    return Calibration(f"{method}, mean set to {central_tendency:g}", shift, 1.0)


def calibrate_in_steps(
    scores: npt.NDArray[np.int64],
    target: Floats,
    weights: Floats,
    *,
    central_tendency: float | None,
) -> Calibration:
    """Map scores to PD by falling steps: isotonic regression of the target on the score.

    Steps at either end without bads, or without goods, are joined to their neighbour, since a PD of
    0 or 1 is more than a sample can prove. A `central_tendency` moves the log-odds of all steps
    until the mean PD equals it. Source: pool adjacent violators, Barlow et al. 1972.
    """
    distinct, place = np.unique(scores, return_inverse=True)
    rows: Floats = np.bincount(place, weights).astype(np.float64)
    bads: Floats = np.bincount(place, weights * target).astype(np.float64)
    found = optimize.isotonic_regression(bads / rows, weights=rows, increasing=False)
    starts = _sound_starts(found.blocks[:-1].tolist(), rows, bads)
    rates = np.add.reduceat(bads, starts) / np.add.reduceat(rows, starts)
    method = "isotonic steps on the score"
    if central_tendency is not None:
        logits = special.logit(rates)
        shift = shift_to(logits, np.add.reduceat(rows, starts), central_tendency)
        rates, method = special.expit(logits + shift), f"{method}, mean set to {central_tendency:g}"
    floors = [None, *(int(distinct[start]) for start in starts[1:])]
    steps = [ScoreStep(floor, float(pd)) for floor, pd in zip(floors, rates, strict=True)]
    return Calibration(method, 0.0, 1.0, tuple(reversed(steps)))


def _sound_starts(starts: list[int], rows: Floats, bads: Floats) -> list[int]:
    """Where steps start, those at the ends without bads or goods joined to their neighbour."""
    while len(starts) > 1 and bads[starts[-1] :].sum() <= 0:
        starts = starts[:-1]
    while len(starts) > 1 and bads[: starts[1]].sum() >= rows[: starts[1]].sum():
        starts = [starts[0], *starts[2:]]
    return starts


def shift_to(log_odds: Floats, weights: Floats, mean: float) -> float:
    """What to add to `log_odds` so that their probabilities average to `mean`."""

    def gap(shift: float) -> float:
        return float(np.average(special.expit(shift + log_odds), weights=weights)) - mean

    return float(optimize.brentq(gap, -40.0, 40.0, xtol=1e-12))


def grade_bands(
    scores: npt.NDArray[np.int64],
    pds: Floats,
    target: Floats,
    weights: Floats,
    config: ScorecardConfig,
    edge_pds: Sequence[Decimal],
) -> tuple[Grade, ...]:
    """Grades with their PD: the mean calibrated PD of the development rows in the band.

    A band without rows takes the PD at its edge score. PDs never fall from better to worse grades.
    `edge_pds`: PD at each band's least score, for the last band the PD just below its ceiling.
    """
    grades: list[Grade] = []
    ceiling: int | None = None
    for band, edge in zip(config.bands, edge_pds, strict=True):
        inside = np.ones(len(scores), dtype=np.bool_) if ceiling is None else scores < ceiling
        if band.min_score is not None:
            inside &= scores >= band.min_score
        rows, bads = float(weights[inside].sum()), float((weights * target)[inside].sum())
        pd = edge
        if rows:
            pd = rounded_probability(float(np.average(pds[inside], weights=weights[inside])))
        if grades:
            pd = max(pd, grades[-1].pd)
        grades.append(Grade(band.grade, band.min_score, pd, rows, bads))
        ceiling = band.min_score
    return tuple(grades)
