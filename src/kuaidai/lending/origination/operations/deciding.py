"""Collect what is known about the applicant, decide, and let a person resolve what was referred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from kuaidai.data.features import compute_online
from kuaidai.data.sources import operations as sources
from kuaidai.data.sources import queries as source_reports
from kuaidai.data.sources.domain.subject import Subject
from kuaidai.data.sources.domain.views import ReportView
from kuaidai.foundation.actors import Actor
from kuaidai.kernel.money import ZERO, floor_to, money_text
from kuaidai.lending.origination import queries
from kuaidai.lending.origination.domain import terms
from kuaidai.lending.origination.domain.states import Status
from kuaidai.lending.origination.domain.views import ApplicationView
from kuaidai.lending.origination.errors import (
    AmountOutOfRange,
    LimitTooHigh,
    NotRiskOfficer,
    OutcomeUnknown,
    ReasonMissing,
)
from kuaidai.lending.origination.models import Application, Resolution
from kuaidai.lending.origination.operations.applying import defer_collection
from kuaidai.lending.origination.operations.group_room import standing_for
from kuaidai.lending.origination.operations.records import audit, locked, move
from kuaidai.lending.products.catalogue import Product
from kuaidai.lending.products.catalogue import product as product_of
from kuaidai.lending.servicing import queries as servicing
from kuaidai.parties import queries as parties
from kuaidai.risk.policy import operations as policy
from kuaidai.risk.policy import queries as policy_records
from kuaidai.risk.policy.domain.facts import DecisionFacts
from kuaidai.risk.policy.domain.views import DecisionView

LEAST_REASON = 10
_COLLECTABLE = (Status.COLLECTING, Status.WAITING_FOR_DATA)


def _begin(application_id: str, actor: Actor, on: date) -> Application | None:
    """The application once it is collecting or deciding; None if there is nothing left to do."""
    with transaction.atomic():
        application = locked(application_id, actor)
        if application.status == Status.DECIDING:
            return application  # a run before this one died between collecting and deciding
        if application.status not in _COLLECTABLE:
            return None
        if application.status == Status.WAITING_FOR_DATA:
            move(application, Status.COLLECTING)
        application.attempts += 1
        application.next_attempt_at = None
        application.save(update_fields=["status", "attempts", "next_attempt_at"])
        audit(
            application,
            "collecting",
            actor=actor,
            on=on,
            detail={"attempt": application.attempts},
        )
        return application


def _subject(application: Application) -> Subject:
    person = parties.person_by_number(application.person_no)
    return Subject(
        uscc=application.uscc,
        enterprise_name=application.enterprise_name,
        person_no=application.person_no,
        person_name=person.name,
        resident_id=person.resident_id,
    )


def _retryable(reports: Sequence[ReportView], required: Sequence[str]) -> list[str]:
    """Required sources whose answer is still missing and may come if asked again."""
    by_source = {report.source: report.status for report in reports}
    return [
        source
        for source in required
        if by_source.get(source, "pending") in ("pending", "failed", "invalid")
    ]


def _wait_or_go_on(
    application_id: str, missing: Sequence[str], *, actor: Actor, on: date, now: datetime
) -> bool:
    """True if the application is now deciding; else it waits and its job is queued again."""
    with transaction.atomic():
        application = locked(application_id, actor)
        if application.status == Status.DECIDING:
            return True
        if application.status != Status.COLLECTING:
            return False  # withdrawn while the platforms were asked
        if missing and application.attempts < terms.COLLECT_ATTEMPTS:
            delay = terms.retry_delay_seconds(application.attempts)
            move(application, Status.WAITING_FOR_DATA)
            application.next_attempt_at = now + timedelta(seconds=delay)
            application.save(update_fields=["status", "next_attempt_at"])
            detail = {"missing": list(missing), "attempt": application.attempts}
            audit(application, "waiting_for_data", actor=actor, on=on, detail=detail)
            defer_collection(application.id, in_seconds=delay)
            return False
        move(application, Status.DECIDING)
        application.save(update_fields=["status"])
        audit(application, "deciding", actor=actor, on=on, detail={"missing": list(missing)})
        return True


def _facts(application: Application, product: Product, on: date) -> DecisionFacts:
    assert application.amount is not None and application.months is not None
    features = compute_online(
        source_reports.tables(application_id=application.id),
        uscc=application.uscc,
        person_id=application.person_no,
        observed_on=on,
    )
    reports = {
        report.source: {"status": str(report.status), "payload_hash": report.payload_hash or ""}
        for report in source_reports.reports(application_id=application.id)
    }
    return DecisionFacts(
        product_code=product.code,
        requested_amount=application.amount,
        requested_months=application.months,
        decided_on=on,
        features=features,
        reports=reports,
        required_sources=tuple(product.required_sources),
        existing_exposure=servicing.exposure_of(uscc=application.uscc, but=application.raises),
        product_cap=product.cap,
    )


def _set_offer(application: Application, *, limit: Decimal, rate: Decimal, on: date) -> None:
    application.offer_limit, application.offer_rate = limit, rate
    application.offer_expires_on = on + timedelta(days=terms.OFFER_VALID_DAYS)


def _decide(application_id: str, *, actor: Actor, on: date) -> ApplicationView:
    application = Application.objects.get(id=application_id)
    product = product_of(application.product_code)
    facts = _facts(application, product, on)
    with transaction.atomic():
        application = locked(application_id, actor)
        if application.status != Status.DECIDING:
            return queries.application(application_id)
        group = standing_for(application, product, on)
        if group is not None:
            facts = replace(facts, group_total=group.total, group_exposure=group.exposure)
        decision = policy.decide_and_record(
            application_id=application_id, facts=facts, actor=actor, on=on
        )
        move(application, Status(str(decision.outcome)))
        application.decision_id = decision.id
        application.decided_at, application.decided_on = timezone.now(), on
        if application.status == Status.APPROVED:
            _set_offer(application, limit=decision.limit, rate=decision.annual_rate, on=on)
        application.save()
        audit(application, "decided", actor=actor, on=on, detail={"decision": decision.id})
        return queries.application(application_id)


def collect_and_decide(
    *, application_id: str, actor: Actor, on: date, now: datetime
) -> ApplicationView:
    """Ask every platform the product names, then decide: the body of the background job.

    May be called again at any moment: it takes up where a run that died left off, and does
    nothing once there is a decision. While a required platform is missing the application waits
    and the job is queued again, three attempts in all; then the policy refers it to a person.
    """
    application = _begin(application_id, actor, on)
    if application is None:
        return queries.application(application_id)
    if application.status == Status.COLLECTING:
        product = product_of(application.product_code)
        reports = sources.collect(
            subject=_subject(application),
            sources=(*product.required_sources, *product.optional_sources),
            application_id=application_id,
            on=on,
            actor=actor,
        )
        missing = _retryable(reports, product.required_sources)
        if not _wait_or_go_on(application_id, missing, actor=actor, on=on, now=now):
            return queries.application(application_id)
    return _decide(application_id, actor=actor, on=on)


def _require_risk_officer(actor: Actor) -> None:
    """Raises `NotRiskOfficer` unless `actor` is an active risk officer's login."""
    held = get_user_model().objects.filter(username=actor.id, role="risk_officer", is_active=True)
    if actor.kind != "staff" or not held.exists():
        raise NotRiskOfficer(who=actor.id, action="resolve a referred application")


def _granted(
    application: Application, decision: DecisionView, limit: Decimal | None, on: date
) -> Decimal:
    """The limit a risk officer may grant; raises `LimitTooHigh`, `AmountOutOfRange`."""
    product = product_of(application.product_code)
    bounds = [
        (decision.limit, "the policy's own figure", "策略测算额度"),
        (product.cap, "the product's cap", "产品上限"),
    ]
    group = standing_for(application, product, on)
    if group is not None:
        room = floor_to(max(ZERO, group.total - group.exposure), product.draw_step)
        bounds.append((room, "the room in the group's total", "关联客户总额度剩余空间"))
    most, bound_by, bound_by_zh = min(bounds, key=lambda bound: bound[0])
    granted = most if limit is None else limit
    if granted > most or most < product.floor:
        raise LimitTooHigh(
            limit=money_text(max(granted, product.floor)),
            most=money_text(most),
            bound_by=bound_by,
            bound_by_zh=bound_by_zh,
        )
    if granted < product.floor:
        raise AmountOutOfRange(
            amount=money_text(granted), least=money_text(product.floor), most=money_text(most)
        )
    return granted


def resolve_referral(
    *,
    application_id: str,
    outcome: str,
    reason: str,
    actor: Actor,
    on: date,
    limit: Decimal | None = None,
) -> ApplicationView:
    """A risk officer approves or declines; `limit` is at most product cap, policy figure and group room.

    Raises `NotRiskOfficer`, `OutcomeUnknown`, `ReasonMissing`, `LimitTooHigh`,
    `AmountOutOfRange`, `IllegalTransition`.
    """
    _require_risk_officer(actor)
    if outcome not in ("approve", "decline"):
        raise OutcomeUnknown(outcome=outcome)
    if len(reason.strip()) < LEAST_REASON:
        raise ReasonMissing(reason=reason.strip(), least=LEAST_REASON)
    with transaction.atomic():
        application = locked(application_id, actor)
        move(application, Status.APPROVED if outcome == "approve" else Status.DECLINED)
        assert application.decision_id is not None  # nothing is referred without a decision
        granted = None
        if outcome == "approve":
            decision = policy_records.decision(application.decision_id)
            granted = _granted(application, decision, limit, on)
            _set_offer(application, limit=granted, rate=decision.annual_rate, on=on)
        application.save()
        Resolution.objects.create(
            application=application,
            outcome=outcome,
            limit=granted,
            reason=reason.strip(),
            resolved_by=actor.id,
            resolved_by_name=actor.name,
            resolved_on=on,
            resolved_at=timezone.now(),
        )
        detail = {"outcome": outcome, "limit": str(granted or ""), "reason": reason.strip()}
        audit(application, "referral_resolved", actor=actor, on=on, detail=detail)
        return queries.application(application_id)
