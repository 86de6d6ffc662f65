"""The catalogue: what it promises to the policy, the scorecards and the console."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.features.conftest import OBSERVED, Observe

from kuaidai.data.features import catalog, compute_online
from kuaidai.data.features.dictionary import markdown
from kuaidai.data.lake.datasets import DATASETS

BINDING = [
    "firm_age_months",
    "owner_age_years",
    "tax_grade_latest",
    "tax_paid_12m",
    "tax_months_paid_12m",
    "tax_months_since_payment",
    "other_lenders",
    "credit_outstanding_elsewhere",
    "mortgage_outstanding_elsewhere",
    "business_outstanding_owner",
    "worst_open_class",
    "worst_settled_class",
    "written_off_ever",
    "overdue_amount_firm",
    "overdue_amount_owner",
    "owner_max_dpd_24m",
    "queries_6m_owner",
    "queries_6m_firm",
    "dishonest_open_count",
    "enforcement_open_count",
    "abnormal_listed_now",
    "serious_violation_listed",
    "registration_status",
    "settlement_months",
    "credit_turnover_12m",
    "credit_turnover_monthly_mean_12m",
    "transactions_12m",
    "payroll_monthly_mean_6m",
    "payroll_months_6m",
    "firm_assets_average_6m",
    "owner_assets_average_6m",
    "owner_property_value",
    "owner_mortgage_balance",
    "balance_average_6m",
    "inflow_cv_12m",
    "loan_repayments_monthly_mean_6m",
    "sales_declared_12m",
    "monthly_debt_due_here",
    "legal_representative_changes_24m",
]
"""What the policy reads by name."""


def test_at_least_45_features_in_at_least_six_families() -> None:
    families = Counter(spec.family for spec in catalog())
    assert sum(families.values()) >= 45
    assert len(families) >= 6
    assert min(families.values()) >= 5


def test_names_are_unique_and_the_policys_are_there() -> None:
    names = [spec.name for spec in catalog()]
    assert [name for name, times in Counter(names).items() if times > 1] == []
    assert set(BINDING) - set(names) == set()


def test_every_feature_is_described_in_both_languages() -> None:
    for spec in catalog():
        texts = (spec.title_en, spec.title_zh, spec.missing_en, spec.missing_zh)
        assert all(text.strip() for text in (*texts, spec.window, spec.unit)), spec.name
        assert spec.title_en.isascii(), spec.name
        assert not spec.title_zh.isascii(), spec.name
        assert spec.direction in ("higher_is_riskier", "lower_is_riskier", "none")
        assert spec.sources
        assert set(spec.sources) <= set(DATASETS)


def test_every_feature_is_computed_in_the_catalogues_order(observe: Observe) -> None:
    assert list(observe()) == [spec.name for spec in catalog()]


def test_without_any_data_a_feature_is_missing_or_zero() -> None:
    found = compute_online({}, uscc="F1", person_id="P1", observed_on=OBSERVED)
    assert {value for value in found.values()} == {None, 0}
    of_record = {spec.name for spec in catalog() if spec.family == "registry_and_courts"}
    assert {name for name, value in found.items() if value == 0} <= of_record
    assert sum(value is None for value in found.values()) == len(found) - 10


def test_the_dictionary_in_the_documentation_is_current() -> None:
    page = Path(__file__).parents[2] / "docs" / "feature-dictionary.md"
    assert page.read_text(encoding="utf-8") == markdown() + "\n", (
        "run `kuaidai features catalog --markdown > docs/feature-dictionary.md`"
    )


def test_there_are_nine_families() -> None:
    assert {spec.family for spec in catalog()} == {
        "settlement", "account_behaviour", "financial_assets", "tax", "registry_and_courts",
        "bureau", "owner", "platform_data", "qualitative",
    }  # fmt: skip
