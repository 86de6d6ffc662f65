"""What staff do to a loan. Each is one transaction: it happens, or waits for a second person.

All take a `reason` of 10 to 500 characters, kept with the event, and a `key`: the same one again does
nothing more. All raise `UnknownLoan`, `AdjustmentWithoutReason`, `UnknownLogin`, `AdjustmentNotForRole`, `DatedAhead`,
`AdjustmentWaiting`, `EventRefused`, `IdempotencyMismatch`, and what the checks of their kind name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit, run_once
from kuaidai.foundation.queries import role_of
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.ledger import operations as ledger
from kuaidai.lending.products.catalogue import product
from kuaidai.lending.servicing.domain import events as ev
from kuaidai.lending.servicing.domain.adjustments import (
    ASKS,
    DECIDES,
    LONGEST_REASON,
    REQUEST_TERM,
    SHORTEST_REASON,
    Adjusted,
    Adjustment,
    needs_second_person,
)
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.domain.life import event_to_dict, read_event
from kuaidai.lending.servicing.domain.limit_account import LimitAccount
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.replay import replay
from kuaidai.lending.servicing.domain.views import RepaymentView
from kuaidai.lending.servicing.errors import (
    AdjustmentNotForRole,
    AdjustmentWaiting,
    AdjustmentWithoutReason,
    LoanNotWrittenOff,
    LoanRequestDecided,
    SameEyes,
    UnknownLoan,
    UnknownLoanRequest,
    UnknownLogin,
)
from kuaidai.lending.servicing.models import Loan, LoanRequest
from kuaidai.lending.servicing.operations import limits
from kuaidai.lending.servicing.operations.adjusting_checks import Looked, require
from kuaidai.lending.servicing.operations.classifying import (
    record_restructuring,
    take_back_restructuring,
)
from kuaidai.lending.servicing.operations.projection import (
    HeldLoan,
    book,
    hold_loan,
    posting_day,
    require_not_ahead,
)
from kuaidai.lending.servicing.operations.provisioning import use_allowance
from kuaidai.lending.servicing.operations.repaying import repay
from kuaidai.lending.servicing.queries import events_of, terms_of

_DRAFT = "draft"
_STATES_ZH = {"approved": "批准", "rejected": "拒绝", "expired": "过期"}


def charge_fee(
    *, loan_id: str, amount: Decimal, reason: str, key: str, on: date, actor: Actor,
    due_on: date | None = None,
) -> Adjusted:  # fmt: skip
    """Charge costs of enforcement, due at once or on `due_on`.

    Raises `LoanNotActive`, `AdjustmentAmount`, `AboveAdjustmentLimit`.
    """
    event = ev.Charge(_DRAFT, on, Bucket.FEE, amount, due_on)
    return _adjust(Adjustment.CHARGE, loan_id, event, reason, key, actor)


def waive(
    *, loan_id: str, bucket: Bucket, amount: Decimal, reason: str, key: str, on: date, actor: Actor
) -> Adjusted:
    """Forgive part of what is owed: by one person up to the product's amount, above it by two.

    Raises `LoanNotActive`, `AdjustmentAmount`, `WaiveTooMuch`, `AboveAdjustmentLimit`.
    """
    event = ev.Waiver(_DRAFT, on, bucket, amount)
    return _adjust(Adjustment.WAIVE, loan_id, event, reason, key, actor)


def change_rate(
    *, loan_id: str, annual_rate: Decimal, reason: str, key: str, on: date, actor: Actor
) -> Adjusted:
    """A new annual rate (a fraction) by agreement. Raises `LoanNotActive`, `RateOutOfRange`."""
    event = ev.RateChange(_DRAFT, on, annual_rate)
    return _adjust(Adjustment.CHANGE_RATE, loan_id, event, reason, key, actor)


def record_misuse(
    *, loan_id: str, amount: Decimal, reason: str, key: str, on: date, actor: Actor
) -> Adjusted:
    """So much of the money was found misused: it bears the misuse rate from `on`.

    Raises `LoanNotActive`, `AdjustmentAmount`, `MisuseTooMuch`.
    """
    event = ev.Misuse(_DRAFT, on, amount)
    return _adjust(Adjustment.RECORD_MISUSE, loan_id, event, reason, key, actor)


def end_misuse(*, loan_id: str, reason: str, key: str, on: date, actor: Actor) -> Adjusted:
    """The misuse was made good: the misuse rate ends on `on`. Raises `LoanNotActive`."""
    event = ev.Misuse(_DRAFT, on, Decimal(0))
    return _adjust(Adjustment.END_MISUSE, loan_id, event, reason, key, actor)


def extend(
    *, loan_id: str, due_dates: Sequence[date], reason: str, key: str, on: date, actor: Actor
) -> Adjusted:
    """展期: what is not due yet falls due on `due_dates`, before maturity and within the law's bounds.

    Raises `LoanNotActive`, `ExtendedAlready`, `ExtensionAfterMaturity`, `ExtensionDates`.
    """
    event = ev.Extension(_DRAFT, on, tuple(due_dates))
    return _adjust(Adjustment.EXTEND, loan_id, event, reason, key, actor)


def restructure(
    *, loan_id: str, due_dates: Sequence[date], reason: str, key: str, on: date, actor: Actor,
    annual_rate: Decimal | None = None, method: RepaymentMethod | None = None,
    principal_grace: int = 0,
) -> Adjusted:  # fmt: skip
    """Spread what is due and what is not over `due_dates` for a debtor in difficulty.

    The debtor's watch begins, see `record_restructuring`. Raises `LoanNotActive`, `ExtensionDates`,
    `RateOutOfRange`.
    """
    event = ev.Restructuring(_DRAFT, on, tuple(due_dates), annual_rate, method, principal_grace)
    return _adjust(Adjustment.RESTRUCTURE, loan_id, event, reason, key, actor)


def write_off(*, loan_id: str, reason: str, key: str, on: date, actor: Actor) -> Adjusted:
    """The claim leaves the books; it stays owed. The line's room it took is not drawn again.

    It uses up the loan's allowance; what that did not cover is charged by the next provisioning.
    Raises `LoanNotActive`, `NotForWriteOff`.
    """
    return _adjust(Adjustment.WRITE_OFF, loan_id, ev.WriteOff(_DRAFT, on), reason, key, actor)


def reverse_event(
    *, loan_id: str, event_key: str, reason: str, key: str, on: date, actor: Actor
) -> Adjusted:
    """An earlier event never happened; the books are corrected on the open day.

    Where that event was money, the money is booked as gone back: it is moved in the bank core.
    Raises `NotReversible`, `LineRedrawn`, `SurplusSpent`.
    """
    event = ev.Reversal(_DRAFT, on, event_key)
    return _adjust(Adjustment.REVERSE, loan_id, event, reason, key, actor)


def stop_accrual(*, loan_id: str, reason: str, key: str, on: date, actor: Actor) -> Adjusted:
    """Keep interest as a memorandum from `on`. Raises `LoanNotActive`, `AccrualUnchanged`."""
    return _adjust(Adjustment.STOP_ACCRUAL, loan_id, ev.NonAccrual(_DRAFT, on), reason, key, actor)


def resume_accrual(*, loan_id: str, reason: str, key: str, on: date, actor: Actor) -> Adjusted:
    """The loan earns income again from `on`. Raises `LoanNotActive`, `AccrualUnchanged`."""
    event = ev.AccrualResumed(_DRAFT, on)
    return _adjust(Adjustment.RESUME_ACCRUAL, loan_id, event, reason, key, actor)


def apply_unmatched_money(
    *, loan_id: str, unmatched_id: str, amount: Decimal, reason: str, key: str, on: date,
    actor: Actor,
) -> Adjusted:  # fmt: skip
    """Pay a loan, written off or not, with money that waits in suspense; `on` is its value day.

    Raises `UnknownUnmatched`, `MoreThanRemains`, `AdjustmentAmount`, `RepayTooMuch`.
    """

    def take(event: ev.Event) -> None:
        ledger.apply_unmatched(
            unmatched_id=unmatched_id, amount=amount, target=loan_id, key=event.key,
            on=posting_day(on), actor=actor,
        )  # fmt: skip

    event = ev.Payment(_DRAFT, on, amount)
    return _adjust(
        Adjustment.APPLY_MONEY, loan_id, event, reason, key, actor, first=take,
        more={"unmatched": unmatched_id},
    )  # fmt: skip


def record_recovery(
    *, loan_id: str, amount: Decimal, reason: str, key: str, on: date, actor: Actor
) -> RepaymentView:
    """Collect `amount` of a loan written off from the firm's account, through the bank core.

    Money that waits in suspense is taken by `apply_unmatched_money`. Raises `UnknownLoan`,
    `LoanNotWrittenOff`, and as `repay` does.
    """
    _require_reason(reason)
    _require_role(ASKS[Adjustment.RECOVER], actor)
    status = Loan.objects.filter(id=loan_id).values_list("status", flat=True).first()
    if status is None:
        raise UnknownLoan(value=loan_id)
    if status != "written_off":
        raise LoanNotWrittenOff(value=loan_id)
    return repay(loan_id=loan_id, amount=amount, key=key, on=on, actor=actor, reason=reason.strip())


def approve_loan_request(*, request_id: str, note: str, on: date, actor: Actor) -> Adjusted:
    """Approve another person's request: what was asked happens now, in the same transaction.

    Raises `UnknownLoanRequest`, `SameEyes`, `LoanRequestDecided`, `AdjustmentNotForRole`, and what the
    adjustment itself raises where the loan has changed since.
    """
    return _decide(request_id, "approved", note, on, actor)


def reject_loan_request(*, request_id: str, note: str, on: date, actor: Actor) -> Adjusted:
    """Reject another person's request. Raises as `approve_loan_request` does."""
    return _decide(request_id, "rejected", note, on, actor)


def _adjust(
    kind: Adjustment, loan_id: str, event: ev.Event, reason: str, key: str, actor: Actor,
    *, first: Callable[[ev.Event], None] | None = None, more: dict[str, Any] | None = None,
) -> Adjusted:  # fmt: skip
    why = _require_reason(reason)
    _require_role(ASKS[kind], actor)
    told = event_to_dict(event)

    def perform() -> dict[str, Any]:
        account, held = _hold(loan_id)
        require_not_ahead(event.on)
        seen = _look(held, event.on)
        require(kind, event, seen)
        if needs_second_person(kind, event, seen.rules):
            return asdict(_ask(kind, held, told, why, event.on, actor))
        named = read_event({**told, "key": new_id("EVT")})
        if first is not None:
            first(named)
        return asdict(_carry_out(kind, account, held, named, why, actor, {}))

    done, _ = run_once(
        scope=f"adjust:{loan_id}", key=key, request={**told, **(more or {}), "kind": kind.value},
        perform=perform,
    )  # fmt: skip
    return Adjusted(
        done["loan_id"], Adjustment(done["kind"]), done["event_key"], done["request_id"]
    )


def _hold(loan_id: str) -> tuple[LimitAccount, HeldLoan]:
    """The loan locked below its line. Raises `UnknownLoan`."""
    found = Loan.objects.filter(id=loan_id).values_list("facility_id", "product_code").first()
    if found is None:
        raise UnknownLoan(value=loan_id)
    account = limits.lock_limits(facility_id=found[0], product_code=found[1])
    return account, hold_loan(loan_id)


def _look(held: HeldLoan, on: date) -> Looked:
    row = held.row
    terms, events = terms_of(row), events_of(row)
    state = replay(terms, events, max(on, row.start_on))
    return Looked(row, terms, events, state, product(row.product_code).servicing, on)


def _ask(
    kind: Adjustment, held: HeldLoan, told: dict[str, Any], reason: str, on: date, actor: Actor
) -> Adjusted:
    waiting = LoanRequest.objects.filter(loan=held.row, kind=kind.value, status="waiting")
    waiting.filter(expires_on__lte=on).update(status="expired")
    kept = {name: value for name, value in told.items() if name not in ("key", "on")}
    try:
        with transaction.atomic():
            row = LoanRequest.objects.create(
                id=new_id("REQ"), loan=held.row, kind=kind.value, told=kept, reason=reason,
                asked_by=actor.id, asked_on=on, expires_on=on + REQUEST_TERM,
            )  # fmt: skip
    except IntegrityError as clash:
        raise AdjustmentWaiting(value=held.row.id) from clash
    _audit(f"loan.{kind}.asked", held.row.id, on, actor, {"request": row.id, **kept})
    return Adjusted(held.row.id, kind, None, row.id)


def _carry_out(
    kind: Adjustment, account: LimitAccount, held: HeldLoan, event: ev.Event, reason: str,
    actor: Actor, detail: dict[str, Any],
) -> Adjusted:  # fmt: skip
    booked = book(held, event, actor=actor, reason=reason)
    if booked.principal_back:
        limits.restore(account, booked.principal_back, on=event.on, lost=booked.principal_lost)
    if booked.written_off:
        use_allowance(loan_id=held.row.id, amount=booked.written_off)
    if isinstance(event, ev.Restructuring):
        record_restructuring(
            loan_id=held.row.id, first_due_on=event.due_dates[0], on=event.on, actor=actor
        )
    if isinstance(event, ev.Reversal):
        _end_watch(held.row, event, actor)
    told = {name: value for name, value in event_to_dict(event).items() if name != "type"}
    _audit(f"loan.{kind}", held.row.id, event.on, actor, {**told, **detail, "reason": reason})
    return Adjusted(held.row.id, kind, event.key, None)


def _end_watch(loan: Loan, event: ev.Reversal, actor: Actor) -> None:
    """Where the event undone is a restructuring, the watch it began ends with it."""
    events = events_of(loan)
    undone = next(each for each in events if each.key == event.reverses)
    if isinstance(undone, ev.Restructuring):
        standing = [e for e in ev.in_order(events) if isinstance(e, ev.Restructuring)]
        take_back_restructuring(
            loan_id=loan.id, undone_on=undone.on, standing=standing, on=event.on, actor=actor
        )


@transaction.atomic
def _decide(request_id: str, status: str, note: str, on: date, actor: Actor) -> Adjusted:
    found = LoanRequest.objects.filter(id=request_id).first()
    if found is None:
        raise UnknownLoanRequest(value=request_id)
    account, held = _hold(found.loan_id)
    row = LoanRequest.objects.select_for_update(no_key=True).get(id=request_id)
    kind = Adjustment(row.kind)
    state = "expired" if row.status == "waiting" and row.expires_on <= on else row.status
    if state != "waiting" and not (state == "expired" and status == "rejected"):
        raise LoanRequestDecided(value=request_id, state=state, state_zh=_STATES_ZH[state])
    if row.asked_by == actor.id:
        raise SameEyes(value=request_id, who=row.asked_by)
    _require_role(DECIDES[kind], actor)
    row.status, row.note = status, note.strip()[:LONGEST_REASON]
    row.decided_by, row.decided_on = actor.id, on
    row.save(update_fields=["status", "note", "decided_by", "decided_on"])
    detail = {"request": row.id, "asked_by": row.asked_by}
    if status == "rejected":
        _audit(f"loan.{kind}.rejected", row.loan_id, on, actor, {**detail, "note": row.note})
        return Adjusted(row.loan_id, kind, None, None)
    event = read_event({**row.told, "key": row.id, "on": str(on)})
    require_not_ahead(on)
    require(kind, event, _look(held, on))
    return _carry_out(kind, account, held, event, row.reason, actor, detail)


def _require_reason(reason: str) -> str:
    why = reason.strip()
    if not SHORTEST_REASON <= len(why) <= LONGEST_REASON:
        raise AdjustmentWithoutReason(count=len(why))
    return why


def _require_role(roles: frozenset[str], actor: Actor) -> None:
    """The platform's own jobs may do all; people by the role they sign in with."""
    if actor.kind == "system":
        return
    role = role_of(actor.id) if actor.kind == "staff" else actor.kind
    if not role:
        raise UnknownLogin(value=actor.id)
    if role not in roles:
        raise AdjustmentNotForRole(role=role, roles=", ".join(sorted(roles)))


def _audit(action: str, loan_id: str, on: date, actor: Actor, detail: dict[str, Any]) -> None:
    record_audit(
        actor=actor, action=action, subject_type="loan", subject_id=loan_id, on=on, detail=detail
    )
