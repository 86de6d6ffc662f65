"""What was approved for an obligor, and whether a contract or a line keeps within it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kuaidai.kernel.money import money_text
from kuaidai.lending.servicing.errors import ApprovalExpired, NotCoveredByApproval


@dataclass(frozen=True)
class Approval:
    """An approval: up to `amount`, at `annual_rate` or more, for at most `months`.

    A contract is signed by `sign_by` and money drawn by `draw_by`, these days included.
    """

    reference: str
    product_code: str
    amount: Decimal
    annual_rate: Decimal
    months: int
    sign_by: date
    draw_by: date

    def require_open(self, on: date) -> None:
        """Raises `ApprovalExpired` when nothing may be signed under it on that day."""
        if on > self.sign_by:
            raise ApprovalExpired(value=self.reference, last=self.sign_by, on=on)

    def require_cover(
        self,
        *,
        product_code: str,
        amount: Decimal,
        annual_rate: Decimal,
        months: int,
        expires_on: date,
    ) -> None:
        """Raises `NotCoveredByApproval` naming the first thing that goes beyond the approval."""
        self._require(
            product_code == self.product_code,
            ("product", "产品", product_code, self.product_code),
        )
        self._require(
            0 < amount <= self.amount,
            ("amount", "金额", money_text(amount), money_text(self.amount)),
        )
        self._require(
            annual_rate >= self.annual_rate,
            ("annual rate", "年利率", f"{annual_rate:.4%}", f"{self.annual_rate:.4%}"),
        )
        self._require(months <= self.months, ("months", "期限（月）", months, self.months))
        self._require(expires_on <= self.draw_by, ("last day", "到期日", expires_on, self.draw_by))

    def _require(self, holds: bool, named: tuple[str, str, object, object]) -> None:
        what, what_zh, asked, allowed = named
        if not holds:
            raise NotCoveredByApproval(
                value=self.reference, what=what, what_zh=what_zh, asked=asked, allowed=allowed
            )
