"""What each kind of event does to a running loan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from kuaidai.kernel.money import Rounding, from_cents, to_cents
from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.servicing.domain import events as ev
from kuaidai.lending.servicing.domain.conventions import Bucket, Excess
from kuaidai.lending.servicing.domain.items import Charge, Item, whole
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.respreading import (
    hold_interest,
    new_periods,
    respread,
    running_period,
    set_periods,
    unpaid_ahead,
)
from kuaidai.lending.servicing.domain.running import (
    INCOME,
    Handler,
    RunningLoan,
    begin,
    charge_to,
    require_amount,
)
from kuaidai.lending.servicing.domain.schedule import rate_ppm
from kuaidai.lending.servicing.domain.settling import pay, settle_accrued

_WAIVED: Mapping[Bucket, tuple[Movement, Movement]] = {
    Bucket.PRINCIPAL: (Movement.PRINCIPAL_WAIVED, Movement.PRINCIPAL_WAIVED),
    Bucket.INTEREST: (Movement.INTEREST_WAIVED, Movement.OFF_INTEREST_WAIVED),
    Bucket.PENALTY: (Movement.PENALTY_WAIVED, Movement.OFF_PENALTY_WAIVED),
    Bucket.COMPOUND: (Movement.COMPOUND_WAIVED, Movement.OFF_COMPOUND_WAIVED),
    Bucket.FEE: (Movement.FEE_WAIVED, Movement.FEE_WAIVED),
}
_WRITTEN_OFF: Mapping[Bucket, tuple[Movement, Movement]] = {
    Bucket.PRINCIPAL: (Movement.PRINCIPAL_WRITTEN_OFF, Movement.PRINCIPAL_WRITTEN_OFF),
    Bucket.INTEREST: (Movement.INTEREST_WRITTEN_OFF, Movement.OFF_INTEREST_WAIVED),
    Bucket.PENALTY: (Movement.PENALTY_WRITTEN_OFF, Movement.OFF_PENALTY_WAIVED),
    Bucket.COMPOUND: (Movement.COMPOUND_WRITTEN_OFF, Movement.OFF_COMPOUND_WAIVED),
    Bucket.FEE: (Movement.FEE_WRITTEN_OFF, Movement.FEE_WRITTEN_OFF),
}
"""What leaves the books of a loan that accrues, and of one whose income is a memorandum."""


def _disburse(run: RunningLoan, event: ev.Disbursement) -> None:
    amount = require_amount(event)
    balance = unpaid_ahead(run)
    if (
        not run.counters
        and event.on == run.terms.start_on
        and amount == to_cents(run.terms.principal)
    ):
        drawn = begin(run.terms)  # all at once: the schedule is that of the contract
        run.items, run.balance = drawn.items, drawn.balance
        run.accrual_from, run.carried, balance = drawn.accrual_from, drawn.carried, amount
        run.rate, run.method = drawn.rate, drawn.method
    else:
        if not run.open_items:
            raise ValueError(f"{event.key}: no instalment is to come after {event.on}")
        hold_interest(run, event.on)
        respread(run, event.on, balance + amount)
    if run.closed and run.items[run.closed - 1].period.end == event.on:
        run.items[run.closed - 1].left += amount
    run.count(Movement.DRAWN, amount)


def _pay_off(run: RunningLoan, event: ev.Payoff) -> None:
    run.settle_misuse(event.on)
    owed = run.payoff(event.on)
    if owed:
        pay(run, ev.Payment(event.key, event.on, from_cents(owed), excess=Excess.REDUCE))


def _charge(run: RunningLoan, event: ev.Charge) -> None:
    if event.bucket not in (Bucket.FEE, Bucket.PENALTY):
        raise ValueError(f"{event.key}: a charge is a fee or a penalty, not {event.bucket}")
    due = event.due_on or event.on
    charge_to(run, Charge(event.bucket, require_amount(event), event.on, due))


def _waive(run: RunningLoan, event: ev.Waiver) -> None:
    run.settle_misuse(event.on)
    left = asked = require_amount(event)
    rounding = run.terms.conventions.rounding
    ahead = event.bucket in (Bucket.PRINCIPAL, Bucket.INTEREST)
    for item in run.closed_items if ahead else run.items:
        part = min(left, item.owed(event.bucket, rounding))
        if part:
            item.waived[event.bucket] = item.waived.get(event.bucket, 0) + part
            left -= part
    if left and event.bucket is Bucket.INTEREST:
        part = min(left, run.accrued(event.on))
        settle_accrued(run, part)
        left -= part
    if left and event.bucket is Bucket.PRINCIPAL and run.open_items:
        balance = unpaid_ahead(run)
        part = min(left, balance)
        hold_interest(run, event.on)
        respread(run, event.on, balance - part)
        left -= part
    if left:
        raise ValueError(
            f"{event.key}: {from_cents(asked - left)} of {event.bucket} is owed, less than the"
            f" {event.amount} to be waived"
        )
    run.count(_WAIVED[event.bucket][run.off is not None], asked)


def _require_rate(key: str, annual_rate: Decimal) -> None:
    if not 0 <= annual_rate < 10:
        raise ValueError(f"{key}: a rate is a fraction such as 0.0435, not {annual_rate}")


def _change_rate(run: RunningLoan, event: ev.RateChange) -> None:
    _require_rate(event.key, event.annual_rate)
    hold_interest(run, event.on)
    run.rate = rate_ppm(event.annual_rate)
    balance = unpaid_ahead(run)
    if balance:
        respread(run, event.on, balance)


def _misuse(run: RunningLoan, event: ev.Misuse) -> None:
    if event.amount < 0:
        raise ValueError(f"{event.key}: the misused amount is not negative, not {event.amount}")
    run.settle_misuse(event.on)
    run.misused = to_cents(event.amount)


def _extend(run: RunningLoan, event: ev.Extension) -> None:
    if not run.open_items:
        raise ValueError(f"{event.key}: a loan is extended before it matures")
    if not event.due_dates:
        raise ValueError(f"{event.key}: name at least one due date")
    if event.keep_instalments and run.method is not RepaymentMethod.EQUAL_INSTALMENT:
        raise ValueError(f"{event.key}: only equal instalments are kept when due dates move")
    hold_interest(run, event.on)
    first = running_period(run, event.due_dates[0])
    if first.end <= event.on:
        raise ValueError(f"{event.key}: the new due dates come after {event.on}")
    ahead = [first, *new_periods(first.end, event.due_dates[1:])]
    set_periods(run, ahead, unpaid_ahead(run), keep=event.keep_instalments)


def _restructure(run: RunningLoan, event: ev.Restructuring) -> None:
    if RepaymentMethod.FLAT is (event.method or run.method):
        raise ValueError(f"{event.key}: a flat loan is restructured by another method")
    if not 0 <= event.principal_grace < max(1, len(event.due_dates)):
        raise ValueError(f"{event.key}: principal grace leaves at least one instalment")
    if event.annual_rate is not None:
        _require_rate(event.key, event.annual_rate)
    run.settle_misuse(event.on)
    hold_interest(run, event.on)
    running = run.carried if run.open_items else Fraction(0)
    balance = unpaid_ahead(run)
    owed, late = 0, []
    rounding = run.terms.conventions.rounding
    for item in run.closed_items:
        balance += item.unpaid_principal
        owed += item.unpaid_interest
        item.principal -= item.unpaid_principal
        item.interest -= item.unpaid_interest
        for bucket in (Bucket.PENALTY, Bucket.COMPOUND, Bucket.FEE):
            late.append((bucket, _move_out(item, bucket, rounding)))
    run.carried = running + owed
    run.rate = run.rate if event.annual_rate is None else rate_ppm(event.annual_rate)
    run.method = event.method or run.method
    run.grace_left = run.closed + event.principal_grace
    run.accrual_from = event.on
    periods = new_periods(event.on, event.due_dates)
    set_periods(run, periods, balance)
    due = event.due_dates[0]
    for charge in run.open_items[0].charges:  # those of an earlier restructuring, or charged since
        charge.due_on = max(charge.due_on, due)
    for bucket, amount in late:
        if amount:
            run.open_items[0].charges.append(Charge(bucket, amount, event.on, due))


def _move_out(item: Item, bucket: Bucket, rounding: Rounding) -> int:
    """Take what is owed of a bucket out of an instalment, whatever made it up: in whole cents."""
    amount = item.owed(bucket, rounding)
    if bucket is Bucket.PENALTY:
        item.penalty = Fraction(whole(item.penalty, rounding) - amount)
    elif bucket is Bucket.COMPOUND:
        item.compound = Fraction(whole(item.compound, rounding) - amount)
    elif amount:
        item.charges.append(replace_charge(item, amount))
    return amount


def replace_charge(item: Item, amount: int) -> Charge:
    """A fee taken back, of the day of the instalment's own first fee."""
    first = next(charge for charge in item.charges if charge.bucket is Bucket.FEE)
    return replace(first, amount=-amount)


def _stop_accrual(run: RunningLoan, event: ev.NonAccrual) -> None:
    if run.off is not None or run.is_written_off:
        return
    run.off = {bucket: run.earned(bucket, event.on) for bucket in INCOME}
    for bucket in INCOME:
        run.suspended[bucket] = run.suspended.get(bucket, 0) + run.unpaid(bucket, event.on)


def _resume_accrual(run: RunningLoan, event: ev.AccrualResumed) -> None:
    """What is unpaid is income again: first what was suspended, then what accrued since."""
    if run.off is None or run.is_written_off:
        return
    for bucket in INCOME:
        since = run.earned(bucket, event.on) - run.off[bucket]
        unpaid, suspended = run.unpaid(bucket, event.on), run.suspended.get(bucket, 0)
        back = min(suspended, unpaid)
        run.suspended[bucket] = suspended - back
        run.off_accrued[bucket] = run.off_accrued.get(bucket, 0) + since - (unpaid - back)
    run.off = None


def _write_off(run: RunningLoan, event: ev.WriteOff) -> None:
    run.settle_misuse(event.on)
    rounding, off = run.terms.conventions.rounding, run.off is not None
    accrued = run.accrued(event.on)
    settle_accrued(run, accrued)
    run.claim = accrued
    run.count(_WRITTEN_OFF[Bucket.INTEREST][off], accrued)
    for place, item in enumerate(run.items):
        for bucket in Bucket:
            if bucket is Bucket.INTEREST and place >= run.closed:
                continue
            owed = item.owed(bucket, rounding)
            if owed:
                item.waived[bucket] = item.waived.get(bucket, 0) + owed
                run.claim += owed
                run.count(_WRITTEN_OFF[bucket][off], owed)
    run.is_written_off = True


HANDLERS: Mapping[type[ev.Event], Handler] = {
    ev.Disbursement: _disburse,
    ev.Payment: pay,
    ev.Payoff: _pay_off,
    ev.Charge: _charge,
    ev.Waiver: _waive,
    ev.RateChange: _change_rate,
    ev.Misuse: _misuse,
    ev.Extension: _extend,
    ev.Restructuring: _restructure,
    ev.NonAccrual: _stop_accrual,
    ev.AccrualResumed: _resume_accrual,
    ev.WriteOff: _write_off,
}
"""Every kind of event but the reversal, which takes another one out before anything is replayed."""
