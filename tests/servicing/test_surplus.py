"""More money than is owed: the suspense account and its rows agree."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from tests.support.bank import ENDS_ON, SYSTEM

from kuaidai.foundation.operations import set_business_date
from kuaidai.lending.ledger.errors import SurplusSpent
from kuaidai.lending.ledger.operations import return_unmatched
from kuaidai.lending.ledger.queries import trial_balance, unmatched_money
from kuaidai.lending.servicing import queries
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.domain.events import Charge, Payment, Reversal
from kuaidai.lending.servicing.operations import limits
from kuaidai.lending.servicing.operations.projection import book, hold_loan

pytestmark = pytest.mark.django_db
LATER = ENDS_ON + timedelta(days=10)


@pytest.fixture
def loan_id(facility, draw):
    found = draw(facility, "50000.00").loan_id
    set_business_date(on=LATER, actor=SYSTEM)
    return found


@transaction.atomic
def happen(facility, loan_id, event):
    account = limits.lock_limits(facility_id=facility.id)
    booked = book(hold_loan(loan_id), event, actor=SYSTEM)
    limits.restore(account, booked.principal_back, on=event.on, lost=booked.principal_lost)
    return booked


def suspense() -> Decimal:
    [held] = [row.balance for row in trial_balance().rows if row.account == "2240"]
    assert held == unmatched_money().remaining
    assert {t.title: t.difference for t in queries.control_totals() if t.difference} == {}
    return held


def test_more_than_is_owed_waits_in_suspense(facility, loan_id) -> None:
    booked = happen(facility, loan_id, Payment("P1", LATER, Decimal("60000.00")))
    assert str(booked.allocation.surplus) == "9950.00"
    [row] = unmatched_money().items
    assert (str(row.remaining), row.payer) == ("9950.00", loan_id)
    assert str(suspense()) == "9950.00"


def test_a_charge_before_the_payment_takes_the_surplus_back(facility, loan_id) -> None:
    happen(facility, loan_id, Payment("P1", LATER, Decimal("60000.00")))
    happen(facility, loan_id, Charge("C1", LATER - timedelta(days=1), Bucket.FEE, Decimal("50.00")))
    assert str(suspense()) == "9900.00"


def test_reversing_the_payment_takes_all_of_it_back(facility, loan_id) -> None:
    happen(facility, loan_id, Payment("P1", LATER, Decimal("60000.00")))
    happen(facility, loan_id, Reversal("R1", LATER, "P1"))
    assert suspense() == 0
    assert str(queries.loan(loan_id).state.outstanding) == "50000.00"
    assert str(queries.facility(facility.id).used) == "50000.00"


def test_a_surplus_that_went_elsewhere_is_not_taken_back(facility, loan_id) -> None:
    happen(facility, loan_id, Payment("P1", LATER, Decimal("60000.00")))
    [row] = unmatched_money().items
    return_unmatched(
        unmatched_id=row.id, amount=Decimal("9900.00"), reference="T-1", key="return-1", on=LATER,
        actor=SYSTEM,
    )  # fmt: skip
    with pytest.raises(SurplusSpent, match=r"50\.00"):
        happen(facility, loan_id, Reversal("R1", LATER, "P1"))
    assert str(suspense()) == "50.00"
