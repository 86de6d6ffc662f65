"""Schedules against figures from outside, and against a working by hand."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuaidai.kernel.day_counts import DayCount
from kuaidai.kernel.money import round_cents
from kuaidai.lending.servicing.domain.conventions import Conventions
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.quote import quote
from kuaidai.lending.servicing.domain.schedule import build_schedule, interest_exact
from kuaidai.lending.servicing.domain.terms import LoanTerms

OFFERED = (
    RepaymentMethod.EQUAL_INSTALMENT,
    RepaymentMethod.EQUAL_PRINCIPAL,
    RepaymentMethod.INTEREST_MONTHLY,
    RepaymentMethod.REVOLVING,
)


def terms(principal, rate, method, start, months, day=20, **more):
    return LoanTerms(
        Decimal(principal), Decimal(rate), method, start, months, settlement_day=day, **more
    )


def test_a_months_interest_of_the_trade_notes() -> None:
    """1,000,000 x 3.85 % / 360 x 31 days = 3,315.277… (PBOC practice: actual days, year of 360)."""
    loan = terms(1_000_000, "0.0385", RepaymentMethod.REVOLVING, date(2025, 1, 1), 12, day=1)
    exact = interest_exact(
        Decimal(1_000_000), Decimal("0.0385"), date(2025, 1, 1), date(2025, 2, 1), loan
    )
    assert round_cents(exact) == Decimal("3315.28")


def test_equal_instalments_on_the_chinese_settlement_day_worked_by_hand() -> None:
    """100,000 at 4.35 % on ACT/360, drawn 23 Nov 2026 for 3 months, due the 20th, last at maturity.

    Periods: 23 Nov-20 Dec 27 days, 20 Dec-20 Jan 31, 20 Jan-23 Feb 34.
    Factors 1 + 0.0435 x days / 360: 1.0032625, 1.00374583…, 1.00410833…
    Sum of discounts: 0.996748… + 0.993029… + 0.988966… = 2.978743…; payment 33,571.22.
    Interest: 100,000 x 0.0032625 = 326.25; 66,755.03 x 0.00374583 = 250.05; 33,433.86 x 0.00410833 = 137.36.
    """
    method = RepaymentMethod.EQUAL_INSTALMENT
    rows = build_schedule(terms(100_000, "0.0435", method, date(2026, 11, 23), 3))
    assert [r.due_on for r in rows] == [date(2026, 12, 20), date(2027, 1, 20), date(2027, 2, 23)]
    assert [str(r.interest) for r in rows] == ["326.25", "250.05", "137.36"]
    assert [str(r.principal) for r in rows] == ["33244.97", "33321.17", "33433.86"]
    assert [str(r.total) for r in rows] == ["33571.22", "33571.22", "33571.22"]


def test_equal_principal_and_bullet() -> None:
    shared = (date(2025, 1, 20), 3)
    equal = build_schedule(terms(10_000, "0.036", RepaymentMethod.EQUAL_PRINCIPAL, *shared))
    # 31, 28, 31 days at 0.01 % a day
    assert [(str(r.principal), str(r.interest)) for r in equal] == [
        ("3333.33", "31.00"),
        ("3333.33", "18.67"),
        ("3333.34", "10.33"),
    ]
    bullet = build_schedule(terms(10_000, "0.036", RepaymentMethod.INTEREST_MONTHLY, *shared))
    assert [(str(r.principal), str(r.interest)) for r in bullet] == [
        ("0.00", "31.00"),
        ("0.00", "28.00"),
        ("10000.00", "31.00"),
    ]


def test_month_ends_do_not_drift() -> None:
    loan = terms(9000, "0.05", RepaymentMethod.EQUAL_PRINCIPAL, date(2024, 1, 31), 4, day=31)
    assert [r.due_on for r in build_schedule(loan)] == [
        date(2024, 2, 29),
        date(2024, 3, 31),
        date(2024, 4, 30),
        date(2024, 5, 31),
    ]


def test_the_annualised_rate_of_a_loan_without_fees_is_near_its_rate() -> None:
    found = quote(
        terms(
            100_000, "0.0435", RepaymentMethod.EQUAL_INSTALMENT, date(2025, 1, 20), 12,
            conventions=Conventions(day_count=DayCount.ACT_365),
        )
    )  # fmt: skip
    assert abs(found.annualised.nominal - Decimal("0.0435")) < Decimal("0.0002")
    assert found.total == found.total_principal + found.total_interest


@pytest.mark.parametrize(
    ("principal", "rate", "months"), [("0", "0.04", 3), ("1000", "4.35e2", 3), ("1000", "0.04", 0)]
)
def test_terms_that_make_no_loan_are_refused(principal, rate, months) -> None:
    with pytest.raises(ValueError, match=r"principal|rate|instalments"):
        terms(principal, rate, RepaymentMethod.REVOLVING, date(2025, 1, 1), months)


@given(
    principal=st.decimals(Decimal("0.01"), Decimal(50_000_000), places=2),
    rate=st.decimals(Decimal(0), Decimal("0.36"), places=6),
    method=st.sampled_from(OFFERED),
    day_count=st.sampled_from(DayCount),
    start=st.dates(date(2015, 1, 1), date(2040, 12, 31)),
    months=st.integers(1, 60),
    day=st.integers(1, 31),
)
def test_every_schedule_repays_exactly_what_was_lent(
    principal, rate, method, day_count, start, months, day
) -> None:
    loan = terms(
        principal, rate, method, start, months, day, conventions=Conventions(day_count=day_count)
    )
    rows = build_schedule(loan)

    assert sum(row.principal for row in rows) == principal
    assert rows[-1].outstanding == 0
    assert len(rows) == months
    assert all(row.principal >= 0 and row.interest >= 0 for row in rows)
    assert all(row.from_on <= row.due_on for row in rows)
    assert [row.from_on for row in rows[1:]] == [row.due_on for row in rows[:-1]]
    opening = principal
    for row in rows:
        exact = interest_exact(opening, rate, row.from_on, row.due_on, loan)
        assert abs(Fraction(row.interest) - exact) <= Fraction(1, 200)
        opening = row.outstanding
