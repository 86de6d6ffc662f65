"""Set and move the business date."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.errors import BusinessDateBackwards, NoBusinessDate
from kuaidai.foundation.models import BusinessDate
from kuaidai.foundation.operations.audit import anchor_audit, record_audit


@transaction.atomic
def set_business_date(*, on: date, actor: Actor) -> None:
    """Open the bank on `on`. Raises `BusinessDateBackwards` if it is already past that day."""
    row = BusinessDate.objects.select_for_update().filter(id=1).first()
    if row is not None and row.on > on:
        raise BusinessDateBackwards(current=row.on, wanted=on)
    BusinessDate.objects.update_or_create(id=1, defaults={"on": on})
    record_audit(
        actor=actor, action="business_date.set", subject_type="bank", subject_id="1", on=on,
        detail={"from": row.on if row else None, "to": on},
    )  # fmt: skip


@transaction.atomic
def advance_business_date(*, actor: Actor) -> date:
    """Anchor the audit chains, move to the next calendar day and return it. Raises `NoBusinessDate`."""
    row = BusinessDate.objects.select_for_update().filter(id=1).first()
    if row is None:
        raise NoBusinessDate()
    anchor_audit(actor=actor, on=row.on)
    before, row.on = row.on, row.on + timedelta(days=1)
    row.save(update_fields=["on"])
    record_audit(
        actor=actor, action="business_date.advance", subject_type="bank", subject_id="1", on=row.on,
        detail={"from": before, "to": row.on},
    )  # fmt: skip
    return row.on
