"""Early principal that counts as part of the running instalment, by the `fill-` rules for excess.

It bears nothing from its day on; the interest earned until then stays due with the instalment. On a due
date the instalment due that day takes it, once it is paid itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

from kuaidai.lending.servicing.domain.conventions import Bucket, Excess
from kuaidai.lending.servicing.domain.items import Item
from kuaidai.lending.servicing.domain.keeping import kept_parts, plan_ahead
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.respreading import (
    hold_interest,
    renewed,
    replace_open,
    take_interest_ahead,
    unpaid_ahead,
)
from kuaidai.lending.servicing.domain.running import RunningLoan
from kuaidai.lending.servicing.domain.schedule import (
    Plan,
    Row,
    amortise,
    first_interest,
    instalment_rows,
)

_SPREAD_ANEW = (RepaymentMethod.EQUAL_INSTALMENT, RepaymentMethod.EQUAL_PRINCIPAL)
"""The methods whose later instalments become smaller alike; of the others the last ones are cut."""


def fill(run: RunningLoan, on: date, amount: int, rule: Excess) -> None:
    """Let `amount` of principal, less than is unpaid, fill the instalment that is running.

    Money and counters are the caller's; this changes the instalments only.
    """
    before, balance = run.open_items, unpaid_ahead(run) - amount
    take_interest_ahead(run)
    hold_interest(run, on)
    plan = plan_ahead(run, balance, [item.period for item in before])
    if run.closed and run.closed_items[-1].period.end == on:
        due = run.closed_items[-1]
        due.principal, due.left = due.principal + amount, due.left - amount
        due.paid[Bucket.PRINCIPAL] = due.paid.get(Bucket.PRINCIPAL, 0) + amount
        replace_open(run, renewed(before, _beyond(run, plan, before, amount, rule)))
        return
    filled = run.ahead + amount
    if len(before) > 1 and (beyond := filled - _asked(run, plan, before[0])) > 0:
        rows = _filled_up(run, plan, before, beyond, rule)
    else:
        rows = _kept(run, plan, before, filled=filled)
    items = renewed(before, rows)
    items[0].principal += filled
    items[0].paid[Bucket.PRINCIPAL] = filled
    replace_open(run, items)
    run.ahead = filled


def _asked(run: RunningLoan, plan: Plan, running: Item) -> int:
    """Principal that the running instalment asks; one that was filled up asks no more than it had."""
    if run.ahead and running.principal == run.ahead:
        return run.ahead
    interest = max(0, first_interest(plan, plan.first_share or (0, 1)) - plan.prepaid)
    return kept_parts(run, [running])(0, interest)


def _filled_up(
    run: RunningLoan, plan: Plan, before: Sequence[Item], beyond: int, rule: Excess
) -> list[Row]:
    """The running instalment asks its interest only; what goes beyond it is the later ones'."""
    interest = first_interest(plan, plan.first_share or (0, 1))
    credit = max(0, plan.prepaid - interest)
    owed = max(0, interest - plan.prepaid)
    defers = plan.interest_grace > 0
    later = replace(
        plan,
        periods=plan.periods[1:],
        carried=Fraction(owed if defers else 0),
        prepaid=credit,
        principal_grace=max(0, plan.principal_grace - 1),
        interest_grace=max(0, plan.interest_grace - 1),
        first_share=None,
    )
    first = Row(plan.periods[0], 0, 0 if defers else owed, plan.balance)
    return [first, *_beyond(run, later, before[1:], beyond, rule)]


def _beyond(
    run: RunningLoan, plan: Plan, items: Sequence[Item], amount: int, rule: Excess
) -> list[Row]:
    """Instalments after `amount` more than was asked came: smaller, fewer, or the next ones let off."""
    if rule is Excess.FILL_REDUCE and run.method in _SPREAD_ANEW:
        return amortise(plan)
    return _kept(run, plan, items, spare=amount if rule is Excess.FILL_SKIP else 0)


def _kept(
    run: RunningLoan, plan: Plan, items: Sequence[Item], *, filled: int = 0, spare: int = 0
) -> list[Row]:
    rows = instalment_rows(plan, None, asks=kept_parts(run, items, filled=filled, spare=spare))
    while len(rows) > 1 and not (rows[-1].principal or rows[-1].interest):
        rows.pop()
    return rows
