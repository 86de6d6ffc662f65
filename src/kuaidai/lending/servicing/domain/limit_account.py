"""A limit account as it stands under lock: what may be drawn, and what comes of a movement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kuaidai.kernel.money import ZERO


@dataclass(frozen=True)
class Limit:
    """One level of the account: group total, line, or a product's part of the line."""

    granted: Decimal
    used: Decimal
    reserved: Decimal
    consumed: Decimal = ZERO

    @property
    def taken(self) -> Decimal:
        """What cannot be drawn any more: owed, on its way, or used up."""
        return self.used + self.reserved + self.consumed

    @property
    def available(self) -> Decimal:
        """What may still be drawn."""
        return self.granted - self.taken


@dataclass(frozen=True)
class LimitAccount:
    """The three levels of a line for one product, with what a drawdown needs to know of it."""

    facility_id: str
    group_id: str
    sub_limit_id: int
    product_code: str
    status: str
    opens_on: date
    expires_on: date
    approval_expires_on: date
    months: int
    method: str
    annual_rate: Decimal
    branch: str
    revolving: bool
    wanted: Decimal | None
    group: Limit
    line: Limit
    part: Limit

    @property
    def available(self) -> Decimal:
        """The least of what the three levels leave."""
        return min(self.group.available, self.line.available, self.part.available)
