"""Reject inference: samples in which those turned down count too, though nobody knows what became of them.

Each method is a function from the accepted (with outcome), the rejected (without) and a card fitted on the
accepted to one table with a target and a weight column, for `fit_scorecard(..., weight=WEIGHT)`. All
lean on the card: where the past decision knew something that the features do not say, none can
find it out (Crook and Banasik, "Does reject inference really improve the performance of application scoring
models?", Journal of Banking and Finance 28, 2004). `evaluate` shows what they bring where the truth is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa

from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.columns import Floats, read_target, require_columns
from kuaidai.risk.scorecards.config import ScorecardConfig
from kuaidai.risk.scorecards.errors import BadSetting, SampleTooSmall
from kuaidai.risk.scorecards.fitting import fit_scorecard
from kuaidai.risk.scorecards.metrics import auc_with_interval, brier_score

WEIGHT = "inference_weight"
_BANDS = 10


class Method(StrEnum):
    """How those turned down are brought in."""

    PARCELLING = "parcelling"
    FUZZY = "fuzzy"
    REWEIGHTING = "reweighting"


def parcelling(
    card: Scorecard,
    accepted: pa.Table,
    rejected: pa.Table,
    *,
    target: str,
    prudence: float = 1.0,
    bands: int = _BANDS,
) -> pa.Table:
    """The rejected enter as good or bad, in each score band at `prudence` times its accepted bad rate.

    Bands hold equal shares of all applicants; one without accepted takes the card's PD. Within a band
    bads are spread evenly over the rows in score order, so the same rows give the same table. Source:
    Siddiqi, "Credit Risk Scorecards" (2006), chapter 6. Raises `BadSetting`, `SampleTooSmall`.
    """
    _require(accepted, rejected, prudence)
    scores = card.scores(rejected)
    rates = np.minimum(prudence * _band_rates(card, accepted, rejected, target, bands), 1.0)
    order = np.lexsort((np.arange(len(scores)), scores))
    due = np.floor(np.cumsum(rates[order]) + 1e-9)
    bad: Floats = np.zeros(len(scores))
    bad[order] = np.diff(due, prepend=0.0) > 0
    return _joined(accepted, rejected, target, bad, np.ones(len(scores)))


def fuzzy(
    card: Scorecard,
    accepted: pa.Table,
    rejected: pa.Table,
    *,
    target: str,
    prudence: float = 1.0,
) -> pa.Table:
    """Each rejected enters twice: as bad with its PD times `prudence` as weight, as good with the rest.

    Source: Siddiqi (2006), chapter 6, "fuzzy augmentation". Raises `BadSetting`, `SampleTooSmall`.
    """
    _require(accepted, rejected, prudence)
    chance = np.minimum(prudence * card.probabilities(card.scores(rejected)), 1.0)
    both = pa.concat_tables([rejected, rejected])
    bad = np.repeat([1.0, 0.0], len(chance))
    return _joined(accepted, both, target, bad, np.concatenate([chance, 1 - chance]))


def reweighting(
    card: Scorecard,
    accepted: pa.Table,
    rejected: pa.Table,
    *,
    target: str,
    bands: int = _BANDS,
) -> pa.Table:
    """Only the accepted, each standing for its score band's applicants: weight (accepted + rejected) ÷ accepted.

    Known as augmentation. A band without accepted stands for nobody. Source: Crook and Banasik (2004).
    Raises `SampleTooSmall`.
    """
    _require(accepted, rejected, 1.0)
    own, others = _places(card, accepted, rejected, bands)
    taken = np.bincount(own, minlength=bands)
    everyone = taken + np.bincount(others, minlength=bands)
    weights = everyone[own] / taken[own]
    held = accepted.drop_columns([WEIGHT]) if WEIGHT in accepted.column_names else accepted
    return held.append_column(WEIGHT, pa.array(weights, pa.float64()))


def infer(
    method: Method,
    card: Scorecard,
    accepted: pa.Table,
    rejected: pa.Table,
    *,
    target: str,
    prudence: float = 1.0,
) -> pa.Table:
    """The sample of one method; `prudence` does not concern reweighting."""
    if method is Method.PARCELLING:
        return parcelling(card, accepted, rejected, target=target, prudence=prudence)
    if method is Method.FUZZY:
        return fuzzy(card, accepted, rejected, target=target, prudence=prudence)
    return reweighting(card, accepted, rejected, target=target)


@dataclass(frozen=True)
class InferenceResult:
    """A card held against the truth on applicants not used in its fit.

    `auc` and `brier` over all of them; `pd_rejected` is the mean PD the card gives those turned down and
    `rate_rejected` what became of them.
    """

    name: str
    features: tuple[str, ...]
    auc: float
    auc_rejected: float
    brier: float
    pd_rejected: float
    rate_rejected: float


def evaluate(
    train: pa.Table,
    test: pa.Table,
    *,
    target: str,
    accepted: str,
    config: ScorecardConfig,
    prudence: float = 1.0,
) -> tuple[InferenceResult, ...]:
    """What each method brings where everybody's outcome is known: a simulated bank, or a trial that took all.

    `target` holds the true outcome of every row; of `train` only that of rows with `accepted` true is
    used, but for the last result, the card that knew all ("everyone"). Raises as `fit_scorecard` does.
    """
    require_columns(train, [target, accepted])
    taken = np.asarray(train[accepted].to_pylist(), dtype=np.bool_)
    known, unknown = train.filter(pa.array(taken)), train.filter(pa.array(~taken))
    first = fit_scorecard(known, target=target, config=config)
    results = [_held_against(first, "accepted only", test, target, accepted)]
    for method in Method:
        sample = infer(method, first, known, unknown, target=target, prudence=prudence)
        card = fit_scorecard(sample, target=target, config=config, weight=WEIGHT)
        results.append(_held_against(card, method.value, test, target, accepted))
    everyone = fit_scorecard(train, target=target, config=config)
    return (*results, _held_against(everyone, "everyone", test, target, accepted))


def _held_against(
    card: Scorecard, name: str, test: pa.Table, target: str, accepted: str
) -> InferenceResult:
    scores = card.scores(test)
    pds = card.probabilities(scores)
    bad = read_target(test, target)
    turned_down = ~np.asarray(test[accepted].to_pylist(), dtype=np.bool_)
    return InferenceResult(
        name,
        card.features,
        auc_with_interval(scores.astype(np.float64), bad).auc,
        auc_with_interval(scores[turned_down].astype(np.float64), bad[turned_down]).auc,
        brier_score(pds, bad),
        float(pds[turned_down].mean()),
        float(bad[turned_down].mean()),
    )


def _require(accepted: pa.Table, rejected: pa.Table, prudence: float) -> None:
    if not prudence > 0:
        raise BadSetting(name="prudence", value=prudence, rule="above 0")
    for name, table in (("The accepted", accepted), ("The rejected", rejected)):
        if not table.num_rows:
            raise SampleTooSmall(sample=name, rows=0, least=1, remedy="Nothing is to be inferred.")


def _places(
    card: Scorecard, accepted: pa.Table, rejected: pa.Table, bands: int
) -> tuple[np.ndarray, np.ndarray]:
    """Each row's score band: equal shares of all applicants, cut where scores allow."""
    if bands < 1:
        raise BadSetting(name="bands", value=bands, rule="1 or more")
    own, others = card.scores(accepted), card.scores(rejected)
    both = np.concatenate([own, others])
    edges = np.unique(np.quantile(both, np.linspace(0, 1, bands + 1)[1:-1]))
    return (
        np.searchsorted(edges, own, side="right"),
        np.searchsorted(edges, others, side="right"),
    )


def _band_rates(
    card: Scorecard, accepted: pa.Table, rejected: pa.Table, target: str, bands: int
) -> Floats:
    """The accepted bad rate of each rejected row's band."""
    own, others = _places(card, accepted, rejected, bands)
    counts = np.bincount(own, minlength=bands)
    bads = np.bincount(own, read_target(accepted, target), minlength=bands)
    seen = counts[others] > 0
    rates = bads[others] / np.maximum(counts[others], 1)
    chance = card.probabilities(card.scores(rejected))
    return np.asarray(np.where(seen, rates, chance), dtype=np.float64)


def _joined(
    accepted: pa.Table, rejected: pa.Table, target: str, bad: Floats, weights: Floats
) -> pa.Table:
    """Accepted rows as they are, rejected ones with what was inferred; columns both have."""
    names = [n for n in accepted.column_names if n in rejected.column_names]
    names = [n for n in names if n not in (target, WEIGHT)]
    outcome = pa.chunked_array([accepted[target].cast(pa.float64())])
    known = accepted.select(names).append_column(target, outcome)
    known = known.append_column(WEIGHT, pa.array(np.ones(accepted.num_rows)))
    inferred = rejected.select(names).append_column(target, pa.array(bad))
    inferred = inferred.append_column(WEIGHT, pa.array(weights))
    return pa.concat_tables([known, inferred], promote_options="permissive")
