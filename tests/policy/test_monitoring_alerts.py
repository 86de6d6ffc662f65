"""Alerts: kept until looked into or gone, not listed twice, reopened when worse; limits as data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from django.db import IntegrityError, transaction
from tests.support.scorecard import publish_all, small_card

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import register_staff
from kuaidai.foundation.queries import audit_trail
from kuaidai.kernel.errors import NotAllowed
from kuaidai.risk.policy.domain.alerts import AlertState, worse
from kuaidai.risk.policy.domain.monitoring_limits import limits_of, monitoring_limits
from kuaidai.risk.policy.errors import AlertNotOpen, BadLimits, NoteMissing, UnknownAlert
from kuaidai.risk.policy.models import ModelVersion
from kuaidai.risk.policy.monitoring_alerts import acknowledge_alert, keep_alerts
from kuaidai.risk.policy.monitoring_models import MonitoringAlert
from kuaidai.risk.policy.monitoring_queries import alert, alerts, open_alerts
from kuaidai.risk.scorecards.monitoring import Finding, Level, Thresholds, monitor

SYSTEM = Actor.system("tests")
RISK = Actor("staff", "risk", "Risk officer")
MONTHS = [date(2026, month, 1) for month in range(6, 11)]


def finding(value=0.3, level=Level.ALERT, code="SCORE_PSI", subject=""):
    return Finding(code, level, subject, value, 0.25, f"moved by {value}", f"漂移 {value}")


@pytest.fixture(scope="module")
def report():
    """A month's report with the findings that are asked for."""
    people = {"balance_average_6m": [10_000.0, 50_000.0, 90_000.0]}
    plain = monitor(small_card(), pd.DataFrame(people), month=MONTHS[0], on=MONTHS[1])
    return lambda month, *found: replace(plain, month=month, findings=found)


@pytest.fixture
def version(db):
    publish_all(date(2026, 1, 1))
    return ModelVersion.objects.get()


def acknowledge(number, note="Shop closures in the county; watched."):
    acknowledge_alert(alert_id=number, note=note, actor=RISK, on=MONTHS[1])


class TestLife:
    def test_a_finding_found_again_is_not_listed_twice(self, version, report):
        first = keep_alerts(
            version, report(MONTHS[0], finding(), finding(0.2, Level.WATCH, "CSI", "a"))
        )
        again = keep_alerts(version, report(MONTHS[1], finding(0.31)))

        assert first == {"opened": ["SCORE_PSI", "CSI a"], "reopened": [], "closed": []}
        assert again == {"opened": [], "reopened": [], "closed": ["CSI a"]}
        (held,) = alerts()
        assert (held.since, held.month, held.value) == (MONTHS[0], MONTHS[1], 0.31)
        assert (held.label, held.en, held.zh) == ("test-card/1", "moved by 0.31", "漂移 0.31")
        assert open_alerts() == (1, Level.ALERT)

    def test_what_a_person_looked_into_stays_so_while_it_is_no_worse(self, version, report):
        keep_alerts(version, report(MONTHS[0], finding()))
        acknowledge(alerts()[0].id)

        changed = keep_alerts(version, report(MONTHS[1], finding(0.4)))

        assert changed["reopened"] == []
        (held,) = alerts()
        assert held.state is AlertState.ACKNOWLEDGED and not held.reopened
        assert (held.acknowledged_by, held.acknowledged_on) == ("risk", MONTHS[1])
        assert held.value == 0.4
        assert open_alerts() == (0, Level.STABLE)

    @pytest.mark.parametrize(
        "later", [finding(0.45), finding(0.26, Level.ALERT, "CSI", "a")], ids=["grew", "rose"]
    )
    def test_what_got_worse_is_open_again_with_the_old_note(self, later, version, report):
        keep_alerts(version, report(MONTHS[0], finding(), finding(0.2, Level.WATCH, "CSI", "a")))
        for held in alerts():
            acknowledge(held.id)

        changed = keep_alerts(version, report(MONTHS[1], later))

        assert changed["reopened"] == [f"{later.code} {later.subject}".strip()]
        (held,) = [held for held in alerts() if held.state is AlertState.OPEN]
        assert held.reopened and held.note.startswith("Shop closures")
        acknowledge(held.id, "Recalibration is under way.")
        assert alert(held.id).note == "Recalibration is under way."

    def test_what_is_gone_is_closed_and_comes_back_as_a_new_alert(self, version, report):
        keep_alerts(version, report(MONTHS[0], finding()))
        (first,) = alerts()
        acknowledge(first.id)
        keep_alerts(version, report(MONTHS[1]))
        assert alerts() == ()
        assert alert(first.id).state is AlertState.CLOSED

        changed = keep_alerts(version, report(MONTHS[2], finding()))

        assert changed["opened"] == ["SCORE_PSI"]
        (second,) = alerts()
        assert second.id != first.id
        assert (second.since, second.note, second.reopened) == (MONTHS[2], "", False)

    def test_open_and_urgent_alerts_stand_first(self, version, report):
        found = (finding(0.2, Level.WATCH, "CSI", "a"), finding(), finding(code="GRADE_PSI"))
        keep_alerts(version, report(MONTHS[0], *found))
        acknowledge(alerts()[0].id)

        assert [(a.code, a.state) for a in alerts()] == [
            ("GRADE_PSI", AlertState.OPEN),
            ("CSI", AlertState.OPEN),
            ("SCORE_PSI", AlertState.ACKNOWLEDGED),
        ]

    def test_acknowledging_is_on_the_audit_trail(self, version, report):
        keep_alerts(version, report(MONTHS[0], finding()))
        acknowledge(alerts()[0].id)

        (entry,) = [
            e
            for e in audit_trail(subject_type="model", subject_id="test-card/1")
            if e.action == "model.alert_acknowledged"
        ]
        assert entry.detail["code"] == "SCORE_PSI"
        assert entry.detail["note"].startswith("Shop closures")

    def test_what_cannot_be_acknowledged_is_refused(self, version, report):
        keep_alerts(version, report(MONTHS[0], finding()))
        (held,) = alerts()

        with pytest.raises(UnknownAlert):
            acknowledge(held.id + 1)
        with pytest.raises(NoteMissing, match="at least 5"):
            acknowledge(held.id, "  ok ")
        register_staff(
            username="manager", role="account_manager", password="a-long-password", actor=SYSTEM,
            on=MONTHS[0],
        )  # fmt: skip
        for who in (Actor("staff", "manager", "Manager"), SYSTEM):
            with pytest.raises(NotAllowed):
                acknowledge_alert(alert_id=held.id, note="Looked.", actor=who, on=MONTHS[1])
        acknowledge(held.id)
        with pytest.raises(AlertNotOpen, match="is acknowledged"):
            acknowledge(held.id)

    def test_the_database_keeps_one_alert_of_a_finding(self, version, report):
        keep_alerts(version, report(MONTHS[0], finding()))
        twin = MonitoringAlert.objects.get()
        twin.id = None
        with pytest.raises(IntegrityError), transaction.atomic():
            twin.save()
        with pytest.raises(IntegrityError), transaction.atomic():
            MonitoringAlert.objects.update(state="acknowledged")


@pytest.mark.parametrize(
    ("level", "value", "later", "is_worse"),
    [
        (Level.WATCH, 0.2, finding(0.26), True),
        (Level.ALERT, 0.3, finding(0.12, Level.WATCH), False),
        (Level.ALERT, 0.3, finding(0.44), False),
        (Level.ALERT, 0.3, finding(0.45), True),
        (Level.ALERT, 0.009, finding(0.0001, code="AUC_FELL"), False),
        (Level.WATCH, 0.04, finding(0.009, code="AUC_FELL"), True),
    ],
)
def test_worse_is_a_higher_level_or_an_index_grown_by_half(level, value, later, is_worse):
    assert worse(later, level=level, value=value) is is_worse


class TestLimits:
    def test_those_that_ship_are_the_trades(self):
        shipped = monitoring_limits(None)

        assert shipped.window_months == 12
        assert shipped.of("any/1") == Thresholds(0.10, 0.25, 0.05, 0.01, 10)

    def test_a_banks_own_file_stands_over_them_and_a_cards_table_over_both(self, tmp_path):
        file = tmp_path / "limits.toml"
        file.write_text("window_months = 6\npsi_watch = 0.08\n[strict-card]\npsi_alert = 0.15\n")

        limits = monitoring_limits(file)

        assert limits.window_months == 6
        assert (limits.of("card/2").psi_watch, limits.of("card/2").psi_alert) == (0.08, 0.25)
        assert limits.of("strict-card/1") == Thresholds(psi_watch=0.08, psi_alert=0.15)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("psi_wach = 0.1", "the file has no limit psi_wach; known: least_bads"),
            ("psi_watch = 'low'", "psi_watch of the file is 'low'"),
            ("[card]\nleast_bads = 2.5", r"least_bads of \[card\] is 2.5"),
            ("psi_watch = 0.5", "psi_watch is 0.5"),
            ("window_months = 0", "window_months is 0"),
            ("psi_watch", "limits.toml does not set"),
        ],
    )
    def test_a_file_that_is_wrong_is_named_with_the_entry(self, text, words):
        with pytest.raises(BadLimits, match=words):
            limits_of(text, source="limits.toml")

    def test_a_file_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(BadLimits, match=r"none\.toml"):
            monitoring_limits(tmp_path / "none.toml")
