"""Versions of models and policies, and decision records.

Triggers (migration 0002) refuse to change a version's content or a decision record, and to delete
either.
"""

from __future__ import annotations

from django.db import models

from kuaidai.risk.policy.domain.entry import ModelForm
from kuaidai.risk.policy.domain.lifecycle import ModelKind, Status
from kuaidai.risk.policy.monitoring_models import MonitoringAlert as MonitoringAlert
from kuaidai.risk.policy.monitoring_models import MonitoringRun as MonitoringRun


def _life_constraints(prefix: str) -> list[models.BaseConstraint]:
    decided = models.Q(status__in=["approved", "retired"])
    return [
        models.UniqueConstraint(fields=["name", "version"], name=f"{prefix}_version_once"),
        models.CheckConstraint(
            condition=models.Q(approved_by="") | ~models.Q(approved_by=models.F("submitted_by")),
            name=f"{prefix}_four_eyes",
        ),
        models.CheckConstraint(
            condition=~decided
            | (
                ~models.Q(approved_by="")
                & models.Q(approved_on__isnull=False, live_from__isnull=False)
            ),
            name=f"{prefix}_approval_complete",
        ),
    ]


class Version(models.Model):
    """What versions of models and policies have in common."""

    name = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    content = models.TextField()
    content_hash = models.CharField(max_length=64)
    status = models.CharField(
        max_length=10, choices=[(s.value, s.value) for s in Status if s is not Status.LIVE]
    )
    drafted_by = models.CharField(max_length=100)
    submitted_by = models.CharField(max_length=100, blank=True, default="")
    submitted_on = models.DateField(null=True)
    approved_by = models.CharField(max_length=100, blank=True, default="")
    approved_on = models.DateField(null=True)
    live_from = models.DateField(null=True)
    retired_on = models.DateField(null=True)

    class Meta:
        abstract = True

    @property
    def label(self) -> str:
        """`name/version`."""
        return f"{self.name}/{self.version}"


class ModelVersion(Version):
    """A version of a model; `content` is its artefact (JSON), `report` where its validation lies.

    Of a model whose `form` is not a scorecard, `content` is a `ModelEntry` and the platform does not run it.
    From `shadow_from` to the day before `shadow_until` it scores every decision beside the live one.
    """

    kind = models.CharField(max_length=30, choices=[(k.value, k.value) for k in ModelKind])
    form = models.CharField(
        max_length=20,
        choices=[(f.value, f.value) for f in ModelForm],
        default=ModelForm.SCORECARD.value,
    )
    report = models.CharField(max_length=300, blank=True, default="")
    shadow_from = models.DateField(null=True)
    shadow_until = models.DateField(null=True)

    @property
    def may_decide(self) -> bool:
        """Whether it is a card that decides applications once it is live."""
        return self.kind == ModelKind.RISK_EVALUATION and self.form == ModelForm.SCORECARD

    class Meta:
        constraints = [
            *_life_constraints("model"),
            models.CheckConstraint(
                condition=models.Q(shadow_from__isnull=True) | ~models.Q(status="draft"),
                name="model_shadow_submitted",
            ),
        ]


class PolicyVersion(Version):
    """A version of a policy; `content` is its decision graph (JDM)."""

    class Meta:
        constraints = _life_constraints("policy")


class DecisionRecord(models.Model):
    """A decision: `inputs` sealed canonical facts, `result` the canonical decision."""

    id = models.CharField(max_length=40, primary_key=True)
    application_id = models.CharField(max_length=40, db_index=True)
    decided_on = models.DateField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    inputs = models.BinaryField()
    inputs_hash = models.CharField(max_length=64)
    result = models.BinaryField()
    outcome_hash = models.CharField(max_length=64)
    outcome = models.CharField(max_length=10)
    limit = models.DecimalField(max_digits=18, decimal_places=2)
    annual_rate = models.DecimalField(max_digits=9, decimal_places=6)
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    policy_version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["decided_on", "outcome"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(outcome__in=["approved", "referred", "declined"]),
                name="decision_outcome_known",
            ),
            models.CheckConstraint(
                condition=models.Q(limit__gte=0), name="decision_limit_not_negative"
            ),
        ]


class ShadowScore(models.Model):
    """What a challenger in the shadow said of a decision; `refused` is the code where it could not score."""

    decision = models.ForeignKey(DecisionRecord, on_delete=models.PROTECT, related_name="shadows")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    score = models.IntegerField(null=True)
    grade = models.CharField(max_length=30, blank=True, default="")
    pd = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    refused = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "model_version"], name="shadow_scores_a_decision_once"
            ),
            models.CheckConstraint(
                condition=models.Q(score__isnull=False, pd__isnull=False, refused="")
                | (models.Q(score__isnull=True, pd__isnull=True) & ~models.Q(refused="")),
                name="shadow_score_or_refusal",
            ),
        ]
