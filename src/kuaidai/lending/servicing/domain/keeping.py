"""Instalments to come that stay what they are while the interest in them rises or falls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kuaidai.kernel.money import to_cents
from kuaidai.lending.servicing.domain.due_dates import Period, share_of
from kuaidai.lending.servicing.domain.items import Item
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.schedule import Plan, instalment_rows

if TYPE_CHECKING:  # the running loan keeps its own instalments, as time passes
    from kuaidai.lending.servicing.domain.running import RunningLoan

LEVEL = (RepaymentMethod.EQUAL_INSTALMENT, RepaymentMethod.FIXED_AMOUNT)
"""The methods whose instalments keep their size; those of the others keep their principal."""


def plan_ahead(run: RunningLoan, balance: int, ahead: Sequence[Period]) -> Plan:
    """The plan of `balance` over periods of which the first is running."""
    first = ahead[0]
    return Plan(
        balance=balance,
        rate=run.rate,
        method=run.method,
        conventions=run.terms.conventions,
        every=run.terms.every,
        periods=ahead,
        carried=run.carried,
        prepaid=run.prepaid,
        principal_grace=max(0, min(run.grace_left - run.closed, len(ahead) - 1)),
        interest_grace=max(0, min(run.terms.interest_grace - run.closed, len(ahead) - 1)),
        fixed=0 if run.terms.fixed_amount is None else to_cents(run.terms.fixed_amount),
        first_share=share_of(
            max(run.accrual_from, first.begin), first.end, first, run.terms.every,
            run.terms.day_count,
        ),
    )  # fmt: skip


def kept_parts(
    run: RunningLoan, items: Sequence[Item], *, filled: int = 0, spare: int = 0
) -> Callable[[int, int], int]:
    """What instalments ask of principal when they stay as large as they are.

    `filled` is principal of the first that is paid already; `spare` lets the first ones off.
    """
    left = spare

    def asks(place: int, interest: int) -> int:
        nonlocal left
        item = items[place]
        part = item.principal
        if part and run.method in LEVEL:
            part = max(0, part + item.interest - interest)
        if not place:
            part = max(0, part - filled)
        off = min(left, part)
        left -= off
        return part - off

    return asks


def keep_instalments(run: RunningLoan) -> None:
    """Work out the instalments to come after their interest changed; the last takes the difference."""
    items = run.open_items
    plan = plan_ahead(run, run.balance - run.ahead, [item.period for item in items])
    parts = kept_parts(run, items, filled=run.ahead)

    def asks(place: int, interest: int) -> int:
        settled = items[place].principal - items[place].unpaid_principal
        return max(parts(place, interest), settled - (0 if place else run.ahead))

    for item, row in zip(items, instalment_rows(plan, None, asks=asks), strict=True):
        item.principal, item.interest, item.left = row.principal, row.interest, row.left
    items[0].principal += run.ahead
