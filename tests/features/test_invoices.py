"""Features of VAT invoices, computed by hand: twenty-four months before July 2026."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import count
from typing import Any

import pytest
from tests.features.conftest import Observe

from kuaidai.data.features.invoices import SPECS

_NUMBERS = count()


def _invoice(day: str, amount: str, other: str = "B1", **values: Any) -> dict[str, Any]:
    plain = {
        "uscc": "F1", "invoice_no": str(next(_NUMBERS)), "line": 1, "side": "out",
        "issued_on": date.fromisoformat(day), "counterparty": other, "amount": amount, "tax": "0.00",
        "amount_with_tax": amount, "status": "valid",
    }  # fmt: skip
    return {**plain, **values}


@pytest.fixture
def features(observe: Observe) -> Callable[[list[dict[str, Any]]], dict[str, Any]]:
    return lambda rows: observe(invoices=rows)


def test_sales_purchases_and_counterparties(features) -> None:
    found = features(
        [
            _invoice("2026-06-30", "1200.00", tax="36.00"),
            _invoice("2026-01-15", "600.00", "B2", tax="24.00"),
            _invoice("2025-06-30", "1000.00", "B2"),
            _invoice("2024-07-01", "500.00"),
            _invoice("2026-05-01", "-100.00", "B2"),
            _invoice("2026-05-02", "-50.00", "B3"),
            _invoice("2026-05-03", "9999.00", "B9", status="void"),
            _invoice("2026-05-04", "240.00", "S1", side="in"),
            _invoice("2026-05-05", "480.00", "S2", side="in"),
            _invoice("2026-05-06", "1.00", "S3", side="in", status="void"),
            _invoice("2024-06-30", "7777.00", "B8"),  # age 25
            _invoice("2026-07-01", "7777.00", "B8"),  # not closed
        ]
    )
    assert found["invoice_sales_monthly_mean"] == pytest.approx(3150 / 24)
    assert found["invoice_purchases_monthly_mean"] == pytest.approx(720 / 24)
    assert found["invoice_margin"] == pytest.approx((3150 - 720) / 3150)
    assert found["invoice_active_sales_months"] == 4
    assert found["invoice_months_since_sale"] == 1
    assert found["invoice_sales_growth"] == pytest.approx((1200 + 600 - 150) / 1500)
    assert found["invoice_returned_share"] == pytest.approx(150 / 3300)
    assert found["invoice_customers"] == 2
    assert found["invoice_suppliers"] == 2
    assert found["invoice_top_customer_share"] == pytest.approx(1700 / 3200)
    assert found["invoices_monthly_mean"] == pytest.approx(6 / 24)
    assert found["invoice_tax_rate"] == pytest.approx(60 / 3150)
    assert found["invoice_void_share_sales"] == pytest.approx(1 / 7)
    assert found["invoice_void_share_purchases"] == pytest.approx(1 / 3)


def test_steady_sales_do_not_vary(features) -> None:
    days = [f"{year}-{month:02}-15" for year in (2024, 2025, 2026) for month in range(1, 13)]
    found = features([_invoice(day, "100.00") for day in days])
    assert found["invoice_sales_cv"] == pytest.approx(0.0, abs=1e-6)
    assert found["invoice_active_sales_months"] == 24
    assert found["invoice_sales_growth"] == pytest.approx(1.0)


def test_a_firm_without_invoices_in_the_window_has_missing_values(features) -> None:
    rows = [_invoice("2026-06-01", "1.00", uscc="F2"), _invoice("2020-01-01", "1.00")]
    assert {features(rows)[spec.name] for spec in SPECS} == {None}
