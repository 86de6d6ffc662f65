"""Rates that follow the LPR: repricing days, new rates, and the loan that takes them."""

from datetime import date
from decimal import Decimal

import pytest

from kuaidai.lending.servicing.domain.due_dates import maturity
from kuaidai.lending.servicing.domain.life import read_terms, terms_to_dict
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.replay import replay
from kuaidai.lending.servicing.domain.repricing import (
    FIXED,
    Lpr,
    RepricedOn,
    Repricing,
    lpr_of,
    rate_changes,
)
from kuaidai.lending.servicing.domain.terms import LoanTerms

FIXINGS = {
    date(2023, 8, 21): Decimal("0.0345"),
    date(2024, 7, 22): Decimal("0.0335"),
    date(2024, 10, 21): Decimal("0.0310"),
    date(2025, 5, 20): Decimal("0.0300"),
}
"""One-year LPR as published by the National Interbank Funding Center."""


def days(when, start, end):
    return list(Repricing(RepricedOn(when)).days(start, end))


def test_the_days_on_which_a_rate_is_fixed_anew() -> None:
    start, end = date(2024, 2, 29), date(2026, 2, 28)
    assert days("fixed", start, end) == []
    assert days("january", start, end) == [date(2025, 1, 1), date(2026, 1, 1)]
    assert days("anniversary", start, end) == [date(2025, 2, 28)]  # 28 Feb 2026 is the maturity
    assert days("quarter", date(2024, 10, 1), date(2025, 7, 1)) == [
        date(2025, 1, 1),
        date(2025, 4, 1),
    ]


def test_a_rate_is_the_lpr_plus_points_or_a_multiple() -> None:
    """3.10 % + 55 points = 3.65 %; 4.05 % x 1.05 = 4.2525 % (a published price of February 2020)."""
    assert Repricing(spread=Decimal("0.0055")).rate(Decimal("0.0310")) == Decimal("0.036500")
    assert Repricing(multiplier=Decimal("1.05")).rate(Decimal("0.0405")) == Decimal("0.042525")
    assert Repricing(multiplier=Decimal("1.035")).rate(Decimal("0.0345")) == Decimal("0.035708")


def test_the_lpr_of_a_day_is_the_last_one_published() -> None:
    assert lpr_of(date(2024, 7, 21), FIXINGS) == Decimal("0.0345")
    assert lpr_of(date(2024, 7, 22), FIXINGS) == Decimal("0.0335")
    with pytest.raises(LookupError, match="2023-08-20"):
        lpr_of(date(2023, 8, 20), FIXINGS)


def test_a_loan_repriced_on_new_years_day() -> None:
    """100,000 at LPR 3.35 % + 65 points = 4.00 %, monthly interest; 3.10 % + 0.65 % = 3.75 % from 1 January.

    20 Dec - 1 Jan 12 days x 100,000 x 4.00 % / 360 = 133.33…; 1 - 20 Jan 19 days x 3.75 % = 197.91…: 331.25.
    """
    repricing = Repricing(RepricedOn.JANUARY, Lpr.ONE_YEAR, Decimal("0.0065"))
    loan = LoanTerms(
        Decimal(100_000), repricing.rate(lpr_of(date(2024, 9, 20), FIXINGS)),
        RepaymentMethod.INTEREST_MONTHLY, date(2024, 9, 20), 6, settlement_day=20,
        repricing=repricing,
    )  # fmt: skip
    on = date(2025, 1, 20)
    changes = rate_changes(repricing, loan.start_on, maturity(loan), FIXINGS, on=on)
    assert [(c.on, str(c.annual_rate)) for c in changes] == [(date(2025, 1, 1), "0.037500")]
    state = replay(loan, changes, on)
    assert str(state.annual_rate) == "0.037500"
    assert [str(row.interest) for row in state.instalments[3:5]] == ["331.25", "322.92"]


def test_how_the_rate_follows_the_lpr_is_part_of_the_terms() -> None:
    told = {
        "principal": "1000.00", "annual_rate": "4", "method": "revolving", "start": "2026-01-20",
        "instalments": 3,
    }  # fmt: skip
    assert read_terms(told).repricing == FIXED
    repricing = Repricing(RepricedOn.QUARTER, Lpr.FIVE_YEARS, Decimal("-0.002"), Decimal("1.1"))
    loan = read_terms(told | {"repricing": repricing.to_dict()})
    assert loan.repricing == repricing
    assert read_terms(terms_to_dict(loan)) == loan
    for wrong, named in (
        ({"when": "often"}, "often"),
        ({"spread": "much"}, "much"),
        ({"multiplier": "0"}, "multiplied"),
        ({"day": 1}, "day"),
    ):
        with pytest.raises(ValueError, match=named):
            read_terms(told | {"repricing": wrong})
