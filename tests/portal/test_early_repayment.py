"""What an early repayment changes, worked out by replay."""

from datetime import date
from decimal import Decimal

import pytest

from kuaidai.lending.servicing.domain.early import (
    effect_of_payment,
    repayment_effect,
    total_interest,
)
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.replay import Overpaid, Payment, replay
from kuaidai.lending.servicing.domain.schedule import build_schedule
from kuaidai.lending.servicing.domain.terms import LoanTerms

TERMS = LoanTerms(
    principal=Decimal("120000.00"),
    annual_rate=Decimal("0.036000"),
    method=RepaymentMethod.EQUAL_PRINCIPAL,
    start_on=date(2026, 1, 20),
    instalments=12,
    settlement_day=20,
)
ALL_INTEREST = sum(row.interest for row in build_schedule(TERMS))


def test_a_fresh_loan_costs_its_schedule():
    assert total_interest(replay(TERMS, (), TERMS.start_on)) == ALL_INTEREST


def test_repaying_everything_on_the_first_day_saves_all_interest():
    effect = repayment_effect(TERMS, (), replay(TERMS, (), TERMS.start_on), Decimal("120000.00"))
    assert effect.interest_saved == ALL_INTEREST
    assert effect.after.is_settled


def test_half_repaid_on_the_first_day_saves_half_the_interest():
    effect = repayment_effect(TERMS, (), replay(TERMS, (), TERMS.start_on), Decimal("60000.00"))
    assert effect.after.outstanding == Decimal("60000.00")
    assert abs(effect.interest_saved - ALL_INTEREST / 2) < Decimal("0.10")  # rounding, once a month


def test_interest_to_the_day_is_paid_first():
    on = date(2026, 2, 4)  # 15 days: 120,000 x 3.6 % x 15 / 360 = 180.00
    effect = repayment_effect(TERMS, (), replay(TERMS, (), on), Decimal("20180.00"))
    assert effect.after.outstanding == Decimal("100000.00")
    assert effect.after.allocations[-1].interest == Decimal("180.00")


def test_the_effect_of_an_earlier_payment_is_found_again():
    on = date(2026, 2, 4)
    preview = repayment_effect(TERMS, (), replay(TERMS, (), on), Decimal("20180.00"))
    paid = (Payment("RPY-1", on, Decimal("20180.00")),)
    found = effect_of_payment(TERMS, paid, "RPY-1")
    assert found.interest_saved == preview.interest_saved
    assert found.after.instalments == preview.after.instalments
    assert effect_of_payment(TERMS, paid, "RPY-2") is None


def test_more_than_is_owed_is_refused():
    with pytest.raises(Overpaid):
        repayment_effect(TERMS, (), replay(TERMS, (), TERMS.start_on), Decimal("120000.01"))
