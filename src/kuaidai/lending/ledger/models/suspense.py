"""Money that came in and that nobody could be found to credit yet."""

from __future__ import annotations

from django.db import models

from kuaidai.lending.ledger.domain.entries import HEAD


class UnmatchedMoney(models.Model):
    """An amount held in suspense; `remaining` is what was neither applied nor returned.

    `reference` is the bank core's own number of the credit, so that it is received once. `payer` is
    kept masked: who paid is looked up in the core.
    """

    id = models.CharField(max_length=20, primary_key=True)
    reference = models.CharField(max_length=64, unique=True)
    branch = models.CharField(max_length=12, default=HEAD)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    remaining = models.DecimalField(max_digits=18, decimal_places=2)
    payer = models.CharField(max_length=100)
    received_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, remaining__gte=0)
                & models.Q(remaining__lte=models.F("amount")),
                name="unmatched_money_between_nothing_and_all",
            ),
        ]
        indexes = [
            models.Index(
                fields=["received_on", "id"], name="ledger_unmatched_open",
                condition=models.Q(remaining__gt=0),
            ),
        ]  # fmt: skip


class UnmatchedUse(models.Model):
    """What became of an amount in suspense, in whole or part: applied to a loan, or returned."""

    key = models.CharField(max_length=100, unique=True)
    money = models.ForeignKey(UnmatchedMoney, on_delete=models.PROTECT, related_name="uses")
    kind = models.CharField(max_length=10)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    target = models.CharField(max_length=64)
    on = models.DateField()
    actor_id = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="unmatched_use_positive"),
            models.CheckConstraint(
                condition=models.Q(kind__in=("applied", "returned")),
                name="unmatched_use_known_kind",
            ),
        ]
