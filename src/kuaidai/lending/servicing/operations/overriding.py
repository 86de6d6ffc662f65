"""Set a class by hand: one member of staff asks, another decides."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import IntegrityError, transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.servicing.domain.classification import CLASS_TITLES, RiskClass
from kuaidai.lending.servicing.domain.risk_views import OverrideView
from kuaidai.lending.servicing.errors import (
    OverrideDecided,
    OverrideNotWorse,
    OverrideTerm,
    OverrideWaiting,
    OverrideWithoutReason,
    SameEyes,
    UnknownLoan,
    UnknownOverride,
)
from kuaidai.lending.servicing.models import ClassOverride, DebtorRisk, Loan, LoanRisk
from kuaidai.lending.servicing.operations.classifying import classify_debtors
from kuaidai.lending.servicing.risk_queries import override_view

LONGEST = timedelta(days=366)
SHORTEST_REASON, LONGEST_REASON = 10, 500
_STATES_ZH = {"approved": "批准", "rejected": "拒绝", "expired": "过期"}


@transaction.atomic
def request_override(
    *,
    loan_id: str,
    risk_class: RiskClass | None,
    reason: str,
    expires_on: date,
    on: date,
    actor: Actor,
) -> OverrideView:
    """Ask for a worse class until `expires_on`; or, with `risk_class` None, to confirm that the
    debtor can go on paying, which the way back from a bad class and the end of a watch need.

    Raises `UnknownLoan`, `OverrideNotWorse`, `OverrideTerm`, `OverrideWithoutReason`,
    `OverrideWaiting`.
    """
    loan = Loan.objects.filter(id=loan_id, status="active").first()
    if loan is None:
        raise UnknownLoan(value=loan_id)
    _require_worse(loan_id, risk_class)
    why = reason.strip()
    if not SHORTEST_REASON <= len(why) <= LONGEST_REASON:
        raise OverrideWithoutReason(count=len(why))
    if not on < expires_on <= on + LONGEST:
        raise OverrideTerm(value=expires_on, first=on + timedelta(days=1), last=on + LONGEST)
    try:
        with transaction.atomic():
            row = ClassOverride.objects.create(
                id=new_id("OVR"), loan=loan, kind="worsen" if risk_class else "confirm_capacity",
                risk_class=risk_class, reason=why, asked_by=actor.id, asked_on=on,
                expires_on=expires_on,
            )  # fmt: skip
    except IntegrityError as clash:
        raise OverrideWaiting(value=loan_id) from clash
    _audit(row, "override.requested", on, actor)
    return override_view(row)


def _require_worse(loan_id: str, risk_class: RiskClass | None) -> None:
    if risk_class is None:
        return
    risk = LoanRisk.objects.filter(loan_id=loan_id).first()
    now = RiskClass(risk.risk_class if risk else 1)
    if risk_class <= now:
        en, zh = CLASS_TITLES[now]
        raise OverrideNotWorse(value=loan_id, state=en.lower(), state_zh=zh)


def approve_override(*, override_id: str, note: str, on: date, actor: Actor) -> OverrideView:
    """Approve a request of somebody else; the debtor's loans are classified at once.

    Raises `UnknownOverride`, `SameEyes`, `OverrideDecided`.
    """
    return _decide(override_id, "approved", note, on, actor)


def reject_override(*, override_id: str, note: str, on: date, actor: Actor) -> OverrideView:
    """Reject a request of somebody else. Raises `UnknownOverride`, `SameEyes`, `OverrideDecided`."""
    return _decide(override_id, "rejected", note, on, actor)


@transaction.atomic
def _decide(override_id: str, status: str, note: str, on: date, actor: Actor) -> OverrideView:
    row = (
        ClassOverride.objects.select_for_update(no_key=True, of=("self",))
        .select_related("loan__facility")
        .filter(id=override_id)
        .first()
    )
    if row is None:
        raise UnknownOverride(value=override_id)
    state = "expired" if row.status == "waiting" and row.expires_on <= on else row.status
    if state != "waiting" and not (state == "expired" and status == "rejected"):
        raise OverrideDecided(value=override_id, state=state, state_zh=_STATES_ZH[state])
    if row.asked_by == actor.id:
        raise SameEyes(value=override_id, who=row.asked_by)
    row.status, row.note = status, note.strip()[:LONGEST_REASON]
    row.decided_by, row.decided_on = actor.id, on
    row.save(update_fields=["status", "note", "decided_by", "decided_on"])
    if status == "approved":
        uscc = row.loan.facility.uscc
        if row.kind == "confirm_capacity":
            DebtorRisk.objects.update_or_create(uscc=uscc, defaults={"capacity_confirmed_on": on})
        classify_debtors([uscc], on)
    _audit(row, f"override.{status}", on, actor)
    return override_view(row)


def _audit(row: ClassOverride, action: str, on: date, actor: Actor) -> None:
    record_audit(
        actor=actor, action=action, subject_type="loan", subject_id=row.loan_id, on=on,
        detail={"override": row.id, "kind": row.kind, "class": row.risk_class},
    )  # fmt: skip
