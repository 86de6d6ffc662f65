"""Raise the limit of a line: under the approval it rests on, or under a new one made for it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import transaction

from kuaidai.foundation.actors import Actor
from kuaidai.lending.origination import queries
from kuaidai.lending.origination.domain.states import Status
from kuaidai.lending.origination.errors import NotForThisLine
from kuaidai.lending.origination.operations.offering import require_open_offer
from kuaidai.lending.origination.operations.records import audit, locked, move
from kuaidai.lending.servicing import operations as servicing
from kuaidai.lending.servicing import queries as lines
from kuaidai.lending.servicing.domain.views import FacilityView


@transaction.atomic
def raise_line(
    *,
    facility_id: str,
    to: Decimal,
    reason: str,
    actor: Actor,
    on: date,
    application_id: str | None = None,
) -> FacilityView:
    """Raise a line's limit to `to`, which the approval must cover whole, with the line's rate and term.

    `application_id` names an application made to raise this line; its approval is then the one that
    the line rests on. Without it the approval that the line rests on already is asked.
    Raises `NotForThisLine`, `NoOffer`, `OfferExpired`, and what `increase_facility` raises.
    """
    line = lines.facility(facility_id)
    application = locked(application_id or queries.approved_for(line), actor)
    if application.id != line.application_id and application.raises != facility_id:
        raise NotForThisLine(application_id=application.id, facility_id=facility_id)
    if application.raises is not None and application.status != Status.ACTIVE:
        require_open_offer(application, on)
    raised = servicing.increase_facility(
        facility_id=facility_id, to=to, approval=queries.approval_of(application.id),
        reason=reason, on=on, actor=actor,
    )  # fmt: skip
    if application.raises is not None and application.status != Status.ACTIVE:
        move(application, Status.ACTIVE)
        application.save(update_fields=["status"])
        detail = {"facility": facility_id, "to": str(to)}
        audit(application, "line_raised", actor=actor, on=on, detail=detail)
    return raised
