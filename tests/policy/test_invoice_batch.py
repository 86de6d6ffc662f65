"""The invoice book on the real data set: skipped where `KUAIDAI_REAL_DATA` is not set."""

from __future__ import annotations

import csv
import itertools
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from kuaidai.data.lake import Lake
from kuaidai.interfaces.cli.main import run as command
from kuaidai.interfaces.cli.policy import app
from kuaidai.risk.policy import batch
from kuaidai.risk.policy.domain.decision import Outcome
from kuaidai.risk.policy.domain.invoice_book import CALM, library_terms, load_scenario
from kuaidai.risk.policy.domain.lending_plan import make_plan, profit_if

pytestmark = pytest.mark.slow  # reads the real invoices
TERMS = library_terms()
EPIDEMIC = load_scenario("epidemic-2020")


@pytest.fixture(scope="module")
def folder(real_data):
    found = real_data / "cumcm2020c"
    if not found.is_dir():
        pytest.skip(f"KUAIDAI_REAL_DATA has no folder cumcm2020c: {real_data}")
    return found


@pytest.fixture(scope="module")
def lake_folder(folder, tmp_path_factory):
    root = tmp_path_factory.mktemp("lake")
    batch.ingest_invoices(Lake(root, personal_key=b"k" * 32), folder)
    return root


@pytest.fixture(scope="module")
def data(lake_folder, folder):
    return batch.read_data(Lake(lake_folder, personal_key=b"k" * 32), folder)


@pytest.fixture(scope="module")
def result(data):
    return batch.run_batch(
        data,
        terms=TERMS,
        scenarios=(CALM, EPIDEMIC),
        validate=False,
        progress=lambda text: None,
    )


def test_the_data_has_its_known_size(data):
    assert len(data.labelled) == 123
    assert data.labelled["default"].sum() == 27
    assert len(data.unlabelled) == 302
    assert len(data.churn["A"]) == 29


def test_the_rating_is_never_a_predictor(result):
    names = {feature.name for feature in result.scorecard.config.features}

    assert not names & {"rating", "company_id", "company_name", "has_credit_history"}
    assert set(result.scorecard.features) <= names


@pytest.mark.parametrize("place", [0, 1], ids=["calm", "epidemic"])
def test_every_firm_gets_an_outcome_within_the_terms(result, place):
    plan = result.plans[place]

    assert len({line.key for line in plan.lines}) == 302
    assert plan.total <= Decimal(100_000_000)
    for line in plan.lines:
        assert (line.outcome is Outcome.APPROVED) == (line.amount > 0)
    for line in plan.granted:
        assert Decimal(100_000) <= line.amount <= min(line.ceiling, Decimal(1_000_000))
        assert Decimal("0.04") <= line.rate <= Decimal("0.15")
        assert line.expected_profit > 0
        assert line.grade != "D"


@pytest.mark.parametrize("place", [0, 1], ids=["calm", "epidemic"])
def test_the_plan_reaches_the_bound_of_its_relaxation(result, place):
    plan = result.plans[place]

    # at most one firm's least amount is lost to whole steps: under 100,000 × 5%
    assert plan.bound - 5_000 <= float(plan.profit) <= plan.bound + 0.01


def test_on_a_few_real_firms_no_plan_at_all_is_better(data, result):
    firms = batch.firms_of(data.unlabelled, result.scorecard, TERMS)[:60:10]
    terms = replace(TERMS, budget=Decimal(1_500_000), step=Decimal(100_000))

    held = make_plan(firms, terms=terms, scale=result.scale, churn=data.churn, scenario=CALM)

    wide = replace(terms, budget=Decimal(10**9))
    free = make_plan(firms, terms=wide, scale=result.scale, churn=data.churn, scenario=CALM)
    margins = [(line.ceiling, line.expected_profit / line.amount) for line in free.granted]
    assert len(margins) >= 3
    best = max(
        sum(amount * margin for amount, (_, margin) in zip(amounts, margins, strict=True))
        for amounts in itertools.product(
            *[range(0, int(ceiling) + 1, 100_000) for ceiling, _ in margins]
        )
        if sum(amounts) <= 1_500_000
    )
    assert abs(held.profit - best) < Decimal("0.05")


def test_the_shock_costs_profit_and_planning_anew_wins_some_back(result):
    calm, epidemic = result.plans

    kept = profit_if(calm, terms=TERMS, before=CALM, after=EPIDEMIC)

    assert kept < epidemic.profit < calm.profit
    hospitality = [line for line in epidemic.granted if line.industry == "hospitality"]
    assert sum(line.amount for line in hospitality) < sum(
        line.amount for line in calm.granted if line.industry == "hospitality"
    )


def test_the_card_ranks_firms_it_has_not_seen(data):
    held = batch.validate_card(data.labelled, repeats=5, progress=lambda text: None)

    assert held.leave_one_out.auc > 0.80
    assert held.repeated.auc > 0.80
    assert held.repeated.low > 0.65
    assert held.repeated.low < held.repeated.auc < held.repeated.high


def test_the_command_prints_json_and_writes_csv(folder, lake_folder, tmp_path):
    table = tmp_path / "plan.csv"
    outcome = CliRunner().invoke(
        app,
        ["batch", "--data", str(folder), "--lake", str(lake_folder), "--scenario",
         "epidemic-2020", "--budget", "20,000,000", "--no-validate", "--csv", str(table),
         "--charts", str(tmp_path / "charts"), "--json"],
        catch_exceptions=False,
    )  # fmt: skip

    printed = json.loads(outcome.stdout)
    assert [plan["scenario"] for plan in printed["plans"]] == ["calm", "epidemic-2020"]
    assert Decimal(printed["plans"][0]["granted"]) <= 20_000_000
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 604
    assert sum(Decimal(r["limit"]) for r in rows if r["scenario"] == "calm") == Decimal(
        printed["plans"][0]["granted"]
    )
    assert len(list((tmp_path / "charts").glob("*.svg"))) == 3


def test_without_data_the_command_says_where_to_point_it(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        command(["policy", "batch", "--data", str(tmp_path), "--lake", str(tmp_path / "lake")])

    assert stopped.value.code == 2
    assert "KUAIDAI_REAL_DATA" in capsys.readouterr().err


def test_reading_the_data_again_gives_the_same_features_and_card(data, result, lake_folder, folder):
    again = batch.read_data(Lake(lake_folder, personal_key=b"k" * 32), folder)

    assert again.labelled.equals(data.labelled)
    assert batch.fit_card(again.labelled)[0].version_hash == result.scorecard.version_hash
