"""What a row of the loan book holds of a running loan: the columns that queries and the night read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kuaidai.kernel.day_counts import YEAR_DAYS, DayCount
from kuaidai.kernel.money import Rounding, from_cents
from kuaidai.lending.servicing.domain.conventions import CHARGED, Bucket
from kuaidai.lending.servicing.domain.items import Item
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.running import INCOME, RunningLoan


@dataclass(frozen=True)
class Projection:
    """A running loan on `run.at`, in the words of the loan book's columns."""

    status: str
    annual_rate: Decimal
    method: str
    matures_on: date
    outstanding: Decimal
    balance: Decimal
    accrual_from: date
    year_days: int
    next_end_on: date | None
    oldest_due_on: date | None
    is_simple: bool
    accrues: bool
    interest_receivable: Decimal
    penalty_receivable: Decimal
    compound_receivable: Decimal
    fee_receivable: Decimal
    memorandum: Decimal


def project(run: RunningLoan) -> Projection:
    """The columns of a running loan."""
    on, open_items = run.at, run.open_items
    owed = run.unpaid_of((*INCOME, Bucket.FEE), on)
    fees = owed.pop(Bucket.FEE)
    accrues = run.off is None
    booked = {bucket: from_cents(owed[bucket] if accrues else 0) for bucket in INCOME}
    return Projection(
        status=_status(run, on),
        annual_rate=Decimal(run.rate).scaleb(-6),
        method=str(run.method),
        matures_on=run.items[-1].period.due if run.items else on,
        outstanding=from_cents(run.outstanding()),
        balance=from_cents(0 if run.is_written_off else run.balance),
        accrual_from=run.accrual_from,
        year_days=_year_days(run),
        next_end_on=open_items[0].period.end if open_items and not run.is_written_off else None,
        oldest_due_on=None if run.is_written_off else _oldest_unpaid(run),
        is_simple=_is_simple(run),
        accrues=accrues,
        interest_receivable=booked[Bucket.INTEREST],
        penalty_receivable=booked[Bucket.PENALTY],
        compound_receivable=booked[Bucket.COMPOUND],
        fee_receivable=from_cents(fees),
        memorandum=from_cents(0 if accrues else sum(owed.values())),
    )


def _status(run: RunningLoan, on: date) -> str:
    if run.is_written_off:
        return "written_off"
    return "settled" if run.payoff(on) == 0 else "active"


def _oldest_unpaid(run: RunningLoan) -> date | None:
    """The due date of the oldest instalment whose period is over and that is not paid."""
    days = [item.period.due for item in run.closed_items if item.is_late]
    return min(days) if days else None


def _year_days(run: RunningLoan) -> int:
    """Days of a year by which interest runs on actual days; 0 where days are counted otherwise."""
    counted = run.terms.day_count
    return 0 if counted is DayCount.THIRTY_360 else YEAR_DAYS.get(counted, 0)


def _is_simple(run: RunningLoan) -> bool:
    """Whether nothing but interest on the balance happens before the running period ends."""
    open_items = run.open_items
    if not open_items or run.is_written_off or run.off is not None or not _year_days(run):
        return False
    if run.carried or run.prepaid or run.misused or run.misuse:
        return False
    if run.method is RepaymentMethod.FLAT or run.accrual_from > run.at:
        return False
    if run.terms.conventions.rounding is not Rounding.HALF_UP:
        return False
    settled = all(_is_settled(item) for item in run.closed_items)
    return settled and not any(item.charges or item.paid for item in open_items)


def _is_settled(item: Item) -> bool:
    if item.is_late:
        return False
    return not item.has_extras or not any(item.owed(b, Rounding.HALF_UP) for b in Bucket)


def due_for_debit(run: RunningLoan, on: date) -> int:
    """What is to be debited on `on`, in cents: all that is due by then, late interest included."""
    if run.is_written_off:
        return 0
    rounding = run.terms.conventions.rounding
    found = 0
    for place, item in enumerate(run.items):
        if place < run.closed and not item.is_late and not item.has_extras:
            continue
        if place < run.closed and item.period.due <= on:
            found += sum(item.owed(bucket, rounding, due_by=on) for bucket in Bucket)
        elif item.charges:
            found += sum(item.owed(bucket, rounding, due_by=on) for bucket in CHARGED)
    return found
