"""Repay: ask the firm's account for the money, then apply what came."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from procrastinate.contrib.django import app as jobs

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit, run_once
from kuaidai.kernel.identifiers import new_id
from kuaidai.kernel.money import money_text, yuan
from kuaidai.lending.servicing import bank_core, gateway
from kuaidai.lending.servicing.domain.events import Payment
from kuaidai.lending.servicing.domain.views import RepaymentView
from kuaidai.lending.servicing.errors import (
    CoreUnavailable,
    LoanSettled,
    OddCents,
    RepaymentBackdated,
    RepaymentRunning,
    RepayNothing,
    RepayTooMuch,
)
from kuaidai.lending.servicing.models import Loan, LoanEvent, Repayment
from kuaidai.lending.servicing.operations import limits
from kuaidai.lending.servicing.operations.projection import book, hold_loan, require_not_ahead
from kuaidai.lending.servicing.operations.provisioning import use_allowance
from kuaidai.lending.servicing.queries import repayment_view, state_of

SUBJECT = "repayment"
DUE = "due"


def repay(
    *,
    loan_id: str,
    amount: Decimal | None,
    key: str,
    on: date,
    actor: Actor,
    shorten: bool = False,
    reason: str = "",
) -> RepaymentView:
    """Repay `amount` of a loan from the firm's account, or all of it when `amount` is None.

    What is due goes first, the rest repays early: the instalments left become smaller or, with
    `shorten`, fewer. Of a loan written off it is the claim that is repaid, and `reason` says why staff
    collect it. The same `key` again returns the same repayment, on a later day too.
    Raises `UnknownLoan`, `LoanSettled`, `RepayNothing`, `OddCents`, `RepayTooMuch`,
    `RepaymentBackdated`, `DatedAhead`, `RepaymentRunning`, `IdempotencyMismatch`.
    """

    def ask() -> dict[str, Any]:
        return {"id": _ask(loan_id, amount, on, actor, shorten=shorten, reason=reason)}

    written = None if amount is None else amount.normalize()  # 1000 and 1000.00 are one request
    request = {"amount": written} | ({"shorten": True} if shorten else {})
    done, _ = run_once(scope=f"repayment:{loan_id}", key=key, request=request, perform=ask)
    try:
        return collect_repayment(repayment_id=done["id"], actor=actor)
    except CoreUnavailable:
        return repayment_view(Repayment.objects.get(id=done["id"]))


def _ask(
    loan_id: str, amount: Decimal | None, on: date, actor: Actor, *, shorten: bool, reason: str
) -> str:
    loan = hold_loan(loan_id).row
    if loan.status == "settled":
        raise LoanSettled(value=loan_id)
    require_not_ahead(on)
    newest = LoanEvent.objects.filter(loan=loan).aggregate(on=Max("on"))["on"] or loan.start_on
    if on < newest:
        raise RepaymentBackdated(value=loan_id, last=newest, on=on)
    owed = state_of(loan, on).payoff
    wanted = owed if amount is None else amount
    if wanted <= 0:
        raise RepayNothing(amount=money_text(wanted))
    if wanted != yuan(wanted):
        raise OddCents(amount=wanted)
    if wanted > owed:
        raise RepayTooMuch(amount=money_text(wanted), owed=money_text(owed))
    row = open_repayment(
        loan, kind="early", amount=wanted, on=on, number=new_id("RPY"), shorten=shorten
    )
    record_audit(
        actor=actor, action="repayment.request", subject_type="loan", subject_id=loan_id, on=on,
        detail={"id": row.id, "amount": wanted, "shorten": shorten}
        | ({"reason": reason} if reason else {}),
    )  # fmt: skip
    return row.id


def open_repayment(
    loan: Loan, *, kind: str, amount: Decimal, on: date, number: str, shorten: bool = False
) -> Repayment:
    """A pending repayment with the job that pursues it. Raises `RepaymentRunning`."""
    running = Repayment.objects.filter(loan=loan, status="pending").exclude(id=number).first()
    if running is not None:
        raise RepaymentRunning(value=running.id)
    try:
        with transaction.atomic():
            row, created = Repayment.objects.get_or_create(
                id=number,
                defaults={
                    "loan": loan,
                    "kind": kind,
                    "amount": amount,
                    "requested_on": on,
                    "shorten": shorten,
                },
            )
    except IntegrityError as error:
        raise RepaymentRunning(value=number) from error
    if created:
        jobs.configure_task(
            "servicing.pursue_repayment", queue="payments", schedule_in={"seconds": 5}
        ).defer(repayment_id=row.id)
    return row


def collect_repayment(*, repayment_id: str, actor: Actor) -> RepaymentView:
    """Debit the firm's account for a pending repayment and apply what came; once per repayment.

    Raises `CoreUnavailable` while the outcome is unknown.
    """
    row = Repayment.objects.select_related("loan__facility").get(id=repayment_id)
    if row.status != "pending":
        return repayment_view(row)
    if row.kind == DUE:
        gateway.place_order(order_of(row, row.loan.facility.account_no))
        gateway.send_order(row.id)
        return repayment_view(Repayment.objects.get(id=repayment_id))
    moved = bank_core.debit(
        key=row.id,
        from_account=row.loan.facility.account_no,
        amount=row.amount,
        memo=f"Repayment {row.loan_id}",
        on=row.requested_on,
        partial=False,
    )
    return _apply(repayment_id, moved, actor)


def order_of(row: Repayment, account: str) -> gateway.OrderRequest:
    """The order that takes what is due from a firm's account, as far as it reaches."""
    return gateway.OrderRequest(
        row.id, gateway.OrderKind.DEBIT, account, row.amount, f"Repayment {row.loan_id}",
        row.requested_on, partial=True, subject_type=SUBJECT, subject_id=row.id,
    )  # fmt: skip


@transaction.atomic
def _apply(repayment_id: str, moved: bank_core.Movement, actor: Actor) -> RepaymentView:
    asked = Repayment.objects.select_related("loan__drawdown").get(id=repayment_id)
    drawn = asked.loan.drawdown
    account = limits.lock_limits(facility_id=drawn.facility_id, product_code=drawn.product_code)
    held = hold_loan(asked.loan_id)
    row = Repayment.objects.select_for_update(no_key=True).get(id=repayment_id)
    if row.status != "pending":
        return repayment_view(row)
    row.settled, row.reason = moved.settled, moved.reason
    row.status = "settled" if moved.is_settled else "rejected"
    row.save(update_fields=["settled", "reason", "status"])
    if moved.is_settled:
        payment = Payment(row.id, row.requested_on, moved.settled, row.shorten)
        booked = book(held, payment, actor=actor, repayment=row)
        limits.restore(
            account, booked.principal_back, on=row.requested_on, lost=booked.principal_lost
        )
        if booked.written_off:  # heard of after a write-off, from before it: less was written off
            use_allowance(loan_id=row.loan_id, amount=booked.written_off)
    record_audit(
        actor=actor, action=f"repayment.{row.status}", subject_type="loan", subject_id=row.loan_id,
        on=row.requested_on,
        detail={"id": row.id, "asked": row.amount, "settled": row.settled, "reason": row.reason},
    )  # fmt: skip
    return repayment_view(row)


@gateway.takes_outcomes_of(SUBJECT)
def _take_outcome(order: gateway.OrderView) -> None:
    """What became of a debit that the night asked for and did not hear of."""
    _apply(order.subject_id, order.movement, Actor.system("payments"))
