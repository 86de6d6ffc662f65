"""The obligor group of a firm: who counts to it, what it may owe at the most, its total."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet

from kuaidai.kernel.money import ZERO
from kuaidai.lending.servicing.models import Facility, GroupMember, LimitGroup
from kuaidai.lending.servicing.queries import exposure
from kuaidai.parties import queries as parties

Member = tuple[str, str]
"""A firm by its code, `("firm", code)`, or a person by number, `("person", number)`."""


@dataclass(frozen=True)
class GroupStanding:
    """The total of a group, and what may be owed under its lines at the most."""

    total: Decimal
    exposure: Decimal


def members_of(*, uscc: str, person_no: str) -> set[Member]:
    """The firm, the owner who applied, the firm's other owners, and the firms of each of them."""
    people = {person_no, *(person.customer_no for person in parties.owners_of(uscc))}
    firms = {uscc}
    for person in people:
        firms |= {firm.uscc for firm in parties.enterprises_of(person)}
    return {("firm", code) for code in firms} | {("person", number) for number in people}


def membership(members: Iterable[Member]) -> QuerySet[GroupMember]:
    """The rows of those members that count to a group already."""
    known = Q()
    for kind, number in members:
        known |= Q(kind=kind, number=number)
    return GroupMember.objects.filter(known)


def standing_of(members: Iterable[Member], *, but: str | None = None) -> GroupStanding | None:
    """How the group of these members stands; of several, as if they were joined. None without any.

    The line `but` is left out of the exposure.
    """
    groups = LimitGroup.objects.filter(id__in=membership(members).values("group_id"))
    totals = list(groups.values_list("granted", "used", "reserved"))
    if not totals:
        return None
    drawn = sum((used + reserved for _, used, reserved in totals), ZERO)
    total = max(drawn, *(granted for granted, _, _ in totals))
    lines = Facility.objects.filter(group__in=groups).exclude(id=but)
    return GroupStanding(total, exposure(lines))
