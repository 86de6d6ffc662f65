"""Fitting a segmented scorecard: each segment's rows to a card, all cards to one scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kuaidai.kernel.errors import Refusal
from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.config import FeatureConfig, ScorecardConfig
from kuaidai.risk.scorecards.engine.rows import Data, open_rows
from kuaidai.risk.scorecards.errors import BadSetting, SegmentNotFitted
from kuaidai.risk.scorecards.fitting import (
    Binning,
    ScoreCounts,
    bin_data,
    calibrated,
    fit_card,
    score_counts,
)
from kuaidai.risk.scorecards.segments.card import SegmentedScorecard
from kuaidai.risk.scorecards.segments.rows import SegmentRows, split_rows
from kuaidai.risk.scorecards.segments.rule import Segment, Segmentation


def fit_segments(
    data: Data,
    *,
    target: str,
    config: ScorecardConfig,
    segmentation: Segmentation,
    weight: str | None = None,
    offset: str | None = None,
    recent: Data | None = None,
    notes: tuple[tuple[str, str], ...] = (),
    folder: Path | None = None,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> SegmentedScorecard:
    """Fit a card to the rows of each segment and calibrate them together.

    Parameters as in `fit_scorecard`; every card is built by `config`, with the candidates that its segment
    names. The calibration and the grades come from the scores of all segments, so that one score has one
    PD. The rows are read once for the segments and once for each segment. Raises `SegmentNotFitted`
    with a segment's name and what `fit_scorecard` would have raised, `UnknownSegment`, `MissingColumn`,
    `BadSetting`.
    """
    configs = [config_of(config, segment) for segment in segmentation.segments]
    parts = split_rows(open_rows(data), segmentation)
    later = None if recent is None else split_rows(open_rows(recent), segmentation)
    fits, done = [], 0
    for place, (own, part) in enumerate(zip(configs, parts, strict=True)):
        segment = segmentation.names[place]
        inner = folder and folder / f"segment-{place:02}"
        if inner is not None:
            inner.mkdir(exist_ok=True)
        job = _Job(
            segment,
            part,
            later[place] if later is not None and later[place].sizes else None,
            inner,
            _shifted(progress, done),
        )
        own_notes = notes_of(notes, segmentation, segment)
        fits.append(_fitted(job, own, target, weight, offset, own_notes, threads))
        done += sum(part.sizes)
    return on_one_scale(config.name, segmentation, fits)


@dataclass(frozen=True)
class _Job:
    """The data of one segment's fit."""

    segment: str
    rows: SegmentRows
    recent: SegmentRows | None
    folder: Path | None
    progress: Callable[[int], None] | None


def _fitted(
    job: _Job,
    config: ScorecardConfig,
    target: str,
    weight: str | None,
    offset: str | None,
    notes: tuple[tuple[str, str], ...],
    threads: int | None,
) -> tuple[Scorecard, ScoreCounts]:
    try:
        binning = bin_data(
            job.rows,
            target=target,
            config=config,
            weight=weight,
            offset=offset,
            recent=job.recent,
            folder=job.folder,
            threads=threads,
            progress=job.progress,
        )
        return fit_and_count(binning, notes)
    except Refusal as refusal:
        raise SegmentNotFitted(segment=job.segment, why=str(refusal).rstrip(".")) from refusal


def fit_and_count(
    binning: Binning, notes: tuple[tuple[str, str], ...]
) -> tuple[Scorecard, ScoreCounts]:
    """A segment's card, and its rows counted by score."""
    card = fit_card(binning, notes=notes)
    names = [feature.name for feature in binning.features]
    chosen = tuple(names.index(name) for name in card.features)
    return card, score_counts(card, binning, chosen)


def on_one_scale(
    name: str, segmentation: Segmentation, fits: Sequence[tuple[Scorecard, ScoreCounts]]
) -> SegmentedScorecard:
    """The segments' cards, calibrated and graded by the scores of all."""
    common = calibrated(fits[0][0], _together([counts for _, counts in fits]))
    cards = tuple(
        replace(card, calibration=common.calibration, grades=common.grades) for card, _ in fits
    )
    return SegmentedScorecard(name, segmentation, cards)


def notes_of(
    notes: tuple[tuple[str, str], ...], segmentation: Segmentation, segment: str
) -> tuple[tuple[str, str], ...]:
    """The notes of a segment's card."""
    return (*notes, ("segment", f"{segment} of {segmentation.column}"))


def config_of(config: ScorecardConfig, segment: Segment) -> ScorecardConfig:
    """The settings of a segment's card; raises `BadSetting` for a feature that is no candidate."""
    known = {feature.name: feature for feature in config.features}
    strange = [name for name in segment.features if name not in known]
    if strange:
        rule = f"candidates: {', '.join(known)}"
        raise BadSetting(name=f"features of segment {segment.name}", value=strange[0], rule=rule)
    features: tuple[FeatureConfig, ...] = config.features
    if segment.features:
        features = tuple(known[name] for name in segment.features)
    return replace(config, name=f"{config.name}/{segment.name}", features=features)


def _shifted(progress: Callable[[int], None] | None, before: int) -> Callable[[int], None] | None:
    if progress is None:
        return None
    told = progress
    return lambda rows: told(before + rows)


def _together(counts: list[ScoreCounts]) -> ScoreCounts:
    """Goods and bads at each score over all segments."""
    scores, place = np.unique(np.concatenate([each.scores for each in counts]), return_inverse=True)
    goods, bads = (
        np.bincount(place, np.concatenate([getattr(each, side) for each in counts])).astype(
            np.float64
        )
        for side in ("goods", "bads")
    )
    return ScoreCounts(scores.astype(np.int64), goods, bads)
