"""The policy's table of loan prime rates agrees with the published fixings."""

import csv
import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files

import pytest

from kuaidai.risk.policy.domain.admission import evaluate


@pytest.fixture
def fixings(real_data) -> dict[date, Decimal]:
    """Publication date → one-year rate, every month since August 2019."""
    with (real_data / "cn_reference" / "lpr_history.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 85
    return {date.fromisoformat(r["publish_date"]): Decimal(r["lpr_1y_pct"]) / 100 for r in rows}


def _policy_fixings() -> dict[date, Decimal]:
    """Publication date → one-year rate, as the decision table holds them."""
    text = (files("kuaidai.risk.policy") / "library" / "credit-quick-loan-1.json").read_text(
        "utf-8"
    )
    found = {}
    for node in json.loads(text)["nodes"]:
        for rule in node.get("content", {}).get("rules", []) if "content" in node else []:
            if "lpr-published_on" in rule:
                on = date.fromisoformat(json.loads(rule["lpr-published_on"]))
                found[on] = Decimal(rule["lpr-one_year"])
    return found


def test_every_change_of_the_one_year_rate_is_in_the_table(fixings) -> None:
    changes, before = {}, None
    for on, rate in fixings.items():
        if rate != before:
            changes[on] = rate
        before = rate

    table = _policy_fixings()

    assert table
    assert table == {on: rate for on, rate in changes.items() if on >= min(table)}


def test_the_rate_of_a_decision_is_that_of_the_last_fixing(fixings, policy, facts) -> None:
    """On every fixing's day, and on the day before the next one."""
    days = [on for on in fixings if on >= min(_policy_fixings())]
    ends = [on - timedelta(days=1) for on in days[1:]] + [days[-1] + timedelta(days=30)]

    assert len(days) > 70
    for on, end in zip(days, ends, strict=True):
        for day in (on, end):
            found = evaluate(policy, replace(facts(), decided_on=day), score=700, grade="A")
            assert found.lpr == fixings[on], day
            assert date.fromisoformat(found.lpr_published_on) <= on
