"""The bank's datasets: one contract each. `DATASETS` maps names to contracts.

Two identifiers run through all of them: `uscc` (the firm) and `person_id` (the bank's customer
number of a person). Every row carries the date on which its fact became known (`event_date`).
Reports of outside platforms are rows of these same datasets, so that batch and online agree.
"""

from __future__ import annotations

from kuaidai.data.lake.contract import Dataset
from kuaidai.data.lake.datasets_bank import BANK_FIRM, BANK_OWNER
from kuaidai.data.lake.datasets_outside import BUREAUS, COURTS, INVOICES, REGISTRY, TAX
from kuaidai.data.lake.datasets_platform import ACQUIRING, ADMINISTRATION, TRADE, VISITS

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for group in (
        REGISTRY,
        TAX,
        COURTS,
        BUREAUS,
        BANK_FIRM,
        ACQUIRING,
        BANK_OWNER,
        VISITS,
        TRADE,
        ADMINISTRATION,
        INVOICES,
    )
    for dataset in group
}
"""Every dataset contract by its name."""

PLATFORM_DATASETS: dict[str, tuple[str, ...]] = {
    "registry": ("enterprises", "owners", "registry_events"),
    "tax": ("tax_filings", "tax_ratings", "invoices"),
    "courts": ("court_cases",),
    "bureau_enterprise": ("bureau_enterprise",),
    "bureau_owner": ("bureau_owner",),
    "bank_core": (
        "accounts",
        "transactions",
        "daily_balances",
        "payroll_runs",
        "pos_settlements",
        "financial_assets",
        "loans",
        "loan_months",
        "owner_assets",
        "owner_credit",
        "qualitative_assessments",
    ),
    "customs": ("customs_declarations",),
    "core_enterprise": ("core_enterprise_orders",),
    "procurement": ("procurement_awards",),
    "social_insurance": ("social_insurance_months",),
    "utilities": ("utilities",),
}
"""Which datasets' rows each outside platform's report carries."""
