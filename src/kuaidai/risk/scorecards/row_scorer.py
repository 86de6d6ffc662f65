"""One applicant's score with reasons, in microseconds: a card made ready for single rows.

What each value of a feature earns is worked out once; scoring is then a search among a feature's edges, a
sum and a sort. The figures are those that the card's characteristics give, which tests hold it to.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter
from typing import Any

import numpy as np

from kuaidai.risk.scorecards.card import REASON_COUNT, Scorecard
from kuaidai.risk.scorecards.characteristics import BinKind, Characteristic
from kuaidai.risk.scorecards.columns import (
    STEADY_HALF,
    category_value,
    numeric_value,
    read_value,
    steady_number,
)
from kuaidai.risk.scorecards.config import Kind, UnseenPolicy
from kuaidai.risk.scorecards.errors import MissingColumn
from kuaidai.risk.scorecards.results import AttributePoints, Reason, ScoreResult

_lost = attrgetter("lost")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a bin earns: the fields of `AttributePoints` but for the value, and the reason it may become."""

    fields: Mapping[str, Any]
    points: int
    lost: int
    reason: Reason

    @staticmethod
    def of(c: Characteristic, place: int) -> _Outcome:
        attribute = c.attributes[place]
        title, title_zh = c.feature.title("en"), c.feature.title("zh")
        label, label_zh = attribute.bin.label, attribute.bin.label_zh
        fields = {
            "feature": c.name,
            "title_en": title,
            "title_zh": title_zh,
            "bin_label": label,
            "bin_label_zh": label_zh,
            "points": attribute.points,
            "max_points": c.max_points,
        }
        lost = c.max_points - attribute.points
        reason = Reason(c.name, lost, f"{title}: {label}", f"{title_zh}：{label_zh}")
        return _Outcome(fields, attribute.points, lost, reason)

    def earned(self, value: object) -> AttributePoints:
        """The outcome as what `value` earned."""
        # The constructor of a frozen class sets field by field, which would take half of the time.
        made = object.__new__(AttributePoints)
        held = made.__dict__
        held.update(self.fields)
        held["value"] = value
        return made


@dataclass(frozen=True, slots=True)
class _Numbers:
    """A numeric feature: outcome i from edge i-1 up to edge i."""

    name: str
    edges: tuple[float, ...]
    outcomes: tuple[_Outcome, ...]
    missing: _Outcome

    @staticmethod
    def of(c: Characteristic) -> _Numbers:
        edges: set[float] = set()
        for b in (attribute.bin for attribute in c.attributes):
            if b.kind is BinKind.INTERVAL and b.low is not None:
                edges.add(least_read_as(b.low))
            if b.special is not None:
                edges |= {least_read_as(b.special), least_above(b.special)}
        ordered = tuple(sorted(edges))
        places = c.codes(np.array([-math.inf, *ordered], dtype=np.float64)).tolist()
        outcomes = [_Outcome.of(c, place) for place in range(len(c.attributes))]
        return _Numbers(c.name, ordered, tuple(outcomes[place] for place in places), outcomes[-1])

    def outcome(self, value: object) -> _Outcome:
        """What `value` earns; raises `NotANumber`."""
        number = value if type(value) is float else numeric_value(value, self.name)
        if number != number:
            return self.missing
        return self.outcomes[bisect_right(self.edges, number)]


@dataclass(frozen=True, slots=True)
class _Categories:
    """A categorical feature: the outcome of each known category. `refused` speaks up for any other."""

    outcomes: Mapping[str, _Outcome]
    missing: _Outcome
    unseen: _Outcome
    refused: Callable[[object], object] | None

    @staticmethod
    def of(c: Characteristic) -> _Categories:
        outcomes = [_Outcome.of(c, place) for place in range(len(c.attributes))]
        known = {
            level: outcomes[place]
            for place, attribute in enumerate(c.attributes)
            for level in attribute.bin.categories
        }
        refused = None
        if c.feature.unseen is UnseenPolicy.ERROR:
            refused = _Refused(c)
        return _Categories(known, outcomes[-2], outcomes[-1], refused)

    def outcome(self, value: object) -> _Outcome:
        """What `value` earns; raises `UnseenCategory` where the policy says so."""
        level = value if type(value) is str else category_value(value)
        if level is None:
            return self.missing
        found = self.outcomes.get(level, self.unseen)
        if found is self.unseen and self.refused is not None:
            self.refused(value)
        return found


@dataclass(frozen=True)
class _Refused:
    """Raises what the characteristic raises."""

    characteristic: Characteristic

    def __call__(self, value: object) -> None:
        c = self.characteristic
        c.codes(read_value(value, c.name, c.feature.kind))


@dataclass(frozen=True)
class RowScorer:
    """Scores single rows as its card does; make one with `of`, or take `Scorecard.row_scorer`."""

    card: Scorecard
    features: tuple[tuple[str, Callable[[object], _Outcome]], ...]
    version_hash: str
    _rated: dict[int, tuple[str, Decimal, Decimal]] = field(default_factory=dict, compare=False)

    @staticmethod
    def of(card: Scorecard) -> RowScorer:
        """The card made ready."""
        features = tuple(
            (c.name, (_Numbers if c.feature.kind is Kind.NUMERIC else _Categories).of(c).outcome)
            for c in card.characteristics
        )
        return RowScorer(card, features, card.version_hash)

    def score(self, row: Mapping[str, object]) -> ScoreResult:
        """See `Scorecard.score`."""
        card = self.card
        score = card.base_points
        points, short = [], []
        for name, outcome_of in self.features:
            if name not in row:
                raise MissingColumn(column=name, present=", ".join(row) or "no value")
            value = row[name]
            outcome = outcome_of(value)
            score += outcome.points
            points.append(outcome.earned(value))
            if outcome.lost:
                short.append(outcome)
        short.sort(key=_lost, reverse=True)
        grade, pd, grade_pd = self._rated.get(score) or self._rate(score)
        return ScoreResult(
            score=score,
            grade=grade,
            pd=pd,
            grade_pd=grade_pd,
            base_points=card.base_points,
            points=tuple(points),
            reasons=tuple([outcome.reason for outcome in short[:REASON_COUNT]]),
            scorecard=card.name,
            version_hash=self.version_hash,
        )

    def _rate(self, score: int) -> tuple[str, Decimal, Decimal]:
        """Grade and PDs of a score, remembered: a card has a few hundred scores."""
        grade = self.card.grade_of(score)
        rated = self._rated[score] = (grade.grade, self.card.pd_of(score), grade.pd)
        return rated


def least_read_as(cut: float) -> float:
    """The least number that `steady` reads as `cut` or more.

    >>> least_read_as(1.0) < 1.0, steady_number(least_read_as(1.0))
    (True, 1.0)
    """
    return _least_from(steady_number(cut))


def least_above(value: float) -> float:
    """The least number that `steady` reads as more than `value`."""
    largest = -_least_from(-steady_number(value))  # rounding is the same on both sides of nought
    return math.nextafter(largest, math.inf)


def _least_from(grid: float) -> float:
    """`least_read_as` of a number that `steady` leaves alone: it rounds half away from nought."""
    bits = np.array(abs(grid)).view(np.uint64)
    if grid > 0:
        return float((bits - STEADY_HALF).view(np.float64))
    return -float((bits + STEADY_HALF - np.uint64(1)).view(np.float64))
