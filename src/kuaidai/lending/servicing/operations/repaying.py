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
from kuaidai.lending.ledger.domain import chart
from kuaidai.lending.ledger.domain.entries import Line
from kuaidai.lending.ledger.operations import post
from kuaidai.lending.servicing import bank_core
from kuaidai.lending.servicing.domain.replay import LoanState
from kuaidai.lending.servicing.domain.views import RepaymentView
from kuaidai.lending.servicing.errors import (
    CoreUnavailable,
    LoanSettled,
    OddCents,
    RepaymentBackdated,
    RepaymentRunning,
    RepayNothing,
    RepayTooMuch,
    UnknownLoan,
)
from kuaidai.lending.servicing.models import Drawdown, Loan, LoanEvent, Repayment
from kuaidai.lending.servicing.operations import limits
from kuaidai.lending.servicing.operations.projection import accrue, posting_day, require_not_ahead
from kuaidai.lending.servicing.queries import repayment_view, state_of


def repay(
    *,
    loan_id: str,
    amount: Decimal | None,
    key: str,
    on: date,
    actor: Actor,
    shorten: bool = False,
) -> RepaymentView:
    """Repay `amount` of a loan from the firm's account, or all of it when `amount` is None.

    What is due goes first, the rest repays early: the instalments left become smaller or, with
    `shorten`, fewer. The same `key` again returns the same repayment, on a later day too.
    Raises `UnknownLoan`, `LoanSettled`, `RepayNothing`, `OddCents`, `RepayTooMuch`,
    `RepaymentBackdated`, `DatedAhead`, `RepaymentRunning`, `IdempotencyMismatch`.
    """

    def ask() -> dict[str, Any]:
        return {"id": _ask(loan_id, amount, on, actor, shorten=shorten)}

    written = None if amount is None else amount.normalize()  # 1000 and 1000.00 are one request
    request = {"amount": written} | ({"shorten": True} if shorten else {})
    done, _ = run_once(scope=f"repayment:{loan_id}", key=key, request=request, perform=ask)
    try:
        return collect_repayment(repayment_id=done["id"], actor=actor)
    except CoreUnavailable:
        return repayment_view(Repayment.objects.get(id=done["id"]))


def _ask(loan_id: str, amount: Decimal | None, on: date, actor: Actor, *, shorten: bool) -> str:
    loan = Loan.objects.select_for_update(no_key=True).filter(id=loan_id).first()
    if loan is None:
        raise UnknownLoan(value=loan_id)
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
        detail={"id": row.id, "amount": wanted, "shorten": shorten},
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
    moved = bank_core.debit(
        key=row.id,
        from_account=row.loan.facility.account_no,
        amount=row.amount,
        memo=f"Repayment {row.loan_id}",
        on=row.requested_on,
        partial=row.kind == "due",
    )
    return _apply(repayment_id, moved, actor)


@transaction.atomic
def _apply(repayment_id: str, moved: bank_core.Movement, actor: Actor) -> RepaymentView:
    drawn = Drawdown.objects.get(loan__repayments__id=repayment_id)
    account = limits.lock_limits(facility_id=drawn.facility_id, product_code=drawn.product_code)
    loan = Loan.objects.select_for_update(of=("self",), no_key=True).get(
        repayments__id=repayment_id
    )
    row = Repayment.objects.select_for_update(no_key=True).get(id=repayment_id)
    if row.status != "pending":
        return repayment_view(row)
    row.settled, row.reason = moved.settled, moved.reason
    row.status = "settled" if moved.is_settled else "rejected"
    row.save(update_fields=["settled", "reason", "status"])
    if moved.is_settled:
        before = loan.outstanding
        LoanEvent.objects.create(
            loan=loan,
            repayment=row,
            on=row.requested_on,
            amount=moved.settled,
            shorten=row.shorten,
        )
        state = accrue(loan, max(row.requested_on, loan.accrued_through))
        _post_receipt(loan, row, state)
        limits.restore(account, before - loan.outstanding, on=row.requested_on)
    record_audit(
        actor=actor, action=f"repayment.{row.status}", subject_type="loan", subject_id=loan.id,
        on=row.requested_on,
        detail={"id": row.id, "asked": row.amount, "settled": row.settled, "reason": row.reason},
    )  # fmt: skip
    return repayment_view(row)


def _post_receipt(loan: Loan, row: Repayment, state: LoanState) -> None:
    parts = next(part for part in state.allocations if part.key == row.id)
    post(
        key=f"repayment:{row.id}",
        on=posting_day(row.requested_on),
        description="Repayment received",
        source_type="loan",
        source_id=loan.id,
        lines=[
            Line(chart.SETTLEMENT, debit=row.settled),
            Line(chart.PENALTY_RECEIVABLE, credit=parts.late_interest),
            Line(chart.INTEREST_RECEIVABLE, credit=parts.interest),
            Line(chart.LOANS, credit=parts.principal),
        ],
    )
