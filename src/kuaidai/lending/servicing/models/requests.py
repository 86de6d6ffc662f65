"""What staff ask to do to a loan and a second person decides."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from kuaidai.lending.servicing.models.loan import Loan


class LoanRequest(models.Model):
    """An adjustment of a loan that waits for another person, or what became of it.

    `told` is the event as `domain.life` reads it, without its key and day: it happens on the day it
    is approved, under the request's own id as key.
    """

    id = models.CharField(primary_key=True, max_length=20)
    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="requests")
    kind = models.CharField(max_length=20)
    told = models.JSONField()
    reason = models.CharField(max_length=500)
    status = models.CharField(max_length=10, default="waiting")
    asked_by = models.CharField(max_length=150)
    asked_on = models.DateField()
    expires_on = models.DateField()
    decided_by = models.CharField(max_length=150, default="", blank=True)
    decided_on = models.DateField(null=True)
    note = models.CharField(max_length=500, default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(decided_by=F("asked_by")), name="loan_request_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["waiting", "expired"], decided_by="", decided_on=None)
                | (
                    Q(status__in=["approved", "rejected"], decided_on__isnull=False)
                    & ~Q(decided_by="")
                ),
                name="loan_request_status",
            ),
            models.CheckConstraint(
                condition=Q(expires_on__gt=F("asked_on")), name="loan_request_has_a_term"
            ),
            models.UniqueConstraint(
                fields=["loan", "kind"], condition=Q(status="waiting"), name="one_waiting_request"
            ),
        ]
        indexes = [
            models.Index(
                fields=["asked_on", "id"], condition=Q(status="waiting"), name="loan_request_open"
            ),
        ]
