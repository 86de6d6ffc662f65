"""Reports collected for an application; the raw answer is kept encrypted."""

from __future__ import annotations

from django.db import models


class SourceReport(models.Model):
    """One platform's answer, or what went wrong with it."""

    id = models.CharField(primary_key=True, max_length=20)
    application_id = models.CharField(max_length=20)
    source = models.CharField(max_length=30)
    uscc = models.CharField(max_length=18)
    person_no = models.CharField(max_length=40)
    status = models.CharField(max_length=10)
    attempts = models.SmallIntegerField(default=0)
    elapsed_ms = models.IntegerField(default=0)
    payload = models.BinaryField(null=True)
    payload_hash = models.CharField(max_length=64, null=True)
    rows = models.JSONField(default=dict)
    error_en = models.TextField(default="", blank=True)
    error_zh = models.TextField(default="", blank=True)
    asked_on = models.DateField()
    received_at = models.DateTimeField(null=True)
    valid_until = models.DateField(null=True)
    reused_from = models.CharField(max_length=20, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application_id", "source"], name="one_report_per_source"
            ),
        ]
        indexes = [models.Index(fields=["uscc", "person_no", "source", "-asked_on"])]
