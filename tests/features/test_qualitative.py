"""What account managers typed in: the latest assessment, as long as it is not too old."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.features.conftest import Observe


def _visit(on: date, **answers: Any) -> dict[str, Any]:
    plain = {
        "uscc": "F1", "assessed_on": on, "owner_industry_years": 12, "premises": "owned",
        "customers": "stable", "suppliers": "stable", "record_keeping": "good", "site": "busy",
    }  # fmt: skip
    return {**plain, **answers}


def test_the_latest_visit_counts(observe: Observe) -> None:
    found = observe(
        qualitative_assessments=[
            _visit(date(2026, 6, 10), customers="lost", site="idle", premises="rented"),
            _visit(date(2025, 9, 1)),
            _visit(date(2026, 7, 10), site="closed"),  # the day itself
        ]
    )
    assert found["customers_standing"] == "lost"
    assert found["site_condition"] == "idle"
    assert found["premises_kind"] == "rented"
    assert found["owner_industry_years"] == 12
    assert found["qualitative_concerns"] == 2
    assert found["assessment_age_days"] == 30


def test_a_visit_of_more_than_400_days_ago_is_forgotten(observe: Observe) -> None:
    seen = observe(qualitative_assessments=[_visit(date(2025, 6, 5))])
    assert seen["assessment_age_days"] == 400
    gone = observe(qualitative_assessments=[_visit(date(2025, 6, 4))])
    assert gone["site_condition"] is None
    assert gone["qualitative_concerns"] is None
