"""Monthly statements: as known when the month was closed, whatever was booked later."""

from datetime import date
from decimal import Decimal

import pytest
from tests.support.bank import SYSTEM

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import set_business_date
from kuaidai.lending.servicing import operations, queries, statement_queries
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.domain.events import Charge, Payment, Reversal
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.monthly_statements import (
    StatedMonth,
    stated_months,
    statement_of_month,
)
from kuaidai.lending.servicing.domain.replay import replay
from kuaidai.lending.servicing.domain.statements import Parts
from kuaidai.lending.servicing.domain.terms import LoanTerms
from kuaidai.lending.servicing.errors import MonthNotStated
from kuaidai.lending.servicing.statements import csv_file

TERMS = LoanTerms(
    Decimal("120000.00"), Decimal("0.0435"), RepaymentMethod.EQUAL_PRINCIPAL, date(2026, 1, 20), 12
)
FEBRUARY, MARCH, APRIL = (
    StatedMonth(date(2026, 2, 1), date(2026, 2, 28)),
    StatedMonth(date(2026, 3, 1), date(2026, 3, 31)),
    StatedMonth(date(2026, 4, 1), date(2026, 4, 30)),
)
IN_TIME = (date(2026, 2, 20), Payment("P1", date(2026, 2, 20), Decimal("10449.50")))
LATE = (date(2026, 4, 3), Payment("P2", date(2026, 3, 20), Decimal("10372.17")))
FEE = (date(2026, 3, 2), Charge("C1", date(2026, 3, 2), Bucket.FEE, Decimal("50.00")))
NO_FEE = (date(2026, 4, 9), Reversal("R1", date(2026, 4, 9), "C1"))


def told(month, *booked):
    return statement_of_month("LN-1", TERMS, booked, month)


def kinds(statement):
    return [line.kind for line in statement.lines]


def test_a_month_opens_with_what_the_one_before_closed_with() -> None:
    booked = (IN_TIME, FEE)
    assert told(MARCH, *booked).opening == told(FEBRUARY, *booked).closing
    assert "corrected" not in kinds(told(MARCH, *booked))


def test_money_heard_of_late_corrects_the_month_it_was_booked_in() -> None:
    """Paid on 20 March, heard of on 3 April: March still closes with the instalment owed."""
    booked = (IN_TIME, LATE)
    march, april = told(MARCH, *booked), told(APRIL, *booked)
    assert march == told(MARCH, IN_TIME)
    assert march.closing.principal == Decimal("110000.00")
    assert april.opening == march.closing
    first = april.lines[0]
    assert (first.kind, first.on, first.change.principal) == (
        "corrected", date(2026, 4, 1), Decimal("-10000.00"),
    )  # fmt: skip
    assert april.opening + sum((x.change for x in april.lines), Parts()) == april.closing
    today = replay(TERMS, [IN_TIME[1], LATE[1]], date(2026, 4, 30))
    assert april.closing.principal == today.outstanding


def test_what_is_reversed_later_stands_in_its_own_month() -> None:
    booked = (IN_TIME, FEE, NO_FEE)
    march, april = told(MARCH, *booked), told(APRIL, *booked)
    assert "charge" in kinds(march)
    assert march.closing.fee == april.opening.fee == Decimal("50.00")
    assert (kinds(april)[0], april.lines[0].change.fee) == ("corrected", Decimal("-50.00"))
    assert april.closing.fee == 0


@pytest.mark.parametrize(
    ("closed_through", "ended_on", "months"),
    [
        ("2026-05-30", None, []),
        ("2026-05-31", None, ["2026-05"]),
        ("2026-07-01", None, ["2026-06", "2026-05"]),
        ("2026-12-31", "2026-06-11", ["2026-06", "2026-05"]),
    ],
)
def test_months_are_stated_once_closed_and_until_the_loan_ends(
    closed_through, ended_on, months
) -> None:
    ended = date.fromisoformat(ended_on) if ended_on else None
    found = stated_months(date(2026, 5, 31), date.fromisoformat(closed_through), ended)
    assert [month.label for month in found] == months


@pytest.mark.django_db
def test_the_document_of_a_month_is_the_same_after_a_later_reversal(facility, draw) -> None:
    loan_id = draw(facility, "30000.00").loan_id
    set_business_date(on=date(2026, 7, 10), actor=SYSTEM)
    why = "Costs of the court, by invoice."
    fee = operations.charge_fee(
        loan_id=loan_id, amount=Decimal("800.00"), reason=why, key="a-fee", on=date(2026, 7, 10),
        actor=SYSTEM,
    )  # fmt: skip

    def document(month, language="en"):
        made = statement_queries.monthly_statement(queries.loan(loan_id), month, language)
        return csv_file(made).decode("utf-8-sig")

    with pytest.raises(MonthNotStated, match="2026-07"):
        document("2026-07")
    set_business_date(on=date(2026, 8, 5), actor=SYSTEM)
    before = document("2026-07")
    assert "Monthly statement" in before
    assert "800.00" in before
    assert "月度对账单" in document("2026-07", "zh-hans")
    asked = operations.reverse_event(
        loan_id=loan_id, event_key=fee.event_key or "", reason="Charged to the wrong loan.",
        key="undo", on=date(2026, 8, 5), actor=SYSTEM,
    )  # fmt: skip
    operations.approve_loan_request(
        request_id=asked.request_id or "", note="", on=date(2026, 8, 5),
        actor=Actor.system("somebody else"),
    )  # fmt: skip
    assert document("2026-07") == before
    set_business_date(on=date(2026, 9, 1), actor=SYSTEM)
    assert "2026-08-01,Correction of earlier months,,0.00,0.00,0.00,-800.00," in document("2026-08")
    months = statement_queries.months_of(queries.loan(loan_id))
    assert [month.label for month in months] == ["2026-08", "2026-07", "2026-06"]
