"""Challengers in the shadow: they score what the live card decides on, and decide nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, QuerySet

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit
from kuaidai.kernel.errors import Refusal
from kuaidai.risk.policy.domain.facts import DecisionFacts
from kuaidai.risk.policy.domain.lifecycle import Status
from kuaidai.risk.policy.domain.reading import read_decision
from kuaidai.risk.policy.errors import DecidesNothing, NotYetApproved, SameEyes
from kuaidai.risk.policy.models import DecisionRecord, ModelVersion, ShadowScore
from kuaidai.risk.policy.queries import scorecard_of
from kuaidai.risk.policy.versions import APPROVERS, locked, require_role


@dataclass(frozen=True)
class ShadowView:
    """A challenger's word on a decision; `score`, `grade` and `pd` are None where it was refused."""

    label: str
    version_hash: str
    score: int | None
    grade: str | None
    pd: Decimal | None
    refused: str


@dataclass(frozen=True)
class ShadowComparison:
    """A challenger against the live cards, over all decisions it scored.

    `moved` counts decisions per (grade given, grade of the challenger).
    """

    label: str
    decisions: int
    refused: int
    mean_score_live: float | None
    mean_score_shadow: float | None
    moved: tuple[tuple[str, str, int], ...]

    @property
    def same_grade(self) -> float | None:
        """Share of decisions that both put into one grade."""
        scored = sum(count for *_, count in self.moved)
        same = sum(count for live, shadow, count in self.moved if live == shadow)
        return same / scored if scored else None


@transaction.atomic
def start_shadow(*, label: str, actor: Actor, on: date) -> None:
    """Let a submitted or approved model score every decision from `on`, deciding none.

    Somebody else than who submitted it. Raises `UnknownVersion`, `NotYetApproved`, `DecidesNothing`, `SameEyes`,
    `NotAllowed`.
    """
    require_role(actor, APPROVERS, f"shadow {label}")
    row = locked(ModelVersion, label)
    if not row.may_decide:
        raise DecidesNothing(label=row.label, kind=f"{row.kind} ({row.form})")
    if row.status not in (Status.SUBMITTED, Status.APPROVED):
        raise NotYetApproved(kind="Version", value=row.label, state=row.status, target="shadow")
    if actor.id == row.submitted_by:
        raise SameEyes(who=actor.name, label=row.label)
    row.shadow_from, row.shadow_until = on, None
    row.save(update_fields=["shadow_from", "shadow_until"])
    _audit(row, "shadow_started", actor, on)


@transaction.atomic
def stop_shadow(*, label: str, actor: Actor, on: date) -> None:
    """End a model's time in the shadow; its scores stay. Raises as `start_shadow`."""
    require_role(actor, APPROVERS, f"end the shadow of {label}")
    row = locked(ModelVersion, label)
    if row.shadow_from is None or row.shadow_until is not None:
        raise NotYetApproved(kind="Version", value=row.label, state="no shadow", target="ended")
    row.shadow_until = on
    row.save(update_fields=["shadow_until"])
    _audit(row, "shadow_ended", actor, on)


def _audit(row: ModelVersion, action: str, actor: Actor, on: date) -> None:
    record_audit(
        actor=actor,
        action=f"model.{action}",
        subject_type="model",
        subject_id=row.label,
        on=on,
        detail={"content_hash": row.content_hash},
    )


def active_shadows(on: date) -> QuerySet[ModelVersion]:
    """Models in the shadow on `on`."""
    running = Q(shadow_until__isnull=True) | Q(shadow_until__gt=on)
    return ModelVersion.objects.filter(running, shadow_from__lte=on).exclude(status=Status.RETIRED)


def score_shadows(record: DecisionRecord, facts: DecisionFacts, *, live_id: int, on: date) -> None:
    """Let every challenger score a decision just recorded. A refusal is kept, and stops nothing."""
    for row in active_shadows(on).exclude(id=live_id).defer("content"):
        card = scorecard_of(row.id, row.content_hash)
        found = ShadowScore(decision=record, model_version=row)
        try:
            scored = card.score(facts.features)
            found.score, found.grade, found.pd = scored.score, scored.grade, scored.pd
        except Refusal as refusal:
            found.refused = refusal.code
        found.save()


def shadow_scores(decision_id: str) -> tuple[ShadowView, ...]:
    """What challengers said of a decision."""
    rows = ShadowScore.objects.filter(decision_id=decision_id).select_related("model_version")
    return tuple(
        ShadowView(
            row.model_version.label,
            row.model_version.content_hash,
            row.score,
            row.grade or None,
            row.pd,
            row.refused,
        )
        for row in rows.order_by("model_version_id")
    )


def shadow_comparison(label: str) -> ShadowComparison:
    """Hold a challenger against the live cards over everything it scored. Raises `UnknownVersion`."""
    with transaction.atomic():
        version = locked(ModelVersion, label)
    rows = ShadowScore.objects.filter(model_version=version)
    moved: dict[tuple[str, str], int] = {}
    sums = [0, 0]
    scored = rows.filter(refused="", score__isnull=False).values_list(
        "decision__result", "score", "grade"
    )
    for result, score, grade in scored.iterator():
        held = read_decision(bytes(result))
        pair = (held.grade, grade)
        moved[pair] = moved.get(pair, 0) + 1
        sums = [sums[0] + held.score, sums[1] + (score or 0)]
    count = sum(moved.values())
    means = [total / count if count else None for total in sums]
    return ShadowComparison(
        version.label,
        rows.count(),
        rows.exclude(refused="").count(),
        means[0],
        means[1],
        tuple((*pair, times) for pair, times in sorted(moved.items())),
    )
