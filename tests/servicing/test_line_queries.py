"""A line's loans and drawdowns are read in as many statements however many there are."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.support.bank import SYSTEM
from tests.support.core import core
from tests.support.lines import OPENS, draw, open_line

from kuaidai.foundation.operations import set_business_date
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.servicing import operations, queries

__all__ = ["core"]
pytestmark = pytest.mark.django_db


def statements(read) -> int:
    with CaptureQueriesContext(connection) as seen:
        read()
    return len(seen)


def test_more_loans_take_no_more_statements(core) -> None:
    set_business_date(on=OPENS, actor=SYSTEM)
    line = open_line(10)

    def read():
        return queries.loans_of(line.id), queries.drawdowns_of(line.id)

    draw(line, "5000.00", OPENS, key="first")
    one = statements(read)
    for key in ("second", "third"):
        draw(line, "5000.00", OPENS, key=key)
    core.fault("down")
    draw(line, "5000.00", OPENS, key="fourth")
    core.fault("ok")
    assert statements(read) == one

    paid = queries.loans_of(line.id)[1]
    set_business_date(on=OPENS + timedelta(days=1), actor=SYSTEM)
    operations.repay(
        loan_id=paid.id, amount=Decimal("1000.00"), key=new_id("KEY"),
        on=OPENS + timedelta(days=1), actor=SYSTEM,
    )  # fmt: skip
    loans, drawdowns = read()
    assert {loan.id: len(loan.events) for loan in loans}[paid.id] == 1
    assert sum(len(loan.events) for loan in loans) == 1
    assert len(loans) == 3
    assert sorted(str(drawn.loan_id) for drawn in drawdowns) == sorted(
        ["None", *(loan.id for loan in loans)]
    )
