"""Settlement features, computed by hand."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any

import pytest
from tests.features.conftest import Observe

_NUMBERS = count()


def _paid(day: str, amount: str, purpose: str = "sales", payer: str | None = "A", **more: Any):
    direction = "credit" if purpose in ("sales", "loan_in", "transfer_own") else "debit"
    return {
        "transaction_id": f"T{next(_NUMBERS)}", "uscc": "F1", "booked_on": date.fromisoformat(day),
        "amount": amount, "purpose": purpose, "direction": direction, "counterparty": payer, **more,
    }  # fmt: skip


def test_turnover_of_twelve_and_three_closed_months(observe: Observe) -> None:
    found = observe(
        transactions=[
            _paid("2026-06-30", "300.00"),
            _paid("2026-04-01", "600.00"),
            _paid("2026-03-31", "900.00"),
            _paid("2025-07-01", "1200.00"),
            _paid("2025-06-30", "5000.00"),  # age 13
            _paid("2026-07-01", "7000.00"),  # the month is not closed
        ]
    )
    assert found["credit_turnover_12m"] == 3000.0
    assert found["credit_turnover_monthly_mean_12m"] == 250.0
    assert found["credit_turnover_monthly_mean_3m"] == 300.0
    assert found["inflow_trend_3m_12m"] == pytest.approx(300 / 250)
    assert found["transactions_12m"] == 4
    assert found["zero_inflow_months_12m"] == 8
    # population deviation of 300, 600, 900, 1200 and eight zeros about 250
    assert found["inflow_cv_12m"] == pytest.approx((2_700_000 / 12 - 250**2) ** 0.5 / 250)


def test_growth_against_the_same_months_a_year_before(observe: Observe) -> None:
    found = observe(
        transactions=[
            _paid("2026-05-05", "150.00"),
            _paid("2025-06-30", "60.00"),
            _paid("2025-04-01", "40.00"),
            _paid("2025-03-31", "999.00"),
            _paid("2025-07-01", "999.00"),
        ]
    )
    assert found["inflow_yoy_3m"] == pytest.approx(1.5)


def test_only_business_income_and_spending_count_as_flows(observe: Observe) -> None:
    found = observe(
        transactions=[
            _paid("2026-06-02", "1000.00"),
            _paid("2026-06-03", "5000.00", "loan_in"),
            _paid("2026-06-04", "3000.00", "transfer_own"),
            _paid("2026-06-05", "300.00", "purchase"),
            _paid("2026-06-06", "100.00", "cash"),
            _paid("2026-06-07", "240.00", "loan_repayment"),
            _paid("2026-01-07", "60.00", "loan_repayment"),
            _paid("2025-12-31", "600.00", "loan_repayment"),  # age 7
            _paid("2026-06-08", "50.00", "returned", direction="credit"),
        ]
    )
    assert found["credit_turnover_12m"] == 1000.0
    assert found["outflow_to_inflow_6m"] == pytest.approx(0.4)
    assert found["cash_share_6m"] == pytest.approx(0.25)
    assert found["loan_repayments_monthly_mean_6m"] == pytest.approx(50.0)
    assert found["returned_debits_6m"] == 1
    assert found["transactions_12m"] == 9


def test_payers_and_their_shares(observe: Observe) -> None:
    payers = {
        "A": "400.00",
        "B": "200.00",
        "C": "150.00",
        "D": "100.00",
        "E": "100.00",
        "F": "50.00",
    }
    rows = [_paid("2026-02-10", amount, payer=payer) for payer, amount in payers.items()]
    rows += [
        _paid("2026-02-11", "999.00", payer=None),
        _paid("2025-06-30", "999.00", payer="OLD"),
        _paid("2026-02-11", "999.00", "purchase", payer="SUPPLIER"),
    ]
    found = observe(transactions=rows)
    assert found["payers_12m"] == 6
    assert found["top1_payer_share_12m"] == pytest.approx(0.4)
    assert found["top5_payer_share_12m"] == pytest.approx(0.95)


@pytest.mark.parametrize(
    ("opened", "months"),
    [("2026-01-10", 6), ("2026-01-11", 5), ("2024-07-10", 24), ("2026-07-09", 0)],
)
def test_months_of_settlement_are_whole_ones(observe: Observe, opened: str, months: int) -> None:
    found = observe(
        accounts=[
            {"account_no": "1", "uscc": "F1", "opened_on": date.fromisoformat(opened)},
            {"account_no": "2", "uscc": "F1", "opened_on": date(2026, 7, 9)},
            {"account_no": "3", "uscc": "F2", "opened_on": date(2000, 1, 1)},
        ]
    )
    assert found["settlement_months"] == months


def test_a_firm_that_stopped_has_zero_and_one_that_never_was_here_is_missing(
    observe: Observe,
) -> None:
    stopped = observe(transactions=[_paid("2024-12-01", "100.00")])
    names = (
        "credit_turnover_12m", "credit_turnover_monthly_mean_12m", "transactions_12m",
        "returned_debits_6m", "loan_repayments_monthly_mean_6m",
    )  # fmt: skip
    assert [stopped[name] for name in names] == [0, 0, 0, 0, 0]
    assert stopped["zero_inflow_months_12m"] == 12
    assert stopped["inflow_cv_12m"] is None
    never = observe(transactions=[_paid("2026-06-01", "100.00", uscc="F2")])
    assert [never[name] for name in (*names, "zero_inflow_months_12m")] == [None] * 6
