"""Risk classes, stages and allowances of loans; overrides by two people; what was charged each day."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from kuaidai.lending.servicing.models.loan import Loan


class DebtorRisk(models.Model):
    """What is known of a debtor outside their loans here. No row means: nothing known."""

    uscc = models.CharField(primary_key=True, max_length=18)
    grade = models.CharField(max_length=10, default="", blank=True)
    early_warning = models.BooleanField(default=False)
    bad_at_other_banks = models.BooleanField(default=False)
    overdue_share_everywhere = models.DecimalField(null=True, max_digits=7, decimal_places=6)
    capacity_confirmed_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(overdue_share_everywhere__isnull=True)
                | Q(overdue_share_everywhere__gte=0, overdue_share_everywhere__lte=1),
                name="share_of_debts_is_a_share",
            )
        ]


class LoanRisk(models.Model):
    """A loan's class, stage and allowance as of its last night; rows are rewritten only on change.

    `allowance` may be negative between a write-off, which uses it up, and the next provisioning.
    """

    loan = models.OneToOneField(
        Loan, primary_key=True, on_delete=models.PROTECT, related_name="risk"
    )
    risk_class = models.SmallIntegerField(default=1)
    stage = models.SmallIntegerField(default=1)
    reasons = models.JSONField(default=list)
    orderly_since = models.DateField(null=True)
    clear_since = models.DateField(null=True)
    restructured_on = models.DateField(null=True)
    restructured_again = models.BooleanField(default=False)
    watched_from = models.DateField(null=True)
    rate = models.DecimalField(default=0, max_digits=12, decimal_places=10)
    allowance = models.DecimalField(default=0, max_digits=18, decimal_places=2)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(risk_class__gte=1, risk_class__lte=5), name="risk_class_known"
            ),
            models.CheckConstraint(condition=Q(stage__gte=1, stage__lte=3), name="stage_known"),
            models.CheckConstraint(
                condition=Q(risk_class__lt=3) | Q(stage=3), name="bad_loans_are_in_stage_three"
            ),
        ]
        indexes = [
            models.Index(
                fields=["loan"], name="loan_risk_not_ordinary",
                condition=Q(risk_class__gt=1) | Q(stage__gt=1) | Q(restructured_on__isnull=False),
            )
        ]  # fmt: skip


class ClassChange(models.Model):
    """A change of a loan's class or stage, with the reasons that held. Append-only."""

    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="class_changes")
    on = models.DateField()
    from_class = models.SmallIntegerField()
    to_class = models.SmallIntegerField()
    from_stage = models.SmallIntegerField()
    to_stage = models.SmallIntegerField()
    reasons = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["loan", "id"]), models.Index(fields=["on"])]


class ClassOverride(models.Model):
    """A class set by hand, or the confirmation that a debtor can pay: asked by one, decided by another."""

    id = models.CharField(primary_key=True, max_length=20)
    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="class_overrides")
    kind = models.CharField(max_length=20)
    risk_class = models.SmallIntegerField(null=True)
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
            models.CheckConstraint(condition=~Q(decided_by=F("asked_by")), name="four_eyes"),
            models.CheckConstraint(
                condition=Q(status="waiting", decided_by="", decided_on__isnull=True)
                | (
                    Q(status__in=["approved", "rejected"], decided_on__isnull=False)
                    & ~Q(decided_by="")
                ),
                name="override_status",
            ),
            models.CheckConstraint(
                condition=Q(kind="worsen", risk_class__gte=2, risk_class__lte=5)
                | Q(kind="confirm_capacity", risk_class__isnull=True),
                name="override_kind",
            ),
            models.CheckConstraint(
                condition=Q(expires_on__gt=F("asked_on")), name="override_has_a_term"
            ),
            models.UniqueConstraint(
                fields=["loan", "kind"], condition=Q(status="waiting"), name="one_waiting_override"
            ),
        ]
        indexes = [models.Index(fields=["status", "expires_on"])]


class ProvisionMovement(models.Model):
    """What one provisioning of a day charged (or released, negative), by branch and product.

    `kind` is `loan` or `commitment`; `level` is the allowance after it. Append-only.
    """

    on = models.DateField()
    number = models.IntegerField()
    branch = models.CharField(max_length=12)
    product_code = models.CharField(max_length=40)
    kind = models.CharField(max_length=10)
    charge = models.DecimalField(max_digits=18, decimal_places=2)
    level = models.DecimalField(max_digits=18, decimal_places=2)
    parameters = models.CharField(max_length=30)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["on", "number", "branch", "product_code", "kind"],
                name="one_movement_a_run",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["loan", "commitment"]), name="provision_kind"
            ),
        ]
