"""The scorecard: characteristics with points, calibration to PD, grades; and the scorer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from kuaidai.kernel.canonical import canonical_json, sha256_hex
from kuaidai.risk.scorecards.characteristics import Characteristic, wald_interval
from kuaidai.risk.scorecards.columns import (
    Table,
    column_names,
    plain_table,
    read_column,
    require_columns,
    row_count,
)
from kuaidai.risk.scorecards.config import ScorecardConfig
from kuaidai.risk.scorecards.results import ScoreResult

if TYPE_CHECKING:
    from kuaidai.risk.scorecards.row_scorer import RowScorer

REASON_COUNT = 4
_PLACES = Decimal("0.000001")


@dataclass(frozen=True)
class SelectionStep:
    """Why a candidate stayed on the card or left: the stage, the figure and the limit."""

    feature: str
    kept: bool
    stage: str
    reason: str
    value: float | None = None


@dataclass(frozen=True)
class FitRecord:
    """The logistic fit: log-odds of bad = `intercept` + Σ coefficient × WOE."""

    intercept: float
    intercept_error: float
    log_likelihood: float
    null_log_likelihood: float
    iterations: int
    gradient_norm: float
    method: str
    l2: float

    def interval(self, level: float = 0.95) -> tuple[float, float] | None:
        """Wald interval of the intercept."""
        return wald_interval(self.intercept, self.intercept_error, level)


@dataclass(frozen=True)
class ScoreStep:
    """The PD of scores from `min_score` (None: no floor) up to the step before."""

    min_score: int | None
    pd: float


@dataclass(frozen=True)
class Calibration:
    """Log-odds of bad = `intercept` + `slope` × the log-odds of bad that the score stands for.

    Where there are `steps` (from the best scores down, the last without a floor), they hold instead.
    """

    method: str
    intercept: float
    slope: float
    steps: tuple[ScoreStep, ...] = ()


@dataclass(frozen=True)
class Grade:
    """A rating grade: least score (None: no floor), its PD, and its development counts."""

    grade: str
    min_score: int | None
    pd: Decimal
    rows: float
    bads: float


@dataclass(frozen=True)
class Provenance:
    """What the card was made from: enough to make it again.

    `offset` names the column that held a fixed part of each row's log-odds of bad; scores and PDs are
    those of an offset of 0.
    """

    rows: int
    bads: float
    goods: float
    data_fingerprint: str
    config_fingerprint: str
    target: str
    weight: str | None
    libraries: tuple[tuple[str, str], ...]
    notes: tuple[tuple[str, str], ...] = ()
    offset: str | None = None


class Scoring(Protocol):
    """What can be validated: it scores tables, and its scores have PDs and grades."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def grades(self) -> tuple[Grade, ...]:
        """The grades, best first."""
        ...

    def scores(self, table: Table) -> npt.NDArray[np.int64]:
        """The score of each row."""
        ...

    def probabilities(self, scores: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """PD of each score."""
        ...

    def grade_of(self, score: int) -> Grade:
        """The grade of a score."""
        ...


@dataclass(frozen=True, repr=False)
class Scorecard:
    """A finished card. `rejected` keeps the bins of candidates that were turned down."""

    name: str
    config: ScorecardConfig
    characteristics: tuple[Characteristic, ...]
    rejected: tuple[Characteristic, ...]
    selection: tuple[SelectionStep, ...]
    fit: FitRecord
    base_points: int
    calibration: Calibration
    grades: tuple[Grade, ...]
    provenance: Provenance

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features a score needs, in the card's order."""
        return tuple(c.name for c in self.characteristics)

    @cached_property
    def version_hash(self) -> str:
        """SHA-256 of the card's content: equal cards, equal hashes."""
        from kuaidai.risk.scorecards.artefact import to_document

        return sha256_hex(canonical_json(to_document(self)))

    @property
    def factor(self) -> float:
        """Points per unit of log-odds."""
        return self.config.pdo / math.log(2)

    def log_odds_of_bad(self, score: float) -> float:
        """Log-odds of bad that the scaling assigns to `score`, before calibration."""
        return (self.config.base_score - score) / self.factor - math.log(self.config.base_odds)

    def pd_of(self, score: int) -> Decimal:
        """Calibrated probability of default of a score, six places, never 0 or 1."""
        for step in self.calibration.steps:
            if step.min_score is None or score >= step.min_score:
                return rounded_probability(step.pd)
        logit = self.calibration.intercept + self.calibration.slope * self.log_odds_of_bad(score)
        return rounded_probability(1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit)))))

    def grade_of(self, score: int) -> Grade:
        """The grade whose band holds `score`."""
        for grade in self.grades:
            if grade.min_score is None or score >= grade.min_score:
                return grade
        raise AssertionError("the lowest grade has no floor")  # guaranteed by ScorecardConfig

    def score(self, features: Mapping[str, object]) -> ScoreResult:
        """Score one applicant.

        A feature whose value is None or NaN is missing; a feature absent from the mapping is an
        error. Raises `MissingColumn`, `NotANumber`, `UnseenCategory`.
        """
        return self.row_scorer.score(features)

    @cached_property
    def row_scorer(self) -> RowScorer:
        """The card made ready for single rows; made once."""
        from kuaidai.risk.scorecards.row_scorer import RowScorer

        return RowScorer.of(self)

    def point_matrix(self, table: Table) -> npt.NDArray[np.int64]:
        """Points per row and characteristic; raises as `score` does."""
        require_columns(table, self.features)
        matrix = np.empty((row_count(table), len(self.characteristics)), dtype=np.int64)
        for place, c in enumerate(self.characteristics):
            matrix[:, place] = c.points[c.codes(read_column(table, c.name, c.feature.kind))]
        return matrix

    def scores(self, table: Table) -> npt.NDArray[np.int64]:
        """The score of each row."""
        return np.asarray(self.base_points + self.point_matrix(table).sum(axis=1), dtype=np.int64)

    def probabilities(self, scores: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """PD of each score as a float."""
        known = {int(s): float(self.pd_of(int(s))) for s in np.unique(scores)}
        return np.array([known[int(s)] for s in scores], dtype=np.float64)

    def score_table(self, table: Table, *, keep: Sequence[str] = ()) -> pa.Table:
        """Score every row, with the same result as `score`.

        Columns: those named in `keep`, then score, grade, pd, grade_pd (decimal, six places),
        points_<feature> each, and reason_1 … reason_4 (feature names, null where fewer).
        """
        require_columns(table, [*keep, *self.features])
        matrix = self.point_matrix(table)
        scores = self.base_points + matrix.sum(axis=1)
        grades = {int(s): self.grade_of(int(s)) for s in np.unique(scores)}
        pds = {score: self.pd_of(score) for score in grades}
        six_places = pa.decimal128(9, 6)
        columns = {name: _kept(table, name) for name in keep}
        columns["score"] = pa.array(scores, pa.int64())
        columns["grade"] = pa.array([grades[int(s)].grade for s in scores], pa.string())
        columns["pd"] = pa.array([pds[int(s)] for s in scores], six_places)
        columns["grade_pd"] = pa.array([grades[int(s)].pd for s in scores], six_places)
        for place, c in enumerate(self.characteristics):
            columns[f"points_{c.name}"] = pa.array(matrix[:, place], pa.int64())
        columns.update(self._reason_columns(matrix))
        return pa.table(columns)

    def _reason_columns(self, matrix: npt.NDArray[np.int64]) -> dict[str, pa.Array]:
        best = np.array([c.max_points for c in self.characteristics], dtype=np.int64)
        lost = best[None, :] - matrix
        order = np.argsort(-lost, axis=1, kind="stable")
        columns = {}
        for rank in range(REASON_COUNT):
            cells: list[str | None] = [None] * len(matrix)
            if rank < len(self.features):
                chosen = order[:, rank]
                falls_short = lost[np.arange(len(matrix)), chosen] > 0
                cells = [
                    self.features[place] if short else None
                    for place, short in zip(chosen, falls_short, strict=True)
                ]
            columns[f"reason_{rank + 1}"] = pa.array(cells, pa.string())
        return columns

    def __repr__(self) -> str:
        """Short: a notebook prints it."""
        made = f"{self.provenance.rows} rows, {self.provenance.bads:g} bads"
        return f"<Scorecard {self.name}: {', '.join(self.features)}; {made}>"

    def summary(self) -> pd.DataFrame:
        """The fit as a frame: a row per coefficient with error, 95 % interval, z, p, VIF, IV and points."""
        from kuaidai.risk.scorecards.binning_table import coefficient_table

        return coefficient_table(self)

    def table(self, feature: str | None = None) -> pd.DataFrame:
        """The binning table as a frame, a row per bin: of one feature, or of all (also those left out).

        Raises `KeyError` for a feature that was no candidate.
        """
        from kuaidai.risk.scorecards.binning_table import bins_frame

        return bins_frame(self, feature)

    def to_json(self) -> str:
        """The artefact: one JSON document; `from_json` gives back an equal card."""
        from kuaidai.risk.scorecards.artefact import to_json

        return to_json(self)

    @staticmethod
    def from_json(text: str, *, source: str = "The text") -> Scorecard:
        """Read an artefact; raises `BadArtefact` (not JSON, other schema, altered content)."""
        from kuaidai.risk.scorecards.artefact import from_json

        return from_json(text, source=source)


def rounded_probability(probability: float) -> Decimal:
    """A probability as a Decimal of six places, kept inside [0.000001, 0.999999]."""
    exact = Decimal(repr(float(probability))).quantize(_PLACES, ROUND_HALF_UP)
    return min(max(exact, _PLACES), 1 - _PLACES)


def _kept(table: Table, name: str) -> pa.ChunkedArray | pa.Array:
    table = plain_table(table)
    if isinstance(table, pa.Table):
        return table[name]
    return pa.Array.from_pandas(table[name])


__all__ = [
    "Calibration",
    "FitRecord",
    "Grade",
    "Provenance",
    "ScoreStep",
    "Scorecard",
    "SelectionStep",
    "column_names",
    "rounded_probability",
]
