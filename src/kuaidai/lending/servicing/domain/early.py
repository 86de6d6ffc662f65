"""What an early repayment would change, worked out by replay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kuaidai.kernel.money import ZERO
from kuaidai.lending.servicing.domain.events import Event, Payment, in_order
from kuaidai.lending.servicing.domain.replay import LoanState, Overpaid, replay
from kuaidai.lending.servicing.domain.terms import LoanTerms


@dataclass(frozen=True)
class RepaymentEffect:
    """A loan before and after one repayment, and the interest the repayment saves."""

    before: LoanState
    after: LoanState
    interest_saved: Decimal


def total_interest(state: LoanState) -> Decimal:
    """All interest of a loan if it goes on as scheduled: what was paid and what is still to come."""
    paid = sum((part.interest for part in state.allocations), ZERO)
    return paid + sum((row.interest - row.paid_interest for row in state.instalments), ZERO)


def repayment_effect(
    terms: LoanTerms,
    events: Iterable[Event],
    state: LoanState,
    amount: Decimal,
    *,
    shorten: bool = False,
) -> RepaymentEffect:
    """What repaying `amount` on `state.on` would change; changes nothing itself.

    Raises `Overpaid` when `amount` is more than `state.payoff`.
    """
    if amount > state.payoff:
        raise Overpaid(f"{amount} on {state.on} is more than the {state.payoff} left")
    payment = Payment("preview", state.on, amount, shorten)
    after = replay(terms, (*events, payment), state.on)
    return RepaymentEffect(state, after, total_interest(state) - total_interest(after))


def effect_of_payment(
    terms: LoanTerms, events: Sequence[Event], key: str
) -> RepaymentEffect | None:
    """What the payment `key` changed on its day; None where the loan has no such payment."""
    standing = in_order(events)
    for place, event in enumerate(standing):
        if event.key == key and isinstance(event, Payment):
            before = replay(terms, standing[:place], event.on)
            after = replay(terms, standing[: place + 1], event.on)
            return RepaymentEffect(before, after, total_interest(before) - total_interest(after))
    return None
