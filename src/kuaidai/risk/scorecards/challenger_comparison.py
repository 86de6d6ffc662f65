"""A card and a challenger side by side, on rows that neither was fitted on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import special, stats

from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.challenger import Challenger, Contribution
from kuaidai.risk.scorecards.columns import (
    Floats,
    Table,
    read_target,
    row_count,
    take_rows,
)
from kuaidai.risk.scorecards.errors import BadSetting
from kuaidai.risk.scorecards.fitting import require_both_classes
from kuaidai.risk.scorecards.lift import LiftRow, lift_table
from kuaidai.risk.scorecards.metrics import (
    AucDifference,
    AucInterval,
    CalibrationRow,
    auc_difference,
    auc_with_interval,
    brier_score,
    calibration_table,
    hosmer_lemeshow,
    separation,
)
from kuaidai.risk.scorecards.overrides import OverrideTable, override_table
from kuaidai.risk.scorecards.results import Reason
from kuaidai.risk.scorecards.validation import plain_figures

_EXAMPLES = 3
_POINTS = 200
_WEIGHED_ROWS = 20_000


@dataclass(frozen=True)
class Performance:
    """One model on the judged rows. `roc`: shares of goods and of bads below rising cut-offs."""

    auc: AucInterval
    ks: float
    brier: float
    mean_pd: float
    hosmer_lemeshow_p: float
    roc: tuple[tuple[float, float], ...]
    lift: tuple[LiftRow, ...]
    calibration: tuple[CalibrationRow, ...]


@dataclass(frozen=True)
class FeatureWeight:
    """What a feature weighs in either model: None where it has no place on the card.

    `mean_size` is the mean absolute Shapley value (log-odds) on the judged rows (on 20,000 of them,
    evenly taken, where there are more), `share` its part of the sum over all features.
    `points` are the fewest and the most that the card gives.
    """

    feature: str
    title_en: str
    title_zh: str
    mean_size: float
    share: float
    iv: float | None
    points: tuple[int, int] | None


@dataclass(frozen=True)
class Example:
    """A row that the models judge differently, its outcome, and the reasons of either."""

    row: int
    bad: bool
    swapped_in: bool
    score: int
    card_pd: float
    challenger_score: int
    challenger_pd: float
    card_reasons: tuple[Reason, ...]
    challenger_reasons: tuple[Contribution, ...]


@dataclass(frozen=True)
class ChallengerComparison:
    """Card and challenger on the same rows.

    `difference` is the challenger's AUC less the card's. `swapped` crosses the card's approvals with
    the challenger's when each approves its best `approved` share: rows that only the challenger
    approves are swapped in (`recommended=False, approved=True`), others out.
    """

    scorecard: Scorecard
    model: Challenger
    sample: str
    rows: int
    bads: int
    card: Performance
    challenger: Performance
    difference: AucDifference
    rank_correlation: float
    approved: float
    swapped: OverrideTable
    weights: tuple[FeatureWeight, ...]
    examples: tuple[Example, ...]

    @property
    def proven(self) -> bool:
        """Whether the AUCs differ by more than chance explains (5 %, two-sided)."""
        return self.difference.p_value < 0.05

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values, without models, curves and examples; NaN becomes None."""
        figures = {
            "scorecard": self.scorecard.name,
            "scorecard_version": self.scorecard.version_hash,
            "challenger_version": self.model.version_hash,
            "rounds": self.model.provenance.rounds,
            "rows": self.rows,
            "bads": self.bads,
            "card": _figures(self.card),
            "challenger": _figures(self.challenger),
            "difference": self.difference,
            "rank_correlation": self.rank_correlation,
            "approved": self.approved,
            "swapped": self.swapped.cells,
            "weights": self.weights,
        }
        plain: dict[str, Any] = plain_figures(figures)
        return plain


def compare(
    card: Scorecard,
    challenger: Challenger,
    table: Table,
    target: str,
    *,
    approved: float = 0.8,
    sample: str = "recent",
) -> ChallengerComparison:
    """Judge both on rows that neither was fitted on; on others trees look better than they are.

    `sample` names the rows in the report. Raises `MissingColumn`, `TargetNotBinary`,
    `OneClassTarget`, `UnseenCategory`, `BadSetting`.
    """
    if not 0 < approved < 1:
        raise BadSetting(name="approved", value=approved, rule="between 0 and 1")
    bad = read_target(table, target)
    require_both_classes(bad, target, sample=f"the {sample} sample")
    points = card.scores(table)
    scores, trees = points.astype(np.float64), -challenger.log_odds(table)
    pds = card.probabilities(points), np.asarray(special.expit(-trees), dtype=np.float64)
    taken = _best(scores, approved), _best(trees, approved)
    return ChallengerComparison(
        scorecard=card,
        model=challenger,
        sample=sample,
        rows=row_count(table),
        bads=int(bad.sum()),
        card=_performance(scores, pds[0], bad),
        challenger=_performance(trees, pds[1], bad),
        difference=auc_difference(trees, scores, bad),
        rank_correlation=_rank_correlation(scores, trees),
        approved=approved,
        swapped=override_table(taken[0], taken[1], bad),
        weights=_weights(card, challenger, table),
        examples=_examples(card, challenger, table, bad, _most_apart(scores, trees, taken)),
    )


def _performance(scores: Floats, pds: Floats, bad: Floats) -> Performance:
    curve = separation(scores, bad)
    bands = calibration_table(scores, pds, bad, bands=10 if len(bad) >= 200 else 5)
    return Performance(
        auc=auc_with_interval(scores, bad),
        ks=curve.ks,
        brier=brier_score(pds, bad),
        mean_pd=float(pds.mean()),
        hosmer_lemeshow_p=hosmer_lemeshow(bands),
        roc=_thinned(curve.goods, curve.bads),
        lift=lift_table(scores, bad),
        calibration=bands,
    )


def _rank_correlation(first: Floats, second: Floats) -> float:
    """Spearman's; NaN where either scores all rows alike."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan
    return float(stats.spearmanr(first, second).statistic)


def _thinned(goods: Sequence[float], bads: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """The curve from (0, 0) by at most so many points that a page can draw it."""
    places = np.unique(np.linspace(0, len(goods) - 1, min(len(goods), _POINTS)).round()).astype(int)
    return ((0.0, 0.0), *((goods[place], bads[place]) for place in places))


def _best(scores: Floats, share: float) -> npt.NDArray[np.bool_]:
    """The best `share` of rows; equal scores in the order of the rows, so that both take as many."""
    taken = np.zeros(len(scores), dtype=np.bool_)
    taken[np.argsort(-scores, kind="stable")[: round(share * len(scores))]] = True
    return taken


def _weights(card: Scorecard, challenger: Challenger, table: Table) -> tuple[FeatureWeight, ...]:
    count = row_count(table)
    places = np.unique(np.linspace(0, count - 1, min(count, _WEIGHED_ROWS)).astype(np.int64))
    sizes = np.abs(challenger.contributions(take_rows(table, places))).mean(axis=0)
    whole = float(sizes.sum())
    on_card = {c.name: c for c in card.characteristics}
    found = []
    for feature, size in zip(challenger.config.features, sizes.tolist(), strict=True):
        c = on_card.get(feature.name)
        found.append(
            FeatureWeight(
                feature=feature.name,
                title_en=feature.title("en"),
                title_zh=feature.title("zh"),
                mean_size=size,
                share=size / whole if whole else 0.0,
                iv=None if c is None else c.iv,
                points=None if c is None else (int(c.points.min()), c.max_points),
            )
        )
    return tuple(sorted(found, key=lambda weight: -weight.mean_size))


def _most_apart(
    scores: Floats, trees: Floats, taken: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]
) -> list[tuple[int, bool]]:
    """Rows swapped in and swapped out, the few that the two rank furthest apart; True for in."""
    gap = np.abs(stats.rankdata(scores) - stats.rankdata(trees))
    found = []
    for swapped_in, swapped in ((True, taken[1] & ~taken[0]), (False, taken[0] & ~taken[1])):
        places = np.flatnonzero(swapped)
        chosen = places[np.argsort(-gap[places], kind="stable")[:_EXAMPLES]]
        found += [(int(place), swapped_in) for place in chosen]
    return found


def _examples(
    card: Scorecard,
    challenger: Challenger,
    table: Table,
    bad: Floats,
    places: list[tuple[int, bool]],
) -> tuple[Example, ...]:
    if not places:
        return ()
    rows = take_rows(table, np.array([place for place, _ in places]))
    found = []
    for (place, swapped_in), one in zip(places, _as_mappings(rows), strict=True):
        by_card, by_trees = card.score(one), challenger.score(one)
        found.append(
            Example(
                row=place,
                bad=bool(bad[place]),
                swapped_in=swapped_in,
                score=by_card.score,
                card_pd=float(by_card.pd),
                challenger_score=by_trees.score,
                challenger_pd=float(by_trees.pd),
                card_reasons=by_card.reasons,
                challenger_reasons=by_trees.reasons,
            )
        )
    return tuple(found)


def _as_mappings(table: Table) -> list[dict[str, object]]:
    rows = table.to_pylist() if isinstance(table, pa.Table) else table.to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _figures(model: Performance) -> dict[str, float]:
    return {
        "auc": model.auc.auc,
        "auc_low": model.auc.low,
        "auc_high": model.auc.high,
        "ks": model.ks,
        "brier": model.brier,
        "mean_pd": model.mean_pd,
        "hosmer_lemeshow_p": model.hosmer_lemeshow_p,
    }
