"""Credit lines and the drawdowns asked of them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Facility(models.Model):
    """A credit line."""

    id = models.CharField(primary_key=True, max_length=20)
    application_id = models.CharField(max_length=20)
    contract_id = models.CharField(max_length=20, unique=True)
    uscc = models.CharField(max_length=18)
    person_no = models.CharField(max_length=40)
    product_code = models.CharField(max_length=40)
    status = models.CharField(max_length=10, default="open")
    granted = models.DecimalField(max_digits=18, decimal_places=2)
    used = models.DecimalField(default=0, max_digits=18, decimal_places=2)
    reserved = models.DecimalField(default=0, max_digits=18, decimal_places=2)
    annual_rate = models.DecimalField(max_digits=9, decimal_places=6)
    method = models.CharField(max_length=40)
    months = models.SmallIntegerField()
    opens_on = models.DateField()
    expires_on = models.DateField()
    account_no = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(used__gte=0, reserved__gte=0, granted__gte=F("used") + F("reserved")),
                name="never_drawn_over_the_limit",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "frozen", "expired", "closed"]),
                name="facility_status",
            ),
        ]
        indexes = [models.Index(fields=["uscc"]), models.Index(fields=["person_no"])]


class Drawdown(models.Model):
    """A request for money out of a facility; its id is the bank core's key for the transfer."""

    id = models.CharField(primary_key=True, max_length=20)
    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="drawdowns")
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    purpose = models.CharField(max_length=40)
    status = models.CharField(max_length=10, default="pending")
    requested_on = models.DateField()
    reason = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="drawdown_is_positive"),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "paid_out", "rejected"]), name="drawdown_status"
            ),
        ]
