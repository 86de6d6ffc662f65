"""Daily comparisons of our orders and books with the bank core's statement, and what did not fit."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kuaidai.lending.servicing.domain.breaks import BreakKind, BreakState


class ReconciliationRun(models.Model):
    """The newest comparison of one day. Sums are those of the core's statement of our account."""

    on = models.DateField(primary_key=True)
    ran_at = models.DateTimeField()
    opening = models.DecimalField(max_digits=18, decimal_places=2)
    closing = models.DecimalField(max_digits=18, decimal_places=2)
    received = models.DecimalField(max_digits=18, decimal_places=2)
    paid = models.DecimalField(max_digits=18, decimal_places=2)
    entries = models.IntegerField()
    orders = models.IntegerField()
    matched = models.IntegerField()


class ReconciliationBreak(models.Model):
    """Something on which the two sides differ: `open` until explained, or until it is gone."""

    run = models.ForeignKey(ReconciliationRun, on_delete=models.PROTECT, related_name="breaks")
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=100, blank=True)
    reference = models.CharField(max_length=64, blank=True, default="")
    ours = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    theirs = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    our_day = models.DateField(null=True)
    their_day = models.DateField(null=True)
    state = models.CharField(max_length=10, default=BreakState.OPEN.value)
    note = models.TextField(blank=True, default="")
    closed_by = models.CharField(max_length=100, blank=True, default="")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "kind", "key"], name="break_once_a_day"),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in BreakKind]),
                name="reconciliation_break_kind",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in BreakState]),
                name="reconciliation_break_state",
            ),
            models.CheckConstraint(
                condition=~Q(state=BreakState.EXPLAINED.value)
                | (~Q(note="") & ~Q(closed_by="") & Q(closed_at__isnull=False)),
                name="explained_break_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=["key"], name="reconciliation_break_key"),
            models.Index(
                fields=["run"], condition=Q(state="open"), name="reconciliation_break_open"
            ),
        ]
