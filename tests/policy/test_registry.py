"""Versions through their life with four eyes; decisions on record, replayed and tampered with."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection, transaction
from django.db.utils import IntegrityError

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.encryption import encrypt_bytes
from kuaidai.foundation.queries import audit_trail
from kuaidai.kernel.canonical import sha256_hex
from kuaidai.kernel.errors import NotAllowed
from kuaidai.risk.policy import operations, queries
from kuaidai.risk.policy.domain.content import PolicyContent, library_policy
from kuaidai.risk.policy.errors import (
    BadPolicy,
    LiveFromPast,
    NothingLive,
    NotYetApproved,
    SameEyes,
    UnknownDecision,
    UnknownVersion,
    VersionTaken,
)
from kuaidai.risk.policy.models import DecisionRecord, ModelVersion, PolicyVersion

pytestmark = pytest.mark.django_db
ON = date(2026, 7, 1)
MODELLER = Actor("staff", "modeller", "Modeller")
RISK = Actor("staff", "risk", "Risk officer")
NAME = "credit-quick-loan"


@pytest.fixture
def live(card, policy):
    """Scorecard and policy live from `ON`."""
    operations.publish_scorecard(card, report="", maker=MODELLER, checker=RISK, on=ON)
    operations.publish_library_policy(NAME, maker=MODELLER, checker=RISK, on=ON)


def record(facts, **changed):
    return operations.decide_and_record(
        application_id="APP-1", facts=facts(**changed), actor=Actor.system("tests"), on=ON
    )


def second_version(policy, **thresholds):
    document = json.loads(policy.text)
    for node in document["nodes"]:
        for expression in node.get("content", {}).get("expressions", ()):
            if node["id"] == "policy" and expression["key"] == "version":
                expression["value"] = "2"
            if expression["key"] in thresholds:
                expression["value"] = thresholds[expression["key"]]
    return PolicyContent.from_json(json.dumps(document))


class TestLife:
    def test_a_version_goes_from_draft_to_live_to_replaced(self, policy):
        label = operations.draft_policy(content=policy, actor=MODELLER, on=ON)
        with pytest.raises(NothingLive):
            queries.live_policy(NAME, ON)
        operations.submit_policy(label=label, actor=MODELLER, on=ON)
        operations.approve_policy(label=label, live_from=ON, actor=RISK, on=ON)
        later = ON + timedelta(days=30)
        newer = second_version(policy, tax_paid_12m_least="10000")
        operations.draft_policy(content=newer, actor=MODELLER, on=ON)
        operations.submit_policy(label=newer.label, actor=MODELLER, on=ON)
        operations.approve_policy(label=newer.label, live_from=later, actor=RISK, on=ON)

        assert queries.live_policy(NAME, later - timedelta(days=1)).label == f"{NAME}/1"
        assert queries.live_policy(NAME, later).label == f"{NAME}/2"
        today = {v.label: v.status for v in queries.versions(on=ON)}
        then = {v.label: v.status for v in queries.versions(on=later)}
        assert today == {f"{NAME}/1": "live", f"{NAME}/2": "approved"}
        assert then == {f"{NAME}/1": "retired", f"{NAME}/2": "live"}

    def test_a_retired_version_gives_way_to_the_one_before(self, live, policy):
        newer = second_version(policy)
        operations.publish_policy(content=newer, maker=MODELLER, checker=RISK, on=ON)
        assert queries.live_policy(NAME, ON).label == f"{NAME}/2"

        operations.retire_policy(label=newer.label, actor=RISK, on=ON)

        assert queries.live_policy(NAME, ON).label == f"{NAME}/1"

    def test_who_submitted_may_not_approve(self, policy):
        label = operations.draft_policy(content=policy, actor=RISK, on=ON)
        operations.submit_policy(label=label, actor=RISK, on=ON)

        with pytest.raises(SameEyes, match="Risk officer submitted credit-quick-loan/1"):
            operations.approve_policy(label=label, live_from=ON, actor=RISK, on=ON)

        assert PolicyVersion.objects.get().status == "submitted"

    def test_the_database_refuses_one_pair_of_eyes_too(self, policy):
        label = operations.draft_policy(content=policy, actor=RISK, on=ON)
        operations.submit_policy(label=label, actor=RISK, on=ON)

        with pytest.raises(IntegrityError, match="policy_four_eyes"), transaction.atomic():
            PolicyVersion.objects.update(
                status="approved", approved_by="risk", approved_on=ON, live_from=ON
            )
        with pytest.raises(IntegrityError, match="approval_complete"), transaction.atomic():
            PolicyVersion.objects.update(status="approved")

    def test_only_those_with_the_role_approve(self, policy):
        get_user_model().objects.create(username="manager", role="account_manager")
        label = operations.draft_policy(content=policy, actor=MODELLER, on=ON)
        operations.submit_policy(label=label, actor=MODELLER, on=ON)

        for actor in (Actor("staff", "manager", "Manager"), Actor("person", "P-1", "Owner")):
            with pytest.raises(NotAllowed, match="may not approve"):
                operations.approve_policy(label=label, live_from=ON, actor=actor, on=ON)

    def test_steps_out_of_order_are_refused(self, policy):
        label = operations.draft_policy(content=policy, actor=MODELLER, on=ON)

        with pytest.raises(NotYetApproved, match="is draft and cannot become approved"):
            operations.approve_policy(label=label, live_from=ON, actor=RISK, on=ON)
        with pytest.raises(UnknownVersion, match=f"{NAME}/9"):
            operations.submit_policy(label=f"{NAME}/9", actor=MODELLER, on=ON)
        with pytest.raises(UnknownVersion):
            operations.submit_policy(label=NAME, actor=MODELLER, on=ON)

    def test_nothing_goes_live_in_the_past(self, policy):
        label = operations.draft_policy(content=policy, actor=MODELLER, on=ON)
        operations.submit_policy(label=label, actor=MODELLER, on=ON)

        with pytest.raises(LiveFromPast):
            operations.approve_policy(
                label=label, live_from=ON - timedelta(days=1), actor=RISK, on=ON
            )

    def test_a_version_number_means_one_content_for_ever(self, live, policy):
        other = replace(policy, text=policy.text.replace('"5000"', '"3000"'))

        with pytest.raises(VersionTaken):
            operations.draft_policy(content=other, actor=MODELLER, on=ON)
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            PolicyVersion.objects.update(content=other.text)
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            ModelVersion.objects.all()._raw_delete("default")

    def test_publishing_twice_changes_nothing(self, live, card):
        again = operations.publish_scorecard(card, report="", maker=MODELLER, checker=RISK, on=ON)

        assert again == "test-card/1"
        assert ModelVersion.objects.count() == 1

    def test_each_step_is_audited(self, live):
        actions = [
            entry.action for entry in audit_trail(subject_type="policy", subject_id=f"{NAME}/1")
        ]

        assert actions == ["policy.approved", "policy.submitted", "policy.drafted"]

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("{", "not JSON"),
            ("{}", "lacks 'nodes'"),
            ('{"nodes": [], "edges": []}', "no node gives|refuses"),
            ("[]", "it is not a decision graph"),
            ('{"nodes": "all"}', "it is not a decision graph"),
        ],
    )
    def test_a_document_that_is_no_policy_is_refused(self, text, why):
        with pytest.raises(BadPolicy, match=why):
            PolicyContent.from_json(text)

    def test_a_policy_whose_name_is_no_json_text_is_refused(self):
        document = json.loads(library_policy(NAME).text)
        [node] = [n for n in document["nodes"] if n["content"].get("outputPath") == "policy"]
        [name] = [row for row in node["content"]["expressions"] if row["key"] == "name"]
        name["value"] = "credit-quick-loan"

        with pytest.raises(BadPolicy, match="node policy cannot be read"):
            PolicyContent.from_json(json.dumps(document))


class TestRecord:
    def test_the_record_holds_all_of_the_decision_and_its_facts(self, live, facts):
        held = record(facts)

        again = queries.decision(held.id)
        assert again == held
        assert again.inputs == facts()
        assert (again.outcome, str(again.limit)) == ("approved", "715000.00")
        assert again.policy_version == "credit-quick-loan/1"
        assert again.points[0].feature == "balance_average_6m"
        assert queries.decisions_for("APP-1") == (held,)

    def test_inputs_are_sealed_at_rest(self, live, facts):
        held = record(facts)

        stored = bytes(DecisionRecord.objects.get(id=held.id).inputs)
        assert b"tax_paid_12m" not in stored

    @pytest.mark.parametrize(
        "changed", [{}, {"other_lenders": 3}, {"tax_grade_latest": "D"}, {"tax_paid_12m": None}]
    )
    def test_replay_gives_the_same_bytes(self, live, facts, changed):
        held = record(facts, **changed)

        result = queries.replay(held.id)

        assert result.problems == ()
        assert result.identical
        assert result.recomputed_hash == result.stored_hash == held.outcome_hash

    def test_replay_uses_the_versions_of_then(self, live, facts, policy):
        held = record(facts)
        strict = second_version(policy, tax_paid_12m_least="100000")
        operations.publish_policy(content=strict, maker=MODELLER, checker=RISK, on=ON)

        assert record(facts).outcome == "declined"
        assert queries.replay(held.id).identical

    def test_the_database_refuses_to_change_a_record(self, live, facts):
        held = record(facts)

        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            DecisionRecord.objects.filter(id=held.id).update(outcome="declined")

    def test_an_unknown_decision_is_named(self, live):
        with pytest.raises(UnknownDecision, match="DEC-NONE"):
            queries.replay("DEC-NONE")


def unlocked(statement, values):
    """Run SQL with the append-only triggers off, as somebody with the database in hand could."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = DEFAULT")


class TestTampering:
    def test_an_altered_result_is_found(self, live, facts):
        held = record(facts)
        stored = bytes(DecisionRecord.objects.get(id=held.id).result)
        forged = stored.replace(b"715000.00", b"915000.00")
        unlocked("UPDATE policy_decisionrecord SET result = %s WHERE id = %s", [forged, held.id])

        result = queries.replay(held.id)

        assert not result.identical
        assert "the stored decision does not match its hash" in result.problems
        assert "recomputing gives another decision" in result.problems

    def test_an_altered_result_with_its_hash_mended_is_found(self, live, facts):
        held = record(facts)
        stored = bytes(DecisionRecord.objects.get(id=held.id).result)
        forged = stored.replace(b"715000.00", b"915000.00")
        unlocked(
            "UPDATE policy_decisionrecord SET result = %s, outcome_hash = %s WHERE id = %s",
            [forged, sha256_hex(forged), held.id],
        )

        problems = queries.replay(held.id).problems

        assert problems == (
            "the audit trail holds another hash",
            "recomputing gives another decision",
        )

    def test_broken_seals_are_found(self, live, facts):
        held = record(facts)
        unlocked("UPDATE policy_decisionrecord SET inputs = inputs || %s", [b"x"])

        assert queries.replay(held.id).problems == (
            "the inputs were altered: their seal is broken",
        )

    def test_resealed_inputs_are_found(self, live, facts):
        held = record(facts)
        other = encrypt_bytes(facts(tax_paid_12m=60_000.0).to_bytes())
        unlocked("UPDATE policy_decisionrecord SET inputs = %s", [other])

        problems = queries.replay(held.id).problems

        assert "the inputs do not match their hash" in problems

    def test_an_altered_policy_is_found(self, live, facts, policy):
        held = record(facts)
        unlocked(
            "UPDATE policy_policyversion SET content = %s",
            [policy.text.replace('"5000"', '"50000"')],
        )

        assert not queries.replay(held.id).identical
