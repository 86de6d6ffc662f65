"""Repayment schedules.

Interest of a period is opening balance x annual rate x day-count fraction, rounded half-up to the
cent once, where it becomes due. The level payment of equal instalments is
balance / sum of discount factors over the actual periods, rounded half-up; the last instalment
takes what rounding leaves. Equal principal is balance / n, rounded half-up, likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from kuaidai.kernel.day_counts import DayCount, year_fraction
from kuaidai.kernel.money import ZERO, round_cents
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.terms import LoanTerms


@dataclass(frozen=True)
class Instalment:
    """One due amount; `outstanding` is the principal left after it is paid."""

    no: int
    from_on: date
    due_on: date
    principal: Decimal
    interest: Decimal
    total: Decimal
    outstanding: Decimal


def interest_exact(
    balance: Decimal, annual_rate: Decimal, start: date, end: date, convention: DayCount
) -> Fraction:
    """Simple interest on `balance` from `start` to `end`, exact."""
    return Fraction(balance) * Fraction(annual_rate) * year_fraction(start, end, convention)


def level_payment(
    balance: Decimal, annual_rate: Decimal, dates: Sequence[date], convention: DayCount
) -> Decimal:
    """The equal instalment that repays `balance` over the periods between `dates` (first = start)."""
    discount, factors = Fraction(1), Fraction(0)
    for start, end in pairwise(dates):
        discount /= 1 + Fraction(annual_rate) * year_fraction(start, end, convention)
        factors += discount
    return round_cents(Fraction(balance) / factors)


def amortise(
    *,
    balance: Decimal,
    annual_rate: Decimal,
    method: RepaymentMethod,
    convention: DayCount,
    start_on: date,
    due_dates: Sequence[date],
    first_no: int = 1,
) -> tuple[Instalment, ...]:
    """Spread `balance` over `due_dates` by `method`; interest runs from `start_on`."""
    dates = [start_on, *due_dates]
    level = (
        level_payment(balance, annual_rate, dates, convention)
        if method is RepaymentMethod.EQUAL_INSTALMENT
        else ZERO
    )
    share = round_cents(Fraction(balance) / len(due_dates))
    rows, left = [], balance
    for index, (begin, due) in enumerate(pairwise(dates)):
        interest = round_cents(interest_exact(left, annual_rate, begin, due, convention))
        if index == len(due_dates) - 1:
            principal = left
        elif method is RepaymentMethod.EQUAL_INSTALMENT:
            principal = min(left, max(ZERO, level - interest))
        elif method is RepaymentMethod.EQUAL_PRINCIPAL:
            principal = min(left, share)
        else:
            principal = ZERO
        left -= principal
        rows.append(
            Instalment(
                first_no + index, begin, due, principal, interest, principal + interest, left
            )
        )
    return tuple(rows)


def build_schedule(terms: LoanTerms) -> tuple[Instalment, ...]:
    """The schedule as agreed on the day of the drawdown.

    >>> # 1,000,000 at 3.85 % for 31 days on ACT/360 (the trade notes' example): 3,315.28
    """
    return amortise(
        balance=terms.principal,
        annual_rate=terms.annual_rate,
        method=terms.method,
        convention=terms.day_count,
        start_on=terms.start_on,
        due_dates=terms.due_dates(),
    )
