"""The one truth about a loan: its terms and events, replayed to a day.

Payments settle what is due first, oldest instalment first, and within an instalment in the order of
the terms (by law penalty, then interest, then principal: Civil Code 561). What is left repays early:
the interest accrued to the day, then principal, after which the remaining instalments are spread
anew: smaller over the same due dates, or fewer when the payer asked to shorten the loan.

Overdue principal and interest bear the penalty rate (contract rate x multiplier) by the day; the
penalty itself bears nothing. So compound interest, which is the penalty on overdue interest, is part
of `penalty`. It is rounded when it is paid or shown. What is paid within the days of grace bears
none; what is still unpaid after them bears it from the due date.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from kuaidai.kernel.day_counts import year_fraction
from kuaidai.kernel.money import ZERO, round_cents
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.schedule import (
    Instalment,
    amortise,
    build_schedule,
    interest_exact,
)
from kuaidai.lending.servicing.domain.state import (
    Allocation,
    InstalmentState,
    LoanState,
    Payment,
)
from kuaidai.lending.servicing.domain.terms import Bucket, LoanTerms

__all__ = ["Allocation", "InstalmentState", "LoanState", "Overpaid", "Payment", "replay"]


class Overpaid(ValueError):
    """A payment exceeds what is owed on its day."""


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

    @property
    def penalty(self) -> Decimal:
        """Penalty owed, rounded. Half a cent that was paid too early is carried, not paid back."""
        return max(ZERO, round_cents(self.penalty_exact))

    def take(self, bucket: Bucket, most: Decimal) -> Decimal:
        """Settle one bucket with at most `most`; returns what it took."""
        match bucket:
            case Bucket.PENALTY:
                part = min(most, self.penalty)
                self.penalty_exact -= Fraction(part)
            case Bucket.INTEREST:
                part = min(most, self.row.interest - self.paid_interest)
                self.paid_interest += part
            case Bucket.PRINCIPAL:
                part = min(most, self.row.principal - self.paid_principal)
                self.paid_principal += part
        return part


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
            if bill.penalty_until < on and (on - bill.row.due_on).days > self.terms.grace_days:
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
        left, parts = payment.amount, dict.fromkeys(Bucket, ZERO)
        for bill in self.bills:
            for bucket in self.terms.allocation_order:
                part = bill.take(bucket, left)
                parts[bucket] += part
                left -= part
        self.paid_penalty += parts[Bucket.PENALTY]
        if left > 0:
            interest, principal = self._pay_early(payment, left)
            parts[Bucket.INTEREST] += interest
            parts[Bucket.PRINCIPAL] += principal
        self.allocations.append(
            Allocation(
                payment.key, payment.on, parts[Bucket.PENALTY], parts[Bucket.INTEREST],
                parts[Bucket.PRINCIPAL], payment.shorten,
            )
        )  # fmt: skip

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
        self._reamortise(payment.on, balance - principal, shorten=payment.shorten)
        return interest, principal

    def _reamortise(self, on: date, balance: Decimal, *, shorten: bool) -> None:
        before, self.future = self.future, []
        self.accrual_from, self.prepaid = on, ZERO
        if balance == 0:
            return
        fewest = 1 if shorten and self.terms.method in _SHORTENED else len(before)
        for count in range(fewest, len(before) + 1):
            self.future = self._spread(on, balance, before[:count])
            if _burden(self.future, self.terms.method) <= _burden(before, self.terms.method):
                return

    def _spread(self, on: date, balance: Decimal, rows: list[Instalment]) -> list[Instalment]:
        return list(
            amortise(
                balance=balance,
                annual_rate=self.terms.annual_rate,
                method=self.terms.method,
                convention=self.terms.day_count,
                start_on=on,
                due_dates=[row.due_on for row in rows],
                first_no=rows[0].no,
            )
        )

    def state(self, on: date) -> LoanState:
        self.advance(on)
        penalty = sum((bill.penalty for bill in self.bills), ZERO)
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


_SHORTENED = (RepaymentMethod.EQUAL_INSTALMENT, RepaymentMethod.EQUAL_PRINCIPAL)
"""The methods that repay principal along the way, so that fewer instalments can do."""


def _burden(rows: list[Instalment], method: RepaymentMethod) -> Decimal:
    """What shortening must not raise: the largest instalment, or the largest part of principal."""
    if method is RepaymentMethod.EQUAL_PRINCIPAL:
        return max(row.principal for row in rows)
    return max(row.total for row in rows)


def _billed(bill: _Bill) -> InstalmentState:
    row = bill.row
    return InstalmentState(
        row.no, row.from_on, row.due_on, row.principal, row.interest,
        bill.paid_principal, bill.paid_interest, bill.penalty, row.outstanding,
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
