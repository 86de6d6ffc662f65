"""Balances, payroll and loans here, computed by hand."""

from __future__ import annotations

from datetime import date

import pytest
from tests.features.conftest import Observe


def _balance(day: str, amount: str, account: str = "1") -> dict[str, object]:
    on = date.fromisoformat(day)
    return {"account_no": account, "uscc": "F1", "balance_on": on, "balance": amount}


def test_balances_are_summed_over_the_firms_accounts_by_day(observe: Observe) -> None:
    found = observe(
        daily_balances=[
            _balance("2026-06-01", "3000.00"),
            _balance("2026-06-01", "1000.00", "2"),
            _balance("2026-06-02", "800.00"),
            _balance("2026-06-02", "-100.00", "2"),
            _balance("2026-02-01", "-50.00"),
            _balance("2025-12-31", "9350.00"),  # age 7
            _balance("2026-07-01", "99999.00"),  # not closed
        ]
    )
    assert found["balance_average_3m"] == pytest.approx((4000 + 700) / 2)
    assert found["balance_average_6m"] == pytest.approx((4000 + 700 - 50) / 3)
    assert found["balance_average_12m"] == pytest.approx((4000 + 700 - 50 + 9350) / 4)
    assert found["balance_trend_3m_12m"] == pytest.approx(2350 / 3500)
    assert found["balance_minimum_6m"] == -50.0
    assert found["low_balance_days_6m"] == 2
    assert found["overdraft_months_6m"] == 1


def test_payroll_by_month(observe: Observe) -> None:
    def run(day: str, heads: int, amount: str) -> dict[str, object]:
        return {
            "uscc": "F1",
            "paid_on": date.fromisoformat(day),
            "heads": heads,
            "amount": amount,
        }

    found = observe(
        payroll_runs=[
            run("2026-06-10", 10, "3000.00"),
            run("2026-06-25", 4, "600.00"),
            run("2026-05-10", 8, "2400.00"),
            run("2026-01-10", 8, "1200.00"),
            run("2025-12-31", 8, "4800.00"),
            run("2025-06-30", 8, "9999.00"),
        ]
    )
    assert found["payroll_monthly_mean_6m"] == pytest.approx(7200 / 6)
    assert found["payroll_months_6m"] == 3
    assert found["payroll_heads_3m"] == pytest.approx(9.0)
    assert found["payroll_trend_3m_12m"] == pytest.approx((6000 / 3) / (12000 / 12))


def test_loans_at_this_bank(observe: Observe) -> None:
    def month(loan: str, end: str, owed: str, dpd: int, due: str) -> dict[str, object]:
        return {
            "loan_no": loan, "uscc": "F1", "month_end": date.fromisoformat(end),
            "outstanding": owed, "days_past_due": dpd, "monthly_due": due,
        }  # fmt: skip

    found = observe(
        loans=[
            {"loan_no": "L1", "uscc": "F1", "granted_on": date(2025, 1, 1)},
            {"loan_no": "L2", "uscc": "F1", "granted_on": date(2026, 7, 9)},
            {"loan_no": "L3", "uscc": "F1", "granted_on": date(2026, 7, 10)},
        ],
        loan_months=[
            month("L1", "2026-06-30", "1000.00", 3, "110.00"),
            month("L0", "2026-06-30", "500.00", 0, "40.00"),
            month("L1", "2026-05-31", "1100.00", 12, "110.00"),
            month("L1", "2025-06-30", "2000.00", 95, "110.00"),  # age 13
        ],
    )
    assert found["loans_here"] == 2
    assert found["debt_outstanding_here"] == 1500.0
    assert found["monthly_debt_due_here"] == 150.0
    assert found["max_dpd_here_12m"] == 12
    assert observe()["loans_here"] is None
