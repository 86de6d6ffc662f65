"""The monthly report on a scorecard: kept once, from decisions on record and known outcomes."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
from django.db import DatabaseError, transaction
from tests.support.scorecard import publish_all, small_card
from typer.testing import CliRunner

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import set_business_date
from kuaidai.foundation.queries import audit_trail
from kuaidai.interfaces.cli import scorecard
from kuaidai.lending.origination.monitoring import monitor_models
from kuaidai.risk.policy import operations
from kuaidai.risk.policy.domain.monitoring_limits import limits_of
from kuaidai.risk.policy.errors import UnknownVersion
from kuaidai.risk.policy.monitoring_models import MonitoringRun
from kuaidai.risk.policy.monitoring_operations import monitor_model
from kuaidai.risk.policy.monitoring_queries import (
    alerts,
    latest_monitoring,
    monitoring_of,
    unmonitored,
)
from kuaidai.risk.scorecards.errors import SampleTooSmall
from kuaidai.risk.scorecards.monitoring import Level

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)


@pytest.fixture
def live(db):
    publish_all(date(2025, 1, 1))


def decide(facts, count, on, *, centre=10.5, seed=1):
    """`count` decisions on a day on firms with balances about e^`centre`; gives their numbers."""
    balances = np.random.default_rng(seed).lognormal(centre, 1.0, count).tolist()
    return [
        operations.decide_and_record(
            application_id=f"APP-{on}-{place}",
            facts=facts(balance_average_6m=balance),
            actor=SYSTEM,
            on=on,
        ).id
        for place, balance in enumerate(balances)
    ]


def test_a_months_report_is_kept_once_and_cannot_be_changed(live, facts):
    decide(facts, 30, date(2026, 6, 10))
    assert unmonitored(JUNE) == ("test-card/1",)

    (view,) = monitor_models(on=JULY, actor=SYSTEM)

    assert (view.label, view.month, view.on) == ("test-card/1", JUNE, JULY)
    assert view.report.population.rows == 30
    assert view.report.version_hash == small_card().version_hash
    assert view.report.performance.discrimination is None
    assert monitor_models(on=JULY, actor=SYSTEM) == ()
    assert latest_monitoring() == monitoring_of("test-card/1") == (view,)
    trail = audit_trail(subject_type="model", subject_id="test-card/1")
    assert [e.detail["month"] for e in trail if e.action == "model.monitored"] == ["2026-06-01"]
    with pytest.raises(DatabaseError), transaction.atomic():
        MonitoringRun.objects.update(level="stable")


def test_a_cards_own_limits_hold_and_findings_become_alerts(live, facts):
    decide(facts, 30, date(2026, 6, 10))
    strict = "window_months = 6\n[test-card]\npsi_watch = 1e-4\npsi_alert = 1e-3\np_alert = 0.98\np_watch = 0.99"

    (view,) = monitor_models(on=JULY, actor=SYSTEM, limits=limits_of(strict, source="strict"))

    assert (view.report.window_months, view.report.thresholds.psi_alert) == (6, 1e-3)
    found = {(finding.code, finding.subject) for finding in view.report.findings}
    assert ("GRADE_PSI", "") in found
    assert {(held.code, held.subject) for held in alerts()} == found
    trail = audit_trail(subject_type="model", subject_id="test-card/1")
    (run,) = [e.detail for e in trail if e.action == "model.monitored"]
    assert len(run["alerts"]["opened"]) == len(found)


def test_the_command_reports_and_lists_the_alerts(live, facts):
    decide(facts, 200, date(2026, 6, 10), centre=8.0)
    set_business_date(on=JULY, actor=SYSTEM)

    first = CliRunner().invoke(scorecard.app, ["monitor"], catch_exceptions=False).stdout
    again = CliRunner().invoke(scorecard.app, ["monitor", "--json"], catch_exceptions=False).stdout

    assert "test-card/1 in 2026-06: alert" in first
    assert "alert  open          test-card/1  Grade distribution moved" in first
    held = json.loads(again)
    assert held["reports"] == []
    assert {a["code"] for a in held["alerts"]} == {"GRADE_PSI", "CSI"}


def test_outcomes_of_matured_decisions_and_a_moved_population_are_judged(live, facts):
    # arrange: half the old decisions went bad, whatever their score; July's firms are far poorer
    old = decide(facts, 60, date(2025, 6, 10))
    decide(facts, 30, date(2026, 6, 10), seed=2)
    decide(facts, 30, date(2026, 7, 10), centre=8.5, seed=3)
    outcomes = {number: place % 2 == 0 for place, number in enumerate(old)}
    given = {"outcomes": outcomes, "actor": SYSTEM, "label": "test-card/1"}

    # act
    june = monitor_model(month=JUNE, on=JULY, **given).report
    july = monitor_model(month=JULY, on=date(2026, 8, 1), **given).report

    # assert
    assert (june.performance.rows, june.performance.bads) == (60, 30)
    assert june.performance.immature == 30
    found = {finding.code: finding.level for finding in july.findings}
    assert found["SCORE_PSI"] is found["AUC_UNPROVEN"] is Level.ALERT
    assert june.score is None and july.score.index > 0.25
    assert july.level is Level.ALERT


def test_what_cannot_be_monitored_is_refused(live):
    given = {"month": JUNE, "outcomes": {}, "actor": SYSTEM, "on": JULY}
    with pytest.raises(UnknownVersion):
        monitor_model(label="test-card/9", **given)
    with pytest.raises(SampleTooSmall):
        monitor_model(label="test-card/1", **given)
    assert monitoring_of("test-card/x") == ()
