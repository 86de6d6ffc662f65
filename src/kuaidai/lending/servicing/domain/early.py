"""What an early repayment would change, worked out by replay."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kuaidai.kernel.money import ZERO
from kuaidai.lending.servicing.domain.replay import LoanState, Payment, replay
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


def payments_of(state: LoanState) -> tuple[Payment, ...]:
    """The payments that led to `state`."""
    return tuple(
        Payment(part.key, part.on, part.penalty + part.interest + part.principal, part.shorten)
        for part in state.allocations
    )


def repayment_effect(
    terms: LoanTerms, state: LoanState, amount: Decimal, *, shorten: bool = False
) -> RepaymentEffect:
    """What repaying `amount` on `state.on` would change; changes nothing itself.

    Raises `Overpaid` when `amount` is more than `state.payoff`.
    """
    payment = Payment("preview", state.on, amount, shorten)
    after = replay(terms, (*payments_of(state), payment), state.on)
    return RepaymentEffect(state, after, total_interest(state) - total_interest(after))


def effect_of_payment(terms: LoanTerms, state: LoanState, key: str) -> RepaymentEffect | None:
    """What the payment `key` changed on its day; None where the loan has no such payment."""
    payments = payments_of(state)
    for place, payment in enumerate(payments):
        if payment.key == key:
            before = replay(terms, payments[:place], payment.on)
            after = replay(terms, payments[: place + 1], payment.on)
            return RepaymentEffect(before, after, total_interest(before) - total_interest(after))
    return None
