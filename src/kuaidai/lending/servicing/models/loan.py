"""Loans as projections of their events; the debits asked for them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from kuaidai.lending.servicing.models.facility import Drawdown, Facility


class Loan(models.Model):
    """One paid-out drawdown with its frozen terms. The sums are what replay says, kept for queries."""

    id = models.CharField(primary_key=True, max_length=20)
    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="loans")
    drawdown = models.OneToOneField(Drawdown, on_delete=models.PROTECT, related_name="loan")
    principal = models.DecimalField(max_digits=18, decimal_places=2)
    annual_rate = models.DecimalField(max_digits=9, decimal_places=6)
    method = models.CharField(max_length=40)
    day_count = models.CharField(max_length=10)
    start_on = models.DateField()
    months = models.SmallIntegerField()
    settlement_day = models.SmallIntegerField()
    penalty_multiplier = models.DecimalField(max_digits=5, decimal_places=2)
    grace_days = models.SmallIntegerField(default=0)
    allocation_order = models.CharField(max_length=40, default="penalty,interest,principal")
    status = models.CharField(max_length=10, default="active")
    outstanding = models.DecimalField(max_digits=18, decimal_places=2)
    earned_interest = models.DecimalField(default=0, max_digits=18, decimal_places=2)
    earned_penalty = models.DecimalField(default=0, max_digits=18, decimal_places=2)
    days_past_due = models.IntegerField(default=0)
    accrued_through = models.DateField()
    closed_through = models.DateField(null=True)
    parked_reason = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outstanding__gte=0, outstanding__lte=F("principal")),
                name="outstanding_in_range",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["active", "settled"]), name="loan_status"
            ),
        ]
        indexes = [models.Index(fields=["status", "closed_through"])]


class Repayment(models.Model):
    """A debit asked of the firm's account; its id is the bank core's key."""

    id = models.CharField(primary_key=True, max_length=40)
    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="repayments")
    kind = models.CharField(max_length=10)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    shorten = models.BooleanField(default=False)
    settled = models.DecimalField(default=0, max_digits=18, decimal_places=2)
    status = models.CharField(max_length=10, default="pending")
    requested_on = models.DateField()
    reason = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(settled__gte=0, settled__lte=F("amount"), amount__gt=0),
                name="settled_in_range",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "settled", "rejected"]), name="repayment_status"
            ),
            models.UniqueConstraint(
                fields=["loan"],
                condition=Q(status="pending"),
                name="one_pending_repayment_per_loan",
            ),
        ]


class LoanEvent(models.Model):
    """A payment received: the input of replay, in order of `id`. Append-only."""

    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="events")
    repayment = models.OneToOneField(Repayment, on_delete=models.PROTECT)
    on = models.DateField()
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    shorten = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_is_positive"),
        ]
        indexes = [models.Index(fields=["loan", "id"])]
