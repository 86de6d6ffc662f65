"""A product version that moves due dates from holidays, from the quote to the night of a due date.

Settled on the 11th: Saturday 11 July 2026 moves to Monday the 13th; 11 October is a Sunday after the
National Day week, and 11 August a Tuesday.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from tests.support.bank import PRODUCT, SYSTEM

from kuaidai.foundation.queries import business_date
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.products import catalogue
from kuaidai.lending.servicing import operations as servicing
from kuaidai.lending.servicing import queries as loans
from kuaidai.lending.servicing.domain.conventions import HolidayRoll

pytestmark = pytest.mark.django_db
SATURDAY, MONDAY = date(2026, 7, 11), date(2026, 7, 13)


@pytest.fixture
def product(monkeypatch):
    """The shipped product with a settlement day and conventions of another version."""

    def sold(**conventions) -> None:
        shipped = catalogue.product(PRODUCT)
        version = replace(shipped, settlement_day=11, conventions=conventions)
        monkeypatch.setattr(catalogue, "_catalogue", lambda: {PRODUCT: version})

    return sold


def signed(journey):
    """A line of 12,000.00 for three months, contract signed."""
    held = journey.decided()
    journey.choose(held.id, "12000.00", months=3, method="equal_principal")
    now = {"actor": journey.customer.actor, "on": journey.on, "now": datetime.now(UTC)}
    operations.prepare_contract(application_id=held.id, **now)
    operations.sign_contract(application_id=held.id, code=journey.code(held.id), **now)
    return queries.application(held.id)


def drawn(journey, facility_id: str) -> str:
    return servicing.request_drawdown(
        facility_id=facility_id, amount=Decimal("12000.00"), purpose="wages", key=new_id("KEY"),
        on=journey.on, actor=journey.customer.actor,
    ).loan_id  # fmt: skip


def nights_until(last: date) -> None:
    while business_date() <= last:
        servicing.run_close_of_day(actor=SYSTEM)


def test_the_shipped_product_keeps_its_due_dates() -> None:
    """The trade settles on the 20th whatever day it is, and the contract says so."""
    assert "holiday_roll" not in catalogue.product(PRODUCT).conventions


@pytest.mark.parametrize(("interest_rolls", "days"), [(True, 13), (False, 11)])
def test_a_due_date_on_a_holiday_is_debited_on_the_day_it_moved_to(
    product, journey, interest_rolls, days
) -> None:
    """12,000.00 from 30 June: 13 days to the 13th, or 11 to the 11th where interest stays."""
    product(holiday_roll="following", interest_rolls=interest_rolls)
    application = signed(journey)
    loan_id = drawn(journey, application.facility_id)
    loan = loans.loan(loan_id)
    assert loan.state.instalments[0].due_on == MONDAY
    assert loan.terms.conventions.holiday_roll is HolidayRoll.FOLLOWING
    rate = loan.state.annual_rate
    interest = (12000 * rate * days / 360).quantize(Decimal("0.01"))
    assert loan.state.instalments[0].interest == interest

    nights_until(SATURDAY)
    assert loans.repayments_of(loan_id) == ()
    assert loans.loan(loan_id).state.days_past_due == 0
    nights_until(MONDAY)
    [repaid] = loans.repayments_of(loan_id)
    assert repaid.amount == 4000 + interest
    assert {
        title.title: title.difference for title in loans.control_totals() if title.difference
    } == {}


def test_a_quote_under_the_offer_shows_the_moved_dates(product, journey) -> None:
    product(holiday_roll="following")
    held = journey.decided()
    quoted = operations.preview_terms(
        application_id=held.id, amount=Decimal("12000.00"), months=3, method="equal_principal",
        on=journey.on, actor=journey.customer.actor,
    )  # fmt: skip
    assert [line.due_on for line in quoted.instalments] == [
        MONDAY, date(2026, 8, 11), date(2026, 9, 30),
    ]  # fmt: skip
