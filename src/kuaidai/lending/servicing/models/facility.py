"""Credit lines and the drawdowns asked of them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from kuaidai.foundation.encryption import EncryptedTextField
from kuaidai.lending.servicing.models.limits import (
    ApprovedLevel,
    LimitGroup,
    never_drawn_over,
    within_approval,
)


class Facility(ApprovedLevel):
    """A credit line: what is granted, and how much of it is reserved, used and consumed.

    `wanted`, when set, is the limit a cut aims at: `granted` follows it down as money comes back.
    `branch` is the code of the branch that manages the line.
    """

    id = models.CharField(primary_key=True, max_length=20)
    application_id = models.CharField(max_length=20)
    contract_id = models.CharField(max_length=20, unique=True)
    group = models.ForeignKey(LimitGroup, on_delete=models.PROTECT, related_name="facilities")
    branch = models.CharField(max_length=12, default="HEAD")
    uscc = models.CharField(max_length=18)
    person_no = models.CharField(max_length=40)
    product_code = models.CharField(max_length=40)
    status = models.CharField(max_length=10, default="open")
    wanted = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    opens_on = models.DateField()
    expires_on = models.DateField()
    account_no = EncryptedTextField()

    class Meta:
        constraints = [
            never_drawn_over("never_drawn_over_the_limit"),
            within_approval(
                "facility_within_its_approval", expires_on__lte=F("approval_expires_on")
            ),
            models.CheckConstraint(
                condition=Q(wanted=None) | Q(wanted__gte=0, wanted__lt=F("granted")),
                name="a_cut_aims_below_the_grant",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "frozen", "expired", "cancelled", "closed"]),
                name="facility_status",
            ),
        ]
        indexes = [models.Index(fields=["uscc"]), models.Index(fields=["person_no"])]


class Drawdown(models.Model):
    """A request for money out of a facility; its id is the bank core's key for the transfer."""

    id = models.CharField(primary_key=True, max_length=20)
    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="drawdowns")
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    product_code = models.CharField(max_length=40)
    months = models.SmallIntegerField()
    purpose = models.CharField(max_length=40)
    status = models.CharField(max_length=10, default="pending")
    requested_on = models.DateField()
    requested_at = models.DateTimeField()
    reason = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="drawdown_is_positive"),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "paid_out", "rejected"]), name="drawdown_status"
            ),
            models.CheckConstraint(condition=Q(months__gt=0), name="drawdown_has_a_term"),
        ]
        indexes = [
            models.Index(
                fields=["requested_at"], condition=Q(status="pending"), name="drawdown_pending"
            ),
        ]
