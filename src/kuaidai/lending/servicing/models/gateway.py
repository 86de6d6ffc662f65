"""The outbox of the gateway to the bank core. A trigger refuses to change what is final."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from kuaidai.foundation.encryption import EncryptedTextField
from kuaidai.lending.servicing.domain.core_orders import OrderKind, OrderState

_KINDS = [kind.value for kind in OrderKind]
_STATES = [state.value for state in OrderState]
_MOVED = [OrderState.SETTLED.value, OrderState.PARTLY_SETTLED.value]

_OPEN = [OrderState.NEW.value, OrderState.SENT.value, OrderState.UNKNOWN.value]


class CoreOrder(models.Model):
    """An order to the core and what became of it; the account is encrypted.

    `next_try_at` is when the outbox looks at it again: to send it, to ask for it, or to apply its
    outcome; null when there is nothing left to do, or when its caller sees to it. `applied_at`: when the
    outcome reached its subject, and on which of the bank's days (`applied_on`): the day its postings
    carry. `reconciled_on`: the day in whose statement it was found.
    """

    key = models.CharField(primary_key=True, max_length=100)
    kind = models.CharField(max_length=10)
    account = EncryptedTextField()
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    partial = models.BooleanField(default=False)
    memo = models.CharField(max_length=500, blank=True, default="")
    value_on = models.DateField()
    hold_key = models.CharField(max_length=100, blank=True, default="")
    subject_type = models.CharField(max_length=30, blank=True, default="")
    subject_id = models.CharField(max_length=40, blank=True, default="")
    state = models.CharField(max_length=15, default=OrderState.NEW.value)
    settled = models.DecimalField(default=0, max_digits=18, decimal_places=2)
    reason = models.TextField(blank=True, default="")
    booked_on = models.DateField(null=True)
    reference = models.CharField(max_length=64, blank=True, default="")
    tries = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    placed_at = models.DateTimeField(db_default=Now())
    applied_at = models.DateTimeField(null=True)
    applied_on = models.DateField(null=True)
    reconciled_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=_KINDS), name="core_order_kind"),
            models.CheckConstraint(condition=Q(state__in=_STATES), name="core_order_state"),
            models.CheckConstraint(
                condition=Q(amount__gt=0) & ~Q(key="") & Q(tries__gte=0), name="core_order_asks"
            ),
            models.CheckConstraint(
                condition=Q(state=OrderState.SETTLED.value, settled=F("amount"))
                | Q(
                    state=OrderState.PARTLY_SETTLED.value,
                    partial=True,
                    settled__gt=0,
                    settled__lt=F("amount"),
                )
                | (~Q(state__in=_MOVED) & Q(settled=0)),
                name="core_order_settled_fits_state",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_MOVED, booked_on__isnull=False)
                | (~Q(state__in=_MOVED) & Q(booked_on__isnull=True)),
                name="core_order_booked_when_settled",
            ),
            models.CheckConstraint(
                condition=Q(partial=False) | Q(kind=OrderKind.DEBIT.value),
                name="core_order_only_debits_in_part",
            ),
            models.CheckConstraint(
                condition=Q(applied_at__isnull=True)
                | Q(state__in=[*_MOVED, OrderState.REJECTED.value]),
                name="core_order_applied_when_final",
            ),
            models.CheckConstraint(
                condition=Q(applied_at__isnull=True, applied_on__isnull=True)
                | Q(applied_at__isnull=False, applied_on__isnull=False),
                name="core_order_applied_on_a_day",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(next_try_at__isnull=False),
                name="core_order_due",
            ),
            models.Index(
                fields=["booked_on"], condition=Q(booked_on__isnull=False), name="core_order_booked"
            ),
            models.Index(
                fields=["applied_on"],
                condition=Q(applied_on__isnull=False),
                name="core_order_applied",
            ),
            models.Index(fields=["value_on"], condition=Q(state__in=_OPEN), name="core_order_open"),
            models.Index(fields=["subject_type", "subject_id"], name="core_order_subject"),
        ]
