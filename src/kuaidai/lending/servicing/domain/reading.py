"""A running loan seen on a day: the state that screens, postings and tests read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from kuaidai.kernel.money import from_cents
from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.domain.items import Item
from kuaidai.lending.servicing.domain.running import INCOME, RunningLoan
from kuaidai.lending.servicing.domain.state import InstalmentState, LoanState

_ACCRUED = {
    Bucket.INTEREST: (Movement.INTEREST_ACCRUED, Movement.OFF_INTEREST_ACCRUED),
    Bucket.PENALTY: (Movement.PENALTY_ACCRUED, Movement.OFF_PENALTY_ACCRUED),
    Bucket.COMPOUND: (Movement.COMPOUND_ACCRUED, Movement.OFF_COMPOUND_ACCRUED),
}
_SUSPENDED = {
    Bucket.INTEREST: Movement.INTEREST_SUSPENDED,
    Bucket.PENALTY: Movement.PENALTY_SUSPENDED,
    Bucket.COMPOUND: Movement.COMPOUND_SUSPENDED,
}


def totals_in_cents(run: RunningLoan, on: date) -> dict[Movement, int]:
    """Every cumulative total that is not nought, of a loan that was advanced to `on`."""
    found = dict(run.counters)
    all_earned = run.earned_of((*INCOME, Bucket.FEE), on)
    for bucket in INCOME:
        earned, off = all_earned[bucket], run.off_accrued.get(bucket, 0)
        if run.off is not None:
            off += earned - run.off[bucket]
        books, memorandum = _ACCRUED[bucket]
        found[books], found[memorandum] = earned - off, off
        found[_SUSPENDED[bucket]] = run.suspended.get(bucket, 0)
    found[Movement.FEE_CHARGED] = all_earned[Bucket.FEE]
    return {movement: amount for movement, amount in found.items() if amount}


def oldest_late(run: RunningLoan, on: date) -> date | None:
    """The due date of the oldest instalment that is unpaid after it (or on it, by convention)."""
    first_day = on + timedelta(days=1) if run.terms.conventions.due_date_counts else on
    days = [i.period.due for i in run.closed_items if i.period.due < first_day and i.is_late]
    return min(days) if days else None


def days_past_due(run: RunningLoan, on: date) -> int:
    """Days since the oldest unpaid due date: 0 on it, or 1 where the convention counts it."""
    oldest = oldest_late(run, on)
    if oldest is None:
        return 0
    return (on - oldest).days + (1 if run.terms.conventions.due_date_counts else 0)


def state_of_run(run: RunningLoan, on: date) -> LoanState:
    """The loan on `on`, to which it was advanced."""
    late = {bucket: run.unpaid(bucket, on) for bucket in (Bucket.PENALTY, Bucket.COMPOUND)}
    charged = (Bucket.FEE, Bucket.PENALTY, Bucket.COMPOUND)
    to_come = sum(run.unpaid(each, on) - run.due(each, on) for each in charged)
    due_interest = run.due(Bucket.INTEREST, on)
    coming = None if run.is_written_off else next((i for i in run.items if i.period.due > on), None)
    return LoanState(
        on=on,
        annual_rate=Decimal(run.rate).scaleb(-6),
        outstanding=from_cents(run.outstanding()),
        accrued_interest=from_cents(run.unpaid(Bucket.INTEREST, on) - due_interest),
        due_principal=from_cents(run.due(Bucket.PRINCIPAL, on)),
        due_interest=from_cents(due_interest),
        penalty=from_cents(late[Bucket.PENALTY]),
        compound=from_cents(late[Bucket.COMPOUND]),
        fees=from_cents(run.unpaid(Bucket.FEE, on)),
        days_past_due=days_past_due(run, on),
        next_due_on=coming.period.due if coming else None,
        next_due_amount=from_cents(_to_pay(coming)) if coming else from_cents(0),
        instalments=_instalments(run),
        allocations=tuple(run.allocations),
        totals=_as_money(totals_in_cents(run, on)),
        accrues=run.off is None and not run.is_written_off,
        claim=from_cents(run.claim),
        charges_to_come=from_cents(to_come - run.running_penalty()),
        surplus=from_cents(run.counters.get(Movement.UNMATCHED_RECEIVED, 0)),
        interest_to_come=from_cents(run.interest_to_settle(on) - run.accrued(on)),
    )


def _as_money(totals: Mapping[Movement, int]) -> dict[Movement, Decimal]:
    return {movement: from_cents(amount) for movement, amount in totals.items()}


def _to_pay(item: Item) -> int:
    return item.unpaid_principal + item.unpaid_interest


def _instalments(run: RunningLoan) -> tuple[InstalmentState, ...]:
    return tuple(_instalment(run, item) for item in run.items)


def _instalment(run: RunningLoan, item: Item) -> InstalmentState:
    rounding = run.terms.conventions.rounding

    def earned(bucket: Bucket) -> Decimal:
        return from_cents(item.earned(bucket, rounding))

    def settled(bucket: Bucket) -> Decimal:
        return from_cents(item.paid.get(bucket, 0) + item.waived.get(bucket, 0))

    return InstalmentState(
        no=item.no,
        from_on=item.period.begin,
        due_on=item.period.due,
        principal=from_cents(item.principal),
        interest=from_cents(item.interest),
        paid_principal=settled(Bucket.PRINCIPAL),
        paid_interest=settled(Bucket.INTEREST),
        penalty=earned(Bucket.PENALTY),
        outstanding=from_cents(item.left),
        fee=earned(Bucket.FEE),
        compound=earned(Bucket.COMPOUND),
        paid_fee=settled(Bucket.FEE),
        paid_penalty=settled(Bucket.PENALTY),
        paid_compound=settled(Bucket.COMPOUND),
    )
