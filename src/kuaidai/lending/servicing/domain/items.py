"""The parts of a running loan: instalments with what is owed, paid and waived of them, in cents."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from kuaidai.kernel.money import Rounding, round_ratio
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.domain.due_dates import Period

NOTHING = Fraction(0)
"""Late interest of an instalment that never was late. It is looked for by identity: cheaper, and often."""


def whole(exact: Fraction, rounding: Rounding) -> int:
    """An exact amount in cents, rounded."""
    return round_ratio(exact.numerator, exact.denominator, rounding)


@dataclass(slots=True)
class Charge:
    """A fee, or penalty or compound interest of a fixed amount; earned and due on their own days."""

    bucket: Bucket
    amount: int
    earned_on: date
    due_on: date


@dataclass(slots=True)
class Item:
    """An instalment; `left` is the scheduled balance after it.

    Penalty runs on its overdue principal, compound interest on its overdue interest. Both are exact
    until they are paid or shown; `late_until` is the day they were run to.
    """

    no: int
    period: Period
    principal: int
    interest: int
    left: int
    charges: list[Charge] = field(default_factory=list)
    paid: dict[Bucket, int] = field(default_factory=dict)
    waived: dict[Bucket, int] = field(default_factory=dict)
    penalty: Fraction = NOTHING
    compound: Fraction = NOTHING
    late_until: date = date.min

    def owed(self, bucket: Bucket, rounding: Rounding, *, due_by: date | None = None) -> int:
        """What is still owed of a bucket; with `due_by`, charges due later are left out."""
        settled = self.paid.get(bucket, 0) + self.waived.get(bucket, 0)
        return max(0, self.earned(bucket, rounding, due_by=due_by) - settled)

    def earned(self, bucket: Bucket, rounding: Rounding, *, due_by: date | None = None) -> int:
        """The whole of a bucket, paid or not."""
        if bucket is Bucket.PRINCIPAL:
            return self.principal
        if bucket is Bucket.INTEREST:
            return self.interest
        exact = NOTHING
        if bucket is not Bucket.FEE:
            exact = self.penalty if bucket is Bucket.PENALTY else self.compound
        if exact is NOTHING and not self.charges:
            return 0
        charged = sum(
            charge.amount
            for charge in self.charges
            if charge.bucket is bucket and (due_by is None or charge.due_on <= due_by)
        )
        return charged + (whole(exact, rounding) if exact else 0)

    @property
    def has_extras(self) -> bool:
        """Whether there is late interest or a charge, paid or not."""
        penalty, compound = self.penalty, self.compound
        return (
            bool(self.charges)
            or (penalty is not NOTHING and bool(penalty))
            or (compound is not NOTHING and bool(compound))
        )

    @property
    def unpaid_principal(self) -> int:
        """Principal neither paid nor waived."""
        if not self.paid and not self.waived:
            return self.principal
        return (
            self.principal
            - self.paid.get(Bucket.PRINCIPAL, 0)
            - self.waived.get(Bucket.PRINCIPAL, 0)
        )

    @property
    def unpaid_interest(self) -> int:
        """Interest neither paid nor waived."""
        return (
            self.interest - self.paid.get(Bucket.INTEREST, 0) - self.waived.get(Bucket.INTEREST, 0)
        )

    @property
    def is_late(self) -> bool:
        """Whether principal or interest is unpaid, should its due date be past."""
        if not self.paid and not self.waived:
            return self.principal > 0 or self.interest > 0
        return self.unpaid_principal > 0 or self.unpaid_interest > 0
