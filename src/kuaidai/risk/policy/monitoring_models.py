"""The table of monitoring reports."""

from __future__ import annotations

from django.db import models

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
