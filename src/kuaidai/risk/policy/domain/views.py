"""What queries hand out: decisions on record, versions of models and policies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from kuaidai.risk.policy.domain.decision import Decision
from kuaidai.risk.policy.domain.facts import DecisionFacts


@dataclass(frozen=True)
class DecisionView(Decision):
    """A decision on record: the decision, the facts it was made from, and its hashes."""

    id: str
    application_id: str
    decided_on: date
    recorded_at: datetime
    inputs: DecisionFacts
    inputs_hash: str
    outcome_hash: str


@dataclass(frozen=True)
class ReplayResult:
    """Whether a stored decision comes out again, byte for byte, and what does not fit."""

    decision_id: str
    identical: bool
    stored_hash: str
    recomputed_hash: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class VersionView:
    """A version of a model or policy and where it is in its life.

    `kind` is one of the model inventory's kinds, or `policy`.
    """

    kind: str
    name: str
    version: int
    status: str
    content_hash: str
    submitted_by: str
    submitted_on: date | None
    approved_by: str
    approved_on: date | None
    live_from: date | None
    retired_on: date | None
    report: str
    shadow_from: date | None = None
    shadow_until: date | None = None

    @property
    def label(self) -> str:
        """`name/version`, as decisions cite it."""
        return f"{self.name}/{self.version}"
