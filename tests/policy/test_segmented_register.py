"""A segmented card on the register: published, decides, runs in the shadow, is replayed and watched."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import set_business_date
from kuaidai.interfaces.cli import main
from kuaidai.lending.origination.monitoring import monitor_models
from kuaidai.risk.policy import operations, queries, shadows
from kuaidai.risk.policy.monitoring_queries import alerts
from kuaidai.risk.scorecards import FeatureConfig, ScorecardConfig
from kuaidai.risk.scorecards.segments import (
    Segment,
    Segmentation,
    SegmentedScorecard,
    fit_segments,
)

pytestmark = pytest.mark.django_db
ON, JULY = date(2026, 6, 10), date(2026, 7, 1)
MODELLER = Actor("staff", "modeller", "Modeller")
RISK = Actor("staff", "risk", "Risk officer")
SYSTEM = Actor.system("tests")
AGES = Segmentation(
    "firm_age_months", (Segment("young", below=36.0), Segment("grown", least=36.0)), "young"
)


@pytest.fixture(scope="module")
def segmented() -> SegmentedScorecard:
    """Firms below three years of age and others, each judged by the average balance; half of each."""
    rng = np.random.default_rng(7)
    balance = rng.lognormal(10.5, 1.0, 6000)
    age = np.where(np.arange(6000) % 2 == 0, 12.0, 60.0)
    chance = 1 / (1 + np.exp(-(7.0 + (age < 36) - np.log(balance) * 0.95)))
    book = pd.DataFrame({"balance_average_6m": balance, "firm_age_months": age,
                         "bad": (rng.random(6000) < chance).astype(float)})  # fmt: skip
    config = ScorecardConfig("by-age", (FeatureConfig("balance_average_6m", "Balance", "余额"),))
    return fit_segments(book, target="bad", config=config, segmentation=AGES)


@pytest.fixture
def live(segmented):
    operations.publish_scorecard(segmented, report="", maker=MODELLER, checker=RISK, on=ON)
    operations.publish_library_policy("credit-quick-loan", maker=MODELLER, checker=RISK, on=ON)


def decided(facts, **changed):
    return operations.decide_and_record(
        application_id="APP-1", facts=facts(**changed), actor=SYSTEM, on=ON
    )


def test_the_card_of_the_applicants_segment_decides_and_the_decision_replays(
    live, segmented, facts
):
    young, grown = decided(facts, firm_age_months=12), decided(facts, firm_age_months=60)

    for held, name in ((young, "young"), (grown, "grown")):
        own = segmented.card(name).score({"balance_average_6m": 90_000.0})
        assert (held.score, held.pd) == (own.score, own.pd)
        assert held.scorecard_version == f"by-age/{name}@{segmented.version_hash[:12]}"
        assert queries.replay(held.id).identical
    assert young.score < grown.score
    assert queries.scorecard_version("by-age/1") == segmented


def test_it_scores_in_the_shadow_of_a_single_card(card, segmented, facts):
    operations.publish_scorecard(card, report="", maker=MODELLER, checker=RISK, on=ON)
    operations.publish_library_policy("credit-quick-loan", maker=MODELLER, checker=RISK, on=ON)
    label = operations.draft_model(scorecard=segmented, report="", actor=MODELLER, on=ON)
    operations.submit_model(label=label, actor=MODELLER, on=ON)
    shadows.start_shadow(label=label, actor=RISK, on=ON)

    (word,) = shadows.shadow_scores(decided(facts, firm_age_months=12).id)

    own = segmented.card("young").score({"balance_average_6m": 90_000.0})
    assert (word.label, word.score, word.pd) == ("by-age/1", own.score, own.pd)


def test_monitoring_watches_the_shares_of_segments_and_each_cards_characteristics(live, facts):
    balances = np.random.default_rng(1).lognormal(10.5, 1.0, 60).tolist()
    for balance in balances:  # only young firms, of the balances they had in development
        decided(facts, firm_age_months=12, balance_average_6m=balance)

    (view,) = monitor_models(on=JULY, actor=SYSTEM)

    found = {row.feature: row.stability for row in view.report.characteristics}
    assert set(found) == {"firm_age_months", "young/balance_average_6m"}
    assert found["firm_age_months"].index > 1.0
    assert not found["young/balance_average_6m"].beyond_chance
    moved = {alert.subject: alert for alert in alerts() if alert.code == "CSI"}
    assert "shares of segments" in moved["firm_age_months"].en
    assert "客群占比" in moved["firm_age_months"].zh


def test_a_characteristic_that_moved_in_one_segment_is_an_alert_about_that_segment(live, facts):
    for place in range(60):
        age = 12 if place % 2 else 60
        decided(facts, firm_age_months=age, balance_average_6m=2_000.0 if age == 60 else 36_000.0
                + 1_000 * place)  # fmt: skip

    monitor_models(on=JULY, actor=SYSTEM)

    (alert,) = [each for each in alerts() if each.subject == "grown/balance_average_6m"]
    assert alert.code == "CSI"
    assert "Balance, segment grown" in alert.en


def test_the_command_publishes_it_and_other_commands_read_it_by_its_label(
    segmented, tmp_path, capsys
):
    set_business_date(on=ON, actor=SYSTEM)
    path = tmp_path / "by-age.json"
    path.write_text(replace(segmented, name="ages").to_json(), encoding="utf-8")

    for arguments in (("publish", str(path), "--as", "modeller"), ("show", "ages/1")):
        with pytest.raises(SystemExit) as stopped:
            main.run(["scorecard", *arguments])
        assert not stopped.value.code

    assert "segments by firm_age_months" in capsys.readouterr().out
