"""What a loan's replay reads and says: payments in; allocations, instalments and sums out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Payment:
    """Money received for a loan on a day; `key` names it in the allocations.

    Where part of it repays early, the instalments left become smaller over the same due dates;
    with `shorten` they become fewer instead, none larger than now.
    """

    key: str
    on: date
    amount: Decimal
    shorten: bool = False


@dataclass(frozen=True)
class Allocation:
    """Where a payment went; the parts add up to the payment."""

    key: str
    on: date
    penalty: Decimal
    interest: Decimal
    principal: Decimal
    shorten: bool = False


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
