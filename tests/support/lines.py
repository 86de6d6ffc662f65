"""Lines of firms that hold an account each at a test's own core (see `tests.support.core`)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.support.bank import PRODUCT, SYSTEM
from tests.support.core import Core

from kuaidai.lending.servicing import operations
from kuaidai.lending.servicing.domain.approvals import Approval
from kuaidai.lending.servicing.domain.views import DrawdownView, FacilityView
from kuaidai.simulator.sandbox.bank_core import LENDER
from kuaidai.simulator.sandbox.orders import Kind, Order

OPENS, ENDS = date(2026, 6, 30), date(2027, 6, 30)


def account(number: int) -> str:
    """The account of a firm, 10 to 59."""
    return f"62220000{number:08d}"


def open_line(
    number: int, *, method: str = "equal_principal", granted: str = "60000.00"
) -> FacilityView:
    """The line of the firm of that number, for a year."""
    amount, rate = Decimal(granted), Decimal("0.036")
    return operations.open_facility(
        application_id=f"APP-{number}", contract_id=f"CTR-{number}", uscc=f"B-{number}",
        person_no=f"P-{number}", product_code=PRODUCT, granted=amount, annual_rate=rate,
        method=method, months=12, opens_on=OPENS, expires_on=ENDS, account_no=account(number),
        actor=SYSTEM,
        approval=Approval(f"DEC-{number}", PRODUCT, amount, rate, 12, OPENS, ENDS),
    )  # fmt: skip


def draw(
    line: FacilityView, amount: str, on: date, *, months: int = 6, key: str = ""
) -> DrawdownView:
    """Draw on a line, once a day where no key is given."""
    return operations.request_drawdown(
        facility_id=line.id, amount=Decimal(amount), purpose="wages",
        key=key or f"draw-{line.id}-{on}", on=on, actor=SYSTEM, months=months,
    )  # fmt: skip


def spend(core: Core, number: int, *, left: str = "0.00") -> None:
    """Let the firm spend all but so much."""
    cents = int((core.balance(account(number)) - Decimal(left)) * 100)
    if cents > 0:
        core.bank.move(
            Order(f"spend-{number}-{cents}", account(number), LENDER, cents, "", OPENS,
                  partial=False, kind=Kind.DEBIT)
        )  # fmt: skip
