"""Bureau reports and what is known of the owner, computed by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.features.conftest import Observe


def test_the_firms_newest_report_before_the_day(observe: Observe) -> None:
    def report(day: str, lenders: int) -> dict[str, Any]:
        return {
            "uscc": "F1", "report_on": date.fromisoformat(day), "other_lenders": lenders,
            "credit_outstanding": "500.00", "mortgage_outstanding": "200.00",
            "worst_open_class": "special_mention", "worst_settled_class": "pass",
            "overdue_amount": "12.50", "overdue_months_24m": 2, "guarantees_given": "80.00",
            "queries_6m": 4, "written_off": True,
        }  # fmt: skip

    found = observe(
        bureau_enterprise=[
            report("2026-07-09", 3),
            report("2026-06-01", 1),
            report("2026-07-10", 9),
        ]
    )
    assert found["other_lenders"] == 3
    assert found["credit_outstanding_elsewhere"] == 500.0
    assert found["mortgage_outstanding_elsewhere"] == 200.0
    assert (found["worst_open_class"], found["worst_settled_class"]) == ("special_mention", "pass")
    assert found["overdue_amount_firm"] == 12.5
    assert found["overdue_months_firm_24m"] == 2
    assert found["guarantees_given"] == 80.0
    assert found["queries_6m_firm"] == 4
    assert found["written_off_ever"] == 1


def test_the_owners_newest_report_before_the_day(observe: Observe) -> None:
    def report(person: str, day: str, limit: str) -> dict[str, Any]:
        return {
            "person_id": person, "report_on": date.fromisoformat(day), "max_dpd_24m": 31,
            "overdue_months_24m": 3, "overdue_amount": "7.00", "queries_6m": 5, "open_lenders": 2,
            "nonbank_outstanding": "60.00", "business_outstanding": "300.00", "card_limit": limit,
            "card_used": "30.00", "worst_class": "loss", "months_of_history": 120,
        }  # fmt: skip

    found = observe(
        bureau_owner=[
            report("P1", "2026-07-09", "40.00"),
            report("P1", "2026-06-01", "99.00"),
            report("P2", "2026-07-09", "50.00"),
        ]
    )
    assert found["owner_max_dpd_24m"] == 31
    assert found["overdue_months_owner_24m"] == 3
    assert found["overdue_amount_owner"] == 7.0
    assert found["queries_6m_owner"] == 5
    assert found["open_lenders_owner"] == 2
    assert found["nonbank_outstanding_owner"] == 60.0
    assert found["business_outstanding_owner"] == 300.0
    assert found["card_utilisation_owner"] == 0.75
    assert found["worst_class_owner"] == "loss"
    assert found["credit_history_months_owner"] == 120
    without_card = observe(bureau_owner=[report("P1", "2026-07-09", "0.00")])
    assert without_card["card_utilisation_owner"] is None


@pytest.mark.parametrize(
    ("born", "age"), [("1986-07-10", 40), ("1986-07-11", 39), ("1984-02-29", 42)]
)
def test_the_owners_age_share_and_tenure(observe: Observe, born: str, age: int) -> None:
    def behind(firm: str, person: str, share: float) -> dict[str, Any]:
        return {
            "uscc": firm, "person_id": person, "birth_date": date.fromisoformat(born),
            "share": share, "since": date(2023, 7, 11),
        }  # fmt: skip

    found = observe(
        owners=[behind("F1", "P2", 0.4), behind("F1", "P1", 0.6), behind("F2", "P1", 1)]
    )
    assert found["owner_age_years"] == age
    assert found["owner_share"] == 0.6
    assert found["owner_tenure_months"] == 35


def test_the_owners_home_and_credit_here(observe: Observe) -> None:
    def assets(month: str, known: str, value: str) -> dict[str, Any]:
        return {
            "person_id": "P1", "month": date.fromisoformat(month), "property_value": value,
            "known_on": date.fromisoformat(known), "mortgage_balance": "300.00",
            "mortgage_months_paid": 17,
        }  # fmt: skip

    def credit(month: str, known: str, dpd: int, used: str = "10.00") -> dict[str, Any]:
        return {
            "person_id": "P1", "month": date.fromisoformat(month), "max_dpd": dpd,
            "known_on": date.fromisoformat(known), "card_limit": "40.00", "card_balance": used,
            "consumer_balance": "55.00",
        }  # fmt: skip

    found = observe(
        owner_assets=[
            assets("2026-05-01", "2026-07-02", "1000.00"),
            assets("2026-06-01", "2026-07-02", "1100.00"),
            assets("2026-04-01", "2026-07-02", "900.00"),
        ],
        owner_credit=[
            credit("2026-06-01", "2026-07-10", 90),
            credit("2026-05-01", "2026-06-02", 4, "20.00"),
            credit("2025-07-01", "2025-08-02", 8),
            credit("2025-06-01", "2025-07-02", 60),
        ],
    )
    assert found["owner_property_value"] == 1100.0
    assert found["owner_mortgage_balance"] == 300.0
    assert found["owner_home_equity"] == 800.0
    assert found["owner_mortgage_months_paid"] == 17
    assert found["owner_card_use_here"] == 0.5
    assert found["owner_consumer_balance_here"] == 55.0
    assert found["owner_max_dpd_here_12m"] == 8
