"""A borrower who left something unpaid draws nothing more, under any line, until it is paid."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.support.bank import SYSTEM
from tests.support.core import core
from tests.support.lines import OPENS, draw, open_line

from kuaidai.foundation.operations import set_business_date
from kuaidai.lending.servicing import queries
from kuaidai.lending.servicing.errors import DrawingWhileOverdue
from kuaidai.lending.servicing.models import Facility, Loan

__all__ = ["core"]
pytestmark = pytest.mark.django_db


def be_on(day: date) -> date:
    set_business_date(on=day, actor=SYSTEM)
    return day


def test_what_is_overdue_is_paid_before_anything_is_drawn(core) -> None:
    be_on(OPENS)
    line = open_line(10)
    draw(line, "20000.00", OPENS)
    due_on = queries.loans_of(line.id)[0].state.next_due_on
    Loan.objects.update(oldest_due_on=due_on)

    assert draw(line, "1000.00", be_on(due_on)).status == "paid_out"  # due today is not overdue yet
    tomorrow = be_on(due_on + timedelta(days=1))
    with pytest.raises(DrawingWhileOverdue, match=str(due_on)):
        draw(line, "1000.00", tomorrow)
    assert queries.facility(line.id).reserved == 0

    Loan.objects.update(oldest_due_on=None)
    assert draw(line, "1000.00", tomorrow).amount == Decimal("1000.00")


def test_arrears_under_another_line_count_and_those_of_another_borrower_do_not(core) -> None:
    be_on(OPENS)
    late, own, other = open_line(10), open_line(11), open_line(12)
    Facility.objects.filter(id=own.id).update(uscc=late.uscc)
    draw(late, "20000.00", OPENS)
    Loan.objects.update(oldest_due_on=OPENS - timedelta(days=1))

    with pytest.raises(DrawingWhileOverdue):
        draw(own, "1000.00", OPENS)
    assert draw(other, "1000.00", OPENS).status == "paid_out"
