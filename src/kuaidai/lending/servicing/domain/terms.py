"""What was agreed for one loan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, date
from decimal import Decimal
from enum import StrEnum

from kuaidai.kernel.calendars import add_months
from kuaidai.kernel.day_counts import DayCount
from kuaidai.lending.servicing.domain.methods import RepaymentMethod


class Bucket(StrEnum):
    """What a payment settles within an instalment."""

    PENALTY = "penalty"
    INTEREST = "interest"
    PRINCIPAL = "principal"


LEGAL_ORDER = (Bucket.PENALTY, Bucket.INTEREST, Bucket.PRINCIPAL)
"""Civil Code 561: costs, interest (penalty first), principal. No product here charges costs."""

SETTLEMENT_DAY = 20
"""Interest is settled on the 20th, as Chinese banks do; see the trade notes on interest."""


@dataclass(frozen=True)
class LoanTerms:
    """The terms of a loan. `annual_rate` is a fraction; `settlement_day` is the due day of the month.

    `grace_days`: an instalment paid that many days after its due date bears no penalty.
    """

    principal: Decimal
    annual_rate: Decimal
    method: RepaymentMethod
    day_count: DayCount
    start_on: date
    months: int
    settlement_day: int = SETTLEMENT_DAY
    penalty_multiplier: Decimal = Decimal("1.5")
    grace_days: int = 0
    allocation_order: tuple[Bucket, ...] = LEGAL_ORDER

    def __post_init__(self) -> None:
        if self.principal <= 0:
            raise ValueError(f"principal must be positive, not {self.principal}")
        if not 0 <= self.annual_rate < 1:
            raise ValueError(f"annual rate is a fraction such as 0.0435, not {self.annual_rate}")
        if not 1 <= self.months <= 360:
            raise ValueError(f"a loan runs 1 to 360 months, not {self.months}")
        if self.start_on.year + self.months // 12 + 1 > MAXYEAR:
            raise ValueError(f"{self.months} months from {self.start_on} end beyond the calendar")
        if not 1 <= self.settlement_day <= 31:
            raise ValueError(f"the settlement day is 1 to 31, not {self.settlement_day}")
        if sorted(self.allocation_order) != sorted(Bucket):
            raise ValueError(f"an allocation order names each of {', '.join(Bucket)} once")

    @property
    def matures_on(self) -> date:
        """The last due date: the draw day `months` months on."""
        return add_months(self.start_on, self.months)

    def due_dates(self) -> tuple[date, ...]:
        """One due date a month: the settlement day of each following month, the last at maturity."""
        inner = (
            add_months(self.start_on, month, day=self.settlement_day)
            for month in range(1, self.months)
        )
        return (*inner, self.matures_on)
