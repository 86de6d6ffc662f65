"""How often instalments fall due."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from kuaidai.kernel.calendars import add_months


class Unit(StrEnum):
    """A unit of time between instalments."""

    DAYS = "d"
    WEEKS = "w"
    MONTHS = "m"
    YEARS = "y"


_MOST = {Unit.DAYS: 3660, Unit.WEEKS: 520, Unit.MONTHS: 120, Unit.YEARS: 10}
_TEXT = re.compile(r"^\s*(\d{1,4})\s*([dwmy])\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Frequency:
    """An instalment every so many days, weeks, months or years. Raises `ValueError` beyond ten years."""

    every: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 1 <= self.every <= _MOST[self.unit]:
            raise ValueError(
                f"instalments come every 1 to {_MOST[self.unit]}{self.unit}, not {self}"
            )

    @staticmethod
    def parse(text: str) -> Frequency:
        """Read `1m`, `2w`, `15d`, `1y`. Raises `ValueError` for anything else."""
        found = _TEXT.match(text)
        if found is None:
            raise ValueError(
                f"{text!r} is no frequency; write a number and d, w, m or y, such as 1m"
            )
        return Frequency(int(found[1]), Unit(found[2].lower()))

    def __str__(self) -> str:
        return f"{self.every}{self.unit}"

    @property
    def months(self) -> int:
        """Months between instalments; 0 where they are counted in days."""
        if self.unit is Unit.MONTHS:
            return self.every
        return 12 * self.every if self.unit is Unit.YEARS else 0

    @property
    def nominal_share(self) -> tuple[int, int]:
        """A whole period as a share of a year of 360 days, months having 30."""
        if self.months:
            return self.months, 12
        return self.every * (7 if self.unit is Unit.WEEKS else 1), 360

    def after(self, start: date, periods: int, *, day: int | None = None) -> date:
        """`start` moved by so many periods; by months on `day` of the month, cut to the month's end."""
        if self.months:
            return add_months(start, self.months * periods, day=day)
        return start + timedelta(days=self.every * periods * (7 if self.unit is Unit.WEEKS else 1))


MONTHLY = Frequency(1, Unit.MONTHS)
