"""What was agreed for one loan."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import MAXYEAR, date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from kuaidai.kernel.day_counts import DayCount
from kuaidai.lending.servicing.domain.conventions import Conventions
from kuaidai.lending.servicing.domain.frequency import MONTHLY, Frequency
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.repricing import FIXED, Repricing

SETTLEMENT_DAY = 20
"""Interest is settled on the 20th, as Chinese banks do; see the trade notes on interest."""

MOST_INSTALMENTS = 1200
MOST_TIMES = 10
"""The largest multiplier of a penalty rate: beyond it is a slip of the pen."""


@dataclass(frozen=True)
class AgreedInstalment:
    """One line of a schedule by agreement: a due date and the principal due, or the whole amount."""

    due_on: date
    principal: Decimal | None = None
    total: Decimal | None = None

    def __post_init__(self) -> None:
        if (self.principal is None) == (self.total is None):
            raise ValueError(f"the agreed instalment of {self.due_on} has a principal or a total")


class LateBase(StrEnum):
    """What a late charge is a share of: the overdue principal, or the overdue instalment."""

    PRINCIPAL = "principal"
    INSTALMENT = "instalment"


@dataclass(frozen=True)
class LateCharge:
    """A penalty charged once for an instalment that is overdue: a share (a fraction) of what is unpaid."""

    share: Decimal
    of: LateBase = LateBase.PRINCIPAL

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(
                f"a late charge is more than 0 and at most 100 percent, not {self.share}"
            )


@dataclass(frozen=True)
class LoanTerms:
    """The terms of a loan. `annual_rate` is a fraction: 0.0435 is 4.35 % a year.

    Due dates count from the day of the drawdown (or from `first_due`), on the same day of each month
    (or on `due_day`). With `settlement_day` they are that day of every following month (of the last
    month of the quarter, where an instalment covers three), and the last is the day of the drawdown,
    `instalments` periods on. `grace_days`: an instalment paid that many days after its due date bears
    no penalty. `principal_grace` is the number of first instalments without principal,
    `interest_grace` of those without interest, which is due with the first one after them.
    `penalty_multiplier` and `misuse_multiplier` are applied to the rate on overdue and on misused money
    (PBoC 2003: 1.3 to 1.5 and 1.5 to 2). `repricing` says how the rate follows the LPR; its changes are
    events of the loan. `late_charge` comes beside penalty interest, the day after the days of grace.
    Raises `ValueError` for terms that make no loan.
    """

    principal: Decimal
    annual_rate: Decimal
    method: RepaymentMethod
    start_on: date
    instalments: int
    conventions: Conventions = field(default_factory=Conventions)
    every: Frequency = MONTHLY
    first_due: date | None = None
    due_day: int | None = None
    settlement_day: int | None = None
    principal_grace: int = 0
    interest_grace: int = 0
    grace_days: int = 0
    penalty_multiplier: Decimal = Decimal("1.5")
    misuse_multiplier: Decimal = Decimal("2")
    fixed_amount: Decimal | None = None
    agreed: tuple[AgreedInstalment, ...] = ()
    period_start: date | None = None
    repricing: Repricing = FIXED
    late_charge: LateCharge | None = None

    def __post_init__(self) -> None:
        if self.principal <= 0:
            raise ValueError(f"principal must be positive, not {self.principal}")
        if not 0 <= self.annual_rate < 10:
            raise ValueError(f"annual rate is a fraction such as 0.0435, not {self.annual_rate}")
        if not 1 <= self.instalments <= MOST_INSTALMENTS:
            raise ValueError(
                f"a loan has 1 to {MOST_INSTALMENTS} instalments, not {self.instalments}"
            )
        if self._last_year() > MAXYEAR:
            raise ValueError(
                f"{self.instalments} x {self.every} from {self.start_on} run beyond the year {MAXYEAR}"
            )
        self._check_days()
        self._check_method()

    def _last_year(self) -> int:
        begun = (self.first_due or self.start_on).year
        days = self.every.nominal_share[0] * 360 // self.every.nominal_share[1]
        fixed = self.method is RepaymentMethod.FIXED_AMOUNT
        count = MOST_INSTALMENTS if fixed else self.instalments
        return begun + (days + 6) * count // 360 + 1

    def _check_days(self) -> None:
        for name, day in (("due", self.due_day), ("settlement", self.settlement_day)):
            if day is not None and not 1 <= day <= 31:
                raise ValueError(f"the {name} day is 1 to 31, not {day}")
            if day is not None and not self.every.months:
                raise ValueError(f"a {name} day of the month needs instalments by months")
        if self.first_due is not None and self.first_due <= self.start_on:
            raise ValueError(
                f"the first due date comes after the drawdown on {self.start_on}, not on {self.first_due}"
            )
        if self.settlement_day is not None and (self.first_due or self.due_day):
            raise ValueError("name a settlement day, or a first due date and day, not both")
        if self.period_start is not None and self.period_start > self.start_on:
            raise ValueError(f"the first period begins on {self.start_on} at the latest")

    def _check_method(self) -> None:
        for name, grace in (("principal", self.principal_grace), ("interest", self.interest_grace)):
            if not 0 <= grace < self.instalments:
                raise ValueError(f"{name} grace is 0 to {self.instalments - 1}, not {grace}")
        for name, times in (
            ("penalty", self.penalty_multiplier),
            ("misuse", self.misuse_multiplier),
        ):
            if not 0 <= times <= MOST_TIMES:
                raise ValueError(f"the {name} multiplier is 0 to {MOST_TIMES}, not {times}")
        if not 0 <= self.grace_days <= 60:
            raise ValueError(f"0 to 60 days of grace, not {self.grace_days}")
        if (self.fixed_amount is None) != (self.method is not RepaymentMethod.FIXED_AMOUNT):
            raise ValueError(f"a fixed amount goes with {RepaymentMethod.FIXED_AMOUNT}")
        self._check_agreed()

    def _check_agreed(self) -> None:
        if bool(self.agreed) != (self.method is RepaymentMethod.AGREED):
            raise ValueError(
                f"the method {RepaymentMethod.AGREED} and agreed instalments go together"
            )
        if self.agreed and len(self.agreed) != self.instalments:
            raise ValueError(
                f"{len(self.agreed)} instalments are agreed, and {self.instalments} are to be"
            )
        days = [line.due_on for line in self.agreed]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("agreed instalments come in order of their due dates, one a day")
        if days and days[0] < self.start_on:
            raise ValueError(f"no instalment falls due before the drawdown on {self.start_on}")

    @property
    def day_count(self) -> DayCount:
        """How interest days are counted."""
        return self.conventions.day_count

    @property
    def months(self) -> int:
        """Months from drawdown to maturity, where instalments come by months; 0 otherwise."""
        return self.every.months * self.instalments
