"""Repayment schedules, in whole cents.

Interest of a period is balance x annual rate x day-count share, rounded once, where it becomes due. The
level payment L of equal instalments solves (balance + interest of the first period) = L x (1 + d2 +
d2 d3 + …), d being the discount factors of the later periods; for whole first periods this is the
annuity formula balance x i / (1 - (1 + i)^-n). The last instalment takes what rounding leaves. Where
that is more than half a cent a period, the payment is moved once by the difference / n and kept if the
gap shrinks (the rule of Apache Fineract's progressive loans). Equal principal is balance / n, likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from kuaidai.kernel.day_counts import YEAR_DAYS
from kuaidai.kernel.money import Rounding, from_cents, round_ratio, to_cents
from kuaidai.lending.servicing.domain.conventions import (
    BrokenPeriod,
    Conventions,
    LevelBy,
    MultipleRounding,
)
from kuaidai.lending.servicing.domain.due_dates import Period, periods, share_of
from kuaidai.lending.servicing.domain.frequency import Frequency
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.terms import LoanTerms

PPM = 1_000_000
_SCALE = 10**30
"""Discount factors are kept to 30 places: payments are exact but for ties nearer than 10^-20."""


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


@dataclass(frozen=True, slots=True)
class Plan:
    """How a balance is to be repaid over periods; amounts in cents, the rate in millionths.

    `carried` is interest of the first period that was earned before interest runs on this balance and
    is not due yet, `prepaid` what of that period's interest is paid already; `first_share` the part of
    a year that the first period still has.
    """

    balance: int
    rate: int
    method: RepaymentMethod
    conventions: Conventions
    every: Frequency
    periods: Sequence[Period]
    carried: Fraction = Fraction(0)
    prepaid: int = 0
    principal_grace: int = 0
    interest_grace: int = 0
    fixed: int = 0
    first_share: tuple[int, int] | None = None


class Row(NamedTuple):
    """Principal and interest of a period, in cents, and the balance left."""

    period: Period
    principal: int
    interest: int
    left: int


def rate_ppm(annual_rate: Decimal) -> int:
    """An annual fraction in millionths. Raises `ValueError` for more than six places."""
    scaled = annual_rate.scaleb(6)
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"a rate has at most six places, not {annual_rate}")
    return whole


def interest_exact(
    balance: Decimal, annual_rate: Decimal, start: date, end: date, terms: LoanTerms
) -> Fraction:
    """Simple interest on `balance` for days of a loan that lie in one of its periods, exact."""
    for period in periods(terms):
        if period.begin <= start and end <= period.end:
            share = share_of(start, end, period, terms.every, terms.day_count)
            return Fraction(balance) * Fraction(annual_rate) * Fraction(*share)
    raise ValueError(f"{start} to {end} lie in no period of the loan")


def amortise(plan: Plan) -> list[Row]:
    """Spread the balance over the periods by the plan's method."""
    match plan.method:
        case RepaymentMethod.EQUAL_INSTALMENT:
            return _level(plan)
        case RepaymentMethod.FLAT:
            return _flat(plan)
        case RepaymentMethod.FIXED_AMOUNT:
            return instalment_rows(plan, plan.fixed, stop=True)
        case _:
            return instalment_rows(plan, None)


def _shares(plan: Plan) -> list[tuple[int, int]]:
    day_count = plan.conventions.day_count
    shares = [share_of(p.begin, p.end, p, plan.every, day_count) for p in plan.periods]
    return shares if plan.first_share is None else [plan.first_share, *shares[1:]]


def first_interest(plan: Plan, share: tuple[int, int]) -> int:
    """Interest of the first period, rounded, paid or not."""
    numerator, denominator = plan.balance * plan.rate * share[0], share[1] * PPM
    if plan.carried:
        exact = plan.carried + Fraction(numerator, denominator)
        numerator, denominator = exact.numerator, exact.denominator
    return round_ratio(numerator, denominator, plan.conventions.rounding)


def _multiple(amount: Fraction, conventions: Conventions) -> int:
    """An amount in cents rounded to a cent, or to the multiple that instalments come in."""
    if conventions.multiple is None:
        return round_ratio(amount.numerator, amount.denominator, conventions.rounding)
    step = to_cents(conventions.multiple)
    if conventions.multiple_rounding is MultipleRounding.UP:
        return step * -((-amount.numerator) // (amount.denominator * step))
    return step * round_ratio(amount.numerator, amount.denominator * step, Rounding.HALF_EVEN)


def level_payment(plan: Plan, shares: Sequence[tuple[int, int]]) -> int:
    """The equal instalment, in cents, over the periods after the grace of principal."""
    skipped = plan.principal_grace
    numerator, denominator = shares[skipped]
    of = denominator * PPM
    owed = plan.balance * (
        of + plan.rate * numerator
    )  # a share of `of`, as whole numbers for speed
    if not skipped and (plan.carried or plan.prepaid):
        more = plan.carried - plan.prepaid
        owed, of = owed * more.denominator + more.numerator * of, of * more.denominator
    factor, factors = _SCALE, _SCALE
    for numerator, denominator in shares[skipped + 1 :]:
        whole = denominator * PPM
        factor = factor * whole // (whole + plan.rate * numerator)
        factors += factor
    if plan.conventions.multiple is None:
        return round_ratio(owed * _SCALE, of * factors, plan.conventions.rounding)
    return _multiple(Fraction(owed * _SCALE, of * factors), plan.conventions)


def _level_shares(plan: Plan, shares: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    """The shares of a year by which the equal instalment is worked out."""
    if plan.conventions.level_by is LevelBy.ACTUAL:
        return shares
    part, of = plan.every.nominal_share
    whole = (360 * part, YEAR_DAYS.get(plan.conventions.day_count, 365) * of)
    return [whole] * len(shares)


def _level(plan: Plan) -> list[Row]:
    shares = _shares(plan)
    level = level_payment(plan, _level_shares(plan, shares))
    rows = instalment_rows(plan, level, shares=shares)
    count = len(rows) - plan.principal_grace
    if not plan.conventions.smooth or plan.conventions.multiple is not None or count < 2:
        return rows
    gap = _gap(rows)
    if abs(gap) <= count // 2:
        return rows
    tried = instalment_rows(
        plan, level + round_ratio(gap, count, plan.conventions.rounding), shares=shares
    )
    return tried if abs(_gap(tried)) < abs(gap) else rows


def _gap(rows: Sequence[Row]) -> int:
    last, before = rows[-1], rows[-2]
    return last.principal + last.interest - before.principal - before.interest


def instalment_rows(
    plan: Plan,
    level: int | None,
    *,
    shares: Sequence[tuple[int, int]] | None = None,
    asks: Callable[[int, int], int] | None = None,
    stop: bool = False,
) -> list[Row]:
    """Rows by a payment, by what `asks` tells of principal (place, interest), or by the method.

    The last row takes what is left; with `stop` they end when nothing is. Raises `ValueError` where
    it never comes to that.
    """
    shares = _shares(plan) if shares is None else shares
    rate, left, deferred, credit = plan.rate, plan.balance, 0, plan.prepaid
    rows: list[Row] = []
    for place, (period, (numerator, denominator)) in enumerate(
        zip(plan.periods, shares, strict=True)
    ):
        if place:
            interest = round_ratio(
                left * rate * numerator, denominator * PPM, plan.conventions.rounding
            )
        else:
            interest = first_interest(plan, (numerator, denominator))
        if credit:
            settled = max(0, min(credit, interest))
            interest, credit = interest - settled, credit - settled
        deferred, interest = (
            (deferred + interest, 0) if place < plan.interest_grace else (0, interest + deferred)
        )
        part = asks(place, interest) if asks else _principal(plan, place, level, interest)
        principal = left if place == len(shares) - 1 and not stop else min(left, part)
        left -= principal
        rows.append(Row(period, principal, interest, left))
        if stop and not left:
            return rows
    if left:
        raise ValueError("the fixed amount never repays the loan")
    return rows


def _principal(plan: Plan, place: int, level: int | None, interest: int) -> int:
    """The part of principal that the method asks in a period, before the last one."""
    if place < plan.principal_grace:
        return 0
    if level is not None:
        return max(0, level - interest)
    if plan.method is not RepaymentMethod.EQUAL_PRINCIPAL:
        return 0
    paying = len(plan.periods) - plan.principal_grace
    return round_ratio(plan.balance, paying, plan.conventions.rounding)


def _flat(plan: Plan) -> list[Row]:
    """Interest on the first principal in every period, the last taking what rounding leaves of it.

    Principal and interest are made multiples apart; interest stays exact and principal absorbs.
    """
    count, left, rows = len(plan.periods), plan.balance, []
    months, year = plan.every.nominal_share
    exact = Fraction(plan.balance * plan.rate * months, year * PPM)
    rounding = plan.conventions.rounding
    interest = round_ratio(exact.numerator, exact.denominator, rounding)
    whole = round_ratio(exact.numerator * count, exact.denominator, rounding)
    total = _multiple(Fraction(plan.balance, count), plan.conventions)
    total += interest if plan.conventions.multiple is None else _multiple(exact, plan.conventions)
    for period in plan.periods[:-1]:
        principal = min(left, max(0, total - interest))
        left -= principal
        rows.append(Row(period, principal, interest, left))
    rows.append(Row(plan.periods[-1], left, max(0, whole - interest * (count - 1)), 0))
    return rows


def plan_of(terms: LoanTerms) -> Plan:
    """The plan of a loan drawn in full on its first day."""
    ahead = periods(terms)
    return Plan(
        balance=to_cents(terms.principal),
        rate=rate_ppm(terms.annual_rate),
        method=terms.method,
        conventions=terms.conventions,
        every=terms.every,
        periods=ahead,
        principal_grace=min(terms.principal_grace, len(ahead) - 1),
        interest_grace=min(terms.interest_grace, len(ahead) - 1),
        fixed=0 if terms.fixed_amount is None else to_cents(terms.fixed_amount),
    )


def build_rows(terms: LoanTerms) -> list[Row]:
    """The schedule as agreed on the day of the drawdown, in cents."""
    plan = plan_of(terms)
    if terms.method is RepaymentMethod.AGREED:
        return _agreed(plan, terms)
    if terms.first_due is not None and terms.conventions.broken_period is not BrokenPeriod.ACTUAL:
        return _with_broken_interest(plan, terms)
    if terms.period_start is not None and terms.period_start < terms.start_on:
        return _from_the_draw(plan, terms)
    return amortise(plan)


def _from_the_draw(plan: Plan, terms: LoanTerms) -> list[Row]:
    """A drawdown within its first period: the period counts as agreed, interest from the draw."""
    first = plan.periods[0]
    unearned = share_of(first.begin, terms.start_on, first, plan.every, terms.day_count)
    missed = Fraction(plan.balance * plan.rate * unearned[0], unearned[1] * PPM)
    return amortise(replace(plan, carried=-missed))


def _with_broken_interest(plan: Plan, terms: LoanTerms) -> list[Row]:
    """Interest of the days before a usual first period: on top of the first instalment, or of all."""
    first = plan.periods[0]
    usual = terms.every.after(first.end, -1)
    if usual < terms.start_on:
        raise ValueError(f"there are no broken days before a first due date on {first.end}")
    whole = replace(first, begin=usual, regular=True)
    rows = amortise(replace(plan, periods=(whole, *plan.periods[1:])))
    numerator, denominator = share_of(terms.start_on, usual, first, plan.every, terms.day_count)
    broken = Fraction(plan.balance * plan.rate * numerator, denominator * PPM)
    rounding, count = plan.conventions.rounding, len(rows)
    owed = round_ratio(broken.numerator, broken.denominator, rounding)
    if plan.conventions.broken_period is BrokenPeriod.WITH_FIRST:
        extra = [owed] + [0] * (count - 1)
    else:
        part = round_ratio(broken.numerator, broken.denominator * count, rounding)
        extra = [part] * (count - 1) + [owed - part * (count - 1)]
    rows[0] = rows[0]._replace(period=first)
    return [r._replace(interest=r.interest + more) for r, more in zip(rows, extra, strict=True)]


def _agreed(plan: Plan, terms: LoanTerms) -> list[Row]:
    """Principal as agreed line by line; the last line takes what is left."""
    rows, left, shares = [], plan.balance, _shares(plan)
    lines = list(zip(terms.agreed, plan.periods, shares, strict=True))
    for place, (line, period, (numerator, denominator)) in enumerate(lines):
        rounding = plan.conventions.rounding
        interest = round_ratio(left * plan.rate * numerator, denominator * PPM, rounding)
        if place == len(lines) - 1:
            principal = left
        elif line.principal is not None:
            principal = to_cents(line.principal)
        else:
            principal = to_cents(line.total or Decimal(0)) - interest
        if not 0 <= principal <= left:
            raise ValueError(
                f"the agreed instalment of {line.due_on} asks {from_cents(principal)} of principal,"
                f" {from_cents(left)} being left"
            )
        left -= principal
        rows.append(Row(period, principal, interest, left))
    return rows


def instalments(rows: Sequence[Row], *, first_no: int = 1) -> tuple[Instalment, ...]:
    """Rows as money, numbered."""
    return tuple(
        Instalment(
            number, row.period.begin, row.period.due, from_cents(row.principal),
            from_cents(row.interest), from_cents(row.principal + row.interest), from_cents(row.left),
        )
        for number, row in enumerate(rows, start=first_no)
    )  # fmt: skip


def build_schedule(terms: LoanTerms) -> tuple[Instalment, ...]:
    """The schedule as agreed on the day of the drawdown.

    Raises `ValueError` where the terms have no schedule (a fixed amount below the interest, two due
    dates on one day).
    """
    return instalments(build_rows(terms))
