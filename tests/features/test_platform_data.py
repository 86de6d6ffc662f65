"""Platform data of one firm, by hand: what acquiring, customs, buyers and administration know."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.features.conftest import Observe


def _pos(day: str, amount: str, refunds: str = "0.00", channel: str = "card") -> dict[str, Any]:
    return {
        "uscc": "F1", "settled_on": date.fromisoformat(day), "channel": channel, "payments": 10,
        "amount": amount, "refunds": refunds,
    }  # fmt: skip


def _export(number: str, day: str, amount: str, direction: str = "export") -> dict[str, Any]:
    return {
        "uscc": "F1", "declaration_no": number, "declared_on": date.fromisoformat(day),
        "direction": direction, "amount": amount,
    }  # fmt: skip


def _order(number: str, event: str, day: str, **more: Any) -> dict[str, Any]:
    plain = {
        "uscc": "F1", "order_no": number, "event": event, "event_on": date.fromisoformat(day),
        "core_uscc": "C1", "amount": "1000.00", "due_on": None,
    }  # fmt: skip
    return {**plain, **more}


def _insured(month: str, known: str, heads: int, due: str, paid: str) -> dict[str, Any]:
    return {
        "uscc": "F1", "month": date.fromisoformat(month), "known_on": date.fromisoformat(known),
        "insured_heads": heads, "due": due, "paid": paid,
    }  # fmt: skip


def _bill(month: str, known: str, used: float, kind: str = "electricity", late: int = 0) -> Any:
    return {
        "uscc": "F1", "month": date.fromisoformat(month), "known_on": date.fromisoformat(known),
        "kind": kind, "used": used, "late_days": late,
    }  # fmt: skip


def test_acquiring_counts_net_of_refunds(observe: Observe) -> None:
    found = observe(
        pos_settlements=[
            _pos("2026-06-15", "3000.00", "300.00"),
            _pos("2026-06-15", "1000.00", "100.00", "code"),
            _pos("2025-07-31", "2400.00"),
            _pos("2025-06-30", "9999.00"),  # age 13
            _pos("2026-07-01", "9999.00"),  # not closed
        ]
    )
    assert found["pos_net_monthly_mean_12m"] == pytest.approx(6000 / 12)
    assert found["pos_net_monthly_mean_3m"] == pytest.approx(3600 / 3)
    assert found["pos_trend_3m_12m"] == pytest.approx(1200 / 500)
    assert found["pos_refund_share_6m"] == pytest.approx(0.1)
    assert found["pos_code_share_6m"] == pytest.approx(0.25)
    assert found["pos_active_months_12m"] == 2


def test_exports_and_not_imports(observe: Observe) -> None:
    found = observe(
        customs_declarations=[
            _export("D1", "2026-03-10", "600.00"),
            _export("D2", "2025-10-10", "200.00"),
            _export("D3", "2026-06-10", "9999.00", "import"),
        ]
    )
    assert found["exports_12m"] == 800
    assert found["export_declarations_12m"] == 2
    assert found["export_growth_6m"] == pytest.approx(3.0)
    assert found["months_since_export"] == 4


def test_what_core_enterprises_owe_and_how_they_pay(observe: Observe) -> None:
    due = date(2026, 6, 1)
    found = observe(
        core_enterprise_orders=[
            _order("O1", "ordered", "2025-09-10"),
            _order("O1", "confirmed", "2025-10-10", due_on=date(2025, 12, 1)),
            _order("O1", "paid", "2026-01-15", due_on=date(2025, 12, 1)),
            _order("O2", "ordered", "2026-03-01"),
            _order("O2", "confirmed", "2026-04-01", due_on=due, amount="500.00", core_uscc="C2"),
            _order("O3", "confirmed", "2026-05-01", due_on=date(2026, 8, 1), amount="1500.00"),
            _order("O4", "confirmed", "2026-07-10", due_on=date(2026, 9, 1)),  # the day itself
        ]
    )
    assert found["core_confirmed_12m"] == 3000
    assert found["core_unpaid_confirmed"] == 2000
    assert found["core_overdue_share"] == pytest.approx(500 / 2000)
    assert found["core_paid_late_share_12m"] == 1.0
    assert found["core_top1_share_12m"] == pytest.approx(2500 / 3000)
    assert found["core_relation_months"] == 10


def test_what_was_returned_is_not_owed(observe: Observe) -> None:
    found = observe(
        core_enterprise_orders=[
            _order("O1", "confirmed", "2026-05-01", due_on=date(2026, 6, 1)),
            _order("O1", "returned", "2026-05-20"),
        ]
    )
    assert found["core_unpaid_confirmed"] == 0


def test_awards_and_what_is_left_to_perform(observe: Observe) -> None:
    award = {"uscc": "F1", "purchaser": "市财政局"}
    found = observe(
        procurement_awards=[
            {**award, "award_no": "A1", "awarded_on": date(2025, 1, 10), "amount": "300.00",
             "performed_by": date(2025, 6, 1)},
            {**award, "award_no": "A2", "awarded_on": date(2026, 5, 10), "amount": "700.00",
             "performed_by": date(2026, 12, 1)},
            {**award, "award_no": "A3", "awarded_on": date(2024, 7, 9), "amount": "999.00",
             "performed_by": None},
        ]
    )  # fmt: skip
    assert found["awards_24m"] == 2
    assert found["awards_amount_24m"] == 1000
    assert found["awards_unperformed"] == 700


def test_insurance_counts_the_months_that_were_known(observe: Observe) -> None:
    months = [date(2025 + m // 12, m % 12 + 1, 1) for m in range(6, 18)]  # July 2025 to June 2026
    rows = [_insured(str(m), f"{m:%Y-%m}-28", 10, "100.00", "100.00") for m in months[:-1]]
    rows += [_insured("2026-06-01", "2026-06-28", 5, "100.00", "40.00")]
    found = observe(social_insurance_months=rows)
    assert found["insured_heads_latest"] == 5
    assert found["insured_heads_trend_6m"] == pytest.approx(0.5)
    assert found["insurance_paid_to_due_12m"] == pytest.approx(1140 / 1200)
    assert found["insurance_unpaid_months_12m"] == 1

    rows[-1]["known_on"] = date(2026, 7, 10)
    assert observe(social_insurance_months=rows)["insured_heads_latest"] == 10


def test_electricity_against_a_year_before(observe: Observe) -> None:
    months = [date(2025 + m // 12, m % 12 + 1, 1) for m in range(3, 18)]  # April 2025 to June 2026
    used = [100.0] * 12 + [50.0] * 3
    rows = [_bill(str(m), f"{m:%Y-%m}-28", each) for m, each in zip(months, used, strict=True)]
    rows.append(_bill("2026-06-01", "2026-06-28", 7.0, "water", late=9))
    rows[-2]["known_on"] = date(
        2026, 7, 20
    )  # June's electricity is billed late, its water is known
    assert observe(utilities=rows)["electricity_trend_3m_12m"] == pytest.approx(
        200 / 3 / (1100 / 12)
    )
    rows[-2]["known_on"] = date(2026, 6, 28)
    found = observe(utilities=rows)
    assert found["electricity_yoy_3m"] == pytest.approx(0.5)
    assert found["electricity_trend_3m_12m"] == pytest.approx(50 / ((9 * 100 + 150) / 12))
    assert found["late_utility_bills_12m"] == 1


def test_a_firm_of_which_platforms_know_nothing(observe: Observe) -> None:
    found = observe()
    names = ("pos_net_monthly_mean_12m", "exports_12m", "core_confirmed_12m", "awards_24m",
             "insured_heads_latest", "electricity_yoy_3m")  # fmt: skip
    assert [found[name] for name in names] == [None] * 6
