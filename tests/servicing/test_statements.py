"""Statements: opening and changes make closing; the rate is the contract's; files are safe to open."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.support.bank import ENDS_ON, SYSTEM

from kuaidai.foundation.operations import set_business_date
from kuaidai.lending.servicing import operations, queries, statement_queries
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.domain.events import (
    Charge,
    Payment,
    RateChange,
    Reversal,
    Waiver,
    WriteOff,
)
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.quote import quote
from kuaidai.lending.servicing.domain.replay import replay
from kuaidai.lending.servicing.domain.statements import Parts, statement
from kuaidai.lending.servicing.domain.terms import LoanTerms
from kuaidai.lending.servicing.errors import StatementPeriod
from kuaidai.lending.servicing.statements import csv_file

TERMS = LoanTerms(
    Decimal("120000.00"), Decimal("0.0435"), RepaymentMethod.EQUAL_PRINCIPAL, date(2026, 1, 20), 12
)
LIFE = (
    Payment("P1", date(2026, 2, 20), Decimal("10449.50")),
    Charge("C1", date(2026, 3, 1), Bucket.FEE, Decimal("50.00")),
    Payment("P2", date(2026, 3, 5), Decimal("30000.00")),
    Waiver("W1", date(2026, 4, 2), Bucket.PENALTY, Decimal("1.00")),
    RateChange("R1", date(2026, 4, 20), Decimal("0.05")),
    Payment("P3", date(2026, 6, 1), Decimal("500.00")),
)


def test_opening_and_changes_make_closing_as_replay_says() -> None:
    told = statement("LN-1", TERMS, LIFE, date(2026, 3, 1), date(2026, 6, 30))
    changes = sum((line.change for line in told.lines), Parts())
    assert told.opening + changes == told.closing
    state = replay(TERMS, LIFE, date(2026, 6, 30))
    assert told.closing == Parts(
        state.outstanding, state.due_interest + state.accrued_interest, state.penalty,
        state.compound, state.fees,
    )  # fmt: skip
    before = replay(TERMS, LIFE, date(2026, 2, 28))
    assert told.opening.principal == before.outstanding == Decimal("110000.00")


def test_lines_tell_what_happened_in_order() -> None:
    told = statement("LN-1", TERMS, LIFE[:1], date(2026, 1, 1), date(2026, 2, 28))
    seen = [(str(one.on), one.kind, str(one.money), str(one.change.total)) for one in told.lines]
    assert seen == [
        ("2026-01-20", "drawdown", "120000.00", "120000.00"),
        ("2026-02-20", "earned", "0.00", "449.50"),  # 120,000 x 4.35 % / 360 x 31 days
        ("2026-02-20", "payment", "10449.50", "-10449.50"),
        ("2026-02-28", "earned", "0.00", "106.33"),  # 110,000 x 4.35 % / 360 x 8 days
    ]
    assert told.opening == Parts()
    assert str(told.closing.total) == "110106.33"


def test_periods_join_without_a_gap() -> None:
    parts = [
        statement("LN-1", TERMS, LIFE, date(2026, 1, 1), date(2026, 3, 31)),
        statement("LN-1", TERMS, LIFE, date(2026, 4, 1), date(2026, 6, 30)),
    ]
    assert parts[0].closing == parts[1].opening


def test_what_was_reversed_is_left_out() -> None:
    told = statement(
        "LN-1", TERMS, (*LIFE[:1], Reversal("X", date(2026, 2, 25), "P1")), date(2026, 1, 1),
        date(2026, 2, 28),
    )  # fmt: skip
    assert {line.kind for line in told.lines} == {"drawdown", "earned"}


def test_the_rate_of_an_untouched_loan_is_the_contracts() -> None:
    told = statement("LN-1", TERMS, (), date(2026, 1, 20), date(2026, 1, 20))
    assert told.annualised == quote(TERMS).annualised


def test_a_loan_written_off_states_its_claim() -> None:
    life = (WriteOff("WO", date(2026, 2, 20)),)
    told = statement("LN-1", TERMS, life, date(2026, 1, 1), date(2026, 3, 1))
    assert (str(told.closing.claim), told.closing.principal) == ("120449.50", 0)
    assert told.annualised is None


@pytest.fixture
def loan(facility, draw):
    found = draw(facility, "30000.00")
    set_business_date(on=ENDS_ON + timedelta(days=10), actor=SYSTEM)
    return queries.loan(found.loan_id)


@pytest.mark.django_db
def test_the_csv_opens_in_a_spreadsheet_and_runs_nothing(loan) -> None:
    made = statement_queries.loan_statement(loan, ENDS_ON, ENDS_ON + timedelta(days=10), "zh-hans")
    evil = replace(made, facts=(*made.facts, ("借款人", "=HYPERLINK(1)")))
    told = csv_file(evil)
    assert told.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(told.decode("utf-8-sig"))))
    assert ["借款人", "'=HYPERLINK(1)"] in rows
    assert [
        "2026-06-30",
        "放款",
        "30000.00",
        "30000.00",
        "0.00",
        "0.00",
        "0.00",
        "30000.00",
    ] in rows
    assert rows[-4][:2] == ["2026-07-10", "期末余额"]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_pdfs_are_made_in_both_languages(loan, language) -> None:
    line = queries.facility(loan.facility_id)
    last = ENDS_ON + timedelta(days=10)
    for made in (
        statement_queries.loan_statement(loan, ENDS_ON, last, language),
        statement_queries.loan_schedule(loan, language),
        statement_queries.facility_statement(line, ENDS_ON, last, language),
    ):
        pdf = statement_queries.as_file(made, "pdf")
        assert pdf.startswith(b"%PDF-")


@pytest.mark.django_db
def test_a_line_states_its_loans_that_owed_something(facility, draw, loan, customer) -> None:
    """A second loan is drawn and repaid on 10 July: it has no rate, and no place in a later period."""
    on, later = ENDS_ON + timedelta(days=10), ENDS_ON + timedelta(days=11)
    short = draw(facility, "10000.00", on=on).loan_id
    operations.repay(loan_id=short, amount=None, key="all-of-it", on=on, actor=customer.actor)
    line = queries.facility(facility.id)
    told = statement_queries.facility_statement(line, ENDS_ON, on, "en")
    assert (f"Annualised rate (IRR) {short}", "–") in told.facts
    set_business_date(on=later, actor=SYSTEM)
    told = csv_file(statement_queries.facility_statement(line, later, later, "en")).decode()
    assert loan.id in told
    assert short not in told


@pytest.mark.django_db
@pytest.mark.parametrize(("first", "last"), [(5, 4), (0, 11), (-9, -1)])
def test_a_period_that_is_none_is_refused(loan, first, last) -> None:
    with pytest.raises(StatementPeriod, match="2026-07-10"):
        statement_queries.loan_statement(
            loan, ENDS_ON + timedelta(days=first), ENDS_ON + timedelta(days=last), "en"
        )
