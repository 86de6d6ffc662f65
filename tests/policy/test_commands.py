"""The commands: list, submit, approve, show, and decisions shown and replayed."""

from __future__ import annotations

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import set_business_date
from kuaidai.interfaces.cli import decision as decisions
from kuaidai.interfaces.cli import policy as policies
from kuaidai.risk.policy import operations
from kuaidai.risk.policy.errors import BadPolicy, SameEyes, UnknownDecision, UnknownVersion

pytestmark = pytest.mark.django_db
ON = date(2026, 7, 1)
SYSTEM = Actor.system("tests")


def call(app, *arguments):
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


@pytest.fixture(autouse=True)
def today(db):
    set_business_date(on=ON, actor=SYSTEM)


@pytest.fixture
def recorded(card, facts):
    maker, checker = Actor("staff", "modeller", "M"), Actor("staff", "risk", "R")
    operations.publish_scorecard(card, report="", maker=maker, checker=checker, on=ON)
    operations.publish_library_policy("credit-quick-loan", maker=maker, checker=checker, on=ON)
    return operations.decide_and_record(application_id="APP-1", facts=facts(), actor=SYSTEM, on=ON)


def test_a_policy_is_submitted_by_one_and_approved_by_another(policy, tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(policy.text, encoding="utf-8")

    call(policies.app, "submit", str(path), "--as", "modeller")
    with pytest.raises(SameEyes):
        call(policies.app, "approve", "credit-quick-loan/1", "--as", "modeller")
    call(policies.app, "approve", "credit-quick-loan/1", "--as", "risk")

    listed = json.loads(call(policies.app, "list", "--json").stdout)
    assert [(v["kind"], v["name"], v["status"]) for v in listed] == [
        ("policy", "credit-quick-loan", "live")
    ]
    assert "credit-quick-loan/1" in call(policies.app, "list").stdout
    assert call(policies.app, "show", "credit-quick-loan/1").stdout == policy.text


def test_a_file_that_is_no_text_is_no_policy(tmp_path):
    path = tmp_path / "policy.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadPolicy, match="not a text file"):
        call(policies.app, "submit", str(path), "--as", "modeller")


def test_an_unknown_version_is_named(policy):
    for label in ("credit-quick-loan/7", "nonsense"):
        with pytest.raises(UnknownVersion, match=label):
            call(policies.app, "show", label)


def test_show_tells_outcome_limit_and_reasons(recorded):
    page = call(decisions.app, "show", recorded.id).stdout

    assert "APPROVED" in page
    assert "limit 715,000.00" in page
    assert "→" in page
    held = json.loads(call(decisions.app, "show", recorded.id, "--json").stdout)
    assert held["inputs"]["features"]["tax_paid_12m"] == 50_000.0


def test_replay_is_identical(recorded):
    outcome = call(decisions.app, "replay", recorded.id, "--json")

    held = json.loads(outcome.stdout)
    assert outcome.exit_code == 0
    assert held["identical"] is True
    assert held["stored_hash"] == held["recomputed_hash"]


def test_an_unknown_decision_is_refused():
    with pytest.raises(UnknownDecision):
        call(decisions.app, "replay", "DEC-NONE")
