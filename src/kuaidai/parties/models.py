"""Firms, people, who owns what, and the authorisations they gave."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from kuaidai.foundation.encryption import EncryptedTextField


class Enterprise(models.Model):
    """A firm, by its unified social credit code."""

    uscc = models.CharField(max_length=18, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    industry_code = models.CharField(max_length=4)
    province_code = models.CharField(max_length=2)
    established_on = models.DateField()


class Person(models.Model):
    """A person, by the bank's customer number; identifiers are encrypted and found by blind index."""

    customer_no = models.CharField(max_length=40, unique=True)
    name = EncryptedTextField()
    resident_id = EncryptedTextField()
    resident_id_index = models.CharField(max_length=64, unique=True)
    phone = EncryptedTextField()
    phone_index = models.CharField(max_length=64, unique=True)
    birth_date = models.DateField()
    user = models.OneToOneField(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT)


class EnterpriseLink(models.Model):
    """A person's role in a firm."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="links")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="links")
    role = models.CharField(max_length=30)
    share = models.DecimalField(max_digits=7, decimal_places=6)
    since = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enterprise", "person"], name="one_link_per_person_and_firm"
            ),
            models.CheckConstraint(
                condition=models.Q(share__gte=0, share__lte=1), name="share_is_a_fraction"
            ),
        ]


class Authorisation(models.Model):
    """A consent that was given. It ends in one of two ways, and nothing else ever changes: its giver
    withdraws it (`withdrawn_at`), or a new one follows after it expired (`replaced_at`).
    """

    id = models.CharField(primary_key=True, max_length=20)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT)
    person = models.ForeignKey(Person, on_delete=models.PROTECT)
    kind = models.CharField(max_length=30)
    text_version = models.CharField(max_length=20)
    text_hash = models.CharField(max_length=64)
    language = models.CharField(max_length=10)
    purposes = models.JSONField()
    granted_at = models.DateTimeField()
    granted_on = models.DateField()
    expires_on = models.DateField()
    withdrawn_at = models.DateTimeField(null=True)
    replaced_at = models.DateTimeField(null=True)
    channel = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enterprise", "person", "kind"],
                condition=models.Q(withdrawn_at=None, replaced_at=None),
                name="one_open_authorisation_per_kind",
            ),
        ]
