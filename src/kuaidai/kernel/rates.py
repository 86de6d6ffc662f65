"""Annualised rates: what a loan costs per year, from its cash flows.

PBOC Notice 2021-3 asks every lender to show the annualised rate of all costs on the principal
actually used; both the nominal rate (periodic IRR x periods a year) and the effective one are given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

RATE_PLACES = Decimal("0.000001")
_DAYS_A_YEAR = 365


def annual_rate(value: Decimal | str) -> Decimal:
    """`value` as an annual fraction with six places: 0.0435 is 4.35 %."""
    return Decimal(value).quantize(RATE_PLACES, rounding=ROUND_HALF_UP) + 0  # -0 is nought


@dataclass(frozen=True)
class CashFlow:
    """Money that reaches the borrower (positive) or leaves them (negative) on a day."""

    on: date
    amount: Decimal


@dataclass(frozen=True)
class AnnualisedRate:
    """`nominal` is the monthly IRR x 12, `effective` is compounded over a year; annual fractions."""

    nominal: Decimal
    effective: Decimal


def annualised_rate(flows: Sequence[CashFlow]) -> AnnualisedRate:
    """The annualised cost of `flows`: first what the borrower receives, then what they pay.

    Solves sum(amount / (1 + effective) ^ (days / 365)) = 0 by bisection on the effective rate.
    Raises `ValueError` where no rate between -99 % and 10,000 % a year does, and where all is one day's:
    money that was not used for a day has no price a year.
    """
    if not flows:
        raise ValueError("no cash flows")
    start = flows[0].on
    if all(flow.on == start for flow in flows):
        raise ValueError("cash flows of one day have no annualised rate")
    terms = [(float(flow.amount), (flow.on - start).days / _DAYS_A_YEAR) for flow in flows]

    def value(rate: float) -> float:
        return math.fsum(amount / (1 + rate) ** years for amount, years in terms)

    low, high = -0.99, 100.0
    if value(low) * value(high) > 0:
        raise ValueError("these cash flows have no annualised rate between -99 % and 10,000 %")
    rising = value(high) > 0
    for _ in range(200):
        middle = (low + high) / 2
        if (value(middle) > 0) == rising:
            high = middle
        else:
            low = middle
    effective = (low + high) / 2
    nominal = 12 * ((1 + effective) ** (1 / 12) - 1)
    return AnnualisedRate(annual_rate(str(nominal)), annual_rate(str(effective)))
