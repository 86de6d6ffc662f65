"""Tax features, computed by hand: tax months of age 2 to 13 are the twelve that are always filed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.features.conftest import Observe

from kuaidai.kernel.calendars import add_months


def _filing(period: str, paid: str = "0.00", **values: Any) -> dict[str, Any]:
    first = date.fromisoformat(period)
    plain = {
        "uscc": "F1", "period": first, "filed_on": add_months(first, 1).replace(day=12),
        "due_on": add_months(first, 1).replace(day=15), "tax_paid": paid, "tax_relieved": "0.00",
        "sales_declared": "0.00", "vat_declared": "0.00", "cit_declared": "0.00", "arrears": "0.00",
    }  # fmt: skip
    return {**plain, **values}


def test_the_twelve_tax_months_end_with_age_two(observe: Observe) -> None:
    found = observe(
        tax_filings=[
            _filing("2026-06-01", "5000.00", filed_on=date(2026, 7, 9)),  # age 1
            _filing("2026-05-01", "100.00", tax_relieved="20.00", sales_declared="800.00"),
            _filing("2026-03-01", "0.00", sales_declared="400.00"),
            _filing("2025-11-01", "80.00", sales_declared="1200.00", vat_declared="200.00"),
            _filing("2025-10-01", "40.00", vat_declared="60.00", cit_declared="20.00"),
            _filing("2025-06-01", "60.00"),  # age 13
            _filing("2025-05-01", "7000.00", sales_declared="9000.00"),  # age 14
        ]
    )
    assert found["tax_paid_12m"] == 300.0
    assert found["tax_months_paid_12m"] == 4
    assert found["tax_months_since_payment"] == 1
    assert found["sales_declared_12m"] == 2400.0
    assert found["sales_growth_3m_12m"] == pytest.approx((1200 / 3) / 200)
    # the year's months: 800, 400, 1200 and nine zeros about 200
    assert found["sales_cv_12m"] == pytest.approx((2_240_000 / 12 - 200**2) ** 0.5 / 200)
    assert found["tax_growth_6m"] == pytest.approx((100 + 20) / (80 + 40 + 60))
    assert found["tax_paid_to_declared_12m"] == pytest.approx(300 / 280)
    assert found["zero_filings_12m"] == 2


def test_annual_means_use_twenty_four_tax_months(observe: Observe) -> None:
    periods = [add_months(date(2026, 5, 1), -back).isoformat() for back in range(30)]
    rows = [
        _filing(period, vat_declared="10.00" if place < 24 else "999.00", cit_declared="2.50")
        for place, period in enumerate(periods)
    ]
    rows[23]["vat_declared"] = "34.00"  # the oldest tax month that counts: June 2024
    found = observe(tax_filings=rows)
    assert found["vat_annual_mean_24m"] == pytest.approx(12 * (23 * 10 + 34) / 24)
    assert found["cit_annual_mean_24m"] == pytest.approx(30.0)


def test_late_filings_and_arrears_of_the_newest_tax_month(observe: Observe) -> None:
    same_day = date(2026, 6, 20)
    found = observe(
        tax_filings=[
            _filing("2026-03-01", filed_on=same_day, arrears="10.00"),
            _filing("2026-05-01", filed_on=same_day, arrears="30.00"),
            _filing("2026-04-01", filed_on=same_day, arrears="20.00"),
            _filing("2026-02-01", filed_on=date(2026, 3, 15)),
        ]
    )
    assert found["late_filings_12m"] == 3
    assert found["tax_arrears_latest"] == 30.0


def test_a_filing_counts_from_the_day_after_it_was_made(observe: Observe) -> None:
    filing = _filing("2026-05-01", "100.00", filed_on=date(2026, 7, 9))
    assert observe(tax_filings=[filing])["tax_paid_12m"] == 100.0
    filing["filed_on"] = date(2026, 7, 10)
    assert observe(tax_filings=[filing])["tax_paid_12m"] is None


def test_who_stopped_filing_paid_nothing(observe: Observe) -> None:
    found = observe(tax_filings=[_filing("2025-01-01", "100.00")])
    assert (found["tax_paid_12m"], found["tax_months_paid_12m"]) == (0.0, 0)
    assert found["tax_months_since_payment"] == 18
    assert found["sales_declared_12m"] == 0.0


@pytest.mark.parametrize(("on", "grade", "score"), [("2026-04-10", "B", 3), ("2026-04-11", "D", 0)])
def test_the_grade_counts_once_published(observe: Observe, on: str, grade: str, score: int) -> None:
    def judged(year: int, grade: str, published: str) -> dict[str, Any]:
        day = date.fromisoformat(published)
        return {"uscc": "F1", "year": year, "grade": grade, "published_on": day}

    found = observe(
        on=date.fromisoformat(on),
        tax_ratings=[
            judged(2024, "A", "2025-04-10"),
            judged(2023, "C", "2024-04-10"),
            judged(2022, "M", "2025-04-11"),
            judged(2021, "B", "2025-04-12"),
            judged(2025, "D", "2026-04-10"),
        ],
    )
    assert (found["tax_grade_latest"], found["tax_grade_score"]) == (grade, score)
