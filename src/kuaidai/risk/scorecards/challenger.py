"""A challenger: boosted trees on a card's own features, to see what the card leaves behind.

A challenger decides nothing. It answers one question: how much better could the same data judge, were
the card's form given up? It stands behind the interface of a card (`scores`, `score`, JSON both ways),
keeps the card's trends, and gives reasons that are exact Shapley values of its log-odds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from kuaidai.kernel.canonical import canonical_json, sha256_hex
from kuaidai.risk.scorecards.artefact import decode
from kuaidai.risk.scorecards.card import REASON_COUNT, rounded_probability
from kuaidai.risk.scorecards.columns import (
    Floats,
    Table,
    Values,
    read_column,
    require_columns,
    row_count,
    steady,
)
from kuaidai.risk.scorecards.config import FeatureConfig, ScorecardConfig, UnseenPolicy
from kuaidai.risk.scorecards.engine.leaves import (
    Leaf,
    LeafTables,
    leaf_sums,
    shapley_values,
)
from kuaidai.risk.scorecards.errors import BadChallenger, UnseenCategory

_SCHEMA = "kuaidai.challenger/1"


class Holds(StrEnum):
    """What a column of the trees holds of its feature."""

    QUANTITY = "quantity"
    CATEGORY = "category"
    CODE = "code"


@dataclass(frozen=True)
class TreeColumn:
    """A column as the trees see it: a quantity, the place of a category, or of a special code.

    A feature with special codes has two: the quantity, missing where a code stands, and the code,
    missing where a quantity stands. `levels` are the categories, or the names of the codes; where
    development had missing ones (`missing_level`), they are one more level, the last.
    """

    feature: str
    holds: Holds
    levels: tuple[str, ...] = ()
    missing_level: bool = False

    @property
    def size(self) -> int:
        """How many levels the trees know; 0 for a quantity."""
        return len(self.levels) + self.missing_level

    @property
    def missing(self) -> float:
        """What stands for a missing value."""
        return float(len(self.levels)) if self.missing_level else math.nan


@dataclass(frozen=True)
class ChallengerProvenance:
    """What the trees were grown from. `rows` of `rows_given` were used; see `BoostingSettings`."""

    rows: int
    rows_given: int
    bads: int
    target: str
    weight: str | None
    rounds: int
    settings: tuple[tuple[str, float], ...]
    libraries: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Contribution:
    """What a feature's value adds to the log-odds of bad, against the average applicant."""

    feature: str
    log_odds: float
    title_en: str
    title_zh: str


@dataclass(frozen=True)
class ChallengerScore:
    """One applicant's points on the card's scale, probability of default, and at most four reasons."""

    score: int
    pd: Decimal
    reasons: tuple[Contribution, ...]


@dataclass(frozen=True)
class Challenger:
    """Grown trees. Log-odds of bad = `base` + what the leaves of the row add."""

    name: str
    config: ScorecardConfig
    columns: tuple[TreeColumn, ...]
    base: float
    leaves: tuple[Leaf, ...]
    provenance: ChallengerProvenance

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features a score needs."""
        return tuple(f.name for f in self.config.features)

    @cached_property
    def version_hash(self) -> str:
        """SHA-256 of the challenger's content: equal challengers, equal hashes."""
        return sha256_hex(canonical_json(self._document()))

    @cached_property
    def average(self) -> float:
        """The log-odds that contributions are measured from."""
        return self.base + math.fsum(leaf.expected for leaf in self.leaves)

    def log_odds(self, table: Table) -> Floats:
        """Log-odds of bad per row; raises `MissingColumn`, `NotANumber`, `UnseenCategory`."""
        return self.base + leaf_sums(self._matrix(table), self._tables)

    def probabilities(self, table: Table) -> Floats:
        """Probability of bad per row; raises as `log_odds` does."""
        return np.asarray(special.expit(self.log_odds(table)), dtype=np.float64)

    def scores(self, table: Table) -> npt.NDArray[np.int64]:
        """Whole points per row on the scale of the card's configuration: higher is better."""
        return self._points(self.log_odds(table))

    def contributions(self, table: Table) -> Floats:
        """Rows × features of Shapley values: with `average` a row sums to its log-odds."""
        values = shapley_values(self._matrix(table), self._tables)
        summed = np.zeros((len(values), len(self.features)))
        for place, column in enumerate(self.columns):
            summed[:, self.features.index(column.feature)] += values[:, place]
        return summed

    def reasons(self, table: Table) -> tuple[tuple[Contribution, ...], ...]:
        """Per row the features that raise its risk the most, at most four, greatest first."""
        return tuple(self._told(row) for row in self.contributions(table))

    def score(self, features: Mapping[str, object]) -> ChallengerScore:
        """Score one applicant, as `Scorecard.score` does; raises as `log_odds` does."""
        one = pd.DataFrame(
            {name: pd.Series([value], dtype=object) for name, value in features.items()}
        )
        log_odds = self.log_odds(one)
        return ChallengerScore(
            score=int(self._points(log_odds)[0]),
            pd=rounded_probability(float(special.expit(log_odds[0]))),
            reasons=self.reasons(one)[0],
        )

    def to_json(self) -> str:
        """The artefact: one JSON document; `from_json` gives back an equal challenger."""
        document = {**self._document(), "version_hash": self.version_hash}
        return json.dumps(document, ensure_ascii=False, sort_keys=True) + "\n"

    @staticmethod
    def from_json(text: str, *, source: str = "The text") -> Challenger:
        """Read an artefact; raises `BadChallenger` (not JSON, other schema, altered content)."""
        try:
            document = json.loads(text)
            schema = document["schema"]
            if schema != _SCHEMA:
                raise ValueError(f"its schema is {schema!r}, expected {_SCHEMA!r}")
            found: Challenger = decode(Challenger, document["challenger"])
            if document["version_hash"] != found.version_hash:
                raise ValueError("its content does not match its version_hash")
            return found
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise BadChallenger(source=source, why=str(error) or repr(error)) from error

    def _document(self) -> dict[str, Any]:
        plain: dict[str, Any] = json.loads(canonical_json(asdict(self)))
        return {"schema": _SCHEMA, "challenger": plain}

    def _points(self, log_odds: Floats) -> npt.NDArray[np.int64]:
        factor = self.config.pdo / math.log(2)
        exact = self.config.base_score - factor * (log_odds + math.log(self.config.base_odds))
        return np.rint(exact).astype(np.int64)

    def _told(self, row: Floats) -> tuple[Contribution, ...]:
        worst = np.argsort(-row, kind="stable")[:REASON_COUNT]
        features = [(self.config.features[i], float(row[i])) for i in worst if row[i] > 0]
        return tuple(Contribution(f.name, v, f.title("en"), f.title("zh")) for f, v in features)

    def _matrix(self, table: Table) -> Floats:
        return tree_matrix(table, self.config.features, self.columns)

    @cached_property
    def _tables(self) -> LeafTables:
        return LeafTables.of(self.leaves, [c.size for c in self.columns])


def tree_matrix(
    table: Table, features: tuple[FeatureConfig, ...], columns: tuple[TreeColumn, ...]
) -> Floats:
    """Rows × columns as trees take them: NaN for missing values and unknown categories.

    Raises `MissingColumn`, `NotANumber`, and `UnseenCategory` where the feature's policy says so.
    """
    require_columns(table, [f.name for f in features])
    known = {f.name: f for f in features}
    matrix = np.empty((row_count(table), len(columns)), dtype=np.float64)
    for place, column in enumerate(columns):
        feature = known[column.feature]
        values = read_column(table, feature.name, feature.kind)
        if column.holds is Holds.CATEGORY:
            matrix[:, place] = _levels(values, feature, column)
        elif column.holds is Holds.CODE:
            matrix[:, place] = _codes(values, feature, column)
        else:
            matrix[:, place] = _quantities(values, feature)
    return matrix


def _levels(values: Values, feature: FeatureConfig, column: TreeColumn) -> Floats:
    places = {level: float(place) for place, level in enumerate(column.levels)}
    if feature.unseen is UnseenPolicy.ERROR:
        for value in values:
            if value is not None and value not in places:
                shown = ", ".join(column.levels)
                raise UnseenCategory(feature=feature.name, value=repr(value), known=shown)
    return np.array([places.get(value, column.missing) for value in values], dtype=np.float64)


def _codes(values: Floats, feature: FeatureConfig, column: TreeColumn) -> Floats:
    found = np.full(len(values), column.missing)
    codes = dict(feature.special)
    for place, level in enumerate(column.levels):
        found[values == steady(np.array(codes[level]))] = float(place)
    return found


def _quantities(values: Floats, feature: FeatureConfig) -> Floats:
    special = steady(np.array([code for _, code in feature.special], dtype=np.float64))
    return np.where(np.isin(values, special), np.nan, values)
