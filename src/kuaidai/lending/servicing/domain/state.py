"""What replay says of a loan on a day: allocations, instalments, sums and cumulative totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.servicing.domain.conventions import Excess


@dataclass(frozen=True)
class Allocation:
    """Where a payment went; the parts add up to the payment.

    `recovered` is money on a claim that was written off, `surplus` more than was owed.
    """

    key: str
    on: date
    penalty: Decimal
    interest: Decimal
    principal: Decimal
    excess: Excess
    fee: Decimal = ZERO
    compound: Decimal = ZERO
    recovered: Decimal = ZERO
    surplus: Decimal = ZERO

    @property
    def amount(self) -> Decimal:
        """The payment."""
        return (
            self.penalty + self.interest + self.principal + self.fee + self.compound
            + self.recovered + self.surplus
        )  # fmt: skip

    @property
    def late_interest(self) -> Decimal:
        """Penalty and compound interest together."""
        return self.penalty + self.compound


@dataclass(frozen=True)
class InstalmentState:
    """An instalment as it stands: what was due and what of it is paid or waived."""

    no: int
    from_on: date
    due_on: date
    principal: Decimal
    interest: Decimal
    paid_principal: Decimal
    paid_interest: Decimal
    penalty: Decimal
    outstanding: Decimal
    fee: Decimal = ZERO
    compound: Decimal = ZERO
    paid_fee: Decimal = ZERO
    paid_penalty: Decimal = ZERO
    paid_compound: Decimal = ZERO

    @property
    def late(self) -> Decimal:
        """Penalty and compound interest, paid or not."""
        return self.penalty + self.compound

    @property
    def unpaid(self) -> Decimal:
        """Principal and interest still to pay, penalty left out."""
        return self.principal + self.interest - self.paid_principal - self.paid_interest

    @property
    def paid(self) -> Decimal:
        """Everything that was paid or waived of it."""
        return (
            self.paid_principal + self.paid_interest + self.paid_fee + self.paid_penalty
            + self.paid_compound
        )  # fmt: skip


@dataclass(frozen=True)
class LoanState:
    """A loan on a day.

    `outstanding` is all unpaid principal; `accrued_interest` is earned and not yet due. `penalty` is
    owed on overdue principal (罚息), `compound` on overdue interest (复利), `fees` are fees charged;
    `charges_to_come` is the part of these three that was charged and falls due later.
    `payoff` settles the loan on this day. `totals` are cumulative: what the ledger is posted from.
    `interest_to_come` is what a payoff costs of interest that is not earned yet, by the loan's conventions.
    `claim` is what is still owed of a loan that was written off.
    """

    on: date
    annual_rate: Decimal
    outstanding: Decimal
    accrued_interest: Decimal
    due_principal: Decimal
    due_interest: Decimal
    penalty: Decimal
    compound: Decimal
    fees: Decimal
    days_past_due: int
    next_due_on: date | None
    next_due_amount: Decimal
    instalments: tuple[InstalmentState, ...]
    allocations: tuple[Allocation, ...]
    totals: Mapping[Movement, Decimal]
    accrues: bool = True
    claim: Decimal = ZERO
    charges_to_come: Decimal = ZERO
    surplus: Decimal = ZERO
    interest_to_come: Decimal = ZERO

    def _sum(self, *movements: Movement) -> Decimal:
        return sum((self.totals.get(each, ZERO) for each in movements), ZERO)

    @property
    def earned_interest(self) -> Decimal:
        """All interest since the start, the memorandum included."""
        return self._sum(Movement.INTEREST_ACCRUED, Movement.OFF_INTEREST_ACCRUED)

    @property
    def earned_penalty(self) -> Decimal:
        """All penalty and compound interest since the start, the memorandum included."""
        return self._sum(
            Movement.PENALTY_ACCRUED, Movement.OFF_PENALTY_ACCRUED,
            Movement.COMPOUND_ACCRUED, Movement.OFF_COMPOUND_ACCRUED,
        )  # fmt: skip

    @property
    def late_interest(self) -> Decimal:
        """Penalty and compound interest owed."""
        return self.penalty + self.compound

    @property
    def due_now(self) -> Decimal:
        """Everything due and unpaid, late interest and fees included."""
        late = self.late_interest + self.fees - self.charges_to_come
        return self.due_principal + self.due_interest + late

    @property
    def payoff(self) -> Decimal:
        """What settles the loan on this day; of one that was written off, the claim left."""
        return (
            self.outstanding + self.due_interest + self.accrued_interest + self.late_interest
            + self.fees + self.claim + self.interest_to_come
        )  # fmt: skip

    @property
    def is_settled(self) -> bool:
        """Whether nothing is owed any more."""
        return self.payoff == 0
