"""The invoice book end to end: features of the lake, a card fitted on firms with history, a plan.

No database: everything comes from the lake and from the tables of the data set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from kuaidai.data.features import compute_batch
from kuaidai.data.features.invoices import SPECS
from kuaidai.data.lake import Lake
from kuaidai.data.lake.mapping import load_mapping
from kuaidai.kernel.money import yuan
from kuaidai.risk.policy.domain.invoice_book import CALM, Scenario, Terms
from kuaidai.risk.policy.domain.lending_plan import (
    ChurnTable,
    Firm,
    GradeScale,
    Plan,
    grade_scale,
    make_plan,
)
from kuaidai.risk.policy.errors import NoRealData
from kuaidai.risk.scorecards import FeatureConfig, Scorecard, ScorecardConfig, Trend
from kuaidai.risk.scorecards.cross_validation import (
    CrossValidation,
    cross_validate,
    leave_one_out,
)
from kuaidai.risk.scorecards.fitting import fit_scorecard
from kuaidai.risk.scorecards.metrics import AucInterval, auc_with_interval

MAPPING = "cumcm2020c"
TARGET = "default"
_TRENDS = {
    "higher_is_riskier": Trend.ASCENDING,
    "lower_is_riskier": Trend.DESCENDING,
    "none": Trend.AUTO,
}
Progress = Callable[[str], None]


@dataclass(frozen=True)
class InvoiceData:
    """Firms with history (with default), firms without, and the churn table."""

    labelled: pd.DataFrame
    unlabelled: pd.DataFrame
    churn: ChurnTable


@dataclass(frozen=True)
class Validation:
    """How well the card ranks firms it has not seen."""

    leave_one_out: CrossValidation
    repeated: CrossValidation
    sales_alone: AucInterval
    """Yardstick: ranking by monthly sales, with nothing fitted."""


@dataclass(frozen=True)
class BatchResult:
    """The card, its grades, its validation (None: not asked for), and a plan per scenario."""

    scorecard: Scorecard
    scale: GradeScale
    validation: Validation | None
    plans: tuple[Plan, ...]


def card_config() -> ScorecardConfig:
    """How the card is built: 123 firms allow few bins, few features and a ridge penalty.

    The rating given by the bank's staff is not among the candidates.
    """
    features = tuple(
        FeatureConfig(s.name, s.title_en, s.title_zh, trend=_TRENDS[s.direction]) for s in SPECS
    )
    return ScorecardConfig(
        name="invoice-card",
        features=features,
        max_bins=4,
        min_bin_share=0.08,
        min_bin_bads=3,
        max_bin_p_value=None,
        p_max=None,
        iv_min=0.1,
        max_features=6,
        l2=1.0,
    )


def ingest_invoices(lake: Lake, folder: Path) -> None:
    """Bring the data set's invoices into the lake; files already there are skipped."""
    mapping = load_mapping(MAPPING)
    for name in ("invoices_123_labelled.parquet", "invoices_302_unlabelled.parquet"):
        lake.ingest(_file(folder, name), dataset="invoices", mapping=mapping)


def _invoice_features(lake: Lake, observed_on: date | None) -> pa.Table:
    """Invoice features of every firm with invoices, by company_id."""
    invoices = lake.table("invoices")
    newest = invoices.issued_on.max().truncate("M").execute()
    firms = invoices.select("uscc").distinct().order_by("uscc").to_pyarrow()["uscc"]
    day = observed_on if observed_on is not None else pd.Timestamp(newest).date()
    subjects = pa.table(
        {
            "uscc": firms,
            "person_id": pa.nulls(len(firms), pa.string()),
            "observed_on": pa.array([day] * len(firms), pa.date32()),
        }
    )
    found = compute_batch(lake, subjects).select(["uscc", *(spec.name for spec in SPECS)])
    return found.rename_columns({"uscc": "company_id"})


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise NoRealData(file=name, folder=folder)
    return path


def read_data(lake: Lake, folder: Path, *, observed_on: date | None = None) -> InvoiceData:
    """Invoice features of every firm joined with what is known of it. Raises `NoRealData`.

    `observed_on` hides every invoice from that month on; None uses all whole months there are.
    """
    companies = pyarrow.parquet.read_table(_file(folder, "companies.parquet")).to_pandas()
    rates = pyarrow.csv.read_csv(_file(folder, "rate_and_churn.csv")).to_pandas()
    features = _steady(_invoice_features(lake, observed_on).to_pandas())
    joined = companies.merge(features, on="company_id", validate="one_to_one")
    known = joined["has_credit_history"] == 1
    churn = {
        grade: {
            Decimal(str(rate)): Decimal(str(lost))
            for rate, lost in zip(
                rates["annual_rate"], rates[f"churn_grade_{grade.lower()}"], strict=True
            )
        }
        for grade in ("A", "B", "C")
    }
    return InvoiceData(
        joined[known].reset_index(drop=True), joined[~known].reset_index(drop=True), churn
    )


def _steady(features: pd.DataFrame) -> pd.DataFrame:
    """Features to ten significant digits: parallel sums differ in the last ones from run to run."""
    rounded = features.copy()
    for spec in SPECS:
        rounded[spec.name] = [
            value if pd.isna(value) else float(f"{value:.10g}") for value in features[spec.name]
        ]
    return rounded


def staff_shares(labelled: pd.DataFrame) -> list[tuple[str, float]]:
    """Share of each rating the bank's staff gave, best first, without the worst."""
    shares = labelled["rating"].value_counts(normalize=True)
    return [(grade, float(shares[grade])) for grade in ("A", "B", "C")]


def fit_card(labelled: pd.DataFrame) -> tuple[Scorecard, GradeScale]:
    """A card on the firms with history, and grades with the shares that the staff's ratings had."""
    names = [spec.name for spec in SPECS]
    card = fit_scorecard(labelled[[*names, TARGET]], target=TARGET, config=card_config())
    pds = card.score_table(labelled[names])["pd"].to_pylist()
    return card, grade_scale(pds, staff_shares(labelled))


def validate_card(
    labelled: pd.DataFrame, *, folds: int = 5, repeats: int = 20, progress: Progress
) -> Validation:
    """Leave-one-out and repeated cross-validation: bins, selection and fit redone every time."""
    table = labelled[[*(spec.name for spec in SPECS), TARGET]]
    config = card_config()
    single = leave_one_out(
        table,
        target=TARGET,
        config=config,
        progress=lambda done, total: progress(f"leave-one-out {done}/{total}"),
    )
    repeated = cross_validate(
        table,
        target=TARGET,
        config=config,
        folds=folds,
        repeats=repeats,
        progress=lambda done, total: progress(f"cross-validation {done}/{total}"),
    )
    alone = auc_with_interval(
        labelled["invoice_sales_monthly_mean"].fillna(0).to_numpy(float),
        labelled[TARGET].to_numpy(float),
    )
    return Validation(single, repeated, alone)


def firms_of(table: pd.DataFrame, card: Scorecard, terms: Terms) -> list[Firm]:
    """What the plan needs of each firm; the industry comes from words in its name."""
    pds = card.score_table(table[[spec.name for spec in SPECS]])["pd"].to_pylist()
    known = table[["invoice_sales_monthly_mean", "invoice_active_sales_months"]].fillna(0)
    return [
        Firm(
            key=str(key),
            industry=terms.industry_of(str(name)),
            pd=chance,
            monthly_sales=yuan(Decimal(str(sales))),
            active_months=int(months),
        )
        for key, name, sales, months, chance in zip(
            table["company_id"],
            table["company_name"],
            known["invoice_sales_monthly_mean"].tolist(),
            known["invoice_active_sales_months"].tolist(),
            pds,
            strict=True,
        )
    ]


def run_batch(
    data: InvoiceData,
    *,
    terms: Terms,
    scenarios: tuple[Scenario, ...] = (CALM,),
    validate: bool = True,
    progress: Progress,
    budget: Decimal | None = None,
) -> BatchResult:
    """Fit, validate if asked, and plan for the firms without history under each scenario."""
    terms = terms if budget is None else replace(terms, budget=budget)
    progress("fitting the card")
    card, scale = fit_card(data.labelled)
    validation = validate_card(data.labelled, progress=progress) if validate else None
    firms = firms_of(data.unlabelled, card, terms)
    plans = []
    for scenario in scenarios:
        progress(f"sharing out the budget: {scenario.name}")
        plans.append(
            make_plan(firms, terms=terms, scale=scale, churn=data.churn, scenario=scenario)
        )
    return BatchResult(card, scale, validation, tuple(plans))
