"""Reads: what is live, versions, decisions on record, replay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from cryptography.exceptions import InvalidTag

from kuaidai.foundation.encryption import decrypt_bytes
from kuaidai.foundation.queries import audit_trail
from kuaidai.kernel.canonical import canonical_json, sha256_hex
from kuaidai.risk.policy.domain.content import PolicyContent
from kuaidai.risk.policy.domain.decide import decide
from kuaidai.risk.policy.domain.entry import ModelEntry, ModelForm
from kuaidai.risk.policy.domain.facts import DecisionFacts
from kuaidai.risk.policy.domain.lifecycle import ModelKind, Status
from kuaidai.risk.policy.domain.reading import read_decision
from kuaidai.risk.policy.domain.views import (
    DecisionView,
    InventoryLine,
    RegisteredModel,
    ReplayResult,
    VersionView,
    inventory_of,
)
from kuaidai.risk.policy.errors import (
    DecisionDamaged,
    NotAScorecard,
    NothingLive,
    UnknownDecision,
    UnknownVersion,
)
from kuaidai.risk.policy.models import DecisionRecord, ModelVersion, PolicyVersion
from kuaidai.risk.scorecards.segments import AnyScorecard
from kuaidai.risk.scorecards.segments.artefact import read_scorecard

T = TypeVar("T")


class Live(NamedTuple, Generic[T]):
    """Something live with the key of its version."""

    version_id: int
    label: str
    content: T


@lru_cache(maxsize=16)
def scorecard_of(version_id: int, content_hash: str) -> AnyScorecard:
    """A registered card, read and made ready once; the hash keeps a changed database from an old card."""
    row = ModelVersion.objects.get(id=version_id, content_hash=content_hash)
    return read_scorecard(row.content, source=f"Model {row.label}")


@lru_cache(maxsize=16)
def _policy(version_id: int, content_hash: str) -> PolicyContent:
    row = PolicyVersion.objects.get(id=version_id, content_hash=content_hash)
    return PolicyContent.from_json(row.content, source=f"Policy {row.label}")


def live_scorecard(on: date, name: str | None = None) -> Live[AnyScorecard]:
    """The risk-evaluation card live on `on`, of that name if one is given. Raises `NothingLive`."""
    rows = ModelVersion.objects.filter(
        kind=ModelKind.RISK_EVALUATION,
        form=ModelForm.SCORECARD,
        status=Status.APPROVED,
        live_from__lte=on,
    )
    if name is not None:
        rows = rows.filter(name=name)
    row = rows.defer("content").order_by("-live_from", "-id").first()
    if row is None:
        raise NothingLive(kind="scorecard", name=name or "", on=on.isoformat())
    return Live(row.id, row.label, scorecard_of(row.id, row.content_hash))


def live_policy(name: str, on: date) -> Live[PolicyContent]:
    """The version of policy `name` live on `on`. Raises `NothingLive`."""
    row = (
        PolicyVersion.objects.filter(name=name, status=Status.APPROVED, live_from__lte=on)
        .defer("content")
        .order_by("-live_from", "-version")
        .first()
    )
    if row is None:
        raise NothingLive(kind="policy", name=name, on=on.isoformat())
    return Live(row.id, row.label, _policy(row.id, row.content_hash))


def lpr_fixings(name: str, on: date, tenor: str) -> dict[date, Decimal]:
    """The LPR of a tenor (`one_year`, `five_years`) by the day of its publication, as the policy live on
    `on` holds it; empty where it holds none. Raises `NothingLive`.
    """
    return live_policy(name, on).content.lpr_fixings(tenor)


def _place(row: ModelVersion | PolicyVersion) -> str:
    """What only one version fills: the card that decides has any name, everything else its own."""
    return "" if isinstance(row, ModelVersion) and row.may_decide else row.name


def _live_ids(rows: Sequence[ModelVersion | PolicyVersion], on: date) -> frozenset[int]:
    """For each place the approved version with the latest start that has come."""
    newest: dict[str, tuple[date, int]] = {}
    for row in rows:
        if row.status == Status.APPROVED and row.live_from is not None and row.live_from <= on:
            place = _place(row)
            newest[place] = max(newest.get(place, (date.min, 0)), (row.live_from, row.id))
    return frozenset(row_id for _, row_id in newest.values())


def _status(row: ModelVersion | PolicyVersion, live: frozenset[int], on: date) -> str:
    if row.status != Status.APPROVED or row.live_from is None or row.live_from > on:
        return str(row.status)
    return Status.LIVE.value if row.id in live else Status.RETIRED.value


def _version(row: ModelVersion | PolicyVersion, live: frozenset[int], on: date) -> VersionView:
    kind, report, form = "policy", "", ""
    shadow: tuple[date | None, date | None] = (None, None)
    if isinstance(row, ModelVersion):
        kind, report, shadow = str(row.kind), row.report, (row.shadow_from, row.shadow_until)
        form = str(row.form)
    return VersionView(
        kind=kind,
        name=row.name,
        version=row.version,
        status=_status(row, live, on),
        content_hash=row.content_hash,
        submitted_by=row.submitted_by,
        submitted_on=row.submitted_on,
        approved_by=row.approved_by,
        approved_on=row.approved_on,
        live_from=row.live_from,
        retired_on=row.retired_on,
        report=report,
        shadow_from=shadow[0],
        shadow_until=shadow[1],
        form=form,
    )


def versions(*, on: date) -> tuple[VersionView, ...]:
    """Every version of every policy and model, with the status it has on `on`; newest first."""
    policies = list(PolicyVersion.objects.defer("content").order_by("name", "-version"))
    models = list(ModelVersion.objects.defer("content").order_by("name", "-version"))
    tables: tuple[Sequence[ModelVersion | PolicyVersion], ...] = (policies, models)
    return tuple(_version(row, _live_ids(rows, on), on) for rows in tables for row in rows)


def inventory(*, on: date) -> tuple[InventoryLine, ...]:
    """Every kind of model that the internet-loan rules name, and what the bank has of it on `on`."""
    return inventory_of(versions(on=on), on)


def registered_models(*, on: date) -> tuple[RegisteredModel, ...]:
    """The models on the register that are no scorecards of ours, by name, the newest version first."""
    others = ModelVersion.objects.exclude(form=ModelForm.SCORECARD)
    rows = list(others.order_by("name", "-version"))
    live = _live_ids(rows, on)
    return tuple(
        RegisteredModel(
            _version(row, live, on), ModelEntry.from_json(row.content, source=f"Model {row.label}")
        )
        for row in rows
    )


def scorecard_version(label: str) -> AnyScorecard:
    """The scorecard on the register as `label`, whatever its status.

    Raises `UnknownVersion`, `NotAScorecard`.
    """
    name, _, number = label.rpartition("/")
    row = None
    if number.isdecimal():
        row = ModelVersion.objects.filter(name=name, version=int(number)).first()
    if row is None:
        raise UnknownVersion(kind="model", value=label)
    if row.form != ModelForm.SCORECARD:
        raise NotAScorecard(label=label, form=row.form)
    return scorecard_of(row.id, row.content_hash)


def policy_content(name: str, version: int) -> PolicyContent:
    """A policy version's content, whatever its status. Raises `UnknownVersion`."""
    row = PolicyVersion.objects.filter(name=name, version=version).first()
    if row is None:
        raise UnknownVersion(kind="policy", value=f"{name}/{version}")
    return _policy(row.id, row.content_hash)


def _record(decision_id: str) -> DecisionRecord:
    rows = DecisionRecord.objects.select_related("model_version", "policy_version")
    row = rows.filter(id=decision_id).first()
    if row is None:
        raise UnknownDecision(value=decision_id)
    return row


def _view(row: DecisionRecord) -> DecisionView:
    try:
        inputs = decrypt_bytes(bytes(row.inputs))
        facts = DecisionFacts.from_bytes(inputs)
        held = read_decision(bytes(row.result))
    except (InvalidTag, ValueError, KeyError, TypeError) as error:
        raise DecisionDamaged(value=row.id, why=type(error).__name__) from error
    return DecisionView(
        id=row.id,
        application_id=row.application_id,
        model_label=row.model_version.label,
        decided_on=row.decided_on,
        recorded_at=row.recorded_at,
        inputs=facts,
        inputs_hash=row.inputs_hash,
        outcome_hash=row.outcome_hash,
        **vars(held),
    )


def decision(decision_id: str) -> DecisionView:
    """A decision on record. Raises `UnknownDecision`, `DecisionDamaged`."""
    return _view(_record(decision_id))


def decisions_for(application_id: str) -> tuple[DecisionView, ...]:
    """The decisions on an application, oldest first."""
    rows = DecisionRecord.objects.select_related("model_version")
    held = rows.filter(application_id=application_id).order_by("recorded_at")
    return tuple(_view(row) for row in held)


def replay(decision_id: str) -> ReplayResult:
    """Recompute a decision from its stored inputs, policy and artefact texts.

    `identical` is true only if the recomputed bytes equal the stored ones and every stored hash, the
    audit trail's included, fits. Raises `UnknownDecision`.
    """
    row = _record(decision_id)
    problems = _hash_problems(row)
    recomputed_hash = ""
    try:
        inputs = decrypt_bytes(bytes(row.inputs))
        if sha256_hex(inputs) != row.inputs_hash:
            problems.append("the inputs do not match their hash")
        again = canonical_json(
            decide(
                DecisionFacts.from_bytes(inputs),
                policy=PolicyContent.from_json(row.policy_version.content),
                scorecard=read_scorecard(row.model_version.content),
            )
        )
        recomputed_hash = sha256_hex(again)
        if again != bytes(row.result):
            problems.append("recomputing gives another decision")
    except InvalidTag:
        problems.append("the inputs were altered: their seal is broken")
    except (ValueError, KeyError, TypeError) as error:
        problems.append(f"the record cannot be recomputed ({type(error).__name__})")
    return ReplayResult(row.id, not problems, row.outcome_hash, recomputed_hash, tuple(problems))


def _hash_problems(row: DecisionRecord) -> list[str]:
    problems = []
    if sha256_hex(bytes(row.result)) != row.outcome_hash:
        problems.append("the stored decision does not match its hash")
    for kind, version in (("model", row.model_version), ("policy", row.policy_version)):
        if sha256_hex(version.content.encode()) != version.content_hash:
            problems.append(f"the content of {kind} {version.label} does not match its hash")
    entries = audit_trail(subject_type="decision", subject_id=row.id)
    audited = [e.detail.get("outcome_hash") for e in entries if e.action == "decision.recorded"]
    if audited != [row.outcome_hash]:
        problems.append("the audit trail holds another hash")
    return problems
