"""Loans as projections of their events; the debits asked for them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models
from django.db.models import F, Q

from kuaidai.lending.servicing.models.facility import Drawdown, Facility


class LoanChunk(models.Model):
    """Loans that the night closes together; `closed_through` is the last day closed for all of them.

    A loan's books are posted up to the later of this day and its own `accrued_through`, unless it is
    parked: then up to its own.
    """

    id = models.IntegerField(primary_key=True)
    closed_through = models.DateField()


def _money(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=18, decimal_places=2, **options)


class Loan(models.Model):
    """One paid-out drawdown with its frozen terms. The rest is what its events make of it.

    The columns tell of the running loan on `accrued_through` what queries and the night need; what it is
    run from stands in its `life`. `balance` is principal not due yet: interest runs on it from
    `accrual_from` over years of `year_days`. While `is_simple` nothing but that happens before
    `next_end_on`. Receivables are those in the books on `accrued_through`. `oldest_due_on` is
    the due date of the oldest instalment that is due and unpaid.
    """

    id = models.CharField(primary_key=True, max_length=20)
    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="loans")
    drawdown = models.OneToOneField(Drawdown, on_delete=models.PROTECT, related_name="loan")
    chunk = models.ForeignKey(LoanChunk, on_delete=models.PROTECT, related_name="loans")
    branch = models.CharField(max_length=12)
    product_code = models.CharField(max_length=40)
    principal = _money()
    start_on = models.DateField()
    method = models.CharField(max_length=40)
    matures_on = models.DateField()
    status = models.CharField(max_length=12, default="active")
    annual_rate = models.DecimalField(max_digits=9, decimal_places=6)
    outstanding = _money()
    balance = _money()
    accrual_from = models.DateField()
    year_days = models.SmallIntegerField()
    next_end_on = models.DateField(null=True)
    oldest_due_on = models.DateField(null=True)
    is_simple = models.BooleanField()
    accrues = models.BooleanField(default=True)
    interest_receivable = _money(default=0)
    penalty_receivable = _money(default=0)
    compound_receivable = _money(default=0)
    fee_receivable = _money(default=0)
    memorandum = _money(default=0)
    accrued_through = models.DateField()
    event_count = models.IntegerField(default=0)
    parked_reason = models.TextField(default="", blank=True)
    parked_on = models.DateField(null=True)

    def days_past_due_on(self, on: date) -> int:
        """Days since the oldest unpaid due date; 0 on it, and where nothing is late."""
        return max(0, (on - self.oldest_due_on).days) if self.oldest_due_on else 0

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outstanding__gte=0, balance__gte=0, outstanding__lte=F("principal")),
                name="outstanding_in_range",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["active", "settled", "written_off"]), name="loan_status"
            ),
            models.CheckConstraint(
                condition=~Q(status="settled") | Q(outstanding=0), name="settled_owes_nothing"
            ),
        ]
        indexes = [
            models.Index(fields=["chunk"], condition=Q(status="active"), name="loan_active_chunk"),
            models.Index(
                fields=["oldest_due_on"],
                condition=Q(oldest_due_on__isnull=False),
                name="loan_past_due",
            ),
            models.Index(
                fields=["parked_on"], condition=Q(parked_on__isnull=False), name="loan_parked"
            ),
        ]


class LoanLife(models.Model):
    """What a loan is run from: its frozen terms, and the running loan on `accrued_through`.

    Apart from the loan's columns, which statements over the whole book read every night: these are
    read of a loan only when something happens to it, and are six times as wide. For `snapshot` see
    `domain.snapshot`.
    """

    loan = models.OneToOneField(
        Loan, primary_key=True, on_delete=models.PROTECT, related_name="life"
    )
    terms = models.JSONField()
    snapshot = models.JSONField()

    class Meta:
        indexes = [
            models.Index(
                fields=["loan"],
                condition=Q(terms__has_key="repricing"),
                name="loan_follows_the_lpr",
            ),
        ]


class Repayment(models.Model):
    """A debit asked of the firm's account; its id is the bank core's key."""

    id = models.CharField(primary_key=True, max_length=40)
    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="repayments")
    kind = models.CharField(max_length=10)
    amount = _money()
    shorten = models.BooleanField(default=False)
    settled = _money(default=0)
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
        indexes = [
            models.Index(fields=["requested_on"], name="repayment_day"),
        ]


class LoanEvent(models.Model):
    """What happened to a loan: the input of replay, in order of `number`. Append-only.

    `on` is the day it counts from, `booked_on` the book day it was recorded on; `told` is the event
    as `domain.life` reads it; `reason` is why staff recorded it, empty for what came by itself.
    """

    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="events")
    number = models.IntegerField()
    key = models.CharField(max_length=100)
    kind = models.CharField(max_length=20)
    on = models.DateField()
    booked_on = models.DateField()
    told = models.JSONField()
    repayment = models.OneToOneField(Repayment, on_delete=models.PROTECT, null=True)
    actor = models.CharField(max_length=80)
    reason = models.CharField(max_length=500, default="", blank=True)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["loan", "number"], name="loan_event_number"),
            models.UniqueConstraint(fields=["loan", "key"], name="loan_event_key"),
        ]
