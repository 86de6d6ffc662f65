"""A challenger in the shadow scores what the live card decides, and decides nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import set_business_date
from kuaidai.foundation.queries import audit_trail
from kuaidai.interfaces.cli import main
from kuaidai.kernel.errors import NotAllowed
from kuaidai.risk.policy import operations, queries, shadows
from kuaidai.risk.policy.errors import NotComputed, NotYetApproved, SameEyes, UnknownVersion
from kuaidai.risk.policy.models import ShadowScore
from kuaidai.risk.scorecards import FeatureConfig

pytestmark = pytest.mark.django_db
ON = date(2026, 7, 1)
MODELLER = Actor("staff", "modeller", "Modeller")
RISK = Actor("staff", "risk", "Risk officer")


@pytest.fixture
def challenger(card, policy) -> str:
    """A live card and policy, and a submitted challenger that gives 40 points less."""
    operations.publish_scorecard(card, report="", maker=MODELLER, checker=RISK, on=ON)
    operations.publish_library_policy("credit-quick-loan", maker=MODELLER, checker=RISK, on=ON)
    stricter = replace(card, name="challenger", base_points=card.base_points - 40)
    label = operations.draft_model(scorecard=stricter, report="", actor=MODELLER, on=ON)
    operations.submit_model(label=label, actor=MODELLER, on=ON)
    return label


def decided(facts, on: date = ON, **changed):
    return operations.decide_and_record(
        application_id="APP-1", facts=facts(**changed), actor=Actor.system("tests"), on=on
    )


def test_a_challenger_scores_beside_the_live_card_while_in_the_shadow(challenger, facts):
    before = decided(facts)
    shadows.start_shadow(label=challenger, actor=RISK, on=ON)
    held = decided(facts)
    shadows.stop_shadow(label=challenger, actor=RISK, on=ON)
    after = decided(facts)

    (word,) = shadows.shadow_scores(held.id)
    assert (word.label, word.score) == (challenger, held.score - 40)
    assert word.pd > held.pd
    assert held.scorecard_version == before.scorecard_version
    assert queries.replay(held.id).identical
    assert shadows.shadow_scores(before.id) == shadows.shadow_scores(after.id) == ()
    actions = [e.action for e in audit_trail(subject_type="model", subject_id=challenger)]
    assert actions[:2] == ["model.shadow_ended", "model.shadow_started"]


def test_the_comparison_counts_who_would_have_moved(challenger, facts):
    shadows.start_shadow(label=challenger, actor=RISK, on=ON)
    held = [decided(facts), decided(facts, balance_average_6m=1_000.0)]

    found = shadows.shadow_comparison(challenger)

    assert (found.decisions, found.refused) == (2, 0)
    assert found.mean_score_live - found.mean_score_shadow == 40
    assert sum(count for *_, count in found.moved) == 2
    assert {live for live, *_ in found.moved} == {each.grade for each in held}


def test_a_challenger_that_cannot_score_is_noted_and_stops_nothing(challenger, card, facts):
    elsewhere = replace(card.characteristics[0], feature=FeatureConfig("never_computed"))
    lost = replace(card, name="lost", characteristics=(elsewhere,))
    label = operations.draft_model(scorecard=lost, report="", actor=MODELLER, on=ON)
    operations.submit_model(label=label, actor=MODELLER, on=ON)
    shadows.start_shadow(label=label, actor=RISK, on=ON)

    held = decided(facts)

    (word,) = shadows.shadow_scores(held.id)
    assert (word.score, word.pd, word.refused) == (None, None, "SCORECARD_COLUMN_MISSING")
    assert shadows.shadow_comparison(label).refused == 1
    with pytest.raises(NotComputed, match="does not compute never_computed"):
        operations.approve_model(label=label, live_from=ON, actor=RISK, on=ON)


def test_steps_that_may_not_be_are_refused(challenger, card):
    own = replace(card, name="own", base_points=card.base_points - 10)
    label = operations.draft_model(scorecard=own, report="", actor=RISK, on=ON)
    operations.submit_model(label=label, actor=RISK, on=ON)
    with pytest.raises(SameEyes):
        shadows.start_shadow(label=label, actor=RISK, on=ON)
    for stranger in (MODELLER, Actor("staff", "nobody", "Nobody")):
        with pytest.raises(NotAllowed):
            shadows.start_shadow(label=challenger, actor=stranger, on=ON)
    with pytest.raises(UnknownVersion):
        shadows.start_shadow(label="challenger/9", actor=RISK, on=ON)
    with pytest.raises(NotYetApproved):
        shadows.stop_shadow(label=challenger, actor=RISK, on=ON)
    shadows.start_shadow(label=challenger, actor=RISK, on=ON)
    with pytest.raises(NotYetApproved, match="in the shadow"):
        operations.return_model(label=challenger, why="too soon", actor=RISK, on=ON)


def test_a_returned_card_is_a_draft_again_with_the_reason_on_record(challenger):
    operations.return_model(label=challenger, why="no out-of-time sample", actor=RISK, on=ON)

    (found,) = [v for v in queries.versions(on=ON) if v.label == challenger]
    assert found.status == "draft"
    last = audit_trail(subject_type="model", subject_id=challenger)[0]
    assert (last.action, last.detail["why"]) == ("model.returned", "no out-of-time sample")


def test_the_database_refuses_to_change_what_a_challenger_said(challenger, facts):
    shadows.start_shadow(label=challenger, actor=RISK, on=ON)
    held = decided(facts)
    with pytest.raises(DatabaseError), transaction.atomic():
        ShadowScore.objects.filter(decision_id=held.id).update(score=900)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main.run(arguments)
    return int(stopped.value.code or 0)


def test_from_a_file_to_the_live_card_on_the_command_line(card, facts, tmp_path, capsys, policy):
    set_business_date(on=ON, actor=Actor.system("tests"))
    operations.publish_library_policy("credit-quick-loan", maker=MODELLER, checker=RISK, on=ON)
    path = tmp_path / "card.json"
    path.write_text(card.to_json())

    assert run("scorecard", "publish", str(path), "--as", "modeller") == 0
    assert run("scorecard", "approve", "test-card/1", "--as", "modeller") == 2
    assert "second person" in capsys.readouterr().err
    assert run("scorecard", "shadow", "test-card/1", "--as", "risk") == 0
    assert run("scorecard", "shadow", "test-card/1", "--as", "risk", "--stop") == 0
    tomorrow = str(ON + timedelta(days=1))
    approve = ("scorecard", "approve", "test-card/1", "--as", "risk", "--live-from")
    assert run(*approve, "2020-01-01") == 2
    assert run(*approve, tomorrow) == 0
    assert "live from 2026-07-02" in capsys.readouterr().out

    assert decided(facts, on=ON + timedelta(days=1)).scorecard_version.startswith("test-card@")
    assert run("scorecard", "compare", "test-card/1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["decisions"] == 0
    assert run("scorecard", "retire", "test-card/1", "--as", "risk") == 0
    assert run("scorecard", "publish", "/no/card.json", "--as", "modeller") == 2
