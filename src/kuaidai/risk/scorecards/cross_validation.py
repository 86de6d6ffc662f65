"""Cross-validated discrimination: the whole build repeated without the rows it is judged on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kuaidai.risk.scorecards.columns import Floats, Table, read_target, take_rows
from kuaidai.risk.scorecards.config import ScorecardConfig
from kuaidai.risk.scorecards.errors import (
    BadSetting,
    FitNotConverged,
    NoFeatureLeft,
    OneClassTarget,
)
from kuaidai.risk.scorecards.fitting import fit_scorecard, require_both_classes
from kuaidai.risk.scorecards.metrics import AucInterval, auc_with_interval

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CrossValidation:
    """AUC on rows the card had not seen.

    `auc` is the mean over repeats; its interval is DeLong's for the mean held-out PD of each row, so
    it shows how uncertain the sample leaves us; `repeat_low` and `repeat_high` are the 2.5 and 97.5
    percentiles over repeats, which show only how much the split matters. `failed_folds` counts folds
    where no card could be built; their rows are given the overall bad rate.
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


def cross_validate(
    table: Table,
    *,
    target: str,
    config: ScorecardConfig,
    folds: int = 5,
    repeats: int = 1,
    seed: int = 20,
    progress: Callable[[int, int], None] | None = None,
) -> CrossValidation:
    """Repeated stratified k-fold: binning, selection and fit are redone in every fold.

    `progress` is told (folds done, folds in all). Raises `OneClassTarget`, `BadSetting`.
    """
    bad = read_target(table, target)
    require_both_classes(bad, target, sample="the sample")
    if not 2 <= folds <= len(bad) or repeats < 1:
        raise BadSetting(
            name="folds, repeats", value=(folds, repeats), rule="2 ≤ folds ≤ rows, ≥ 1"
        )
    plans = [_stratified(bad, folds, np.random.default_rng([seed, r])) for r in range(repeats)]
    method = f"{repeats} × {folds}-fold" if repeats > 1 else f"{folds}-fold"
    return _run(table, bad, target, config, plans, method, folds, progress)


def leave_one_out(
    table: Table,
    *,
    target: str,
    config: ScorecardConfig,
    progress: Callable[[int, int], None] | None = None,
) -> CrossValidation:
    """Each row judged by a card built on all others: for tiny samples.

    The pooled AUC is slightly pessimistic: leaving out a bad lowers the others' bad rate. Raises
    `OneClassTarget`.
    """
    bad = read_target(table, target)
    require_both_classes(bad, target, sample="the sample")
    plan = [np.array([row], dtype=np.int64) for row in range(len(bad))]
    return _run(table, bad, target, config, [plan], "leave-one-out", len(bad), progress)


def _stratified(bad: Floats, folds: int, rng: np.random.Generator) -> list[Rows]:
    """Row positions of each fold, bads and goods dealt out evenly."""
    place = np.empty(len(bad), dtype=np.int64)
    dealt = 0
    for outcome in (1.0, 0.0):
        rows = rng.permutation(np.flatnonzero(bad == outcome))
        place[rows] = (np.arange(len(rows)) + dealt) % folds
        dealt += len(rows)
    return [np.flatnonzero(place == fold).astype(np.int64) for fold in range(folds)]


def _run(
    table: Table,
    bad: Floats,
    target: str,
    config: ScorecardConfig,
    plans: list[list[Rows]],
    method: str,
    folds: int,
    progress: Callable[[int, int], None] | None,
) -> CrossValidation:
    every = np.arange(len(bad), dtype=np.int64)
    held_out = np.full((len(plans), len(bad)), float(bad.mean()))
    kept: dict[str, int] = {}
    done, failed = 0, 0
    for repeat, rows in _folds(plans):
        train = take_rows(table, np.setdiff1d(every, rows))
        try:
            card = fit_scorecard(train, target=target, config=config)
            scores = card.scores(take_rows(table, rows))
            held_out[repeat, rows] = card.probabilities(scores)
            for name in card.features:
                kept[name] = kept.get(name, 0) + 1
        except (NoFeatureLeft, FitNotConverged, OneClassTarget):
            failed += 1
        done += 1
        if progress is not None:
            progress(done, sum(len(plan) for plan in plans))
    aucs = [auc_with_interval(-pds, bad).auc for pds in held_out]
    pooled: AucInterval = auc_with_interval(-held_out.mean(axis=0), bad)
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
