from datetime import timedelta
from decimal import Decimal

import pytest
from tests.support.bank import (
    ENDS_ON,
    PRODUCT,
    SYSTEM,
    bank_drop,
    platforms,
    player,
    running_platforms,
)

from kuaidai.foundation.operations import set_business_date
from kuaidai.kernel.calendars import add_months
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.servicing import bank_core, operations
from kuaidai.lending.servicing.domain.approvals import Approval

__all__ = ["bank_drop", "platforms", "running_platforms"]


def approved(amount, *, rate="0.036", months=12, sign_by=ENDS_ON, reference="DEC-1"):
    """An approval signed under on the bank's last day of history."""
    return Approval(
        reference, PRODUCT, Decimal(amount), Decimal(rate), months, sign_by,
        add_months(sign_by, months),
    )  # fmt: skip


@pytest.fixture
def customer(bank_drop):
    return player(bank_drop, "approved")


@pytest.fixture
def make_facility(db, platforms, customer):
    """Opens a line for the customer's firm on the bank's last day of history."""
    set_business_date(on=ENDS_ON, actor=SYSTEM)

    def opened(
        *, granted="100000.00", method="equal_principal", months=3, rate="0.036", approval=None
    ):
        return operations.open_facility(
            application_id=new_id("APP"),
            contract_id=new_id("CTR"),
            uscc=customer.uscc,
            person_no=customer.person_no,
            product_code=PRODUCT,
            granted=Decimal(granted),
            annual_rate=Decimal(rate),
            method=method,
            months=months,
            opens_on=ENDS_ON,
            expires_on=add_months(ENDS_ON, months),
            account_no=bank_core.accounts(customer.uscc)[0].account_no,
            approval=approval or approved(granted, rate=rate),
            actor=customer.actor,
        )

    return opened


@pytest.fixture
def facility(make_facility):
    return make_facility()


@pytest.fixture
def draw(customer):
    def drawn(facility, amount="50000.00", key=None, purpose="wages", on=ENDS_ON, months=None):
        return operations.request_drawdown(
            facility_id=facility.id,
            amount=Decimal(amount),
            purpose=purpose,
            key=key or new_id("KEY"),
            on=on,
            actor=customer.actor,
            months=months,
        )

    return drawn


@pytest.fixture
def repay(customer):
    def repaid(loan_id, amount, key=None, on=ENDS_ON + timedelta(days=10), shorten=False):
        set_business_date(on=on, actor=SYSTEM)
        return operations.repay(
            loan_id=loan_id,
            amount=Decimal(amount) if amount else None,
            key=key or new_id("KEY"),
            on=on,
            actor=customer.actor,
            shorten=shorten,
        )

    return repaid
