"""Rates that follow the loan prime rate (LPR): on which days, and to what.

The LPR itself comes in as an argument: fixings by the day of their publication. A loan takes the rate
that was published last on or before its repricing day (PBoC Notice 2019-30: the LPR plus or less points,
the points fixed for the life of the contract; older contracts name a multiple).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from kuaidai.kernel.calendars import add_months
from kuaidai.kernel.rates import annual_rate
from kuaidai.lending.servicing.domain.conventions import choice
from kuaidai.lending.servicing.domain.events import RateChange


class RepricedOn(StrEnum):
    """When a rate is fixed anew: never, each 1 January, on the day of the drawdown, or each quarter.

    A quarter begins on 1 January, 1 April, 1 July and 1 October.
    """

    FIXED = "fixed"
    JANUARY = "january"
    ANNIVERSARY = "anniversary"
    QUARTER = "quarter"


class Lpr(StrEnum):
    """Which fixing: of one year, or of five years and more."""

    ONE_YEAR = "1y"
    FIVE_YEARS = "5y"


@dataclass(frozen=True)
class Repricing:
    """How a rate follows the LPR: `lpr` x `multiplier` + `spread`, a fraction (0.0055 is 55 points).

    Raises `ValueError` for a multiplier that is not positive.
    """

    when: RepricedOn = RepricedOn.FIXED
    lpr: Lpr = Lpr.ONE_YEAR
    spread: Decimal = Decimal(0)
    multiplier: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        if not 0 < self.multiplier <= 10:
            raise ValueError(f"the LPR is multiplied by 0 to 10, not by {self.multiplier}")
        if not -1 < self.spread < 1:
            raise ValueError(f"a spread is a fraction such as 0.0055, not {self.spread}")

    def rate(self, lpr: Decimal) -> Decimal:
        """The annual rate by an LPR, both fractions; to six places, half up, and never below nought."""
        return annual_rate(max(Decimal(0), lpr * self.multiplier + self.spread))

    def days(self, start_on: date, matures_on: date) -> Iterator[date]:
        """The repricing days of a loan: after its drawdown, before its maturity."""
        match self.when:
            case RepricedOn.FIXED:
                return
            case RepricedOn.ANNIVERSARY:
                first, step = start_on, 12
            case RepricedOn.JANUARY:
                first, step = date(start_on.year, 1, 1), 12
            case RepricedOn.QUARTER:
                first, step = date(start_on.year, 1, 1), 3
        number = 1
        while (day := add_months(first, step * number)) < matures_on:
            if day > start_on:
                yield day
            number += 1

    def to_dict(self) -> dict[str, str]:
        """As JSON holds it: points in percent. `from_dict` reads it back."""
        return {
            "when": str(self.when),
            "lpr": str(self.lpr),
            "spread": format((self.spread * 100).normalize(), "f"),
            "multiplier": str(self.multiplier),
        }

    @staticmethod
    def from_dict(raw: Mapping[str, Any]) -> Repricing:
        """Read from JSON; what it leaves out is the default. Raises `ValueError`."""
        unknown = set(raw) - {"when", "lpr", "spread", "multiplier"}
        if unknown:
            raise ValueError(f"a repricing has no {', '.join(sorted(unknown))}")
        return Repricing(
            choice(RepricedOn, "when", raw.get("when", RepricedOn.FIXED)),
            choice(Lpr, "lpr", raw.get("lpr", Lpr.ONE_YEAR)),
            _number("spread", raw.get("spread", "0")) / 100,
            _number("multiplier", raw.get("multiplier", "1")),
        )


FIXED = Repricing()
"""A rate that stays as agreed."""


def _number(name: str, value: Any) -> Decimal:
    try:
        found = Decimal(str(value).strip().removesuffix("%").strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if isinstance(value, float) or not found.is_finite():
        raise ValueError(f"the {name} is a number written as a text, not {value!r}")
    return found


def lpr_of(on: date, fixings: Mapping[date, Decimal]) -> Decimal:
    """The LPR in force on a day. Raises `LookupError` before the first fixing."""
    published = [day for day in fixings if day <= on]
    if not published:
        raise LookupError(f"no LPR was published by {on}")
    return fixings[max(published)]


def rate_changes(
    repricing: Repricing,
    start_on: date,
    matures_on: date,
    fixings: Mapping[date, Decimal],
    *,
    on: date,
) -> tuple[RateChange, ...]:
    """The rate changes of a loan up to `on`, one for each repricing day, also where the rate stays."""
    return tuple(
        RateChange(f"lpr-{day}", day, repricing.rate(lpr_of(day, fixings)))
        for day in repricing.days(start_on, matures_on)
        if day <= on
    )
