"""Models that are no scorecards of ours: on the register with owner, vendor, validation and documents."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import set_business_date
from kuaidai.foundation.queries import audit_trail
from kuaidai.interfaces.cli import main
from kuaidai.kernel.errors import NotAllowed
from kuaidai.risk.policy import operations, queries, shadows
from kuaidai.risk.policy.domain.entry import ModelEntry, ModelForm, read_entry
from kuaidai.risk.policy.domain.lifecycle import ModelKind
from kuaidai.risk.policy.errors import (
    BadEntry,
    DecidesNothing,
    KindFixed,
    LiveFromPast,
    NotAScorecard,
    NotYetApproved,
    SameEyes,
)
from kuaidai.risk.policy.models import ModelVersion

pytestmark = pytest.mark.django_db
ON = date(2026, 7, 1)
MODELLER = Actor("staff", "modeller", "Modeller")
RISK = Actor("staff", "risk", "Risk officer")
ENTRY = """
name = "bureau-fraud-score"
kind = "anti_fraud"
form = "machine_learning"
owner = "Head of fraud control"
purpose = "Applications with a high score are looked at by a person"
vendor = "A credit bureau"
vendor_version = "4.2"
validated_on = 2026-03-15
next_validation_on = 2027-03-15
documents = ["validation.pdf"]
"""


@pytest.fixture(autouse=True)
def today(db):
    set_business_date(on=ON, actor=Actor.system("tests"))


@pytest.fixture
def described(tmp_path):
    """The entry as a file, with the document it names."""
    (tmp_path / "validation.pdf").write_bytes(b"%PDF what was found")
    path = tmp_path / "entry.toml"
    path.write_text(ENTRY, encoding="utf-8")
    return path


@pytest.fixture
def entry(described) -> ModelEntry:
    return read_entry(described)


def registered(entry, live_from=ON) -> str:
    label = operations.register_model(entry=entry, actor=MODELLER, on=ON)
    operations.submit_model(label=label, actor=MODELLER, on=ON)
    operations.approve_model(label=label, live_from=live_from, actor=RISK, on=ON)
    return label


def status(label, on=ON) -> str:
    return next(v.status for v in queries.versions(on=on) if v.label == label)


def test_an_entry_goes_from_draft_to_live_by_two_people_and_is_retired(entry):
    label = operations.register_model(entry=entry, actor=MODELLER, on=ON)
    assert (label, status(label)) == ("bureau-fraud-score/1", "draft")
    operations.submit_model(label=label, actor=MODELLER, on=ON)
    assert status(label) == "submitted"
    with pytest.raises(SameEyes):
        operations.approve_model(label=label, live_from=ON, actor=MODELLER, on=ON)
    with pytest.raises(LiveFromPast):
        yesterday = ON - timedelta(days=1)
        operations.approve_model(label=label, live_from=yesterday, actor=RISK, on=ON)
    tomorrow = ON + timedelta(days=1)
    operations.approve_model(label=label, live_from=tomorrow, actor=RISK, on=ON)
    assert (status(label), status(label, tomorrow)) == ("approved", "live")
    operations.retire_model(label=label, actor=RISK, on=tomorrow)
    assert status(label, tomorrow) == "retired"

    actions = [e.action for e in audit_trail(subject_type="model", subject_id=label)]
    assert actions == ["model.retired", "model.approved", "model.submitted", "model.drafted"]
    with pytest.raises(NotYetApproved):
        operations.submit_model(label=label, actor=MODELLER, on=tomorrow)


def test_what_was_said_of_it_comes_back_with_the_documents_fingerprint(entry):
    label = registered(entry)

    (held,) = queries.registered_models(on=ON)

    assert (held.version.label, held.version.status, held.entry) == (label, "live", entry)
    assert held.entry.kind is ModelKind.ANTI_FRAUD
    assert held.entry.form is ModelForm.MACHINE_LEARNING
    (document,) = held.entry.documents
    assert document.name == "validation.pdf"
    assert document.sha256 == hashlib.sha256(b"%PDF what was found").hexdigest()
    lines = {line.kind: line.live for line in queries.inventory(on=ON)}
    assert lines[ModelKind.ANTI_FRAUD] == (label,)


def test_a_new_validation_is_a_new_version_and_nothing_is_changed(entry, described):
    first = registered(entry)
    assert operations.register_model(entry=entry, actor=MODELLER, on=ON) == first
    described.write_text(ENTRY.replace("2027-03-15", "2028-03-15"), encoding="utf-8")

    second = registered(read_entry(described))

    assert second == "bureau-fraud-score/2"
    assert (status(first), status(second)) == ("retired", "live")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ModelVersion.objects.update(form="rules")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ModelVersion.objects.update(content="{}")


def test_a_validation_is_due_on_its_day_and_where_there_was_none(entry):
    due = date(2027, 3, 15)
    assert not entry.validation_due(due - timedelta(days=1))
    assert entry.validation_due(due)
    assert ModelEntry("m", ModelKind.WARNING, ModelForm.RULES, "o", "p").validation_due(ON)


def test_a_bought_risk_model_never_decides_in_place_of_the_card(card, described):
    operations.publish_scorecard(card, report="", maker=MODELLER, checker=RISK, on=ON)
    described.write_text(ENTRY.replace('"anti_fraud"', '"risk_evaluation"'), encoding="utf-8")

    label = registered(read_entry(described))

    assert queries.live_scorecard(ON).label == "test-card/1"
    assert (status("test-card/1"), status(label)) == ("live", "live")
    with pytest.raises(DecidesNothing, match="machine_learning"):
        shadows.start_shadow(label=label, actor=RISK, on=ON)
    with pytest.raises(NotAScorecard, match="as machine_learning"):
        queries.scorecard_version(label)


def test_a_name_keeps_kind_and_form_and_only_staff_register(card, entry, described):
    registered(entry)
    described.write_text(ENTRY.replace("machine_learning", "rules"), encoding="utf-8")
    with pytest.raises(KindFixed, match=r"anti_fraud \(machine_learning\)"):
        operations.register_model(entry=read_entry(described), actor=MODELLER, on=ON)
    with pytest.raises(NotAllowed):
        operations.register_model(entry=entry, actor=Actor.system("job"), on=ON)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('kind = "anti_fraud"', 'kind = "fraud"', "kind is 'fraud'; it must be one of identity"),
        ('"machine_learning"', '"scorecard"', "kuaidai scorecard publish"),
        ('owner = "Head of fraud control"', "", "owner is missing"),
        ('owner = "Head', 'owners = "Head', "there is no owners; known: name, kind"),
        ('owner = "Head of fraud control"', "owner = 1", "owner is 1; it must be text"),
        ("2027-03-15", "2026-03-15", "next_validation_on must be after validated_on"),
        ("2027-03-15", '"in spring"', "write a date as 2027-01-31"),
        ("bureau-fraud-score", "bureau/score", "its name must have no /"),
        ("validation.pdf", "gone.pdf", "no such file"),
        ("vendor =", "vendor = =", "line"),
    ],
)
def test_an_entry_that_says_too_little_is_refused_by_name(described, old, new, told):
    described.write_text(ENTRY.replace(old, new), encoding="utf-8")
    with pytest.raises(BadEntry, match="entry of the model inventory") as refused:
        read_entry(described)
    assert told in str(refused.value)


def test_the_commands_take_it_through_its_states(described, capsys):
    for arguments in (
        ("policy", "register", str(described), "--as", "modeller"),
        ("scorecard", "approve", "bureau-fraud-score/1", "--as", "risk"),
        ("policy", "models"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main.run(arguments)
        assert not stopped.value.code

    shown = capsys.readouterr().out
    assert "bureau-fraud-score/1: submitted by modeller" in shown
    assert any(
        line.split()[:2] == ["anti_fraud", "bureau-fraud-score/1"] for line in shown.splitlines()
    )
