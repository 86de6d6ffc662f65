"""The segmented scorecard: a card a segment, and the scorer that picks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kuaidai.risk.scorecards.card import Grade, Scorecard
from kuaidai.risk.scorecards.columns import (
    Table,
    require_columns,
    row_count,
    take_rows,
)
from kuaidai.risk.scorecards.errors import BadSetting, MissingColumn
from kuaidai.risk.scorecards.results import ScoreResult
from kuaidai.risk.scorecards.segments.rule import Segmentation

_PROBABILITY = pa.decimal128(9, 6)


@dataclass(frozen=True)
class SegmentedScorecard:
    """A card for each segment, in the segmentation's order; scaling, calibration and grades are common."""

    name: str
    segmentation: Segmentation
    cards: tuple[Scorecard, ...]

    def __post_init__(self) -> None:
        """Refuse cards that are not on one scale; raises `BadSetting`."""
        if len(self.cards) != len(self.segmentation.segments):
            rule = f"one for each of {len(self.segmentation.segments)} segments"
            raise BadSetting(name="cards", value=len(self.cards), rule=rule)
        scales = {
            (c.config.pdo, c.config.base_score, c.config.base_odds, c.calibration)
            for c in self.cards
        }
        bands = {tuple((g.grade, g.min_score, g.pd) for g in c.grades) for c in self.cards}
        if len(scales) > 1 or len(bands) > 1:
            rule = "cards of one scaling, calibration and grades"
            raise BadSetting(name="cards", value="different scales", rule=rule)

    @property
    def features(self) -> tuple[str, ...]:
        """Columns that scoring a table needs: the segment's, and the features of every card."""
        every = (name for card in self.cards for name in card.features)
        return tuple(dict.fromkeys([self.segmentation.column, *every]))

    @property
    def grades(self) -> tuple[Grade, ...]:
        """The common grades; their counts are those of all segments together."""
        return self.cards[0].grades

    @cached_property
    def version_hash(self) -> str:
        """SHA-256 of the content: equal cards, equal hashes."""
        from kuaidai.risk.scorecards.segments.artefact import version_hash

        return version_hash(self)

    def card(self, segment: str) -> Scorecard:
        """The card of a segment; raises `KeyError`."""
        for name, card in zip(self.segmentation.names, self.cards, strict=True):
            if name == segment:
                return card
        raise KeyError(segment)

    def pd_of(self, score: int) -> Decimal:
        """Calibrated probability of default of a score, the same in every segment."""
        return self.cards[0].pd_of(score)

    def grade_of(self, score: int) -> Grade:
        """The grade whose band holds `score`."""
        return self.cards[0].grade_of(score)

    def probabilities(self, scores: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """PD of each score as a float."""
        return self.cards[0].probabilities(scores)

    def score(self, features: Mapping[str, object]) -> ScoreResult:
        """Score one applicant by the card of their segment, which the result's `scorecard` names.

        Raises `MissingColumn`, `UnknownSegment`, `NotANumber`, `UnseenCategory`.
        """
        column = self.segmentation.column
        if column not in features:
            raise MissingColumn(column=column, present=", ".join(features) or "no value")
        place = self.segmentation.place_of(features[column])
        found = self.cards[place].score(features)
        name = f"{self.name}/{self.segmentation.names[place]}"
        return replace(found, scorecard=name, version_hash=self.version_hash)

    def scores(self, table: Table) -> npt.NDArray[np.int64]:
        """The score of each row; raises as `score` does."""
        require_columns(table, self.features)
        places = self.segmentation.places(table)
        found = np.zeros(row_count(table), dtype=np.int64)
        for place, card in enumerate(self.cards):
            inside = np.flatnonzero(places == place)
            if inside.size:
                found[inside] = card.scores(take_rows(table, inside))
        return found

    def score_table(self, table: Table, *, keep: Sequence[str] = ()) -> pa.Table:
        """Score every row, with the same result as `score`.

        Columns: those named in `keep`, then segment, and the columns of `Scorecard.score_table`; the
        points of a feature that a row's card does not have are null.
        """
        require_columns(table, [*keep, *self.features])
        places = self.segmentation.places(table)
        parts: list[pa.Table] = []
        order: list[npt.NDArray[np.int64]] = []
        for place, (name, card) in enumerate(zip(self.segmentation.names, self.cards, strict=True)):
            inside = np.flatnonzero(places == place)
            if inside.size or (place == len(self.cards) - 1 and not parts):
                scored = card.score_table(take_rows(table, inside), keep=keep)
                named = pa.array([name] * len(inside), pa.string())
                parts.append(scored.add_column(len(keep), "segment", named))
                order.append(inside)
        together = pa.concat_tables(parts, promote_options="default")
        back = np.argsort(np.concatenate(order), kind="stable")
        return together.take(pa.array(back)).select(self._columns(keep)).combine_chunks()

    def _columns(self, keep: Sequence[str]) -> list[str]:
        pointed = dict.fromkeys(name for card in self.cards for name in card.features)
        points = [f"points_{name}" for name in pointed]
        reasons = [f"reason_{rank}" for rank in range(1, 5)]
        return [*keep, "segment", "score", "grade", "pd", "grade_pd", *points, *reasons]

    def brief_table(self, table: pa.Table, *, keep: Sequence[str] = ()) -> pa.Table:
        """The columns in `keep`, then segment, score, grade, pd and grade_pd of every row."""
        require_columns(table, [*keep, *self.features])
        scores = self.scores(table)
        distinct, place = np.unique(scores, return_inverse=True)
        grades = [self.grade_of(int(score)) for score in distinct]
        columns = {name: table[name] for name in keep}
        names = pa.array(self.segmentation.names, pa.string())
        columns["segment"] = names.take(pa.array(self.segmentation.places(table)))
        columns["score"] = pa.array(scores, pa.int64())
        outcomes = {
            "grade": pa.array([grade.grade for grade in grades], pa.string()),
            "pd": pa.array([self.pd_of(int(score)) for score in distinct], _PROBABILITY),
            "grade_pd": pa.array([grade.pd for grade in grades], _PROBABILITY),
        }
        columns.update({name: each.take(pa.array(place)) for name, each in outcomes.items()})
        return pa.table(columns)

    def to_json(self) -> str:
        """The artefact: one JSON document; `from_json` gives back an equal card."""
        from kuaidai.risk.scorecards.segments.artefact import to_json

        return to_json(self)

    @staticmethod
    def from_json(text: str, *, source: str = "The text") -> SegmentedScorecard:
        """Read an artefact; raises `BadArtefact` (not JSON, other schema, altered content)."""
        from kuaidai.risk.scorecards.segments.artefact import from_json

        return from_json(text, source=source)


AnyScorecard: TypeAlias = Scorecard | SegmentedScorecard
"""What scores an applicant: one card, or one for each segment."""
