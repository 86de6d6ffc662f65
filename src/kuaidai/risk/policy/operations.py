"""Writes: versions through their life, decisions onto the record."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.encryption import encrypt_bytes
from kuaidai.foundation.operations import record_audit
from kuaidai.kernel.canonical import canonical_json, sha256_hex
from kuaidai.kernel.identifiers import new_id
from kuaidai.risk.policy import queries
from kuaidai.risk.policy.domain.content import PolicyContent, library_policy
from kuaidai.risk.policy.domain.decide import decide
from kuaidai.risk.policy.domain.entry import ModelEntry, ModelForm
from kuaidai.risk.policy.domain.facts import DecisionFacts
from kuaidai.risk.policy.domain.lifecycle import ModelKind, Status, require_transition
from kuaidai.risk.policy.domain.views import DecisionView
from kuaidai.risk.policy.errors import (
    KindFixed,
    LiveFromPast,
    NotComputed,
    NotYetApproved,
    OwnDraft,
    SameEyes,
    VersionTaken,
)
from kuaidai.risk.policy.models import DecisionRecord, ModelVersion, PolicyVersion
from kuaidai.risk.policy.shadows import score_shadows
from kuaidai.risk.policy.versions import APPROVERS, SUBMITTERS, Row, locked, require_role
from kuaidai.risk.scorecards.segments import AnyScorecard
from kuaidai.risk.scorecards.segments.artefact import read_scorecard


def _audit(
    row: ModelVersion | PolicyVersion, action: str, actor: Actor, on: date, **detail: Any
) -> None:
    kind = "model" if isinstance(row, ModelVersion) else "policy"
    record_audit(
        actor=actor,
        action=f"{kind}.{action}",
        subject_type=kind,
        subject_id=row.label,
        on=on,
        detail={"content_hash": row.content_hash, **detail},
    )


@transaction.atomic
def draft_policy(*, content: PolicyContent, actor: Actor, on: date) -> str:
    """Keep a policy version as a draft and return its label; the same content twice does nothing.

    Raises `VersionTaken` if the version exists with other content, `NotAllowed`.
    """
    require_role(actor, SUBMITTERS, "draft a policy")
    row, created = PolicyVersion.objects.get_or_create(
        name=content.name,
        version=content.version,
        defaults={
            "content": content.text,
            "content_hash": content.content_hash,
            "status": Status.DRAFT,
            "drafted_by": actor.id,
        },
    )
    if row.content_hash != content.content_hash:
        raise VersionTaken(kind="policy", label=row.label)
    if created:
        _audit(row, "drafted", actor, on)
    return row.label


@transaction.atomic
def draft_model(
    *,
    scorecard: AnyScorecard,
    report: str,
    actor: Actor,
    on: date,
    kind: ModelKind = ModelKind.RISK_EVALUATION,
) -> str:
    """Keep a scorecard as the next version of its name and return the label.

    Only a card of risk evaluation decides; one of another kind is on the register for those who use it.
    The same artefact as the newest version gives that version's label. Raises `KindFixed`, `NotAllowed`.
    """
    text = scorecard.to_json()
    return _draft(scorecard.name, kind, ModelForm.SCORECARD, text, report, actor, on)


@transaction.atomic
def register_model(*, entry: ModelEntry, actor: Actor, on: date) -> str:
    """Keep a model that is no scorecard of ours as the next version of its name and return the label.

    From here it goes through the states of every model on the register; the platform does not run it.
    The same entry as the newest version gives that version's label. Raises `KindFixed`, `NotAllowed`.
    """
    return _draft(entry.name, entry.kind, entry.form, entry.to_json(), "", actor, on)


def _draft(
    name: str, kind: ModelKind, form: ModelForm, text: str, report: str, actor: Actor, on: date
) -> str:
    require_role(actor, SUBMITTERS, "draft a model")
    digest = sha256_hex(text.encode())
    same = ModelVersion.objects.select_for_update().filter(name=name)
    newest = same.order_by("-version").first()
    if newest is not None and (newest.kind, newest.form) != (kind, form):
        held, asked = f"{newest.kind} ({newest.form})", f"{kind.value} ({form.value})"
        raise KindFixed(name=name, held=held, asked=asked)
    if newest is not None and newest.content_hash == digest:
        return newest.label
    row = ModelVersion.objects.create(
        kind=kind,
        form=form,
        name=name,
        version=(same.aggregate(most=Max("version"))["most"] or 0) + 1,
        content=text,
        content_hash=digest,
        status=Status.DRAFT,
        drafted_by=actor.id,
        report=report,
    )
    _audit(row, "drafted", actor, on, kind=kind.value, form=form.value)
    return row.label


def _submit(table: type[Row], label: str, actor: Actor, on: date) -> None:
    require_role(actor, SUBMITTERS, f"submit {label}")
    row = locked(table, label)
    require_transition(row.label, row.status, Status.SUBMITTED)
    row.status, row.submitted_by, row.submitted_on = Status.SUBMITTED, actor.id, on
    row.save(update_fields=["status", "submitted_by", "submitted_on"])
    _audit(row, "submitted", actor, on)


def _approve(
    table: type[Row],
    label: str,
    live_from: date,
    actor: Actor,
    on: date,
) -> None:
    row = locked(table, label)
    require_transition(row.label, row.status, Status.APPROVED)
    if actor.id == row.submitted_by:
        raise SameEyes(who=actor.name, label=row.label)
    if actor.id == row.drafted_by:
        raise OwnDraft(who=actor.name, label=row.label)
    require_role(actor, APPROVERS, f"approve {label}")
    if live_from < on:
        raise LiveFromPast(label=row.label, live_from=live_from.isoformat(), on=on.isoformat())
    row.status, row.approved_by, row.approved_on = Status.APPROVED, actor.id, on
    row.live_from = live_from
    row.save(update_fields=["status", "approved_by", "approved_on", "live_from"])
    _audit(row, "approved", actor, on, live_from=live_from, submitted_by=row.submitted_by)


@transaction.atomic
def submit_policy(*, label: str, actor: Actor, on: date) -> None:
    """Put a draft policy up for approval. Raises `UnknownVersion`, `NotYetApproved`, `NotAllowed`."""
    _submit(PolicyVersion, label, actor, on)


@transaction.atomic
def submit_model(*, label: str, actor: Actor, on: date) -> None:
    """Put a draft model up for approval. Raises `UnknownVersion`, `NotYetApproved`, `NotAllowed`."""
    _submit(ModelVersion, label, actor, on)


@transaction.atomic
def approve_policy(*, label: str, live_from: date, actor: Actor, on: date) -> None:
    """A second person lets a submitted policy go live from a day.

    Somebody else than who drafted or submitted it. Raises `SameEyes`, `OwnDraft`, `LiveFromPast`,
    `UnknownVersion`, `NotYetApproved`, `NotAllowed`.
    """
    _approve(PolicyVersion, label, live_from, actor, on)


@transaction.atomic
def approve_model(*, label: str, live_from: date, actor: Actor, on: date) -> None:
    """A second person lets a submitted model go live from a day.

    A card that decides rests on features of the catalogue alone: one live with others would leave every
    application undecided. Raises as `approve_policy`, and `NotComputed`.
    """
    row = locked(ModelVersion, label)
    if row.may_decide:
        _require_computed(row)
    _approve(ModelVersion, label, live_from, actor, on)


def _require_computed(row: ModelVersion) -> None:
    from kuaidai.data.features import catalog

    known = {spec.name for spec in catalog()}
    strange = [
        name for name in read_scorecard(row.content, source=row.label).features if name not in known
    ]
    if strange:
        raise NotComputed(label=row.label, names=", ".join(strange))


@transaction.atomic
def return_model(*, label: str, why: str, actor: Actor, on: date) -> None:
    """Send a submitted model back to its author, a draft again, with the reason on the audit trail.

    Raises `UnknownVersion`, `NotYetApproved`, `NotAllowed`.
    """
    require_role(actor, APPROVERS, f"return {label}")
    row = locked(ModelVersion, label)
    require_transition(row.label, row.status, Status.DRAFT)
    if row.shadow_from is not None and row.shadow_until is None:
        raise NotYetApproved(kind="Version", value=row.label, state="in the shadow", target="draft")
    row.status, row.shadow_from, row.shadow_until = Status.DRAFT, None, None
    row.save(update_fields=["status", "shadow_from", "shadow_until"])
    _audit(row, "returned", actor, on, why=why)


def _retire(table: type[Row], label: str, actor: Actor, on: date) -> None:
    require_role(actor, APPROVERS, f"retire {label}")
    row = locked(table, label)
    require_transition(row.label, row.status, Status.RETIRED)
    row.status, row.retired_on = Status.RETIRED, on
    row.save(update_fields=["status", "retired_on"])
    _audit(row, "retired", actor, on)


@transaction.atomic
def retire_policy(*, label: str, actor: Actor, on: date) -> None:
    """Take an approved policy out of use; the version before it is live again."""
    _retire(PolicyVersion, label, actor, on)


@transaction.atomic
def retire_model(*, label: str, actor: Actor, on: date) -> None:
    """Take an approved model out of use; the version before it is live again."""
    _retire(ModelVersion, label, actor, on)


def _is_draft(table: type[Row], label: str) -> bool:
    return bool(locked(table, label).status == Status.DRAFT)


@transaction.atomic
def publish_scorecard(
    scorecard: AnyScorecard, *, report: Path | str, maker: Actor, checker: Actor, on: date
) -> str:
    """Draft, submit and approve a scorecard in one go, live from `on`; returns its label.

    `report` is where its validation report lies. Publishing what is published does nothing.
    """
    label = draft_model(scorecard=scorecard, report=str(report), actor=maker, on=on)
    if _is_draft(ModelVersion, label):
        submit_model(label=label, actor=maker, on=on)
        approve_model(label=label, live_from=on, actor=checker, on=on)
    return label


@transaction.atomic
def publish_policy(*, content: PolicyContent, maker: Actor, checker: Actor, on: date) -> str:
    """Draft, submit and approve a policy in one go, live from `on`; returns its label."""
    label = draft_policy(content=content, actor=maker, on=on)
    if _is_draft(PolicyVersion, label):
        submit_policy(label=label, actor=maker, on=on)
        approve_policy(label=label, live_from=on, actor=checker, on=on)
    return label


def publish_library_policy(
    name: str, *, maker: Actor, checker: Actor, on: date, version: int = 1
) -> str:
    """Publish a policy that ships with the package. Raises `UnknownVersion`."""
    return publish_policy(
        content=library_policy(name, version), maker=maker, checker=checker, on=on
    )


@transaction.atomic
def decide_and_record(
    *, application_id: str, facts: DecisionFacts, actor: Actor, on: date
) -> DecisionView:
    """Decide with what is live on `on` and put inputs, outcome and versions on record.

    The policy is the one named like the product. Challengers in the shadow score it too. Raises `NothingLive`, `FactsIncomplete`.
    """
    policy = queries.live_policy(facts.product_code, on)
    card = queries.live_scorecard(on)
    inputs = facts.to_bytes()
    read = DecisionFacts.from_bytes(inputs)
    held = decide(read, policy=policy.content, scorecard=card.content)
    result = canonical_json(held)
    record = DecisionRecord.objects.create(
        id=new_id("DEC"),
        application_id=application_id,
        decided_on=on,
        inputs=encrypt_bytes(inputs),
        inputs_hash=sha256_hex(inputs),
        result=result,
        outcome_hash=sha256_hex(result),
        outcome=held.outcome.value,
        limit=held.limit,
        annual_rate=held.annual_rate,
        model_version_id=card.version_id,
        policy_version_id=policy.version_id,
    )
    record_audit(
        actor=actor,
        action="decision.recorded",
        subject_type="decision",
        subject_id=record.id,
        on=on,
        detail={
            "application_id": application_id,
            "outcome": held.outcome.value,
            "outcome_hash": record.outcome_hash,
            "inputs_hash": record.inputs_hash,
            "model": card.label,
            "policy": policy.label,
        },
    )
    score_shadows(record, read, live_id=card.version_id, on=on)
    return queries.decision(record.id)
