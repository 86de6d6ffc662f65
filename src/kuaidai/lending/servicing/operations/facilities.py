"""Open a facility; increase, cut, cancel, freeze and unfreeze it; let it expire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit
from kuaidai.kernel.errors import IllegalTransition
from kuaidai.kernel.identifiers import new_id
from kuaidai.kernel.money import ZERO, money_text, yuan
from kuaidai.lending.products.catalogue import product
from kuaidai.lending.servicing.domain.approvals import Approval
from kuaidai.lending.servicing.domain.states import LIVE, FacilityStatus, require_transition
from kuaidai.lending.servicing.domain.views import FacilityView
from kuaidai.lending.servicing.errors import (
    GroupTotalInUse,
    LimitReasonMissing,
    NotACut,
    NotAnIncrease,
    OddCents,
    UnknownFacility,
)
from kuaidai.lending.servicing.models import Facility, LimitChange, LimitGroup, SubLimit
from kuaidai.lending.servicing.operations.groups import locked_group, require_room
from kuaidai.lending.servicing.operations.limits import change_values, close_ended, write_change
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
    approval: Approval,
    actor: Actor,
    branch: str = "HEAD",
) -> FacilityView:
    """Open the line of a signed contract. The same contract again returns the same facility.

    Raises `ApprovalExpired`, `NotCoveredByApproval`, `AboveGroupTotal`.
    """
    approval.require_open(opens_on)
    approval.require_cover(
        product_code=product_code, amount=granted, annual_rate=annual_rate, months=months,
        expires_on=expires_on,
    )  # fmt: skip
    total = product(product_code).total_credit_cap
    group = locked_group(uscc=uscc, person_no=person_no, total=total)
    row = Facility.objects.filter(contract_id=contract_id).first()
    if row is not None:
        return facility_view(row)
    require_room(group, granted)
    row = Facility.objects.create(
        id=new_id("FAC"), application_id=application_id, contract_id=contract_id, group=group,
        branch=branch, uscc=uscc, person_no=person_no, product_code=product_code, granted=granted,
        annual_rate=annual_rate, method=method, months=months, opens_on=opens_on,
        expires_on=expires_on, account_no=account_no, **_bounds(approval),
    )  # fmt: skip
    _add_part(row, product_code, granted, annual_rate, method, months, approval)
    reason = f"Contract {contract_id}"
    write_change(
        row, kind="open", before=(ZERO, row.status), on=opens_on, actor=actor, reason=reason
    )
    record_audit(
        actor=actor, action="facility.open", subject_type="facility", subject_id=row.id,
        on=opens_on,
        detail={
            "contract": contract_id, "granted": granted, "rate": annual_rate,
            "approval": approval.reference, "group": group.id, "branch": branch,
        },
    )  # fmt: skip
    return facility_view(row)


def _bounds(approval: Approval) -> dict[str, object]:
    return {
        "approval_reference": approval.reference, "approved_amount": approval.amount,
        "approved_rate": approval.annual_rate, "approved_months": approval.months,
        "approval_expires_on": approval.draw_by,
    }  # fmt: skip


def _add_part(
    row: Facility, product_code: str, granted: Decimal, annual_rate: Decimal, method: str,
    months: int, approval: Approval,
) -> None:  # fmt: skip
    SubLimit.objects.create(
        facility=row, product_code=product_code, granted=granted, annual_rate=annual_rate,
        method=method, months=months, revolving=product(product_code).revolving,
        **_bounds(approval),
    )  # fmt: skip


@transaction.atomic
def add_product(
    *,
    facility_id: str,
    product_code: str,
    granted: Decimal,
    annual_rate: Decimal,
    method: str,
    months: int,
    approval: Approval,
    reason: str,
    on: date,
    actor: Actor,
) -> FacilityView:
    """Let another product draw under the line, up to `granted`, on an approval of its own.

    The parts may add up to more than the line, which bounds them all. Raises `UnknownFacility`,
    `IllegalTransition`, `ApprovalExpired`, `NotCoveredByApproval`, `LimitReasonMissing`.
    """
    row = _locked(facility_id, reason)
    _require_state(row, (FacilityStatus.OPEN,), "extended by a product")
    approval.require_open(on)
    approval.require_cover(
        product_code=product_code, amount=granted, annual_rate=annual_rate, months=months,
        expires_on=row.expires_on,
    )  # fmt: skip
    _add_part(row, product_code, granted, annual_rate, method, months, approval)
    before = (row.granted, row.status)
    _conclude(row, "product", before, f"{product_code} {granted}: {reason}", on, actor)
    return facility_view(row)


@transaction.atomic
def increase_facility(
    *, facility_id: str, to: Decimal, approval: Approval, reason: str, on: date, actor: Actor
) -> FacilityView:
    """Raise the limit to `to` on an open approval that covers it with the line's rate and term.

    Raises `UnknownFacility`, `IllegalTransition` unless the line is open, `NotAnIncrease`,
    `ApprovalExpired`, `NotCoveredByApproval`, `AboveGroupTotal`, `LimitReasonMissing`.
    """
    group_id = Facility.objects.filter(id=facility_id).values_list("group_id", flat=True).first()
    group = LimitGroup.objects.select_for_update(no_key=True).filter(id=group_id).first()
    row = _locked(facility_id, reason)
    if group is None or row.group_id != group.id:
        raise UnknownFacility(value=facility_id)  # it moved to another group this moment: ask again
    _require_state(row, (FacilityStatus.OPEN,), "increased")
    _require_cents(to)
    if to <= row.granted:
        raise NotAnIncrease(amount=money_text(to), granted=money_text(row.granted))
    approval.require_open(on)
    approval.require_cover(
        product_code=row.product_code, amount=to, annual_rate=row.annual_rate, months=row.months,
        expires_on=row.expires_on,
    )  # fmt: skip
    require_room(group, to - row.granted)
    before, row.granted, row.wanted = (row.granted, row.status), to, None
    bounds = _bounds(approval)
    for name, value in bounds.items():
        setattr(row, name, value)
    row.save(update_fields=["granted", "wanted", *bounds])
    part = SubLimit.objects.select_for_update(no_key=True).get(
        facility=row, product_code=row.product_code
    )
    SubLimit.objects.filter(id=part.id).update(granted=max(part.granted, to), **bounds)
    _conclude(row, "increase", before, reason, on, actor)
    return facility_view(row)


@transaction.atomic
def cut_facility(
    *, facility_id: str, to: Decimal, reason: str, on: date, actor: Actor
) -> FacilityView:
    """Lower the limit to `to`, or to what is drawn and on its way if that is more.

    In the second case `to` is remembered, and every repayment takes the limit further down to it.
    Raises `UnknownFacility`, `IllegalTransition` unless the line is open or frozen, `NotACut`,
    `LimitReasonMissing`.
    """
    row = _locked(facility_id, reason)
    _require_state(row, LIVE, "cut")
    _require_cents(to)
    if not ZERO <= to < row.granted:
        raise NotACut(amount=money_text(to), granted=money_text(row.granted))
    before = (row.granted, row.status)
    row.granted = max(to, row.used + row.reserved + row.consumed)
    row.wanted = to if to < row.granted else None
    row.save(update_fields=["granted", "wanted"])
    _conclude(row, "cut", before, reason, on, actor)
    return facility_view(row)


@transaction.atomic
def cancel_facility(*, facility_id: str, reason: str, on: date, actor: Actor) -> FacilityView:
    """End a line before its term: nothing is drawn any more; it closes when nothing is owed.

    Raises `UnknownFacility`, `IllegalTransition`, `LimitReasonMissing`.
    """
    row = _move(facility_id, FacilityStatus.CANCELLED, "cancel", reason, on, actor)
    return facility_view(row)


@transaction.atomic
def freeze_facility(*, facility_id: str, reason: str, on: date, actor: Actor) -> FacilityView:
    """Stop drawing under a line; what is owed is repaid as before.

    Raises `UnknownFacility`, `IllegalTransition`, `LimitReasonMissing`.
    """
    return facility_view(_move(facility_id, FacilityStatus.FROZEN, "freeze", reason, on, actor))


@transaction.atomic
def unfreeze_facility(*, facility_id: str, reason: str, on: date, actor: Actor) -> FacilityView:
    """Let a frozen line be drawn again.

    Raises `UnknownFacility`, `IllegalTransition`, `LimitReasonMissing`.
    """
    return facility_view(_move(facility_id, FacilityStatus.OPEN, "unfreeze", reason, on, actor))


@transaction.atomic
def set_group_total(*, group_id: str, to: Decimal, on: date, reason: str, actor: Actor) -> None:
    """Set the total of an obligor group; what is drawn under it is the least it can be.

    Raises `UnknownFacility` for an unknown group, `GroupTotalInUse`, `LimitReasonMissing`.
    """
    _require_reason(reason)
    _require_cents(to)
    group = LimitGroup.objects.select_for_update(no_key=True).filter(id=group_id).first()
    if group is None:
        raise UnknownFacility(value=group_id)
    drawn = group.used + group.reserved
    if to < drawn:
        raise GroupTotalInUse(amount=money_text(to), drawn=money_text(drawn))
    before, group.granted = group.granted, to
    group.save(update_fields=["granted"])
    record_audit(
        actor=actor, action="group.total", subject_type="group", subject_id=group.id, on=on,
        detail={"from": before, "to": to, "reason": reason},
    )  # fmt: skip


def expire_lines(*, on: date, actor: Actor) -> list[tuple[Facility, str]]:
    """End the lines whose first day past their term is the day after `on`; those under which
    nothing is owed are closed. Returns them with the state they had.

    Called inside the close of day's transaction, which records them (`record_expiries`) after it
    has moved the business date: the audit chain is locked last.
    """
    last = on + timedelta(days=1)
    rows = Facility.objects.select_for_update(no_key=True).filter(
        status__in=LIVE, expires_on__lte=last
    )
    ended = [(row, row.status) for row in rows.order_by("id")]
    Facility.objects.filter(id__in=[row.id for row, _ in ended]).update(
        status=FacilityStatus.EXPIRED
    )
    history = []
    for row, before in ended:
        row.status = FacilityStatus.EXPIRED.value
        reason = f"Term ended: {row.expires_on}"
        history.append(
            LimitChange(**change_values(row, "expire", (row.granted, before), on, actor, reason))
        )
    LimitChange.objects.bulk_create(history, batch_size=1000)
    for row, _ in ended:
        if row.used + row.reserved == 0:
            close_ended(row, on=on)
    return ended


def record_expiries(ended: Sequence[tuple[Facility, str]], *, on: date, actor: Actor) -> None:
    """One audit record for each line that `expire_lines` ended."""
    for row, before in ended:
        record_audit(
            actor=actor, action=f"facility.{FacilityStatus.EXPIRED}", subject_type="facility",
            subject_id=row.id, on=on, detail={"from": before, "expires_on": row.expires_on},
        )  # fmt: skip


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise LimitReasonMissing()


def _require_cents(amount: Decimal) -> None:
    if amount != yuan(amount):
        raise OddCents(amount=amount)


def _require_state(row: Facility, allowed: Sequence[FacilityStatus], target: str) -> None:
    if row.status not in allowed:
        raise IllegalTransition(kind="Facility", value=row.id, state=row.status, target=target)


def _locked(facility_id: str, reason: str) -> Facility:
    _require_reason(reason)
    row = Facility.objects.select_for_update(no_key=True).filter(id=facility_id).first()
    if row is None:
        raise UnknownFacility(value=facility_id)
    return row


def _move(
    facility_id: str, target: FacilityStatus, kind: str, reason: str, on: date, actor: Actor
) -> Facility:
    row = _locked(facility_id, reason)
    require_transition(facility_id=facility_id, state=row.status, target=target)
    before, row.status = (row.granted, row.status), target.value
    row.save(update_fields=["status"])
    _conclude(row, kind, before, reason, on, actor)
    return row


def _conclude(
    row: Facility, kind: str, before: tuple[Decimal, str], reason: str, on: date, actor: Actor
) -> None:
    """History, closing where nothing is left, and the audit record."""
    write_change(row, kind=kind, before=before, on=on, actor=actor, reason=reason.strip())
    action = {"freeze": "frozen", "unfreeze": "open", "cancel": "cancelled"}.get(kind, kind)
    if row.status == FacilityStatus.CANCELLED and row.used + row.reserved == 0:
        close_ended(row, on=on)
    record_audit(
        actor=actor, action=f"facility.{action}", subject_type="facility", subject_id=row.id, on=on,
        detail={
            "from": before[1], "granted_from": before[0], "granted_to": row.granted,
            "wanted": row.wanted, "reason": reason.strip(), "approval": row.approval_reference,
        },
    )  # fmt: skip
