"""Growing a challenger: scikit-learn's histogram gradient boosting, as many trees as cross-validation asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.challenger import (
    Challenger,
    ChallengerProvenance,
    Holds,
    TreeColumn,
    tree_matrix,
)
from kuaidai.risk.scorecards.columns import (
    Floats,
    read_column,
    read_target,
    require_columns,
    steady,
)
from kuaidai.risk.scorecards.config import FeatureConfig, Kind, ScorecardConfig, Trend
from kuaidai.risk.scorecards.engine.leaves import Leaf, LeafTables, leaf_sums
from kuaidai.risk.scorecards.engine.rows import Data, Rows, open_rows
from kuaidai.risk.scorecards.engine.scan import read_weights
from kuaidai.risk.scorecards.engine.trees import Tree, leaves_of
from kuaidai.risk.scorecards.errors import (
    BadSetting,
    InfiniteValue,
    OneClassTarget,
    TreesNotUnderstood,
)
from kuaidai.risk.scorecards.fitting import require_both_classes
from kuaidai.risk.scorecards.scaling import shift_to

_MONOTONE = {Trend.ASCENDING: 1, Trend.DESCENDING: -1}
_MOST_LEVELS = 254  # scikit-learn takes 255, and missing values are one
_STEP, _PATIENCE = 50, 30
_CHECKED_ROWS = 10_000
Told: TypeAlias = Callable[[int], None]


@dataclass(frozen=True)
class BoostingSettings:
    """How trees are grown.

    `leaves` a tree, `least_rows` a leaf, `l2` penalty of a leaf's value. `most_rounds` is a ceiling:
    cross-validation in `folds` stops earlier. Trees are grown in memory, so of more than `most_rows`
    rows an even sample is taken, fixed by `seed`, and the challenger says so.
    """

    leaves: int = 8
    learning_rate: float = 0.05
    most_rounds: int = 600
    least_rows: int = 30
    l2: float = 1.0
    folds: int = 5
    most_rows: int = 200_000
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse settings that cannot work; raises `BadSetting`."""
        checks = (
            ("leaves", self.leaves >= 2, "at least 2"),
            ("learning_rate", 0 < self.learning_rate <= 1, "in (0, 1]"),
            ("most_rounds", self.most_rounds >= 1, "at least 1"),
            ("least_rows", self.least_rows >= 1, "at least 1"),
            ("l2", self.l2 >= 0, "0 or more"),
            ("folds", self.folds >= 2, "at least 2"),
            ("most_rows", self.most_rows >= 1, "at least 1"),
            ("seed", self.seed >= 0, "0 or more"),
        )
        for name, holds, rule in checks:
            if not holds:
                raise BadSetting(name=name, value=getattr(self, name), rule=rule)


@dataclass(frozen=True)
class _Sample:
    """What trees are grown from. Without weights the library need not sort by them."""

    rows: Floats
    bad: Floats
    weights: Floats | None

    def part(self, places: npt.NDArray[np.int64]) -> _Sample:
        weights = None if self.weights is None else self.weights[places]
        return _Sample(self.rows[places], self.bad[places], weights)

    def teach(self, model: Any) -> Any:
        return model.fit(self.rows, self.bad, sample_weight=self.weights)


def fit_challenger(
    data: Data,
    *,
    target: str,
    config: ScorecardConfig,
    weight: str | None = None,
    settings: BoostingSettings | None = None,
    progress: Told | None = None,
) -> Challenger:
    """Grow trees on the candidates of `config`; as many as have the least log loss in cross-validation.

    `data` as for `fit_scorecard`; features that are ascending or descending are held to it (categories,
    peaks, valleys and what is left to the data are not). Missing values go where they fit best; so do,
    with them, categories that the data do not have and those beyond the 254 commonest. The same rows and
    settings give the same trees. `progress` is told the rounds tried. Raises `MissingColumn`,
    `NotANumber`, `InfiniteValue`, `TargetNotBinary`, `OneClassTarget`, `BadSetting`.
    """
    chosen = settings or BoostingSettings()
    rows = open_rows(data)
    names = [f.name for f in config.features]
    wanted = list(dict.fromkeys([target, *([weight] if weight else []), *names]))
    table = even_sample(rows, wanted, chosen.most_rows, chosen.seed)
    bad = read_target(table, target)
    require_both_classes(bad, target, sample="the development sample")
    _require_folds(bad, chosen.folds)
    weights = None if weight is None else read_weights(table, weight)
    columns = _columns(table, config.features)
    matrix = tree_matrix(table, config.features, columns)
    _require_finite(matrix, columns)
    sample, grower = _Sample(matrix, bad, weights), partial(_booster, columns, config, chosen)
    with threadpool_limits(1):  # sums in one order, so that the last bits do not move a split
        rounds = _best_rounds(sample, grower, chosen, progress)
        model = sample.teach(grower(rounds))
    base, leaves = _read(model, matrix, columns)
    if config.central_tendency is not None:
        even = np.ones(len(bad)) if weights is None else weights
        base += shift_to(model.decision_function(matrix), even, config.central_tendency)
    provenance = ChallengerProvenance(
        rows=len(bad),
        rows_given=sum(rows.sizes),
        bads=int(bad.sum()),
        target=target,
        weight=weight,
        rounds=rounds,
        settings=tuple((name, float(value)) for name, value in asdict(chosen).items()),
        libraries=tuple((name, version(name)) for name in ("kuaidai", "numpy", "scikit-learn")),
    )
    return Challenger(config.name, config, columns, base, leaves, provenance)


def with_trends_of(card: Scorecard, config: ScorecardConfig) -> ScorecardConfig:
    """`config` with the directions that the card's bins found, where it leaves them to the data."""
    found = {
        c.name: Trend(c.binning.trend)
        for c in (*card.characteristics, *card.rejected)
        if c.feature.kind is Kind.NUMERIC and c.binning.trend in ("ascending", "descending")
    }
    return replace(
        config,
        features=tuple(
            replace(f, trend=found.get(f.name, f.trend)) if f.trend is Trend.AUTO else f
            for f in config.features
        ),
    )


def even_sample(rows: Rows, columns: Sequence[str], most: int, seed: int) -> pa.Table:
    """The named columns of all rows, or of about `most` of them, drawn alike from every part.

    Raises `MissingColumn`, and `OneClassTarget` where there are no rows at all.
    """
    require_columns(pa.table({name: [] for name in rows.names}), columns)
    total = sum(rows.sizes)
    if not total:
        raise OneClassTarget(target=columns[0], sample="the data", goods=0, bads=0)
    rng = np.random.default_rng(seed)
    ends = np.rint(np.cumsum(rows.sizes) * min(1.0, most / total)).astype(np.int64)
    parts = []
    for part, taken in enumerate(np.diff(ends, prepend=0)):
        table = rows.read(part, columns)
        if taken < table.num_rows:
            places = np.sort(rng.choice(table.num_rows, taken, replace=False))
            table = table.take(pa.array(places))
        parts.append(table)
    return pa.concat_tables(parts).combine_chunks()


def _require_folds(bad: Floats, folds: int) -> None:
    rarer = int(min(bad.sum(), (1 - bad).sum()))
    if rarer < folds:
        rule = f"at most {rarer} here: every fold needs a good and a bad row"
        raise BadSetting(name="folds", value=folds, rule=rule)


def _require_finite(matrix: Floats, columns: Sequence[TreeColumn]) -> None:
    for place, count in enumerate(np.isinf(matrix).sum(axis=0)):
        if count:
            raise InfiniteValue(feature=columns[place].feature, count=int(count))


def _columns(table: pa.Table, features: Sequence[FeatureConfig]) -> tuple[TreeColumn, ...]:
    """Categories and codes first: so scikit-learn orders columns itself.

    Missing ones become a level of their own, for scikit-learn 1.9 sends a column's only category the
    wrong way when the split is between it and missing values.
    """
    levels, quantities = [], []
    for f in features:
        values = read_column(table, f.name, f.kind)
        if f.kind is Kind.CATEGORICAL:
            seen = Counter(value for value in values if value is not None)
            common = sorted(seen, key=lambda level: (-seen[level], level))[:_MOST_LEVELS]
            missing = seen.total() < len(values) or len(seen) > len(common)
            levels.append(TreeColumn(f.name, Holds.CATEGORY, tuple(sorted(common)), missing))
            continue
        quantities.append(TreeColumn(f.name, Holds.QUANTITY))
        codes = steady(np.array([code for _, code in f.special], dtype=np.float64))
        present = [n for n, code in enumerate(codes) if (values == code).any()]
        if present:
            names = tuple(f.special[n][0] for n in present)
            missing = not bool(np.isin(values, codes).all())
            levels.append(TreeColumn(f.name, Holds.CODE, names, missing))
    return (*levels, *quantities)


def _booster(
    columns: Sequence[TreeColumn], config: ScorecardConfig, chosen: BoostingSettings, rounds: int
) -> HistGradientBoostingClassifier:
    trends = [
        _MONOTONE.get(config.feature(c.feature).trend, 0) if c.holds is Holds.QUANTITY else 0
        for c in columns
    ]
    return HistGradientBoostingClassifier(
        learning_rate=chosen.learning_rate,
        max_iter=rounds,
        max_leaf_nodes=chosen.leaves,
        min_samples_leaf=chosen.least_rows,
        l2_regularization=chosen.l2,
        monotonic_cst=trends,
        categorical_features=[c.holds is not Holds.QUANTITY for c in columns],
        early_stopping=False,
        random_state=chosen.seed,
    )


def _best_rounds(
    sample: _Sample, grower: Callable[[int], Any], chosen: BoostingSettings, told: Told | None
) -> int:
    """The number of rounds with the least log loss on the folds left out."""
    folds = StratifiedKFold(chosen.folds, shuffle=True, random_state=chosen.seed)
    splits = [(sample.part(a), sample.part(b)) for a, b in folds.split(sample.rows, sample.bad)]
    models = [grower(1).set_params(warm_start=True) for _ in splits]
    tried = 0
    while True:
        tried = min(tried + _STEP, chosen.most_rounds)
        losses = np.zeros(tried)
        for model, (grown, judged) in zip(models, splits, strict=True):
            grown.teach(model.set_params(max_iter=tried))
            losses += _losses(model, judged)
        if told is not None:
            told(tried)
        best = int(np.argmin(losses)) + 1
        if tried == chosen.most_rounds or tried - best >= _PATIENCE:
            return best


def _losses(model: Any, judged: _Sample) -> Floats:
    """Weighted log loss after each round."""
    sides = np.where(judged.bad == 1, -1.0, 1.0)
    weights = 1.0 if judged.weights is None else judged.weights
    return np.array(
        [
            float(np.sum(weights * np.logaddexp(0.0, sides * log_odds)))
            for log_odds in model.staged_decision_function(judged.rows)
        ]
    )


def _read(
    model: HistGradientBoostingClassifier, matrix: Floats, columns: Sequence[TreeColumn]
) -> tuple[float, tuple[Leaf, ...]]:
    """The fitted trees in our own form, proved equal on the development rows."""
    sizes = [c.size for c in columns]
    number = version("scikit-learn")
    try:
        base = float(model._baseline_prediction.ravel()[0])
        trees = [
            Tree(predictor.nodes, predictor.raw_left_cat_bitsets)
            for (predictor,) in model._predictors
        ]
        leaves = tuple(leaf for n, tree in enumerate(trees) for leaf in leaves_of(tree, n, sizes))
    except (AttributeError, KeyError, ValueError, IndexError) as error:
        raise TreesNotUnderstood(version=number, why=repr(error)) from error
    checked = matrix[:_CHECKED_ROWS]
    ours = base + leaf_sums(checked, LeafTables.of(leaves, sizes))
    gap = float(np.abs(ours - model.decision_function(checked)).max())
    if gap > 1e-9:
        raise TreesNotUnderstood(version=number, why=f"predictions differ by {gap:.3g}")
    return base, leaves
