"""Cross-validated discrimination: the whole build repeated without the rows it is judged on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.columns import Floats, Table, read_target, take_rows
from kuaidai.risk.scorecards.config import ScorecardConfig
from kuaidai.risk.scorecards.engine.rows import open_rows, whole_table
from kuaidai.risk.scorecards.engine.scan import read_weights
from kuaidai.risk.scorecards.errors import (
    BadSetting,
    FitNotConverged,
    NoFeatureLeft,
    OneClassTarget,
    SegmentNotFitted,
)
from kuaidai.risk.scorecards.fitting import fit_scorecard, require_both_classes
from kuaidai.risk.scorecards.metrics import auc_with_interval

if TYPE_CHECKING:
    from kuaidai.risk.scorecards.segments import Segmentation, SegmentedScorecard

Rows = npt.NDArray[np.int64]
Progress = Callable[[int, int], None]
_NO_CARD = (NoFeatureLeft, FitNotConverged, OneClassTarget)


@dataclass(frozen=True)
class CrossValidation:
    """AUC on rows the card had not seen.

    `auc` is the mean over repeats; its interval is DeLong's for the mean held-out PD of each row, so
    it shows how uncertain the sample leaves us; `repeat_low` and `repeat_high` are the 2.5 and 97.5
    percentiles over repeats, which show only how much the split matters. `failed_folds` counts folds
    where no card could be built; their rows are given the overall bad rate. `features_kept`: in how many
    fits each feature stayed (in any of its cards, if segmented). With weights, all is by weight.
    """

    method: str
    folds: int
    repeats: int
    auc: float
    low: float
    high: float
    repeat_low: float
    repeat_high: float
    aucs: tuple[float, ...]
    fits: int
    failed_folds: int
    features_kept: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class _Build:
    """What is built in every fold, and of what."""

    table: Table
    target: str
    config: ScorecardConfig
    weight: str | None
    offset: str | None
    segmentation: Segmentation | None

    def bad(self) -> Floats:
        """The target; raises `OneClassTarget` where the rows that count are of one class."""
        bad, weights = read_target(self.table, self.target), self.weights()
        counted = bad if weights is None else bad[weights > 0]
        require_both_classes(counted, self.target, sample="the sample")
        return bad

    def weights(self) -> Floats | None:
        """The row weights, None where every row counts once; raises `BadSetting`, `MissingColumn`."""
        if self.weight is None:
            return None
        return read_weights(whole_table(open_rows(self.table), [self.weight]), self.weight)

    def strata(self, bad: Floats) -> list[Rows]:
        """Rows that every fold is to get its share of: the bads and the goods of each segment."""
        if self.segmentation is None:
            return [np.flatnonzero(bad == outcome) for outcome in (1.0, 0.0)]
        places = self.segmentation.places(self.table)
        return [
            np.flatnonzero((places == place) & (bad == outcome))
            for place in range(len(self.segmentation.segments))
            for outcome in (1.0, 0.0)
        ]

    def fit(self, rows: Rows) -> Scorecard | SegmentedScorecard | None:
        """The card built on `rows`; None where they give none."""
        train = take_rows(self.table, rows)
        try:
            if self.segmentation is None:
                return fit_scorecard(
                    train,
                    target=self.target,
                    config=self.config,
                    weight=self.weight,
                    offset=self.offset,
                )
            from kuaidai.risk.scorecards.segments import fit_segments

            return fit_segments(
                train,
                target=self.target,
                config=self.config,
                segmentation=self.segmentation,
                weight=self.weight,
                offset=self.offset,
            )
        except _NO_CARD:
            return None
        except SegmentNotFitted as refusal:
            if isinstance(refusal.__cause__, _NO_CARD):
                return None
            raise


def cross_validate(
    table: Table,
    *,
    target: str,
    config: ScorecardConfig,
    weight: str | None = None,
    offset: str | None = None,
    segmentation: Segmentation | None = None,
    folds: int = 5,
    repeats: int = 1,
    seed: int = 20,
    progress: Progress | None = None,
) -> CrossValidation:
    """Repeated stratified k-fold: binning, selection and fit are redone in every fold.

    `weight` and `offset` as in `fit_scorecard`; what is judged is the score, which leaves the offset out.
    With a `segmentation` every fold fits all its cards, and has its share of each segment. `progress` is
    told (folds done, folds in all). Raises `OneClassTarget`, `BadSetting`, `UnknownSegment`.
    """
    build = _Build(table, target, config, weight, offset, segmentation)
    bad = build.bad()
    if not 2 <= folds <= len(bad) or repeats < 1:
        raise BadSetting(
            name="folds, repeats", value=(folds, repeats), rule="2 ≤ folds ≤ rows, ≥ 1"
        )
    strata = build.strata(bad)
    plans = [_stratified(strata, folds, np.random.default_rng([seed, r])) for r in range(repeats)]
    method = f"{repeats} × {folds}-fold" if repeats > 1 else f"{folds}-fold"
    return _run(build, bad, plans, method, folds, progress)


def leave_one_out(
    table: Table,
    *,
    target: str,
    config: ScorecardConfig,
    weight: str | None = None,
    offset: str | None = None,
    segmentation: Segmentation | None = None,
    progress: Progress | None = None,
) -> CrossValidation:
    """Each row judged by a card built on all others: for tiny samples.

    Parameters as in `cross_validate`. The pooled AUC is slightly pessimistic: leaving out a bad lowers the
    others' bad rate. Raises `OneClassTarget`.
    """
    build = _Build(table, target, config, weight, offset, segmentation)
    bad = build.bad()
    plan = [np.array([row], dtype=np.int64) for row in range(len(bad))]
    return _run(build, bad, [plan], "leave-one-out", len(bad), progress)


def _stratified(strata: list[Rows], folds: int, rng: np.random.Generator) -> list[Rows]:
    """Row positions of each fold, the rows of every stratum dealt out evenly."""
    place = np.empty(sum(map(len, strata)), dtype=np.int64)
    dealt = 0
    for stratum in strata:
        rows = rng.permutation(stratum)
        place[rows] = (np.arange(len(rows)) + dealt) % folds
        dealt += len(rows)
    return [np.flatnonzero(place == fold).astype(np.int64) for fold in range(folds)]


def _run(
    build: _Build,
    bad: Floats,
    plans: list[list[Rows]],
    method: str,
    folds: int,
    progress: Progress | None,
) -> CrossValidation:
    weights = build.weights()
    every = np.arange(len(bad), dtype=np.int64)
    held_out = np.full((len(plans), len(bad)), float(np.average(bad, weights=weights)))
    kept: dict[str, int] = {}
    done, failed = 0, 0
    for repeat, rows in _folds(plans):
        card = build.fit(np.setdiff1d(every, rows))
        if card is None:
            failed += 1
        else:
            scores = card.scores(take_rows(build.table, rows))
            held_out[repeat, rows] = card.probabilities(scores)
            for name in _kept(card):
                kept[name] = kept.get(name, 0) + 1
        done += 1
        if progress is not None:
            progress(done, sum(len(plan) for plan in plans))
    aucs = [auc_with_interval(-pds, bad, weights).auc for pds in held_out]
    pooled = auc_with_interval(-held_out.mean(axis=0), bad, weights)
    low, high = np.quantile(aucs, [0.025, 0.975])
    return CrossValidation(
        method=method,
        folds=folds,
        repeats=len(plans),
        auc=float(np.mean(aucs)),
        low=pooled.low,
        high=pooled.high,
        repeat_low=float(low),
        repeat_high=float(high),
        aucs=tuple(aucs),
        fits=done,
        failed_folds=failed,
        features_kept=tuple(sorted(kept.items(), key=lambda item: (-item[1], item[0]))),
    )


def _folds(plans: list[list[Rows]]) -> Iterator[tuple[int, Rows]]:
    for repeat, plan in enumerate(plans):
        for rows in plan:
            yield repeat, rows


def _kept(card: Scorecard | SegmentedScorecard) -> set[str]:
    """Features that stayed, in any of the cards."""
    cards = (card,) if isinstance(card, Scorecard) else card.cards
    return {name for each in cards for name in each.features}
