"""What `kuaidai policy batch` reads, runs and prints."""

from __future__ import annotations

import csv as csv_files
import io
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kuaidai.config import environment
from kuaidai.data.lake import Lake
from kuaidai.kernel.canonical import canonical_json
from kuaidai.kernel.money import parse_amount
from kuaidai.risk.policy import batch
from kuaidai.risk.policy.domain.invoice_book import (
    CALM,
    Scenario,
    Terms,
    library_terms,
    load_scenario,
)
from kuaidai.risk.policy.domain.lending_plan import Plan, PlanLine, grouped, profit_if
from kuaidai.risk.policy.errors import NoRealData

COLUMNS = (
    "scenario", "company_id", "industry", "pd", "grade", "outcome", "reason", "ceiling", "limit",
    "annual_rate", "churn", "expected_profit",
)  # fmt: skip


@dataclass(frozen=True)
class BatchRequest:
    """The command's options."""

    data: Path | None
    scenario: str | None
    budget: str | None
    csv: Path | None
    charts: Path | None
    validate: bool
    lake: Path | None
    observed_on: date | None


def run(request: BatchRequest, *, as_json: bool) -> str:
    """Run the batch, write the files asked for, and return what goes to stdout."""
    settings = environment.load()
    folder = _folder(request.data, settings.real_data)
    terms = library_terms()
    scenarios = (CALM, *([load_scenario(request.scenario)] if request.scenario else []))
    budget = None if request.budget is None else parse_amount(request.budget)
    lake = Lake(request.lake or settings.lake, personal_key=settings.field_key)
    with Console(stderr=True).status("reading invoices") as status:
        batch.ingest_invoices(lake, folder)
        data = batch.read_data(lake, folder, observed_on=request.observed_on)
        result = batch.run_batch(
            data,
            terms=terms,
            scenarios=scenarios,
            validate=request.validate,
            progress=status.update,
            budget=budget,
        )
        if request.charts is not None:
            from kuaidai.risk.policy.charts import write_charts

            write_charts(request.charts, result, churn=data.churn, terms=terms)
    if request.csv is not None:
        _write_csv(request.csv, result.plans)
    if as_json:
        return canonical_json(_document(result, terms, scenarios)).decode() + "\n"
    return _page(result, terms, scenarios)


def _folder(given: Path | None, real_data: Path | None) -> Path:
    if given is not None:
        return given
    if real_data is None:
        raise NoRealData(file="companies.parquet", folder="KUAIDAI_REAL_DATA (not set)")
    return Path(real_data) / "cumcm2020c"


def _cells(plan: Plan, line: PlanLine) -> tuple[str, ...]:
    values = (
        plan.scenario, line.key, line.industry, line.pd, line.grade, line.outcome.value, line.reason,
        line.ceiling, line.amount, line.rate, line.churn, line.expected_profit,
    )  # fmt: skip
    return tuple("" if value is None else str(value) for value in values)


def _write_csv(path: Path, plans: tuple[Plan, ...]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv_files.writer(file)
        writer.writerow(COLUMNS)
        for plan in plans:
            writer.writerows(_cells(plan, line) for line in plan.lines)


def _outcomes(plan: Plan) -> dict[str, int]:
    reasons = sorted({line.reason for line in plan.lines})
    return {reason: sum(line.reason == reason for line in plan.lines) for reason in reasons}


def _kept_profit(
    result: batch.BatchResult, terms: Terms, scenarios: tuple[Scenario, ...]
) -> Decimal | None:
    if len(scenarios) < 2:
        return None
    return profit_if(result.plans[0], terms=terms, before=scenarios[0], after=scenarios[1])


def _document(
    result: batch.BatchResult, terms: Terms, scenarios: tuple[Scenario, ...]
) -> dict[str, Any]:
    validation = result.validation
    return {
        "scorecard": {
            "version_hash": result.scorecard.version_hash,
            "features": result.scorecard.features,
            "grade_ceilings": result.scale.ceilings,
            "validation": None if validation is None else asdict(validation),
        },
        "calm_plan_under_shock": _kept_profit(result, terms, scenarios),
        "plans": [
            {
                "scenario": plan.scenario,
                "granted": plan.total,
                "expected_profit": plan.profit,
                "upper_bound": plan.bound,
                "outcomes": _outcomes(plan),
                "firms": [
                    dict(zip(COLUMNS, _cells(plan, line), strict=True)) for line in plan.lines
                ],
            }
            for plan in result.plans
        ],
    }


def _page(result: batch.BatchResult, terms: Terms, scenarios: tuple[Scenario, ...]) -> str:
    page = io.StringIO()
    console = Console(file=page, width=110)
    card = result.scorecard
    console.print(f"Card {card.name}@{card.version_hash[:12]}: {', '.join(card.features)}")
    if result.validation is not None:
        for cv in (result.validation.leave_one_out, result.validation.repeated):
            console.print(
                f"AUC {cv.method}: {cv.auc:.3f} (95% interval {cv.low:.3f} to {cv.high:.3f})"
            )
        alone = result.validation.sales_alone
        console.print(
            f"AUC of monthly sales alone, nothing fitted: {alone.auc:.3f}"
            f" ({alone.low:.3f} to {alone.high:.3f})"
        )
    titles = {industry.code: industry.title_en for industry in terms.industries}
    for plan in result.plans:
        console.print(
            f"\nScenario {plan.scenario}: {len(plan.granted)} of {len(plan.lines)} firms,"
            f" {plan.total:,.0f} yuan, expected profit {plan.profit:,.0f}"
            f" (no plan exceeds {plan.bound:,.0f})"
        )
        console.print("  " + ", ".join(f"{k} {v}" for k, v in _outcomes(plan).items()))
        console.print(_table(plan, titles))
    kept = _kept_profit(result, terms, scenarios)
    if kept is not None:
        console.print(f"\nThe first plan, left as it is, would earn {kept:,.0f} under the shock.")
    return page.getvalue()


def _table(plan: Plan, titles: dict[str, str]) -> Table:
    table = Table("group", "firms", "granted", "yuan", "mean rate", "expected profit")
    for column in table.columns[1:]:
        column.justify = "right"
    by_grade = grouped(plan, lambda line: f"grade {line.grade}")
    by_industry = grouped(plan, lambda line: titles.get(line.industry, line.industry))
    for groups in (by_grade, by_industry):
        for group in groups:
            table.add_row(
                group.name,
                str(group.firms),
                str(group.granted),
                f"{group.amount:,.0f}",
                "" if group.rate is None else f"{group.rate:.2%}",
                f"{group.profit:,.0f}",
            )
        table.add_section()
    return table
