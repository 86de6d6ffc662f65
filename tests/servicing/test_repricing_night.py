"""The night gives loans that follow the LPR the rate of their repricing day, once."""

from __future__ import annotations

import json
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
from kuaidai.risk.policy.domain.content import PolicyContent, library_policy

pytestmark = pytest.mark.django_db
START, ON = date(2025, 11, 20), date(2026, 1, 1)
FIXINGS = {
    "one_year": {date(2025, 5, 20): Decimal("0.03"), date(2025, 12, 22): Decimal("0.029")},
    "five_years": {},
}
LONG = {date(2025, 5, 20): Decimal("0.035")}
"""Of the tests: no shipped policy holds a five-year LPR."""


@pytest.fixture(autouse=True)
def fixings(monkeypatch):
    monkeypatch.setattr(repricing, "lpr_fixings", lambda name, on, tenor: FIXINGS[tenor])


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
    assert loan.parked_reason == "Not repriced: the policy holds no 5y LPR"


def test_a_loan_of_the_five_year_lpr_follows_the_column_a_bank_has_added(monkeypatch) -> None:
    monkeypatch.setitem(FIXINGS, "five_years", LONG)
    short, long = linked(1), linked(2, lpr="5y")
    assert night() == 2
    short.refresh_from_db()
    long.refresh_from_db()
    assert (str(short.annual_rate), str(long.annual_rate)) == ("0.034500", "0.040500")


def test_the_policy_tells_the_fixings_its_table_decides_by() -> None:
    told = library_policy("credit-quick-loan").lpr_fixings("one_year")
    assert told[date(2025, 5, 20)] == Decimal("0.03")
    assert told[date(2020, 4, 20)] == Decimal("0.0385")
    assert len(told) == 10


def test_a_bank_adds_the_five_year_rate_as_a_column() -> None:
    shipped = library_policy("credit-quick-loan")
    assert shipped.lpr_fixings("five_years") == {}
    document = json.loads(shipped.text)
    [table] = [n["content"] for n in document["nodes"] if n.get("name") == "lpr" or
               n["content"].get("outputPath") == "lpr"]  # fmt: skip
    table["outputs"].append({"id": "lpr-five", "name": "five years", "field": "five_years"})
    for rule in table["rules"]:
        rule["lpr-five"] = "0.035" if "2025-05-20" in rule["lpr-in"] else ""
    own = PolicyContent.from_json(json.dumps(document, ensure_ascii=False))
    assert own.lpr_fixings("five_years") == LONG
    assert own.lpr_fixings("one_year") == shipped.lpr_fixings("one_year")
