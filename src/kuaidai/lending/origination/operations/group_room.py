"""What the total of an applicant's obligor group leaves, for the offer that is being made.

Lines and open offers both count: two offers to linked firms must be such that both can be signed.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from kuaidai.lending.origination import queries
from kuaidai.lending.origination.domain.states import LIVE
from kuaidai.lending.origination.models import Application
from kuaidai.lending.products.catalogue import Product
from kuaidai.lending.servicing.group_queries import GroupStanding, members_of, standing_of
from kuaidai.lending.servicing.operations import hold_groups


def standing_for(application: Application, product: Product, on: date) -> GroupStanding | None:
    """The group's total and what is granted or offered under it; None where no group is known.

    Where other firms or applications may take of it, it stays so until the transaction ends.
    """
    members = members_of(uscc=application.uscc, person_no=application.person_no)
    firms = sorted(number for kind, number in members if kind == "firm")
    people = sorted(number for kind, number in members if kind == "person")
    others = Application.objects.filter(uscc=application.uscc, status__in=LIVE)
    if len(firms) > 1 or others.exclude(id=application.id).exists():
        hold_groups()
    held = standing_of(members, but=application.raises)
    offered = queries.offered_to(firms=firms, people=people, on=on, but=application.id)
    if held is None and not offered:
        return None
    total = product.total_credit_cap if held is None else held.total
    exposure = Decimal(0) if held is None else held.exposure
    return GroupStanding(total, exposure + offered)
