"""The obligor group of a line: the firm, its owner and the firms linked to them."""

from __future__ import annotations

from decimal import Decimal

from django.db import connection

from kuaidai.kernel.identifiers import new_id
from kuaidai.kernel.money import ZERO, money_text
from kuaidai.lending.servicing.errors import AboveGroupTotal
from kuaidai.lending.servicing.group_queries import members_of, membership
from kuaidai.lending.servicing.models import Facility, GroupMember, LimitGroup
from kuaidai.lending.servicing.queries import exposure


def hold_groups() -> None:
    """Until the transaction ends no other one opens a line or offers one to linked firms."""
    with connection.cursor() as cursor:  # one at a time: two openings must not make two groups
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('kuaidai.limit_groups'))")


def locked_group(*, uscc: str, person_no: str, total: Decimal) -> LimitGroup:
    """The group the firm counts to, locked; made with `total` when there is none.

    Groups that turn out to be linked become one: their lines, what is drawn under them and the
    higher of their totals.
    """
    hold_groups()
    wanted = members_of(uscc=uscc, person_no=person_no)
    found = membership(wanted)
    ids = sorted(set(found.values_list("group_id", flat=True)))
    groups = list(
        LimitGroup.objects.select_for_update(no_key=True).filter(id__in=ids).order_by("id")
    )
    if groups:
        group, *others = groups
        for other in others:
            _merge(group, other)
    else:
        group = LimitGroup.objects.create(id=new_id("GRP"), granted=total)
    missing = wanted - set(found.values_list("kind", "number"))
    GroupMember.objects.bulk_create(
        [GroupMember(group=group, kind=kind, number=number) for kind, number in sorted(missing)]
    )
    return group


def _merge(group: LimitGroup, other: LimitGroup) -> None:
    """Move everything of `other` to `group`; both are locked."""
    list(Facility.objects.select_for_update(no_key=True).filter(group=other).order_by("id"))
    Facility.objects.filter(group=other).update(group=group)
    GroupMember.objects.filter(group=other).update(group=group)
    group.used += other.used
    group.reserved += other.reserved
    group.granted = max(group.granted, other.granted, group.used + group.reserved)
    group.save(update_fields=["used", "reserved", "granted"])
    other.delete()


def require_room(group: LimitGroup, more: Decimal) -> None:
    """Refuse to commit `more` than the group's total leaves. Raises `AboveGroupTotal`."""
    left = max(ZERO, group.granted - exposure(Facility.objects.filter(group=group)))
    if more > left:
        raise AboveGroupTotal(
            amount=money_text(more), available=money_text(left), total=money_text(group.granted)
        )
