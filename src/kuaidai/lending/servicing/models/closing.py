"""Closes of day."""

from __future__ import annotations

from django.db import models


class CloseOfDay(models.Model):
    """One close of day: begun, and finished once the business date has moved."""

    on = models.DateField(primary_key=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    loans = models.IntegerField(default=0)
    debited = models.DecimalField(default=0, max_digits=18, decimal_places=2)
    overdue = models.IntegerField(default=0)
    parked = models.JSONField(default=list)
