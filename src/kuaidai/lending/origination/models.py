"""Tables of origination: applications, resolutions of referred ones, chosen terms, contracts."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from kuaidai.foundation.encryption import EncryptedTextField
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.origination.domain.states import LIVE, WITH_OFFER, Status


def application_id() -> str:
    """A fresh application number."""
    return new_id("APP")


def contract_id() -> str:
    """A fresh contract number."""
    return new_id("CTR")


class Application(models.Model):
    """A firm's request for one product, applied for by one of its owners.

    `raises` is the line whose limit the approval is to raise; such an application has no contract and
    no line of its own.
    """

    id = models.CharField(primary_key=True, max_length=20, default=application_id)
    start_key = models.CharField(max_length=100)
    uscc = models.CharField(max_length=18)
    enterprise_name = models.CharField(max_length=200)
    person_no = models.CharField(max_length=40)
    product_code = models.CharField(max_length=60)
    status = models.CharField(max_length=20, default=Status.DRAFT)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    months = models.PositiveSmallIntegerField(null=True)
    purpose = models.CharField(max_length=60, blank=True)
    started_at = models.DateTimeField()
    started_on = models.DateField()
    submitted_at = models.DateTimeField(null=True)
    submitted_on = models.DateField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    decision_id = models.CharField(max_length=20, null=True, unique=True)
    decided_at = models.DateTimeField(null=True)
    decided_on = models.DateField(null=True)
    offer_limit = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    offer_rate = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    offer_expires_on = models.DateField(null=True)
    facility_id = models.CharField(max_length=20, null=True, unique=True)
    raises = models.CharField(max_length=20, null=True)

    class Meta:
        ordering = ["-started_at", "id"]
        indexes = [
            models.Index(fields=["person_no", "-started_at"]),
            models.Index(fields=["status", "-started_at"]),
            models.Index(fields=["offer_expires_on"]),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["uscc", "product_code"],
                condition=Q(status__in=sorted(LIVE)),
                name="one_live_application_per_firm_and_product",
            ),
            models.UniqueConstraint(
                fields=["person_no", "start_key"], name="application_started_once_per_key"
            ),
            models.CheckConstraint(
                condition=Q(status__in=sorted(Status)), name="application_status_known"
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0),
                name="application_amount_positive",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=list(WITH_OFFER))
                | Q(
                    offer_limit__gt=0,
                    offer_rate__gte=0,
                    offer_expires_on__isnull=False,
                    decision_id__isnull=False,
                ),
                name="application_offer_complete",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.ACTIVE)
                | Q(facility_id__isnull=False)
                | Q(raises__isnull=False),
                name="application_active_has_facility",
            ),
        ]

    def __str__(self) -> str:
        return self.id


class Resolution(models.Model):
    """What a risk officer decided about a referred application, and why."""

    application = models.OneToOneField(
        Application, on_delete=models.PROTECT, related_name="resolution"
    )
    outcome = models.CharField(max_length=10)
    limit = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    reason = models.TextField()
    resolved_by = models.CharField(max_length=100)
    resolved_by_name = models.CharField(max_length=200)
    resolved_on = models.DateField()
    resolved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="approve", limit__gt=0)
                | Q(outcome="decline", limit__isnull=True),
                name="resolution_limit_fits_outcome",
            )
        ]

    def __str__(self) -> str:
        return f"{self.application_id}: {self.outcome}"


class OfferTerms(models.Model):
    """The terms the applicant chose under the offer; `limit` repeats the offer's as a guard."""

    application = models.OneToOneField(Application, on_delete=models.PROTECT, related_name="terms")
    limit = models.DecimalField(max_digits=18, decimal_places=2)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    months = models.PositiveSmallIntegerField()
    method = models.CharField(max_length=60)
    annual_rate = models.DecimalField(max_digits=9, decimal_places=6)
    nominal = models.DecimalField(max_digits=9, decimal_places=6)
    effective = models.DecimalField(max_digits=9, decimal_places=6)
    total_interest = models.DecimalField(max_digits=18, decimal_places=2)
    chosen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__lte=F("limit")), name="terms_within_limit"
            ),
            models.CheckConstraint(condition=Q(months__gt=0), name="terms_months_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id}: {self.amount} / {self.months}"


class Contract(models.Model):
    """A contract document; `pdf` is encrypted, and hashed before encryption."""

    class State(models.TextChoices):
        """Prepared, then signed, or superseded when terms change."""

        PREPARED = "prepared"
        SIGNED = "signed"
        SUPERSEDED = "superseded"

    id = models.CharField(primary_key=True, max_length=20, default=contract_id)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="contracts")
    status = models.CharField(max_length=12, choices=State.choices, default=State.PREPARED)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    months = models.PositiveSmallIntegerField()
    method = models.CharField(max_length=60)
    annual_rate = models.DecimalField(max_digits=9, decimal_places=6)
    opens_on = models.DateField()
    expires_on = models.DateField()
    account_no = EncryptedTextField()
    text_hash = models.CharField(max_length=64)
    pdf = models.BinaryField()
    pdf_hash = models.CharField(max_length=64)
    prepared_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    certificate_serial = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application"],
                condition=Q(status__in=["prepared", "signed"]),
                name="one_standing_contract_per_application",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["prepared", "signed", "superseded"]),
                name="contract_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="signed")
                | (Q(signed_at__isnull=False) & ~Q(certificate_serial="")),
                name="contract_signed_has_certificate",
            ),
        ]

    def __str__(self) -> str:
        return self.id
