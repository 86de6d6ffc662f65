"""Writes of model monitoring: a month's report onto the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd
from cryptography.exceptions import InvalidTag
from django.db import transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.encryption import decrypt_bytes
from kuaidai.foundation.operations import record_audit
from kuaidai.kernel.calendars import month_end, month_start
from kuaidai.kernel.canonical import sha256_hex
from kuaidai.risk.policy.domain.facts import DecisionFacts, Value
from kuaidai.risk.policy.domain.monitoring import MonitoringView
from kuaidai.risk.policy.domain.reading import read_decision
from kuaidai.risk.policy.errors import DecisionDamaged, UnknownVersion
from kuaidai.risk.policy.models import DecisionRecord, ModelVersion
from kuaidai.risk.policy.monitoring_alerts import keep_alerts
from kuaidai.risk.policy.monitoring_models import MonitoringRun
from kuaidai.risk.policy.monitoring_queries import monitoring_view
from kuaidai.risk.scorecards.monitoring import MonitoringReport, Thresholds, monitor
from kuaidai.risk.scorecards.segments import AnyScorecard
from kuaidai.risk.scorecards.segments.artefact import read_scorecard


@transaction.atomic
def monitor_model(
    *,
    label: str,
    month: date,
    outcomes: Mapping[str, bool | None],
    actor: Actor,
    on: date,
    window_months: int = 12,
    thresholds: Thresholds | None = None,
) -> MonitoringView:
    """Hold a month's decisions of a scorecard against it and keep the report; once a month.

    `outcomes`: whether a decision (by its number) went bad; one that is not named has no outcome. Scores
    are held against those of the version's first monitored month, for a card keeps no distribution of
    development scores. A month that has its report already keeps it. The newest month's findings become
    alerts, or renew those there are. Raises `UnknownVersion`,
    `DecisionDamaged`, `SampleTooSmall` for a month without decisions.
    """
    name, _, number = label.rpartition("/")
    row = None
    if number.isdigit():
        versions = ModelVersion.objects.select_for_update()
        row = versions.filter(name=name, version=int(number)).first()
    if row is None:
        raise UnknownVersion(kind="model", value=label)
    runs = MonitoringRun.objects.select_related("model_version").filter(model_version=row)
    done = runs.filter(month=month_start(month)).first()
    if done is not None:
        return monitoring_view(done)
    card = read_scorecard(row.content, source=f"Model {row.label}")
    first = runs.filter(month__lt=month_start(month)).order_by("month").first()
    reference = MonitoringReport.from_json(first.report).population.by_score if first else ()
    report = monitor(
        card,
        _applicants(card, row, month),
        month=month,
        on=on,
        performance=_decided(row, month, outcomes),
        window_months=window_months,
        reference=dict(reference),
        thresholds=thresholds,
    )
    held = MonitoringRun.objects.create(
        model_version=row,
        month=report.month,
        on=on,
        level=report.level,
        report=report.to_json(),
    )
    newest = not runs.filter(month__gt=report.month).exists()
    alerts = keep_alerts(row, report) if newest else {}
    record_audit(
        actor=actor,
        action="model.monitored",
        subject_type="model",
        subject_id=row.label,
        on=on,
        detail={
            "month": report.month,
            "level": report.level.value,
            "findings": [finding.code for finding in report.findings],
            "alerts": alerts,
            "report_hash": sha256_hex(held.report.encode()),
        },
    )
    return monitoring_view(held)


def _applicants(card: AnyScorecard, row: ModelVersion, month: date) -> pd.DataFrame:
    """The features of everyone the version scored in the month, unsealed. Raises `DecisionDamaged`."""
    records = DecisionRecord.objects.filter(
        model_version=row, decided_on__range=(month_start(month), month_end(month))
    )
    features = [_features(*each) for each in records.values_list("id", "inputs").iterator()]
    cells = {name: [each.get(name) for each in features] for name in card.features}
    return pd.DataFrame(cells, dtype=object)


def _features(number: str, sealed: bytes | memoryview[int]) -> Mapping[str, Value]:
    try:
        return DecisionFacts.from_bytes(decrypt_bytes(bytes(sealed))).features
    except (InvalidTag, ValueError, KeyError, TypeError) as error:
        raise DecisionDamaged(value=number, why=type(error).__name__) from error


def _decided(row: ModelVersion, month: date, outcomes: Mapping[str, bool | None]) -> pd.DataFrame:
    """Day, score and outcome of every decision of the version up to the month's end."""
    records = DecisionRecord.objects.filter(model_version=row, decided_on__lte=month_end(month))
    table = []
    for number, day, result in records.values_list("id", "decided_on", "result").iterator():
        bad = outcomes.get(number)
        table.append((day, read_decision(bytes(result)).score, None if bad is None else int(bad)))
    return pd.DataFrame(table, columns=["decided_on", "score", "bad"], dtype=object)
