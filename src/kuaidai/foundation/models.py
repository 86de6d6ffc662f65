"""Tables every context stands on. Audit records are append-only: triggers refuse change and removal."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class Role(models.TextChoices):
    """What a user is to the bank."""

    OWNER = "owner", "Owner"
    ACCOUNT_MANAGER = "account_manager", "Account manager"
    RISK_OFFICER = "risk_officer", "Risk officer"
    MODELLER = "modeller", "Modeller"
    OPERATIONS = "operations", "Operations clerk"
    ADMIN = "admin", "Administrator"


class User(AbstractUser):
    """Somebody who signs in: an owner (by one-time code) or a member of staff (by password)."""

    role = models.CharField(max_length=20, choices=Role.choices, default=Role.OWNER)


class BusinessDate(models.Model):
    """The one row that says which day the bank is on; only close of day moves it."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    on = models.DateField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_business_date")]


class AuditRecord(models.Model):
    """One thing that was done. `hash` covers the record and the hash before it in its stream.

    `number` orders all records (rolled-back work leaves gaps); `place` counts within the stream,
    without gaps.
    """

    number = models.BigIntegerField(primary_key=True)
    stream = models.SmallIntegerField()
    place = models.BigIntegerField()
    recorded_at = models.DateTimeField()
    business_date = models.DateField()
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=100)
    action = models.CharField(max_length=100)
    subject_type = models.CharField(max_length=50)
    subject_id = models.CharField(max_length=100)
    detail = models.JSONField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "place"], name="audit_place_once"),
        ]
        indexes = [models.Index(fields=["subject_type", "subject_id", "number"])]


class AuditHead(models.Model):
    """A stream's last place and hash: the row its appenders lock, and that shows a cut tail.

    Stream 0 holds the records from before there were streams; nothing is added to it.
    """

    id = models.SmallIntegerField(primary_key=True)
    place = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id__gte=0), name="audit_stream_number")
        ]


class IdempotencyKey(models.Model):
    """A request that was done, and what it returned."""

    scope = models.CharField(max_length=100)
    key = models.CharField(max_length=100)
    request_hash = models.CharField(max_length=64)
    result = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="key_once_per_scope")]


class OneTimeCode(models.Model):
    """A code that was sent; only its keyed hash is kept."""

    phone_index = models.CharField(max_length=64)
    purpose = models.CharField(max_length=100)
    code_hash = models.CharField(max_length=64)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries_left = models.SmallIntegerField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["phone_index", "purpose", "-issued_at"])]
