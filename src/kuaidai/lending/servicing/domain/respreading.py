"""Spreading what is not due yet anew: after early money, a new rate, a disbursement, an extension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

from kuaidai.kernel.money import round_ratio, to_cents
from kuaidai.lending.servicing.domain.conventions import CHARGED, Bucket
from kuaidai.lending.servicing.domain.due_dates import Period
from kuaidai.lending.servicing.domain.items import Item, whole
from kuaidai.lending.servicing.domain.keeping import plan_ahead
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.running import RunningLoan
from kuaidai.lending.servicing.domain.schedule import PPM, Row, amortise, instalment_rows

_SHORTENED = (RepaymentMethod.EQUAL_INSTALMENT, RepaymentMethod.EQUAL_PRINCIPAL)
"""The methods that repay principal along the way, so that fewer instalments can do."""


def unpaid_ahead(run: RunningLoan) -> int:
    """Principal of the instalments to come that is not paid ahead."""
    return sum(item.unpaid_principal for item in run.open_items)


def hold_interest(run: RunningLoan, on: date) -> None:
    """Keep the running period's interest up to `on`; from there it may run on another balance."""
    if run.closed < len(run.items):
        run.carried, run.accrual_from = run.exact_interest(on), max(on, run.accrual_from)
        if run.terms.conventions.rounds_segments:
            run.carried = Fraction(whole(run.carried, run.terms.conventions.rounding))


def take_interest_ahead(run: RunningLoan) -> None:
    """Interest paid ahead of instalments that are spread anew is credited to those that replace them."""
    ahead = run.interest_ahead()
    if ahead:
        run.prepaid += ahead
        run.early_interest += ahead
        for item in run.open_items:
            item.paid.pop(Bucket.INTEREST, None)


def respread(run: RunningLoan, on: date, balance: int, *, shorten: bool = False) -> None:
    """Spread `balance` over the instalments to come; with `shorten` over fewer, none larger."""
    before = run.open_items
    if not before:
        if balance:
            raise ValueError(f"no instalment is to come on {on}")
        return
    take_interest_ahead(run)
    if balance == 0:
        replace_open(run, _nothing_left(run, before))
        return
    fewest = 1 if shorten and run.method in _SHORTENED else len(before)
    rows: list[Row] = []
    for count in range(fewest, len(before) + 1):
        rows = spread(run, balance, [item.period for item in before[:count]])
        if _burden(run, rows) <= _burden(run, before):
            break
    replace_open(run, renewed(before, rows))


def spread(run: RunningLoan, balance: int, ahead: Sequence[Period]) -> list[Row]:
    """Rows of `balance` over periods of which the first is running."""
    plan = plan_ahead(run, balance, ahead)
    match run.method:
        case RepaymentMethod.FLAT:
            return _flat_again(run, balance, ahead)
        case RepaymentMethod.FIXED_AMOUNT:
            rows = instalment_rows(plan, plan.fixed)
            return [row for row in rows if row.principal or row.interest] or rows[:1]
        case RepaymentMethod.AGREED:
            parts = _trimmed(run, balance, len(ahead))
            return instalment_rows(plan, None, asks=lambda place, _: parts[place])
        case _:
            return amortise(plan)


def _flat_again(run: RunningLoan, balance: int, ahead: Sequence[Period]) -> list[Row]:
    """Flat interest is on the first principal; what is left is spread as before, the last taking rest."""
    months, year = run.terms.every.nominal_share
    exact = Fraction(to_cents(run.terms.principal) * run.rate * months, year * PPM)
    rounding = run.terms.conventions.rounding
    interest = round_ratio(exact.numerator, exact.denominator, rounding)
    part, credit = round_ratio(balance, len(ahead), rounding), run.prepaid
    rows: list[Row] = []
    for place, period in enumerate(ahead):
        principal = balance if place == len(ahead) - 1 else min(balance, part)
        balance -= principal
        settled = min(credit, interest)
        credit -= settled
        rows.append(Row(period, principal, interest - settled, balance))
    return rows


def _trimmed(run: RunningLoan, balance: int, count: int) -> list[int]:
    """Agreed principal parts over `count` dates, the last ones cut (or the last raised) to what is left.

    Where there are more dates than parts, the last part moves to the last date.
    """
    found, left = [], balance
    for item in run.open_items:
        part = min(left, item.unpaid_principal)
        found.append(part)
        left -= part
    if not found:
        return [0] * (count - 1) + [balance]
    found[-1] += left
    return found[:-1] + [0] * max(0, count - len(found)) + found[-1:]


def renewed(before: Sequence[Item], rows: Sequence[Row]) -> list[Item]:
    """Items that take the place of others, with what is charged and what was paid of that."""
    found = [
        Item(old.no, old.period, row.principal, row.interest, row.left, charges=old.charges)
        for old, row in zip(before, rows, strict=False)
    ]
    for dropped in before[len(found) :]:
        found[-1].charges.extend(dropped.charges)
        _keep_paid_charges(found[-1], dropped)
    for old, new in zip(before, found, strict=False):
        _keep_paid_charges(new, old)
    return found


def _keep_paid_charges(new: Item, old: Item) -> None:
    for bucket in CHARGED:
        for now, then in ((new.paid, old.paid), (new.waived, old.waived)):
            if then.get(bucket):
                now[bucket] = now.get(bucket, 0) + then[bucket]


def _nothing_left(run: RunningLoan, before: Sequence[Item]) -> list[Item]:
    """No instalment is left; where interest or charges are, one keeps them until its due date."""
    charges = [charge for item in before for charge in item.charges]
    interest = 0 if run.method is RepaymentMethod.FLAT else run.accrued(run.accrual_from)
    if not charges and not interest:
        return []
    kept = Item(before[0].no, before[0].period, 0, interest, 0, charges=charges)
    for item in before:
        _keep_paid_charges(kept, item)
    return [kept]


def replace_open(run: RunningLoan, items: Sequence[Item]) -> None:
    """Put other instalments in the place of those to come."""
    run.items[run.closed :] = items
    run.balance, run.ahead = sum(item.principal for item in items), 0


def _burden(run: RunningLoan, rows: Sequence[Row] | Sequence[Item]) -> int:
    """What shortening must not raise: the largest instalment, or the largest part of principal."""
    if run.method is RepaymentMethod.EQUAL_PRINCIPAL:
        return max(row.principal for row in rows)
    return max(row.principal + row.interest for row in rows)


def new_periods(begin: date, due_dates: Sequence[date]) -> list[Period]:
    """Periods up to agreed due dates. Raises `ValueError` unless they come in order after `begin`."""
    found = []
    for due in due_dates:
        if due <= begin:
            raise ValueError(f"due dates come in order, after {begin}: {due} does not")
        found.append(Period(begin, due, due, regular=False))
        begin = due
    if not found:
        raise ValueError("name at least one due date")
    return found


def set_periods(
    run: RunningLoan, ahead: Sequence[Period], balance: int, *, keep: bool = False
) -> None:
    """Give the loan new instalments over `ahead`, numbered on, holding `balance`.

    With `keep` they are as large as the largest was; the last takes what is left.
    """
    first_no = run.items[run.closed - 1].no + 1 if run.closed else 1
    charges = [charge for item in run.open_items for charge in item.charges]
    take_interest_ahead(run)
    if keep:
        level = max(item.principal + item.interest for item in run.open_items)
        rows = instalment_rows(plan_ahead(run, balance, ahead), level)
    else:
        rows = spread(run, balance, ahead)
    items = [
        Item(first_no + place, row.period, row.principal, row.interest, row.left)
        for place, row in enumerate(rows)
    ]
    items[0].charges.extend(charges)
    for item in run.open_items:
        _keep_paid_charges(items[0], item)
    replace_open(run, items)


def running_period(run: RunningLoan, first_due: date) -> Period:
    """The period that runs now, ending on `first_due` instead."""
    begin = run.open_items[0].period.begin if run.open_items else run.accrual_from
    return replace(Period(begin, first_due, first_due, regular=False))
