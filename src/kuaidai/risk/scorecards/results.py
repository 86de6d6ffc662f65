"""What scoring one applicant gives."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class AttributePoints:
    """The points that one feature's value earned. `max_points` is the best bin of the feature."""

    feature: str
    title_en: str
    title_zh: str
    value: object
    bin_label: str
    bin_label_zh: str
    points: int
    max_points: int

    @property
    def points_lost(self) -> int:
        """How far the value stays behind the feature's best bin."""
        return self.max_points - self.points


@dataclass(frozen=True)
class Reason:
    """Why the score is not higher: a feature, the points lost, and the text for the customer."""

    feature: str
    points_lost: int
    en: str
    zh: str


@dataclass(frozen=True)
class ScoreResult:
    """A score with its grade, its probability of default and where the points come from.

    `score` = `base_points` + the sum of `points`; higher is better. `pd` (six places) belongs to the
    score, `grade_pd` to the grade. `reasons`: at most four, most points lost first.
    """

    score: int
    grade: str
    pd: Decimal
    grade_pd: Decimal
    base_points: int
    points: tuple[AttributePoints, ...]
    reasons: tuple[Reason, ...]
    scorecard: str
    version_hash: str
