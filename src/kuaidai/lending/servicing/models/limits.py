"""The limit account: group total, line, part of a line per product, reservations, history.

`used` is principal owed, `reserved` money on its way, `consumed` what a line that does not revolve
has been repaid: it cannot be drawn again. Rows are locked from the group down.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Level(models.Model):
    """One level of the limit account: what is granted, and what of it is used and reserved."""

    granted = models.DecimalField(max_digits=18, decimal_places=2)
    used = models.DecimalField(default=0, max_digits=18, decimal_places=2)
    reserved = models.DecimalField(default=0, max_digits=18, decimal_places=2)

    class Meta:
        abstract = True


class LimitGroup(Level):
    """One obligor for the bank: a firm, its owner and the firms linked to them, under one total."""

    id = models.CharField(primary_key=True, max_length=20)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(used__gte=0, reserved__gte=0, granted__gte=F("used") + F("reserved")),
                name="never_drawn_over_the_group_total",
            ),
        ]


class GroupMember(models.Model):
    """A firm (by its code) or a person (by customer number) that counts to a group."""

    group = models.ForeignKey(LimitGroup, on_delete=models.PROTECT, related_name="members")
    kind = models.CharField(max_length=6)
    number = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "number"], name="in_one_group_only"),
            models.CheckConstraint(condition=Q(kind__in=["firm", "person"]), name="member_kind"),
        ]


class ApprovedLevel(Level):
    """A line or a part of one: its terms, and the bounds of the approval it rests on.

    Money is drawn up to the approval's last day.
    """

    consumed = models.DecimalField(default=0, max_digits=18, decimal_places=2)
    annual_rate = models.DecimalField(max_digits=9, decimal_places=6)
    method = models.CharField(max_length=40)
    months = models.SmallIntegerField()

    approval_reference = models.CharField(max_length=40)
    approved_amount = models.DecimalField(max_digits=18, decimal_places=2)
    approved_rate = models.DecimalField(max_digits=9, decimal_places=6)
    approved_months = models.SmallIntegerField()
    approval_expires_on = models.DateField()

    class Meta:
        abstract = True


def never_drawn_over(name: str) -> models.CheckConstraint:
    """Used, reserved and consumed are within the grant, by a constraint of that name."""
    return models.CheckConstraint(
        condition=Q(
            used__gte=0,
            reserved__gte=0,
            consumed__gte=0,
            granted__gte=F("used") + F("reserved") + F("consumed"),
        ),
        name=name,
    )


def within_approval(name: str, **more: F) -> models.CheckConstraint:
    """Grant, rate and term are within the approval, and `more`, by a constraint of that name."""
    return models.CheckConstraint(
        condition=Q(
            granted__lte=F("approved_amount"),
            annual_rate__gte=F("approved_rate"),
            months__lte=F("approved_months"),
            **more,
        ),
        name=name,
    )


class SubLimit(ApprovedLevel):
    """What one product may take of a line, and its terms. Parts may add up to more than the line."""

    facility = models.ForeignKey(
        "servicing.Facility", on_delete=models.PROTECT, related_name="sub_limits"
    )
    product_code = models.CharField(max_length=40)
    revolving = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["facility", "product_code"], name="one_sub_limit_per_product"
            ),
            never_drawn_over("never_drawn_over_the_sub_limit"),
            within_approval("sub_limit_within_its_approval"),
        ]


class LimitReservation(models.Model):
    """Room taken on a limit account for something on its way: later posted (used) or released.

    `key` is the asker's: the same key on the same line is the same reservation.
    """

    facility = models.ForeignKey(
        "servicing.Facility",
        on_delete=models.PROTECT,
        related_name="reservations",
        db_index=False,  # the key's own index begins with it
    )
    key = models.CharField(max_length=100)
    request_hash = models.CharField(max_length=64)
    product_code = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    subject_type = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=40)
    state = models.CharField(max_length=10, default="reserved")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["facility", "key"], name="one_reservation_per_key"),
            models.UniqueConstraint(
                fields=["subject_type", "subject_id"], name="one_reservation_per_subject"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="reservation_is_positive"),
            models.CheckConstraint(
                condition=Q(state__in=["reserved", "posted", "released"]), name="reservation_state"
            ),
        ]


class LimitChange(models.Model):
    """One line of a limit's history: who changed it, when, why, from what to what. Append-only.

    `wanted` is the limit a cut aims at when more than that is in use.
    """

    facility = models.ForeignKey(
        "servicing.Facility", on_delete=models.PROTECT, related_name="changes"
    )
    kind = models.CharField(max_length=10)
    on = models.DateField()
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=100)
    reason = models.TextField()
    granted_from = models.DecimalField(max_digits=18, decimal_places=2)
    granted_to = models.DecimalField(max_digits=18, decimal_places=2)
    wanted = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    status_from = models.CharField(max_length=10)
    status_to = models.CharField(max_length=10)
    approval_reference = models.CharField(max_length=40)

    class Meta:
        indexes = [models.Index(fields=["facility", "-id"])]
