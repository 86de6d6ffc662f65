"""Open a facility."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.servicing.domain.views import FacilityView
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
