"""The night gives loans that follow the LPR the rate of their repricing day, once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from tests.support.bank import SYSTEM
from tests.support.book import put_loan

from kuaidai.foundation.operations import set_business_date
from kuaidai.lending.servicing import queries
from kuaidai.lending.servicing.domain.life import read_terms
from kuaidai.lending.servicing.domain.running import begin
from kuaidai.lending.servicing.models import Loan, LoanChunk, LoanEvent
from kuaidai.lending.servicing.operations.night import repricing
from kuaidai.lending.servicing.operations.projection import store
from kuaidai.risk.policy.domain.content import library_policy

pytestmark = pytest.mark.django_db
START, ON = date(2025, 11, 20), date(2026, 1, 1)
FIXINGS = {date(2025, 5, 20): Decimal("0.03"), date(2025, 12, 22): Decimal("0.029")}


@pytest.fixture(autouse=True)
def fixings(monkeypatch):
    monkeypatch.setattr(repricing, "lpr_fixings", lambda name, on: FIXINGS)


def linked(number: int, **how: str) -> Loan:
    loan = put_loan(number, start_on=START)
    linked_to = {"when": "january", "spread": "0.55", **how}
    loan.life.terms = {**loan.life.terms, "repricing": linked_to}
    loan.life.save()
    store(loan, begin(read_terms(loan.life.terms)))
    return loan


def night(on: date = ON) -> int:
    set_business_date(on=on, actor=SYSTEM)
    LoanChunk.objects.update(closed_through=on)
    return repricing.reprice(on=on, actor=SYSTEM)


def test_a_loan_gets_the_lpr_of_its_day_plus_its_points_once() -> None:
    loan, fixed = linked(1), put_loan(2, start_on=START)
    assert (night(), night()) == (1, 0)
    loan.refresh_from_db()
    assert str(loan.annual_rate) == "0.034500"  # 2.90 % + 55 points
    assert LoanEvent.objects.get().loan_id == loan.id
    assert str(queries.state_of(loan, ON).annual_rate) == "0.034500"
    fixed.refresh_from_db()
    assert str(fixed.annual_rate) == "0.045000"


def test_on_other_days_nothing_happens() -> None:
    linked(1)
    assert night(date(2026, 1, 2)) == 0


def test_a_loan_whose_lpr_is_not_known_is_parked() -> None:
    loan = linked(1, lpr="5y")
    assert night() == 0
    loan.refresh_from_db()
    assert "five-year" in loan.parked_reason


def test_the_policy_tells_the_fixings_its_table_decides_by() -> None:
    told = library_policy("credit-quick-loan").lpr_fixings
    assert told[date(2025, 5, 20)] == Decimal("0.03")
    assert told[date(2020, 4, 20)] == Decimal("0.0385")
    assert len(told) == 10
