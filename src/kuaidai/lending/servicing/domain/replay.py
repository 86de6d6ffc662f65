"""The one truth about a loan: its terms and events, replayed to a day.

Payments settle what is due first, oldest instalment first, and within an instalment penalty, then
interest, then principal (Civil Code 561). What is left repays early: the interest accrued to the
day, then principal, after which the remaining instalments are spread anew over the same due dates.

Overdue principal and interest bear the penalty rate (contract rate x multiplier) by the day; the
penalty itself bears nothing. It is rounded when it is paid or shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from kuaidai.kernel.day_counts import year_fraction
from kuaidai.kernel.money import ZERO
from kuaidai.lending.servicing.domain.schedule import (
    Instalment,
    amortise,
    build_schedule,
    interest_exact,
    round_cents,
)
from kuaidai.lending.servicing.domain.terms import LoanTerms


class Overpaid(ValueError):
    """A payment exceeds what is owed on its day."""


@dataclass(frozen=True)
class Payment:
    """Money received for a loan on a day; `key` names it in the allocations."""

    key: str
    on: date
    amount: Decimal


@dataclass(frozen=True)
class Allocation:
    """Where a payment went; the parts add up to the payment."""

    key: str
    on: date
    penalty: Decimal
    interest: Decimal
    principal: Decimal


@dataclass(frozen=True)
class InstalmentState:
    """An instalment as it stands: what was due and what of it is paid."""

    no: int
    from_on: date
    due_on: date
    principal: Decimal
    interest: Decimal
    paid_principal: Decimal
    paid_interest: Decimal
    penalty: Decimal
    outstanding: Decimal

    @property
    def unpaid(self) -> Decimal:
        """Principal and interest still to pay, penalty left out."""
        return self.principal + self.interest - self.paid_principal - self.paid_interest


@dataclass(frozen=True)
class LoanState:
    """A loan on a day.

    `outstanding` is all unpaid principal; `accrued_interest` is earned and not yet due;
    `earned_interest` and `earned_penalty` are totals since the start, the ledger's income.
    `payoff` settles the loan on this day.
    """

    on: date
    outstanding: Decimal
    accrued_interest: Decimal
    due_principal: Decimal
    due_interest: Decimal
    penalty: Decimal
    days_past_due: int
    next_due_on: date | None
    next_due_amount: Decimal
    earned_interest: Decimal
    earned_penalty: Decimal
    instalments: tuple[InstalmentState, ...]
    allocations: tuple[Allocation, ...]

    @property
    def due_now(self) -> Decimal:
        """Everything due and unpaid, penalty included."""
        return self.due_principal + self.due_interest + self.penalty

    @property
    def payoff(self) -> Decimal:
        """What settles the loan on this day."""
        return self.outstanding + self.due_interest + self.accrued_interest + self.penalty

    @property
    def is_settled(self) -> bool:
        """Whether nothing is owed any more."""
        return self.payoff == 0


@dataclass
class _Bill:
    row: Instalment
    paid_principal: Decimal = ZERO
    paid_interest: Decimal = ZERO
    penalty_exact: Fraction = Fraction(0)
    penalty_until: date = field(default=date.min)

    @property
    def unpaid(self) -> Decimal:
        return self.row.total - self.paid_principal - self.paid_interest


@dataclass
class _Replay:
    terms: LoanTerms
    future: list[Instalment]
    bills: list[_Bill] = field(default_factory=list)
    allocations: list[Allocation] = field(default_factory=list)
    accrual_from: date = date.min
    early_interest: Decimal = ZERO
    prepaid: Decimal = ZERO
    paid_penalty: Decimal = ZERO

    @property
    def balance(self) -> Decimal:
        """Principal not yet due."""
        return sum((row.principal for row in self.future), ZERO)

    def advance(self, on: date) -> None:
        """Bill what falls due up to `on`, and run penalty on what is overdue."""
        while self.future and self.future[0].due_on <= on:
            row = self.future.pop(0)
            self.bills.append(_Bill(row, penalty_until=row.due_on))
            self.accrual_from, self.prepaid = row.due_on, ZERO
        rate = self.terms.annual_rate * self.terms.penalty_multiplier
        for bill in self.bills:
            if bill.penalty_until < on:
                share = year_fraction(bill.penalty_until, on, self.terms.day_count)
                bill.penalty_exact += Fraction(bill.unpaid) * Fraction(rate) * share
                bill.penalty_until = on

    def accrued(self, on: date) -> Decimal:
        """Interest earned since the last due date or early repayment and not yet paid, rounded."""
        if not self.future:
            return ZERO
        exact = interest_exact(
            self.balance, self.terms.annual_rate, self.accrual_from, on, self.terms.day_count
        )
        return round_cents(exact) - self.prepaid

    def pay(self, payment: Payment) -> None:
        self.advance(payment.on)
        left, penalty, interest, principal = payment.amount, ZERO, ZERO, ZERO
        for bill in self.bills:
            part = min(left, round_cents(bill.penalty_exact))
            bill.penalty_exact -= Fraction(part)
            penalty, left = penalty + part, left - part
            part = min(left, bill.row.interest - bill.paid_interest)
            bill.paid_interest += part
            interest, left = interest + part, left - part
            part = min(left, bill.row.principal - bill.paid_principal)
            bill.paid_principal += part
            principal, left = principal + part, left - part
        self.paid_penalty += penalty
        if left > 0:
            early_interest, early_principal = self._pay_early(payment, left)
            interest, principal = interest + early_interest, principal + early_principal
        self.allocations.append(Allocation(payment.key, payment.on, penalty, interest, principal))

    def _pay_early(self, payment: Payment, left: Decimal) -> tuple[Decimal, Decimal]:
        accrued, balance = self.accrued(payment.on), self.balance
        if left > accrued + balance:
            raise Overpaid(
                f"{payment.amount} on {payment.on} is more than the {accrued + balance} left"
            )
        interest = min(left, accrued)
        principal = left - interest
        if interest < accrued:
            # too little for the accrued interest: it shortens the next bill instead
            first = self.future[0]
            self.future[0] = replace(
                first, interest=first.interest - interest, total=first.total - interest
            )
            self.early_interest += interest
            self.prepaid += interest
            return interest, ZERO
        self.early_interest += interest
        self._reamortise(payment.on, balance - principal)
        return interest, principal

    def _reamortise(self, on: date, balance: Decimal) -> None:
        dues = [row.due_on for row in self.future]
        first_no = self.future[0].no
        self.accrual_from, self.prepaid = on, ZERO
        self.future = (
            list(
                amortise(
                    balance=balance,
                    annual_rate=self.terms.annual_rate,
                    method=self.terms.method,
                    convention=self.terms.day_count,
                    start_on=on,
                    due_dates=dues,
                    first_no=first_no,
                )
            )
            if balance
            else []
        )

    def state(self, on: date) -> LoanState:
        self.advance(on)
        penalty = sum((round_cents(bill.penalty_exact) for bill in self.bills), ZERO)
        due_principal = sum((b.row.principal - b.paid_principal for b in self.bills), ZERO)
        due_interest = sum((b.row.interest - b.paid_interest for b in self.bills), ZERO)
        overdue = [bill.row.due_on for bill in self.bills if bill.unpaid > 0]
        accrued = self.accrued(on)
        billed = sum((bill.row.interest for bill in self.bills), ZERO)
        return LoanState(
            on=on,
            outstanding=due_principal + self.balance,
            accrued_interest=accrued,
            due_principal=due_principal,
            due_interest=due_interest,
            penalty=penalty,
            days_past_due=(on - min(overdue)).days if overdue else 0,
            next_due_on=self.future[0].due_on if self.future else None,
            next_due_amount=self.future[0].total if self.future else ZERO,
            earned_interest=billed + accrued + self.early_interest,
            earned_penalty=self.paid_penalty + penalty,
            instalments=(*map(_billed, self.bills), *map(_coming, self.future)),
            allocations=tuple(self.allocations),
        )


def _billed(bill: _Bill) -> InstalmentState:
    row = bill.row
    return InstalmentState(
        row.no, row.from_on, row.due_on, row.principal, row.interest,
        bill.paid_principal, bill.paid_interest, round_cents(bill.penalty_exact), row.outstanding,
    )  # fmt: skip


def _coming(row: Instalment) -> InstalmentState:
    return InstalmentState(
        row.no,
        row.from_on,
        row.due_on,
        row.principal,
        row.interest,
        ZERO,
        ZERO,
        ZERO,
        row.outstanding,
    )


def replay(terms: LoanTerms, payments: Iterable[Payment], on: date) -> LoanState:
    """The state of a loan on `on`, given the payments received until then, in order of date.

    Raises `Overpaid` when a payment exceeds what was owed, `ValueError` when one lies outside
    the loan's life or is out of order.
    """
    run = _Replay(terms, list(build_schedule(terms)), accrual_from=terms.start_on)
    last = terms.start_on
    for payment in payments:
        if not last <= payment.on <= on or payment.amount <= 0:
            raise ValueError(
                f"payment {payment.key} of {payment.amount} on {payment.on} is out of order"
            )
        run.pay(payment)
        last = payment.on
    return run.state(on)
