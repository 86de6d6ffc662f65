"""Draw money: reserve it on the line, pay it through the bank core, then make the loan."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from procrastinate.contrib.django import app as jobs

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit, run_once
from kuaidai.kernel.identifiers import new_id
from kuaidai.kernel.money import money_text, yuan
from kuaidai.lending.ledger.domain import chart
from kuaidai.lending.ledger.domain.entries import Line
from kuaidai.lending.ledger.operations import post
from kuaidai.lending.products.catalogue import product
from kuaidai.lending.servicing import bank_core
from kuaidai.lending.servicing.domain.states import STATE_ZH, FacilityStatus
from kuaidai.lending.servicing.domain.views import DrawdownView
from kuaidai.lending.servicing.errors import (
    AboveAvailable,
    CoreUnavailable,
    DrawTooSmall,
    FacilityNotOpen,
    OddCents,
    UnknownFacility,
    UnknownPurpose,
)
from kuaidai.lending.servicing.models import Drawdown, Facility, Loan
from kuaidai.lending.servicing.operations.projection import posting_day, require_not_ahead
from kuaidai.lending.servicing.queries import drawdown_view


def request_drawdown(
    *, facility_id: str, amount: Decimal, purpose: str, key: str, on: date, actor: Actor
) -> DrawdownView:
    """Draw `amount` for `purpose`: the same `key` again returns the same drawdown.

    The amount is reserved under the facility's row lock and a job to pay it is queued in the same
    transaction; then payment is tried at once. If the bank core is silent the drawdown stays
    pending and the job goes on. Raises `UnknownFacility`, `FacilityNotOpen`, `DatedAhead`,
    `UnknownPurpose`, `OddCents`, `DrawTooSmall`, `AboveAvailable`, `IdempotencyMismatch`.
    """

    def reserve() -> dict[str, Any]:
        return {"id": _reserve(facility_id, amount, purpose, on, actor)}

    done, _ = run_once(
        scope=f"drawdown:{facility_id}",
        key=key,
        request={"amount": amount.normalize(), "purpose": purpose},
        perform=reserve,
    )
    try:
        return pay_out(drawdown_id=done["id"], actor=actor)
    except CoreUnavailable:
        return drawdown_view(Drawdown.objects.get(id=done["id"]))


def _reserve(facility_id: str, amount: Decimal, purpose: str, on: date, actor: Actor) -> str:
    facility = Facility.objects.select_for_update(no_key=True).filter(id=facility_id).first()
    if facility is None:
        raise UnknownFacility(value=facility_id)
    _check(facility, amount, purpose, on)
    facility.reserved += amount
    facility.save(update_fields=["reserved"])
    row = Drawdown.objects.create(
        id=new_id("DRW"), facility=facility, amount=amount, purpose=purpose, requested_on=on
    )
    jobs.configure_task("servicing.pay_out", queue="payments", schedule_in={"seconds": 5}).defer(
        drawdown_id=row.id
    )
    record_audit(
        actor=actor, action="drawdown.request", subject_type="facility", subject_id=facility_id,
        on=on, detail={"id": row.id, "amount": amount, "purpose": purpose},
    )  # fmt: skip
    return row.id


def _require_open(facility: Facility, on: date) -> None:
    state, state_zh = facility.status, STATE_ZH[FacilityStatus(facility.status)]
    if facility.status == FacilityStatus.OPEN:
        if facility.opens_on <= on < facility.expires_on:
            return
        state, state_zh = f"expired since {facility.expires_on}", f"已于 {facility.expires_on} 到期"
        if on < facility.opens_on:
            state, state_zh = (
                f"not open before {facility.opens_on}",
                f"自 {facility.opens_on} 起生效",
            )
    raise FacilityNotOpen(value=facility.id, state=state, state_zh=state_zh)


def _check(facility: Facility, amount: Decimal, purpose: str, on: date) -> None:
    _require_open(facility, on)
    require_not_ahead(on)
    if amount != yuan(amount):
        raise OddCents(amount=amount)
    rules = product(facility.product_code)
    if purpose not in {known.code for known in rules.purposes}:
        raise UnknownPurpose(value=purpose, known=", ".join(p.code for p in rules.purposes))
    if amount < rules.minimum_draw or amount % rules.draw_step:
        raise DrawTooSmall(
            amount=money_text(amount),
            least=money_text(rules.minimum_draw),
            step=money_text(rules.draw_step),
        )
    available = facility.granted - facility.used - facility.reserved
    if amount > available:
        raise AboveAvailable(amount=money_text(amount), available=money_text(available))


def pay_out(*, drawdown_id: str, actor: Actor) -> DrawdownView:
    """Pay a pending drawdown through the bank core and make the loan, or release the reservation.

    May be called any number of times at once: the core acts once per key, and only the first to
    hold the row writes. Raises `CoreUnavailable` while the outcome is unknown.
    """
    row = Drawdown.objects.select_related("facility").get(id=drawdown_id)
    if row.status != "pending":
        return drawdown_view(row)
    moved = bank_core.transfer_out(
        key=row.id,
        to_account=row.facility.account_no,
        amount=row.amount,
        memo=f"Loan {row.id}",
        on=row.requested_on,
    )
    return _finish(drawdown_id, moved, actor)


@transaction.atomic
def _finish(drawdown_id: str, moved: bank_core.Movement, actor: Actor) -> DrawdownView:
    facility = Facility.objects.select_for_update(of=("self",), no_key=True).get(
        drawdowns__id=drawdown_id
    )
    row = Drawdown.objects.select_for_update(no_key=True).get(id=drawdown_id)
    if row.status != "pending":
        return drawdown_view(row)
    facility.reserved -= row.amount
    if moved.is_settled:
        row.status = "paid_out"
        facility.used += row.amount
    else:
        row.status, row.reason = "rejected", moved.reason
    facility.save(update_fields=["reserved", "used"])
    row.save(update_fields=["status", "reason"])
    if moved.is_settled:
        _make_loan(facility, row)
    record_audit(
        actor=actor, action=f"drawdown.{row.status}", subject_type="facility", subject_id=facility.id,
        on=row.requested_on, detail={"id": row.id, "amount": row.amount, "reason": moved.reason},
    )  # fmt: skip
    return drawdown_view(row)


def _make_loan(facility: Facility, row: Drawdown) -> None:
    rules = product(facility.product_code)
    loan = Loan.objects.create(
        id=new_id("LN"),
        facility=facility,
        drawdown=row,
        principal=row.amount,
        annual_rate=facility.annual_rate,
        method=facility.method,
        day_count=rules.day_count.value,
        start_on=row.requested_on,
        months=facility.months,
        settlement_day=rules.settlement_day,
        penalty_multiplier=rules.penalty_multiplier,
        grace_days=rules.grace_days,
        allocation_order=",".join(rules.allocation_order),
        outstanding=row.amount,
        accrued_through=row.requested_on,
    )
    post(
        key=f"drawdown:{row.id}",
        on=posting_day(row.requested_on),
        description="Loan paid out",
        source_type="loan",
        source_id=loan.id,
        lines=[Line(chart.LOANS, debit=row.amount), Line(chart.SETTLEMENT, credit=row.amount)],
    )
