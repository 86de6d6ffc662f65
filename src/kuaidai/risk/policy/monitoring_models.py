"""The table of monitoring reports."""

from __future__ import annotations

from django.db import models

from kuaidai.risk.policy.domain.alerts import AlertState
from kuaidai.risk.scorecards.monitoring_report import Level


class MonitoringRun(models.Model):
    """What monitoring found about a model version in a month: written once, never changed.

    `month` is the month's first day, `on` the business date of the run, `report` the report as JSON.
    """

    model_version = models.ForeignKey(
        "policy.ModelVersion", on_delete=models.PROTECT, related_name="monitoring"
    )
    month = models.DateField()
    on = models.DateField()
    level = models.CharField(max_length=10, choices=[(level.value, level.value) for level in Level])
    report = models.TextField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-month", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "month"], name="model_monitored_once_a_month"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_version_id}: {self.month:%Y-%m} {self.level}"


class MonitoringAlert(models.Model):
    """A finding of monitoring about a model version, from the month it came up until it is gone.

    What a person acknowledged is kept beside what the newest month found, to tell whether it got worse.
    """

    model_version = models.ForeignKey(
        "policy.ModelVersion", on_delete=models.PROTECT, related_name="alerts"
    )
    code = models.CharField(max_length=30)
    subject = models.TextField(blank=True)
    level = models.CharField(max_length=10, choices=[(level.value, level.value) for level in Level])
    value = models.FloatField()
    limit = models.FloatField()
    en = models.TextField()
    zh = models.TextField()
    since = models.DateField()
    month = models.DateField()
    state = models.CharField(
        max_length=12,
        choices=[(s.value, s.value) for s in AlertState],
        default=AlertState.OPEN.value,
    )
    acknowledged_by = models.CharField(max_length=100, blank=True, default="")
    acknowledged_on = models.DateField(null=True)
    acknowledged_level = models.CharField(max_length=10, blank=True, default="")
    acknowledged_value = models.FloatField(null=True)
    note = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "code", "subject"],
                condition=~models.Q(state="closed"),
                name="alert_once_until_closed",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="acknowledged")
                | (
                    ~models.Q(acknowledged_by="")
                    & ~models.Q(note="")
                    & models.Q(acknowledged_on__isnull=False, acknowledged_value__isnull=False)
                ),
                name="alert_acknowledged_by_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.subject} of {self.model_version_id}: {self.state}"
