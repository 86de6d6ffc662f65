"""Deposits and wealth products of firm and owner, computed by hand."""

from __future__ import annotations

from datetime import date

import pytest
from tests.features.conftest import Observe


def _held(subject: str, month: str, deposits: str, wealth: str, known: str | None = None):
    first = date.fromisoformat(month)
    return {
        "subject": subject, "month": first, "known_on": date.fromisoformat(known or month),
        "deposits_average": deposits, "wealth_average": wealth,
    }  # fmt: skip


def test_assets_are_means_of_the_months_known(observe: Observe) -> None:
    found = observe(
        financial_assets=[
            _held("F1", "2026-06-01", "100.00", "50.00", "2026-07-09"),
            _held("F1", "2026-05-01", "90.00", "0.00"),
            _held("F1", "2026-01-01", "60.00", "0.00"),
            _held("F1", "2025-12-01", "40.00", "60.00"),  # age 7
            _held("P1", "2026-06-01", "999.00", "999.00", "2026-07-10"),  # not known yet
            _held("P1", "2026-05-01", "300.00", "100.00"),
            _held("P1", "2026-04-01", "150.00", "50.00"),
            _held("P1", "2025-07-01", "0.00", "0.00"),
            _held("P2", "2026-05-01", "7777.00", "0.00"),
        ]
    )
    assert found["firm_assets_average_3m"] == pytest.approx(120.0)
    assert found["firm_assets_average_6m"] == pytest.approx(100.0)
    assert found["firm_assets_trend_3m_12m"] == pytest.approx(120 / 100)
    assert found["owner_assets_average_6m"] == pytest.approx(300.0)
    assert found["owner_wealth_share_6m"] == pytest.approx(75 / 300)
    assert found["owner_assets_trend_3m_12m"] == pytest.approx(300 / 200)
