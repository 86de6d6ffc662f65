"""Start, authorise, submit, withdraw."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django import app as jobs

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.errors import IdempotencyMismatch
from kuaidai.kernel.errors import IllegalTransition
from kuaidai.kernel.identifiers import parse_uscc
from kuaidai.lending.origination import queries
from kuaidai.lending.origination.domain import product_terms, terms
from kuaidai.lending.origination.domain.states import LIVE, Status
from kuaidai.lending.origination.domain.views import ApplicationView
from kuaidai.lending.origination.errors import AlreadySubmitted, ApplicationExists, FacilityOpen
from kuaidai.lending.origination.models import Application
from kuaidai.lending.origination.operations.offering import expire_if_lapsed
from kuaidai.lending.origination.operations.records import audit, locked, move, require_self
from kuaidai.lending.products.catalogue import product as product_of
from kuaidai.lending.servicing import queries as servicing
from kuaidai.lending.servicing.errors import UnknownFacility
from kuaidai.parties import queries as parties

COLLECT_TASK = "origination.collect"


def defer_collection(application_id: str, *, in_seconds: int = 0) -> None:
    """Queue the job that collects and decides; it exists only if the transaction commits."""
    task = jobs.configure_task(
        COLLECT_TASK,
        queue="decisions",
        lock=application_id,
        schedule_in={"seconds": in_seconds} if in_seconds else None,
    )
    task.defer(application_id=application_id)


def _alone_for(uscc: str, product_code: str) -> None:
    """Let one starter at a time look for the firm's applications, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"origination.start:{uscc}:{product_code}"],
        )


def _refuse_second(
    *, uscc: str, product_code: str, raises: str | None, actor: Actor, on: date
) -> None:
    """Raises `ApplicationExists` or `FacilityOpen`; an offer that lapsed is expired on the way."""
    live = (
        Application.objects.select_for_update()
        .filter(uscc=uscc, product_code=product_code, status__in=sorted(LIVE))
        .first()
    )
    if live is not None and not expire_if_lapsed(live, actor=actor, on=on):
        raise ApplicationExists(
            uscc=uscc, application_id=live.id, product=product_code, status=live.status
        )
    for facility in servicing.facilities_of(uscc=uscc):
        alike = facility.product_code == product_code and facility.status in ("open", "frozen")
        if alike and facility.id != raises:
            raise FacilityOpen(uscc=uscc, facility_id=facility.id, product=product_code)


def _require_raisable(facility_id: str, *, uscc: str, product_code: str) -> None:
    """Raises `UnknownFacility` unless the firm has that line, `IllegalTransition` unless it is open."""
    line = servicing.facility(facility_id)
    if (line.uscc, line.product_code) != (uscc, product_code):
        raise UnknownFacility(value=facility_id)
    if line.status != "open":
        raise IllegalTransition(
            kind="Facility", value=facility_id, state=line.status, target="increased"
        )


def start_application(
    *, person_no: str, uscc: str, product_code: str, actor: Actor, on: date, key: str,
    raises: str | None = None,
) -> ApplicationView:  # fmt: skip
    """A draft for the firm and product. The same `key` again returns the same application.

    With `raises` it asks for a higher limit of that open line, not for another one. Raises
    `MalformedUscc`, `UnknownEnterprise`, `NotTheOwner`, `UnknownProduct`, `UnknownFacility`,
    `IllegalTransition`, `ApplicationExists`, `FacilityOpen`, `IdempotencyMismatch`.
    """
    require_self(person_no=person_no, actor=actor)
    code = parse_uscc(uscc)
    product = product_of(product_code)
    enterprise = parties.enterprise(uscc=code)
    parties.require_owner(person_no=person_no, uscc=code)
    with transaction.atomic():
        _alone_for(code, product.code)
        before = Application.objects.filter(person_no=person_no, start_key=key).first()
        if before is not None:
            if (before.uscc, before.product_code, before.raises) != (code, product.code, raises):
                raise IdempotencyMismatch(key=key)
            return queries.application(before.id)
        if raises is not None:
            _require_raisable(raises, uscc=code, product_code=product.code)
        _refuse_second(uscc=code, product_code=product.code, raises=raises, actor=actor, on=on)
        application = Application.objects.create(
            start_key=key,
            uscc=code,
            enterprise_name=enterprise.name,
            person_no=person_no,
            product_code=product.code,
            started_at=timezone.now(),
            started_on=on,
            raises=raises,
        )
        detail = {"product": product.code} | ({"raises": raises} if raises else {})
        audit(application, "started", actor=actor, on=on, detail=detail)
        return queries.application(application.id)


def authorise_application(*, application_id: str, actor: Actor, on: date) -> ApplicationView:
    """Note that every authorisation the product needs is live: draft becomes authorised.

    Raises `AuthorisationsIncomplete`, naming what is missing.
    """
    with transaction.atomic():
        application = locked(application_id, actor)
        if application.status != Status.AUTHORISED:
            queries.require_authorisations(
                person_no=application.person_no,
                uscc=application.uscc,
                product_code=application.product_code,
                on=on,
            )
            move(application, Status.AUTHORISED)
            application.save(update_fields=["status"])
            audit(application, "authorised", actor=actor, on=on, detail={})
        return queries.application(application.id)


def _check_request(product_code: str, amount: Decimal, months: int, purpose: str) -> None:
    product = product_of(product_code)
    choice = product_terms.choice_of(product, most=product.cap)
    terms.check_amount(amount, choice)
    terms.check_months(months, choice)
    terms.check_purpose(purpose, product_terms.purpose_codes(product))


def submit_application(
    *,
    application_id: str,
    amount: Decimal,
    months: int,
    purpose: str,
    actor: Actor,
    on: date,
    now: datetime,
) -> ApplicationView:
    """Store the request, move to collecting, and queue the collection in the same transaction.

    Raises `AlreadySubmitted`, `AuthorisationsIncomplete`, `AmountOutOfRange`, `AmountOffStep`,
    `TenorNotOffered`, `PurposeNotAllowed`, `IllegalTransition`.
    """
    with transaction.atomic():
        application = locked(application_id, actor)
        if application.submitted_at is not None:
            raise AlreadySubmitted(application_id=application.id, status=application.status)
        if application.status not in (Status.DRAFT, Status.AUTHORISED):
            raise IllegalTransition(
                kind="Application",
                value=application.id,
                state=application.status,
                target=Status.COLLECTING.value,
            )
        _check_request(application.product_code, amount, months, purpose)
        queries.require_authorisations(
            person_no=application.person_no,
            uscc=application.uscc,
            product_code=application.product_code,
            on=on,
        )
        if application.status == Status.DRAFT:
            move(application, Status.AUTHORISED)
        move(application, Status.COLLECTING)
        application.amount, application.months, application.purpose = amount, months, purpose
        application.submitted_at, application.submitted_on = now, on
        application.save()
        audit(
            application,
            "submitted",
            actor=actor,
            on=on,
            detail={"amount": str(amount), "months": months, "purpose": purpose},
        )
        defer_collection(application.id)
        return queries.application(application.id)


def withdraw(*, application_id: str, actor: Actor, on: date, reason: str = "") -> ApplicationView:
    """The applicant gives up an application that is not signed yet. Raises `IllegalTransition`."""
    with transaction.atomic():
        application = locked(application_id, actor)
        before = move(application, Status.WITHDRAWN)
        application.save(update_fields=["status"])
        audit(
            application, "withdrawn", actor=actor, on=on, detail={"from": before, "reason": reason}
        )
        return queries.application(application.id)
