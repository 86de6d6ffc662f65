"""A scorecard fitted on a made-up book, and an applicant whom every rule lets through."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from tests.support.staff import staff_logins

from kuaidai.risk.policy.domain.content import library_policy
from kuaidai.risk.policy.domain.facts import DecisionFacts
from kuaidai.risk.scorecards import FeatureConfig, ScorecardConfig
from kuaidai.risk.scorecards.fitting import fit_scorecard

ON = date(2026, 7, 1)
SOURCES = ("registry", "tax", "courts", "bureau_enterprise", "bureau_owner", "bank_core")
SOUND = {
    "registration_status": "open",
    "firm_age_months": 60,
    "abnormal_listed_now": 0,
    "serious_violation_listed": 0,
    "legal_representative_changes_24m": 0,
    "tax_grade_latest": "A",
    "tax_paid_12m": 50_000.0,
    "tax_months_since_payment": 1,
    "other_lenders": 1,
    "credit_outstanding_elsewhere": 500_000.0,
    "mortgage_outstanding_elsewhere": 200_000.0,
    "business_outstanding_owner": 0.0,
    "worst_open_class": "pass",
    "worst_settled_class": "pass",
    "written_off_ever": 0,
    "overdue_amount_firm": 0.0,
    "queries_6m_firm": 2,
    "dishonest_open_count": 0,
    "enforcement_open_count": 0,
    "owner_age_years": 45,
    "owner_max_dpd_24m": 0,
    "overdue_amount_owner": 0.0,
    "queries_6m_owner": 2,
    "card_utilisation_owner": 0.30,
    "credit_turnover_12m": 4_800_000.0,
    "credit_turnover_monthly_mean_12m": 400_000.0,
    "payroll_monthly_mean_6m": 20_000.0,
    "firm_assets_average_6m": 100_000.0,
    "owner_assets_average_6m": 200_000.0,
    "owner_property_value": 2_000_000.0,
    "owner_mortgage_balance": 800_000.0,
    "sales_declared_12m": 6_000_000.0,
    "loan_repayments_monthly_mean_6m": 20_000.0,
    "monthly_debt_due_here": 0.0,
    "balance_average_6m": 90_000.0,
}


@pytest.fixture(scope="session")
def card():
    """A card of one feature: the average balance, low balances default more often."""
    rng = np.random.default_rng(7)
    balance = rng.lognormal(10.5, 1.0, 4000)
    chance = 1 / (1 + np.exp(-(7.0 - np.log(balance) * 0.95)))
    table = pd.DataFrame(
        {"balance_average_6m": balance, "bad": (rng.random(4000) < chance).astype(float)}
    )
    config = ScorecardConfig(
        name="test-card",
        features=(
            FeatureConfig(
                "balance_average_6m",
                "Average balance",
                "日均余额",
                splits=(7_370.0, 19_470.0, 31_648.0, 81_000.0),
            ),
        ),
    )
    return fit_scorecard(table, target="bad", config=config)


@pytest.fixture(scope="session")
def policy():
    """The policy that ships with the package."""
    return library_policy("credit-quick-loan")


@pytest.fixture
def facts():
    """A function that gives the sound applicant's facts with some features changed."""

    def with_features(**changed) -> DecisionFacts:
        return replace(_sound(), features={**SOUND, **changed})

    return with_features


def _sound() -> DecisionFacts:
    return DecisionFacts(
        product_code="credit-quick-loan",
        requested_amount=Decimal("300000.00"),
        requested_months=12,
        decided_on=ON,
        features=SOUND,
        reports={source: {"status": "received", "payload_hash": "0" * 64} for source in SOURCES},
        required_sources=SOURCES,
        existing_exposure=Decimal("0.00"),
        product_cap=Decimal("3000000.00"),
    )


@pytest.fixture(autouse=True)
def _staff(request):
    """Whoever drafts, submits and approves has a login, where there is a database."""
    if request.node.get_closest_marker("django_db") is not None:
        request.getfixturevalue("db")
        staff_logins()
