"""Open a facility; freeze and unfreeze it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.servicing.domain.states import FacilityStatus, require_transition
from kuaidai.lending.servicing.domain.views import FacilityView
from kuaidai.lending.servicing.errors import UnknownFacility
from kuaidai.lending.servicing.models import Facility
from kuaidai.lending.servicing.queries import facility_view


@transaction.atomic
def open_facility(
    *,
    application_id: str,
    contract_id: str,
    uscc: str,
    person_no: str,
    product_code: str,
    granted: Decimal,
    annual_rate: Decimal,
    method: str,
    months: int,
    opens_on: date,
    expires_on: date,
    account_no: str,
    actor: Actor,
) -> FacilityView:
    """Open the line of a signed contract. The same contract again returns the same facility."""
    row, created = Facility.objects.get_or_create(
        contract_id=contract_id,
        defaults={
            "id": new_id("FAC"), "application_id": application_id, "uscc": uscc, "person_no": person_no,
            "product_code": product_code, "granted": granted, "annual_rate": annual_rate,
            "method": method, "months": months, "opens_on": opens_on, "expires_on": expires_on,
            "account_no": account_no,
        },
    )  # fmt: skip
    if created:
        record_audit(
            actor=actor, action="facility.open", subject_type="facility", subject_id=row.id,
            on=opens_on, detail={"contract": contract_id, "granted": granted, "rate": annual_rate},
        )  # fmt: skip
    return facility_view(row)


def freeze_facility(*, facility_id: str, reason: str, on: date, actor: Actor) -> FacilityView:
    """Stop drawing under a line; what is owed is repaid as before.

    Raises `UnknownFacility`, `IllegalTransition`.
    """
    return _move(facility_id, FacilityStatus.FROZEN, reason, on, actor)


def unfreeze_facility(*, facility_id: str, reason: str, on: date, actor: Actor) -> FacilityView:
    """Let a frozen line be drawn again. Raises `UnknownFacility`, `IllegalTransition`."""
    return _move(facility_id, FacilityStatus.OPEN, reason, on, actor)


@transaction.atomic
def _move(
    facility_id: str, target: FacilityStatus, reason: str, on: date, actor: Actor
) -> FacilityView:
    row = Facility.objects.select_for_update(no_key=True).filter(id=facility_id).first()
    if row is None:
        raise UnknownFacility(value=facility_id)
    require_transition(facility_id=facility_id, state=row.status, target=target)
    before, row.status = row.status, target.value
    row.save(update_fields=["status"])
    record_audit(
        actor=actor, action=f"facility.{target}", subject_type="facility", subject_id=row.id, on=on,
        detail={"from": before, "reason": reason},
    )  # fmt: skip
    return facility_view(row)
