"""`fit_scorecard`: from data with a target to a finished card, in one scan and a few passes over its codes.

`bin_data` scans and bins, `fit_card` chooses, fits, scales and calibrates: between the two a modeller may
look at the bins and edit them (`editing`).
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kuaidai.kernel.canonical import canonical_json, sha256_hex
from kuaidai.kernel.stability import stability_index
from kuaidai.risk.scorecards.association import association_p_value
from kuaidai.risk.scorecards.binning import FeatureBinning, FeatureCounts, bin_scan
from kuaidai.risk.scorecards.card import (
    Calibration,
    FitRecord,
    Provenance,
    Scorecard,
)
from kuaidai.risk.scorecards.characteristics import Characteristic
from kuaidai.risk.scorecards.columns import Floats
from kuaidai.risk.scorecards.config import CalibrationMethod, ScorecardConfig
from kuaidai.risk.scorecards.engine.fine_classes import CLASSES
from kuaidai.risk.scorecards.engine.kernels import count_scores
from kuaidai.risk.scorecards.engine.rows import Data, open_rows
from kuaidai.risk.scorecards.engine.scan import Block, Coded, Counts, scan
from kuaidai.risk.scorecards.errors import BadSetting, OneClassTarget
from kuaidai.risk.scorecards.pilot import pilot
from kuaidai.risk.scorecards.scaling import (
    base_points,
    calibrate,
    calibrate_in_steps,
    give_points,
    grade_bands,
    keep_log_odds,
)
from kuaidai.risk.scorecards.selection import Candidates, Selection, select_features

_LIBRARIES = ("kuaidai", "numba", "numpy", "pyarrow", "scipy", "statsmodels")


def _libraries() -> tuple[tuple[str, str], ...]:
    return (
        *((name, version(name)) for name in _LIBRARIES),
        ("python", platform.python_version()),
    )


@dataclass(frozen=True)
class Binning:
    """The development data, scanned and binned. `recent`: counts of a later sample in the same classes."""

    scan: Coded
    features: tuple[FeatureBinning, ...]
    config: ScorecardConfig
    target: str
    weight: str | None
    recent: Counts | None = None
    offset: str | None = None

    def feature(self, name: str) -> FeatureBinning:
        """The binning of the feature called `name`; raises `KeyError`."""
        return self.features[self._place(name)]

    def with_feature(self, changed: FeatureBinning) -> Binning:
        """This binning with one feature's bins replaced."""
        place = self._place(changed.name)
        return replace(
            self, features=(*self.features[:place], changed, *self.features[place + 1 :])
        )

    def _place(self, name: str) -> int:
        for place, feature in enumerate(self.features):
            if feature.name == name:
                return place
        known = ", ".join(feature.name for feature in self.features)
        raise KeyError(f"{name} is no candidate; there are: {known}")


def bin_data(
    data: Data,
    *,
    target: str,
    config: ScorecardConfig,
    weight: str | None = None,
    offset: str | None = None,
    recent: Data | None = None,
    folder: Path | None = None,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Binning:
    """Scan the data once (and a part of them before, where they are many) and bin every candidate.

    `data` (see `open_rows`) holds the candidates of `config.features` and `target` (1 = bad); `weight`
    names a column of row weights, `offset` one of fixed log-odds of bad that the fit adds to each row's own
    (a sampling correction, a year's economy); `recent` is a later sample, with the same columns, for stability.
    `folder` takes the codes (one byte a value) where memory is not to; `progress` is told the rows
    scanned. Raises as `scan` and `bin_scan` do.
    """
    piloted = pilot(
        open_rows(data),
        config,
        target=target,
        weight=weight,
        period=config.stable_over,
        offset=offset,
        threads=threads,
    )
    scanned = scan(
        piloted.rows,
        config.features,
        target=target,
        weight=weight,
        period=config.stable_over,
        offset=offset,
        classes=piloted.classes,
        folder=folder,
        threads=threads,
        progress=progress,
    )
    later = None
    if recent is not None:
        rows = open_rows(recent)
        later = scan(rows, config.features, target=target, classes=scanned.classes, threads=threads)
        later = replace(later, blocks=())  # its counts are all that is asked for
    return Binning(scanned, bin_scan(scanned, config), config, target, weight, later, offset)


def fit_scorecard(
    data: Data,
    *,
    target: str,
    config: ScorecardConfig,
    weight: str | None = None,
    offset: str | None = None,
    recent: Data | None = None,
    notes: tuple[tuple[str, str], ...] = (),
    folder: Path | None = None,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Scorecard:
    """Bin, select, fit, scale and calibrate a card on the development sample.

    Parameters as in `bin_data`; `notes` are kept in the card's provenance. The same rows give the same
    card. With an `offset`, scores and PDs are those of a row whose offset is 0. Raises `MissingColumn`,
    `NotANumber`, `InfiniteValue`, `TargetNotBinary`, `OneClassTarget`, `NoFeatureLeft`,
    `InfeasibleBins`, `FitNotConverged`, `BadSetting`.
    """
    binning = bin_data(
        data,
        target=target,
        config=config,
        weight=weight,
        offset=offset,
        recent=recent,
        folder=folder,
        threads=threads,
        progress=progress,
    )
    return fit_card(binning, notes=notes)


def fit_card(binning: Binning, *, notes: tuple[tuple[str, str], ...] = ()) -> Scorecard:
    """Select, fit, scale and calibrate a card on binned data; raises `NoFeatureLeft`, `FitNotConverged`."""
    characteristics = tuple(feature.characteristic() for feature in binning.features)
    woe = np.array(
        [c.woe[f.places()] for c, f in zip(characteristics, binning.features, strict=True)]
    )
    config = binning.config
    if binning.offset and config.calibration is CalibrationMethod.ISOTONIC:
        rule = "logistic in a fit with an offset, which steps over the score cannot leave out"
        raise BadSetting(name="calibration", value=config.calibration.value, rule=rule)
    selection = select_features(
        Candidates(
            binning.scan,
            characteristics,
            woe,
            association=_association(binning),
            stability=stability(binning),
            offset=binning.offset is not None,
        ),
        config,
    )
    provenance = Provenance(
        rows=binning.scan.rows,
        bads=binning.scan.bads,
        goods=binning.scan.goods,
        data_fingerprint=fingerprint(binning.scan),
        config_fingerprint=sha256_hex(canonical_json(asdict(config))),
        target=binning.target,
        weight=binning.weight,
        libraries=_libraries(),
        notes=notes,
        offset=binning.offset,
    )
    card = _assemble(characteristics, selection, config, provenance)
    return calibrated(card, score_counts(card, binning, selection.chosen))


def require_both_classes(bad: Floats, target: str, *, sample: str) -> None:
    """Raise `OneClassTarget` unless the target has goods and bads."""
    bads = int(bad.sum())
    if bads in (0, len(bad)):
        raise OneClassTarget(target=target, sample=sample, goods=len(bad) - bads, bads=bads)


def _association(binning: Binning) -> list[float]:
    if binning.config.association_p_max is None:
        return []
    places = range(len(binning.features))
    return [association_p_value(FeatureCounts.of(binning.scan, place)) for place in places]


def stability(binning: Binning) -> list[float]:
    """PSI of every candidate's bins between the development and the recent sample; empty without one."""
    if binning.recent is None:
        return []
    indices = []
    for place, feature in enumerate(binning.features):
        size = len(feature.bins())
        counts = [
            np.bincount(feature.places(), rows, minlength=size)
            for rows in (binning.scan.seen[place], binning.recent.seen[place])
        ]
        indices.append(stability_index(*counts).index)
    return indices


def _assemble(
    candidates: tuple[Characteristic, ...],
    selection: Selection,
    config: ScorecardConfig,
    provenance: Provenance,
) -> Scorecard:
    fit = selection.fit
    kept = []
    for position, place in enumerate(selection.chosen):
        coefficient = float(fit.coefficients[position + 1])
        pointed = give_points(candidates[place], coefficient, config)
        kept.append(
            replace(
                pointed,
                coefficient=coefficient,
                standard_error=float(fit.errors[position + 1]),
                z=float(fit.z[position + 1]),
                p_value=float(fit.p_values[position + 1]),
                vif=float(selection.vif[position]),
            )
        )
    chosen = set(selection.chosen)
    intercept = float(fit.coefficients[0])
    return Scorecard(
        name=config.name,
        config=config,
        characteristics=tuple(kept),
        rejected=tuple(c for place, c in enumerate(candidates) if place not in chosen),
        selection=selection.steps,
        fit=FitRecord(
            intercept=intercept,
            intercept_error=float(fit.errors[0]),
            log_likelihood=fit.log_likelihood,
            null_log_likelihood=fit.null_log_likelihood,
            iterations=fit.iterations,
            gradient_norm=fit.gradient_norm,
            method=fit.method,
            l2=config.l2,
        ),
        base_points=base_points(intercept, config),
        calibration=Calibration("identity", 0.0, 1.0),
        grades=(),
        provenance=provenance,
    )


@dataclass(frozen=True)
class ScoreCounts:
    """Goods and bads by weight at each score that has any."""

    scores: npt.NDArray[np.int64]
    goods: Floats
    bads: Floats


def score_counts(card: Scorecard, binning: Binning, chosen: tuple[int, ...]) -> ScoreCounts:
    """The development rows' scores, counted in one pass over the codes."""
    points = np.zeros((len(chosen), CLASSES), dtype=np.int64)
    for row, (place, c) in enumerate(zip(chosen, card.characteristics, strict=True)):
        points[row] = c.points[binning.features[place].places()]
    least, most = int(points.min(axis=1).sum()), int(points.max(axis=1).sum())
    work = partial(_count_block, chosen=list(chosen), points=points, least=least, most=most)
    counts = binning.scan.added(work)
    held = np.flatnonzero(counts.sum(axis=1) > 0)
    return ScoreCounts(held + least + card.base_points, counts[held, 0], counts[held, 1])


def _count_block(
    block: Block, *, chosen: list[int], points: npt.NDArray[np.int64], least: int, most: int
) -> Floats:
    counts: Floats = np.zeros((most - least + 1, 2))
    codes = np.ascontiguousarray(block.codes[chosen])
    count_scores(codes, block.target, block.weights, points, -least, counts)
    return counts


def calibrated(card: Scorecard, counted: ScoreCounts) -> Scorecard:
    """The card calibrated on counts of development scores, its grades filled in.

    After a fit with an offset the scores' own log-odds stand: a fit of outcomes on scores alone would
    bring back what the offset took out.
    """
    scores = np.tile(counted.scores, 2)
    bad: Floats = np.repeat([0.0, 1.0], len(counted.scores))
    weights: Floats = np.concatenate([counted.goods, counted.bads])
    held = weights > 0
    scores, bad, weights = scores[held], bad[held], weights[held]
    tendency = card.config.central_tendency
    if card.config.calibration is CalibrationMethod.ISOTONIC:
        calibration = calibrate_in_steps(scores, bad, weights, central_tendency=tendency)
    elif card.provenance.offset is not None:
        log_odds = np.array([card.log_odds_of_bad(int(s)) for s in scores], dtype=np.float64)
        calibration = keep_log_odds(log_odds, weights, central_tendency=tendency)
    else:
        log_odds = np.array([card.log_odds_of_bad(int(s)) for s in scores], dtype=np.float64)
        calibration = calibrate(log_odds, bad, weights, central_tendency=tendency)
    scaled = replace(card, calibration=calibration)
    floors = [band.min_score for band in card.config.bands if band.min_score is not None]
    edges: list[Decimal] = [scaled.pd_of(floor) for floor in floors]
    edges.append(scaled.pd_of(floors[-1] - 1 if floors else int(card.config.base_score)))
    pds = scaled.probabilities(scores)
    grades = grade_bands(scores, pds, bad, weights, card.config, edges)
    return replace(scaled, grades=grades)


def fingerprint(scanned: Counts) -> str:
    """SHA-256 over the candidates' names and kinds, the number of rows and the rows' mark.

    The mark is a sum of hashes of every row's values, target, weight and offset (`engine.marks`), so
    neither the order of rows nor the parts they come in matter, however many there are.
    """
    names = [[each.name, each.feature.kind.value] for each in scanned.classes]
    return sha256_hex(canonical_json([names, scanned.rows, str(scanned.mark)]))
