"""Registry and court features, computed by hand."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any

import pytest
from tests.features.conftest import Observe

_NUMBERS = count()


def _event(kind: str, day: str) -> dict[str, Any]:
    on = date.fromisoformat(day)
    return {"uscc": "F1", "event_id": f"E{next(_NUMBERS)}", "event_on": on, "kind": kind}


def _case(kind: str, filed: str, closed: str | None = None, subject: str = "F1", amount="10.00"):
    return {
        "subject": subject, "case_no": f"C{next(_NUMBERS)}", "kind": kind, "amount": amount,
        "filed_on": date.fromisoformat(filed),
        "closed_on": date.fromisoformat(closed) if closed else None,
    }  # fmt: skip


def test_the_newest_extract_counts(observe: Observe) -> None:
    def extract(as_of: str, **values: Any) -> dict[str, Any]:
        plain = {"uscc": "F1", "as_of": date.fromisoformat(as_of), "registered_capital": "200.00"}
        return {**plain, "established_on": date(2020, 7, 11), **values}

    found = observe(
        enterprises=[
            extract("2025-01-31", employees=5, status="open"),
            extract("2026-07-09", employees=9, status="suspended", paid_in_capital="50.00"),
            extract("2026-07-10", employees=99, status="revoked"),
        ]
    )
    assert found["employees"] == 9
    assert found["registration_status"] == "suspended"
    assert found["registered_capital"] == 200.0
    assert found["paid_in_share"] == 0.25
    assert found["firm_age_months"] == 71


@pytest.mark.parametrize(
    ("established", "on", "months"),
    [
        ("2024-07-10", "2026-07-10", 24),
        ("2024-07-11", "2026-07-10", 23),
        ("2024-08-31", "2026-06-30", 22),
        ("2024-08-31", "2026-06-29", 21),
    ],
)
def test_the_firms_age_is_whole_months(
    observe: Observe, established: str, on: str, months: int
) -> None:
    row = {
        "uscc": "F1",
        "as_of": date(2026, 1, 31),
        "established_on": date.fromisoformat(established),
    }
    found = observe(on=date.fromisoformat(on), enterprises=[row])
    assert found["firm_age_months"] == months


def test_changes_and_penalties_of_24_months(observe: Observe) -> None:
    found = observe(
        registry_events=[
            _event("legal_representative_change", "2026-07-09"),
            _event("legal_representative_change", "2024-07-01"),
            _event("legal_representative_change", "2024-06-30"),
            _event("legal_representative_change", "2026-07-10"),
            _event("controller_change", "2025-01-01"),
            _event("address_change", "2025-01-01"),
            _event("penalty", "2025-01-01"),
            _event("equity_pledge", "2025-01-01"),
        ]
    )
    assert found["legal_representative_changes_24m"] == 2
    assert found["controller_changes_24m"] == 1
    assert found["registry_changes_24m"] == 4
    assert found["penalties_24m"] == 1


def test_listings_hold_until_lifted(observe: Observe) -> None:
    listed = _event("abnormal_listed", "2022-01-01")
    assert observe(registry_events=[listed])["abnormal_listed_now"] == 1
    lifted = [listed, _event("abnormal_lifted", "2023-01-01")]
    assert observe(registry_events=lifted)["abnormal_listed_now"] == 0
    again = [*lifted, _event("abnormal_listed", "2026-07-09")]
    assert observe(registry_events=again)["abnormal_listed_now"] == 1
    violation = observe(registry_events=[_event("serious_violation_listed", "2019-01-01")])
    assert violation["serious_violation_listed"] == 1


def test_open_cases_of_firm_and_owner(observe: Observe) -> None:
    found = observe(
        court_cases=[
            _case("dishonest", "2020-01-01"),
            _case("dishonest", "2026-07-09", subject="P1"),
            _case("dishonest", "2026-07-10"),  # filed on the day
            _case("dishonest", "2021-01-01", closed="2026-07-09"),
            _case("dishonest", "2021-01-01", closed="2026-07-10"),  # closes on the day
            _case("enforcement", "2025-01-01", amount="100.50"),
            _case("enforcement", "2025-01-01", subject="P1", amount="9.50"),
            _case("enforcement", "2025-01-01", subject="P2", amount="7777.00"),
            _case("judgment", "2024-07-01"),
            _case("judgment", "2024-06-30"),
        ]
    )
    assert found["dishonest_open_count"] == 3
    assert found["enforcement_open_count"] == 2
    assert found["enforcement_open_amount"] == 110.0
    assert found["court_cases_24m"] == 4


def test_no_record_is_zero(observe: Observe) -> None:
    found = observe()
    zeros = (
        "legal_representative_changes_24m", "controller_changes_24m", "registry_changes_24m",
        "penalties_24m", "abnormal_listed_now", "serious_violation_listed", "dishonest_open_count",
        "enforcement_open_count", "enforcement_open_amount", "court_cases_24m",
    )  # fmt: skip
    assert {name: found[name] for name in zeros} == dict.fromkeys(zeros, 0)
