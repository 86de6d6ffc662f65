"""The workshop in scikit-learn's manner: a transformer to weight of evidence, a card and its challenger.

All take frames (pandas, Polars), Arrow tables and arrays with `y` as an array, and just as well data that
never fit into memory: Parquet paths, Arrow readers, Ibis tables, with `y` (and `sample_weight`, `offset`)
the name of a column. Without `features` every column but these is a candidate: text is categorical.
`features` may be names, configurations or both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from scipy import special
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.challenger import Challenger
from kuaidai.risk.scorecards.challenger_fitting import BoostingSettings, fit_challenger
from kuaidai.risk.scorecards.characteristics import Characteristic
from kuaidai.risk.scorecards.columns import Floats, read_column, require_columns
from kuaidai.risk.scorecards.config import (
    FeatureConfig,
    Infeasible,
    Kind,
    ScorecardConfig,
)
from kuaidai.risk.scorecards.engine.rows import Data, Rows, open_rows, whole_table
from kuaidai.risk.scorecards.errors import BadSetting
from kuaidai.risk.scorecards.fitting import Binning, bin_data, fit_card

_TARGET = "\0target"
_WEIGHT = "\0weight"
_OFFSET = "\0offset"
Labels = npt.ArrayLike | str


class WoeTransformer(TransformerMixin, BaseEstimator):
    """Bins every feature and gives rows the weights of evidence of their bins.

    Parameters are those of `ScorecardConfig`. After `fit`: `characteristics_` (the bins),
    `information_values_`, `feature_names_in_`.
    """

    def __init__(
        self,
        *,
        features: Sequence[FeatureConfig | str] | None = None,
        max_bins: int = 6,
        min_bin_share: float = 0.05,
        min_bin_bads: int = 5,
        max_bin_p_value: float | None = 0.10,
        stable_over: str | None = None,
        on_infeasible: str = "drop",
    ) -> None:
        self.features = features
        self.max_bins = max_bins
        self.min_bin_share = min_bin_share
        self.min_bin_bads = min_bin_bads
        self.max_bin_p_value = max_bin_p_value
        self.stable_over = stable_over
        self.on_infeasible = on_infeasible

    def fit(self, X: Data | npt.ArrayLike, y: Labels, sample_weight: Labels | None = None) -> Self:
        """Bin the columns of `X` against `y` (1 = bad); raises as `bin_data` does."""
        rows, target, weight, _ = _prepared(X, y, sample_weight)
        config = ScorecardConfig(
            name="transformer",
            features=_candidates(rows, self.features, (target, weight, self.stable_over)),
            max_bins=self.max_bins,
            min_bin_share=self.min_bin_share,
            min_bin_bads=self.min_bin_bads,
            max_bin_p_value=self.max_bin_p_value,
            stable_over=self.stable_over,
            on_infeasible=cast(Infeasible, self.on_infeasible),
        )
        binning = bin_data(rows, target=target, config=config, weight=weight)
        self.characteristics_: tuple[Characteristic, ...] = tuple(
            feature.characteristic() for feature in binning.features
        )
        self.information_values_ = {c.name: c.iv for c in self.characteristics_}
        self.feature_names_in_ = np.array([c.name for c in self.characteristics_], dtype=object)
        self.n_features_in_ = len(self.characteristics_)
        return self

    def transform(self, X: Data | npt.ArrayLike) -> Floats:
        """Rows × features of weights of evidence, in memory."""
        check_is_fitted(self)
        table = _table(X, [c.name for c in self.characteristics_])
        return np.column_stack(
            [
                c.woe[c.codes(read_column(table, c.name, c.feature.kind))]
                for c in self.characteristics_
            ]
        )

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[np.object_]:
        """The names of the columns that `transform` gives."""
        check_is_fitted(self)
        return cast(npt.NDArray[np.object_], self.feature_names_in_)


class ScorecardClassifier(ClassifierMixin, BaseEstimator):
    """A scorecard as a classifier: class 1 is bad.

    Parameters are those of `ScorecardConfig`; `config` replaces them all. After `fit`: `card_` (the
    `Scorecard`), `binning_` (for edits by hand, see `editing`), `classes_`.
    """

    def __init__(
        self,
        *,
        features: Sequence[FeatureConfig | str] | None = None,
        max_bins: int = 6,
        min_bin_share: float = 0.05,
        min_bin_bads: int = 5,
        max_bin_p_value: float | None = 0.10,
        iv_min: float = 0.02,
        corr_max: float = 0.7,
        vif_max: float = 5.0,
        p_max: float | None = 0.05,
        max_features: int = 15,
        stepwise: str = "backward",
        criterion: str = "p_value",
        signed: bool = False,
        l2: float = 0.0,
        calibration: str = "logistic",
        central_tendency: float | None = None,
        config: ScorecardConfig | None = None,
    ) -> None:
        self.features = features
        self.max_bins = max_bins
        self.min_bin_share = min_bin_share
        self.min_bin_bads = min_bin_bads
        self.max_bin_p_value = max_bin_p_value
        self.iv_min = iv_min
        self.corr_max = corr_max
        self.vif_max = vif_max
        self.p_max = p_max
        self.max_features = max_features
        self.stepwise = stepwise
        self.criterion = criterion
        self.signed = signed
        self.l2 = l2
        self.calibration = calibration
        self.central_tendency = central_tendency
        self.config = config

    def fit(
        self,
        X: Data | npt.ArrayLike,
        y: Labels,
        sample_weight: Labels | None = None,
        offset: Labels | None = None,
    ) -> Self:
        """Fit a card to `X` and `y` (1 = bad); raises as `fit_scorecard` does.

        `offset`: fixed log-odds of bad per row; scores and probabilities are those of an offset of 0.
        """
        rows, target, weight, fixed = _prepared(X, y, sample_weight, offset)
        config = self.config or self._config(rows, (target, weight, fixed))
        self.binning_: Binning = bin_data(
            rows, target=target, config=config, weight=weight, offset=fixed
        )
        self.card_: Scorecard = fit_card(self.binning_)
        self.classes_ = np.array([0, 1])
        self.feature_names_in_ = np.array([f.name for f in config.features], dtype=object)
        self.n_features_in_ = len(config.features)
        return self

    def _config(self, rows: Rows, apart: tuple[str | None, ...]) -> ScorecardConfig:
        settings = {
            name: value
            for name, value in self.get_params(deep=False).items()
            if name not in ("features", "config")
        }
        return ScorecardConfig(
            name="scorecard",
            features=_candidates(rows, self.features, apart),
            **settings,
        )

    def decision_function(self, X: Data | npt.ArrayLike) -> Floats:
        """Minus the score of each row: larger means class 1, bad, as scikit-learn expects."""
        return np.asarray(-self.scores(X), dtype=np.float64)

    def scores(self, X: Data | npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The points of each row: higher is better."""
        check_is_fitted(self)
        return self.card_.scores(_table(X, self.card_.features))

    def predict_proba(self, X: Data | npt.ArrayLike) -> Floats:
        """Rows × 2: chance of good, calibrated probability of default."""
        scores = self.scores(X)
        bad = self.card_.probabilities(scores)
        return np.column_stack([1 - bad, bad])

    def predict(self, X: Data | npt.ArrayLike) -> npt.NDArray[np.int64]:
        """1 where default is likelier than not."""
        return (self.predict_proba(X)[:, 1] > 0.5).astype(np.int64)


class ChallengerClassifier(ClassifierMixin, BaseEstimator):
    """Boosted trees behind the interface of `ScorecardClassifier`: class 1 is bad.

    Parameters are those of `BoostingSettings`; `config` gives features, trends and scale instead of
    `features`. After `fit`: `challenger_` (the `Challenger`), `classes_`. Trees are grown in memory: of
    data with more than `most_rows` rows, Parquet paths among them, an even sample is read.
    """

    def __init__(
        self,
        *,
        features: Sequence[FeatureConfig | str] | None = None,
        leaves: int = 8,
        learning_rate: float = 0.05,
        most_rounds: int = 600,
        least_rows: int = 30,
        l2: float = 1.0,
        folds: int = 5,
        most_rows: int = 200_000,
        seed: int = 0,
        config: ScorecardConfig | None = None,
    ) -> None:
        self.features = features
        self.leaves = leaves
        self.learning_rate = learning_rate
        self.most_rounds = most_rounds
        self.least_rows = least_rows
        self.l2 = l2
        self.folds = folds
        self.most_rows = most_rows
        self.seed = seed
        self.config = config

    def fit(self, X: Data | npt.ArrayLike, y: Labels, sample_weight: Labels | None = None) -> Self:
        """Grow trees on `X` and `y` (1 = bad); raises as `fit_challenger` does."""
        rows, target, weight, _ = _prepared(X, y, sample_weight)
        config = self.config or ScorecardConfig(
            name="challenger", features=_candidates(rows, self.features, (target, weight))
        )
        given = self.get_params(deep=False)
        settings = BoostingSettings(
            **{name: value for name, value in given.items() if name not in ("features", "config")}
        )
        self.challenger_: Challenger = fit_challenger(
            rows, target=target, config=config, weight=weight, settings=settings
        )
        self.classes_ = np.array([0, 1])
        self.feature_names_in_ = np.array(self.challenger_.features, dtype=object)
        self.n_features_in_ = len(self.challenger_.features)
        return self

    def decision_function(self, X: Data | npt.ArrayLike) -> Floats:
        """Log-odds of class 1, bad."""
        check_is_fitted(self)
        return self.challenger_.log_odds(whole_table(_opened(X), self.challenger_.features))

    def scores(self, X: Data | npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The points of each row: higher is better."""
        check_is_fitted(self)
        return self.challenger_.scores(whole_table(_opened(X), self.challenger_.features))

    def contributions(self, X: Data | npt.ArrayLike) -> Floats:
        """Rows × features of exact Shapley values in log-odds."""
        check_is_fitted(self)
        return self.challenger_.contributions(whole_table(_opened(X), self.challenger_.features))

    def predict_proba(self, X: Data | npt.ArrayLike) -> Floats:
        """Rows × 2: chance of good, probability of default."""
        bad = special.expit(self.decision_function(X))
        return np.column_stack([1 - bad, bad])

    def predict(self, X: Data | npt.ArrayLike) -> npt.NDArray[np.int64]:
        """1 where default is likelier than not."""
        return (self.predict_proba(X)[:, 1] > 0.5).astype(np.int64)


def _opened(data: Data | npt.ArrayLike) -> Rows:
    """Rows of anything a fit takes; an array's columns are called x0, x1, …"""
    if isinstance(data, np.ndarray):
        if data.ndim != 2:
            raise BadSetting(name="X", value=f"{data.ndim} dimensions", rule="2 dimensions")
        return open_rows(pa.table({f"x{at}": data[:, at] for at in range(data.shape[1])}))
    return open_rows(cast(Data, data))


def _table(data: Data | npt.ArrayLike, names: Sequence[str]) -> pa.Table:
    rows = _opened(data)
    require_columns(pa.table({name: [] for name in rows.names}), names)
    return whole_table(rows, names)


def _require_alignment(data: object, values: object, name: str) -> None:
    """Rows are matched by place; a Series whose labels are the frame's in another order is a mistake."""
    if not (isinstance(data, pd.DataFrame) and isinstance(values, pd.Series)):
        return
    if data.index.equals(values.index) or len(data) != len(values):
        return
    if data.index.is_unique and data.index.sort_values().equals(values.index.sort_values()):
        rule = f"in the order of X: use {name}.loc[X.index]"
        raise BadSetting(name=name, value="labelled as X but in another order", rule=rule)


def _prepared(
    data: Data | npt.ArrayLike,
    y: Labels,
    sample_weight: Labels | None,
    offset: Labels | None = None,
) -> tuple[Rows, str, str | None, str | None]:
    """The rows with their target, weight and offset, and the names of the three."""
    for name, values in (("y", y), ("sample_weight", sample_weight), ("offset", offset)):
        _require_alignment(data, values, name)
    rows = _opened(data)
    given = {_TARGET: y, _WEIGHT: sample_weight, _OFFSET: offset}
    arrays = {
        name: np.asarray(value)
        for name, value in given.items()
        if value is not None and not isinstance(value, str)
    }
    if arrays:
        table = whole_table(rows, rows.names)
        for name, values in arrays.items():
            if values.shape != (table.num_rows,):
                rule = f"one value for each of {table.num_rows} rows"
                raise BadSetting(name=name.strip("\0"), value=f"shape {values.shape}", rule=rule)
            table = table.append_column(name, pa.array(values, from_pandas=True))
        rows = open_rows(table)
    return (
        rows,
        y if isinstance(y, str) else _TARGET,
        _named(sample_weight, _WEIGHT),
        _named(offset, _OFFSET),
    )


def _named(given: Labels | None, name: str) -> str | None:
    return given if given is None or isinstance(given, str) else name


def _candidates(
    rows: Rows, features: Sequence[FeatureConfig | str] | None, apart: tuple[str | None, ...]
) -> tuple[FeatureConfig, ...]:
    if features is not None and not any(isinstance(feature, str) for feature in features):
        return tuple(cast(Sequence[FeatureConfig], features))
    schema = rows.read(0, rows.names).schema if rows.sizes else pa.schema([])
    found = {
        field.name: FeatureConfig(
            field.name, kind=Kind.CATEGORICAL if _is_text(field.type) else Kind.NUMERIC
        )
        for field in schema
        if field.name not in apart
    }
    if features is None:
        return tuple(found.values())
    require_columns(
        pa.table({name: [] for name in found}), [f for f in features if isinstance(f, str)]
    )
    return tuple(found[f] if isinstance(f, str) else f for f in features)


def _is_text(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )
