"""What queries hand out: decisions on record, versions of models and policies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from kuaidai.risk.policy.domain.decision import Decision
from kuaidai.risk.policy.domain.entry import ModelEntry
from kuaidai.risk.policy.domain.facts import DecisionFacts
from kuaidai.risk.policy.domain.lifecycle import POLICY_KINDS, ModelKind, Status


@dataclass(frozen=True)
class DecisionView(Decision):
    """A decision on record: the decision, the facts it was made from, and its hashes.

    `model_label` is the deciding card on the register; `scorecard_version` names the card's own hash, and
    its segment.
    """

    id: str
    application_id: str
    model_label: str
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
class InventoryLine:
    """A kind of the model inventory: labels of what is live, in the shadow, and on the way to approval.

    A credit policy stands under the kinds whose part it plays.
    """

    kind: ModelKind
    live: tuple[str, ...]
    shadow: tuple[str, ...]
    coming: tuple[str, ...]


@dataclass(frozen=True)
class VersionView:
    """A version of a model or policy and where it is in its life.

    `kind` is one of the model inventory's kinds, or `policy`; `form` how a model is made, none of a policy.
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
    form: str = ""

    @property
    def label(self) -> str:
        """`name/version`, as decisions cite it."""
        return f"{self.name}/{self.version}"

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of the inventory it stands under."""
        return frozenset(POLICY_KINDS if self.kind == "policy" else {self.kind})

    def in_shadow(self, on: date) -> bool:
        """Whether it scores beside the live card on `on`."""
        begun = self.shadow_from is not None and self.shadow_from <= on
        ended = self.shadow_until is not None and self.shadow_until <= on
        return begun and not ended and self.status not in (Status.LIVE, Status.RETIRED)


@dataclass(frozen=True)
class RegisteredModel:
    """A model on the register that is no scorecard of ours: its version, and what is said of it."""

    version: VersionView
    entry: ModelEntry


def inventory_of(versions: Iterable[VersionView], on: date) -> tuple[InventoryLine, ...]:
    """A line for every kind, whether anything stands under it or not."""
    held = tuple(versions)
    lines = []
    for kind in ModelKind:
        own = [version for version in held if kind in version.kinds]
        lines.append(
            InventoryLine(
                kind,
                tuple(v.label for v in own if v.status == Status.LIVE),
                tuple(v.label for v in own if v.in_shadow(on)),
                tuple(v.label for v in own if v.status in (Status.SUBMITTED, Status.APPROVED)),
            )
        )
    return tuple(lines)
