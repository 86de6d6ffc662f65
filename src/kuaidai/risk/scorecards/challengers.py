"""Challengers: gradient-boosted trees on a card's own features, to see what the card leaves behind.

A challenger decides nothing. It answers one question: how much better could the same data judge, were
the card's form given up? Trends that the card keeps are kept as monotone constraints, and reasons are
exact TreeSHAP values (Lundberg et al. 2020), so that the comparison is of like with like.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.columns import (
    Floats,
    Table,
    read_column,
    read_target,
    require_columns,
    row_count,
)
from kuaidai.risk.scorecards.config import FeatureConfig, Kind, ScorecardConfig, Trend
from kuaidai.risk.scorecards.errors import BadArtefact, BadSetting, ChallengersNotInstalled
from kuaidai.risk.scorecards.fitting import require_both_classes
from kuaidai.risk.scorecards.metrics import (
    AucDifference,
    AucInterval,
    auc_difference,
    auc_with_interval,
    brier_score,
    separation,
)
from kuaidai.risk.scorecards.overrides import OverrideTable, override_table

_SCHEMA = "kuaidai.challenger/1"
_MONOTONE = {Trend.ASCENDING: 1, Trend.DESCENDING: -1}


@dataclass(frozen=True)
class BoostingSettings:
    """How trees are grown. `most_rounds` is a ceiling: cross-validation stops earlier."""

    leaves: int = 8
    learning_rate: float = 0.05
    most_rounds: int = 600
    least_rows: int = 30
    l2: float = 1.0
    folds: int = 5
    seed: int = 0


@dataclass(frozen=True)
class Contribution:
    """What a feature's value adds to the log-odds of bad, against the average applicant."""

    feature: str
    log_odds: float


@dataclass(frozen=True)
class Challenger:
    """Fitted trees. `categories` are the known values per categorical feature; others are missing."""

    name: str
    candidates: tuple[FeatureConfig, ...]
    categories: tuple[tuple[str, tuple[str, ...]], ...]
    rounds: int
    trees: str

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features, in the order of the trees."""
        return tuple(f.name for f in self.candidates)

    def log_odds(self, table: Table) -> Floats:
        """Log-odds of bad per row; raises `MissingColumn`, `NotANumber`."""
        raw = self._booster().predict(self._matrix(table), raw_score=True)
        return np.asarray(raw, dtype=np.float64)

    def probabilities(self, table: Table) -> Floats:
        """Probability of bad per row."""
        return np.asarray(special.expit(self.log_odds(table)), dtype=np.float64)

    def contributions(self, table: Table) -> Floats:
        """Rows × (features + 1): SHAP values in log-odds, the average last; a row sums to its log-odds."""
        found = self._booster().predict(self._matrix(table), pred_contrib=True)
        return np.asarray(found, dtype=np.float64)

    def reasons(self, table: Table, *, most: int = 4) -> tuple[tuple[Contribution, ...], ...]:
        """Per row the features that raise its risk the most, at most `most`, greatest first."""
        shap = self.contributions(table)[:, :-1]
        told = []
        for row in shap:
            worst = np.argsort(-row, kind="stable")[:most]
            told.append(tuple(Contribution(self.features[i], row[i]) for i in worst if row[i] > 0))
        return tuple(told)

    def to_json(self) -> str:
        """The challenger as one JSON text."""
        document = {
            "schema": _SCHEMA,
            "name": self.name,
            "rounds": self.rounds,
            "features": [
                {
                    "name": f.name,
                    "kind": f.kind.value,
                    "trend": f.trend.value,
                    "special": [list(pair) for pair in f.special],
                    "categories": list(dict(self.categories).get(f.name, ())),
                }
                for f in self.candidates
            ],
            "trees": self.trees,
        }
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

    @staticmethod
    def from_json(text: str, *, source: str = "The text") -> Challenger:
        """Read what `to_json` wrote; raises `BadArtefact`."""
        try:
            document = json.loads(text)
            if document["schema"] != _SCHEMA:
                raise ValueError(f"its schema is {document['schema']!r}, expected {_SCHEMA!r}")
            read = [_read_feature(entry) for entry in document["features"]]
            kept = [(entry["name"], tuple(entry["categories"])) for entry in document["features"]]
            categories = tuple((name, values) for name, values in kept if values)
            name, rounds, trees = document["name"], document["rounds"], document["trees"]
            return Challenger(name, tuple(read), categories, rounds, trees)
        except (KeyError, TypeError, ValueError) as error:
            raise BadArtefact(source=source, why=f"it is no challenger ({error})") from error

    def _matrix(self, table: Table) -> Floats:
        return _matrix(table, self.candidates, dict(self.categories))

    def _booster(self) -> Any:
        return _lightgbm().Booster(model_str=self.trees)


def fit_challenger(
    table: Table,
    *,
    target: str,
    config: ScorecardConfig,
    weight: str | None = None,
    settings: BoostingSettings | None = None,
) -> Challenger:
    """Grow trees on the candidates of `config`; as many as cross-validation finds best.

    Special codes count as missing, as do categories of later rows that `table` does not have. The
    same rows and settings give the same trees. Raises as `fit_scorecard` does, and
    `ChallengersNotInstalled`.
    """
    lgb, chosen = _lightgbm(), settings or BoostingSettings()
    require_columns(table, [f.name for f in config.features])
    bad = read_target(table, target)
    require_both_classes(bad, target, sample="the development sample")
    if int(min(bad.sum(), (1 - bad).sum())) < chosen.folds:
        rule = f"at least {chosen.folds} goods and {chosen.folds} bads, one of each a fold"
        raise BadSetting(name="folds", value=chosen.folds, rule=f"for {rule}")
    categories = _categories(table, config.features)
    data = lgb.Dataset(
        _matrix(table, config.features, categories),
        label=bad,
        weight=None if weight is None else read_column(table, weight, Kind.NUMERIC),
        categorical_feature=[
            i for i, f in enumerate(config.features) if f.kind is Kind.CATEGORICAL
        ],
        free_raw_data=False,
    )
    params = _parameters(config.features, chosen)
    rounds = _best_rounds(lgb, data, params, chosen)
    booster = lgb.train(params, data, num_boost_round=rounds)
    return Challenger(
        name=config.name,
        candidates=config.features,
        categories=tuple(categories.items()),
        rounds=rounds,
        trees=booster.model_to_string(),
    )


@dataclass(frozen=True)
class Performance:
    """One model on the judged rows."""

    auc: AucInterval
    ks: float
    brier: float


@dataclass(frozen=True)
class ChallengerComparison:
    """Card and challenger on the same rows.

    `difference` is the challenger's AUC less the card's. `swapped` crosses the card's approvals with
    the challenger's when each approves its best `approved` share: rows that only the challenger
    approves are swapped in (`recommended=False, approved=True`), others out.
    """

    rows: int
    bads: int
    card: Performance
    challenger: Performance
    difference: AucDifference
    rank_correlation: float
    approved: float
    swapped: OverrideTable


def compare(
    card: Scorecard,
    challenger: Challenger,
    table: Table,
    target: str,
    *,
    approved: float = 0.8,
) -> ChallengerComparison:
    """Judge both on rows that neither was fitted on; on others trees look better than they are.

    Raises `MissingColumn`, `TargetNotBinary`, `OneClassTarget`, `BadSetting`.
    """
    if not 0 < approved < 1:
        raise BadSetting(name="approved", value=approved, rule="between 0 and 1")
    bad = read_target(table, target)
    require_both_classes(bad, target, sample="the judged sample")
    points = card.scores(table)
    scores, trees = points.astype(np.float64), -challenger.log_odds(table)
    taken = [_best(one, approved) for one in (scores, trees)]
    return ChallengerComparison(
        rows=row_count(table),
        bads=int(bad.sum()),
        card=_performance(scores, card.probabilities(points), bad),
        challenger=_performance(trees, np.asarray(special.expit(-trees)), bad),
        difference=auc_difference(trees, scores, bad),
        rank_correlation=float(stats.spearmanr(scores, trees).statistic),
        approved=approved,
        swapped=override_table(taken[0], taken[1], bad),
    )


def _performance(scores: Floats, pds: Floats, bad: Floats) -> Performance:
    return Performance(
        auc_with_interval(scores, bad), separation(scores, bad).ks, brier_score(pds, bad)
    )


def _best(scores: Floats, share: float) -> npt.NDArray[np.bool_]:
    """The best `share` of rows; equal scores in the order of the rows, so that both take as many."""
    taken = np.zeros(len(scores), dtype=np.bool_)
    taken[np.argsort(-scores, kind="stable")[: round(share * len(scores))]] = True
    return taken


def _read_feature(entry: dict[str, Any]) -> FeatureConfig:
    return FeatureConfig(
        entry["name"],
        kind=Kind(entry["kind"]),
        trend=Trend(entry["trend"]),
        special=tuple((str(name), float(code)) for name, code in entry["special"]),
    )


def _categories(table: Table, features: Sequence[FeatureConfig]) -> dict[str, tuple[str, ...]]:
    return {
        f.name: tuple(sorted({v for v in read_column(table, f.name, f.kind) if v is not None}))
        for f in features
        if f.kind is Kind.CATEGORICAL
    }


def _matrix(
    table: Table, features: Sequence[FeatureConfig], categories: dict[str, tuple[str, ...]]
) -> Floats:
    """Rows × features: numbers as they are, categories by their place, NaN for missing."""
    require_columns(table, [f.name for f in features])
    matrix = np.empty((row_count(table), len(features)), dtype=np.float64)
    for i, f in enumerate(features):
        values = read_column(table, f.name, f.kind)
        if f.kind is Kind.CATEGORICAL:
            place = {value: float(n) for n, value in enumerate(categories.get(f.name, ()))}
            matrix[:, i] = [place.get(value, np.nan) for value in values]
        else:
            codes = [code for _, code in f.special]
            matrix[:, i] = np.where(np.isin(values, codes), np.nan, values)
    return matrix


def _parameters(features: Sequence[FeatureConfig], chosen: BoostingSettings) -> dict[str, Any]:
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "num_leaves": chosen.leaves,
        "learning_rate": chosen.learning_rate,
        "min_data_in_leaf": chosen.least_rows,
        "lambda_l2": chosen.l2,
        "monotone_constraints": [
            0 if f.kind is Kind.CATEGORICAL else _MONOTONE.get(f.trend, 0) for f in features
        ],
        "seed": chosen.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }


def _best_rounds(lgb: Any, data: Any, params: dict[str, Any], chosen: BoostingSettings) -> int:
    judged = lgb.cv(
        params,
        data,
        num_boost_round=chosen.most_rounds,
        nfold=chosen.folds,
        stratified=True,
        seed=chosen.seed,
        callbacks=[lgb.early_stopping(30, verbose=False)],
    )
    return max(1, len(judged["valid binary_logloss-mean"]))


def _lightgbm() -> Any:
    try:
        import lightgbm
    except (ImportError, OSError) as error:  # OSError: the system's OpenMP library is not there
        raise ChallengersNotInstalled(why=str(error).splitlines()[0]) from error
    return lightgbm
