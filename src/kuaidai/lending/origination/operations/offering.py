"""The open offer: try terms, choose terms, let it lapse."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from kuaidai.foundation.actors import Actor
from kuaidai.kernel.errors import NotFound
from kuaidai.lending.origination import queries
from kuaidai.lending.origination.domain import product_terms, terms
from kuaidai.lending.origination.domain.states import Status
from kuaidai.lending.origination.domain.views import ApplicationView
from kuaidai.lending.origination.errors import NoOffer, OfferExpired, RaisesLine
from kuaidai.lending.origination.models import Application, Contract, OfferTerms
from kuaidai.lending.origination.operations.records import audit, locked, move
from kuaidai.lending.products.catalogue import product as product_of
from kuaidai.lending.servicing.domain.agreeing import terms_for
from kuaidai.lending.servicing.domain.quote import Quote, quote

_OPEN = (Status.APPROVED, Status.OFFERED)


def _lapsed(application: Application, on: date) -> bool:
    last_day = application.offer_expires_on
    return application.status in _OPEN and last_day is not None and last_day < on


def expire_if_lapsed(application: Application, *, actor: Actor, on: date) -> bool:
    """Expire the locked application if its offer's last day is past; true if it did."""
    if not _lapsed(application, on):
        return False
    before = move(application, Status.EXPIRED)
    application.save(update_fields=["status"])
    audit(application, "expired", actor=actor, on=on, detail={"from": before})
    return True


def require_open_offer(application: Application, on: date) -> tuple[Decimal, Decimal]:
    """The offer's limit and annual rate.

    Raises `NoOffer` without an offer, `OfferExpired` after its last day.
    """
    lapsed_before = application.status == Status.EXPIRED and application.offer_expires_on
    if lapsed_before or _lapsed(application, on):
        raise OfferExpired(application_id=application.id, expires_on=application.offer_expires_on)
    if application.status not in _OPEN:
        raise NoOffer(application_id=application.id, status=application.status)
    assert application.offer_limit is not None and application.offer_rate is not None
    return application.offer_limit, application.offer_rate


def _quoted(
    application: Application, *, amount: Decimal, months: int, method: str, on: date
) -> Quote:
    limit, rate = require_open_offer(application, on)
    product = product_of(application.product_code)
    choice = product_terms.choice_of(product, most=limit)
    terms.check_amount(amount, choice)
    terms.check_months(months, choice)
    terms.check_method(method, choice)
    return quote(
        terms_for(
            product,
            amount=amount,
            months=months,
            method=method,
            annual_rate=rate,
            on=on,
        )
    )


def preview_terms(
    *,
    application_id: str,
    amount: Decimal,
    months: int,
    method: str,
    on: date,
    actor: Actor | None = None,
) -> Quote:
    """Schedule and annualised rate if the whole amount were drawn on `on`; changes nothing.

    Raises `NotFound` (also where `actor` is a person and the application is not theirs),
    `NoOffer`, `OfferExpired`, `AmountOutOfRange`, `AmountOffStep`, `TenorNotOffered`,
    `MethodNotOffered`.
    """
    application = Application.objects.filter(id=application_id).first()
    person = actor.id if actor is not None and actor.kind == "person" else None
    if application is None or (person is not None and person != application.person_no):
        raise NotFound(kind="application", value=application_id)
    return _quoted(application, amount=amount, months=months, method=method, on=on)


def choose_terms(
    *,
    application_id: str,
    amount: Decimal,
    months: int,
    method: str,
    actor: Actor,
    on: date,
    now: datetime,
) -> ApplicationView:
    """Fix amount, tenor and method under the offer; may be repeated until the contract is signed.

    A contract prepared on other terms is superseded. Raises `RaisesLine`, and what `preview_terms`
    raises.
    """
    with transaction.atomic():
        application = locked(application_id, actor)
        limit, rate = require_open_offer(application, on)
        if application.raises is not None:
            raise RaisesLine(application_id=application.id, facility_id=application.raises)
        quoted = _quoted(application, amount=amount, months=months, method=method, on=on)
        OfferTerms.objects.update_or_create(
            application=application,
            defaults={
                "limit": limit,
                "amount": amount,
                "months": months,
                "method": method,
                "annual_rate": rate,
                "nominal": quoted.annualised.nominal,
                "effective": quoted.annualised.effective,
                "total_interest": quoted.total_interest,
                "chosen_at": now,
            },
        )
        application.contracts.filter(status=Contract.State.PREPARED).update(
            status=Contract.State.SUPERSEDED
        )
        move(application, Status.OFFERED)
        application.save(update_fields=["status"])
        audit(
            application,
            "terms_chosen",
            actor=actor,
            on=on,
            detail={"amount": str(amount), "months": months, "method": method},
        )
        return queries.application(application.id)


def expire_offers(*, on: date, actor: Actor | None = None) -> int:
    """Expire every open offer whose last day is before `on`; how many were."""
    doer = actor or Actor.system("origination.expire_offers")
    expired = 0
    lapsed = Application.objects.filter(status__in=_OPEN, offer_expires_on__lt=on)
    for number in list(lapsed.values_list("id", flat=True)):
        with transaction.atomic():
            expired += expire_if_lapsed(locked(number, doer), actor=doer, on=on)
    return expired
