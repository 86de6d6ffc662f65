"""Writes of alerts: brought in line with a month's report, acknowledged by a person."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit
from kuaidai.risk.policy.domain.alerts import AlertState, worse
from kuaidai.risk.policy.errors import AlertNotOpen, NoteMissing, UnknownAlert
from kuaidai.risk.policy.models import ModelVersion
from kuaidai.risk.policy.monitoring_models import MonitoringAlert
from kuaidai.risk.policy.versions import SUBMITTERS, require_role
from kuaidai.risk.scorecards.monitoring import Finding, Level, MonitoringReport

LEAST_NOTE = 5


def keep_alerts(row: ModelVersion, report: MonitoringReport) -> dict[str, list[str]]:
    """Bring a version's alerts in line with its newest report; gives what came, came back and went.

    A finding on the list already is not listed twice: its figures are renewed, and it is reopened if it
    got worse than what a person acknowledged. One that the report no longer has is closed. Part of the
    transaction, and the audit record, of the report.
    """
    rows = MonitoringAlert.objects.select_for_update().filter(model_version=row)
    held = {(a.code, a.subject): a for a in rows.exclude(state=AlertState.CLOSED)}
    changes: dict[str, list[str]] = {"opened": [], "reopened": [], "closed": []}
    for finding in report.findings:
        alert = held.pop((finding.code, finding.subject), None)
        name = f"{finding.code} {finding.subject}".strip()
        if alert is None:
            alert = MonitoringAlert(
                model_version=row, code=finding.code, subject=finding.subject, since=report.month
            )
            changes["opened"].append(name)
        elif _reopens(alert, finding):
            alert.state = AlertState.OPEN
            changes["reopened"].append(name)
        alert.level, alert.value, alert.limit = finding.level, finding.value, finding.limit
        alert.en, alert.zh, alert.month = finding.en, finding.zh, report.month
        alert.save()
    for alert in held.values():
        alert.state = AlertState.CLOSED
        alert.save(update_fields=["state"])
        changes["closed"].append(f"{alert.code} {alert.subject}".strip())
    return changes


def _reopens(alert: MonitoringAlert, finding: Finding) -> bool:
    if alert.state != AlertState.ACKNOWLEDGED or alert.acknowledged_value is None:
        return False
    return worse(finding, level=Level(alert.acknowledged_level), value=alert.acknowledged_value)


@transaction.atomic
def acknowledge_alert(*, alert_id: int, note: str, actor: Actor, on: date) -> None:
    """A person has looked into an open alert; the note says what was found and what follows.

    Raises `UnknownAlert`, `AlertNotOpen`, `NoteMissing`, `NotAllowed`.
    """
    require_role(actor, SUBMITTERS, "acknowledge an alert")
    rows = MonitoringAlert.objects.select_for_update(of=("self",)).select_related("model_version")
    alert = rows.filter(id=alert_id).first()
    if alert is None:
        raise UnknownAlert(value=alert_id)
    if alert.state != AlertState.OPEN:
        raise AlertNotOpen(
            kind="Alert", value=alert_id, state=alert.state, target=AlertState.ACKNOWLEDGED.value
        )
    if len(note.strip()) < LEAST_NOTE:
        raise NoteMissing(least=LEAST_NOTE)
    alert.state, alert.note = AlertState.ACKNOWLEDGED, note.strip()
    alert.acknowledged_by, alert.acknowledged_on = actor.id, on
    alert.acknowledged_level, alert.acknowledged_value = alert.level, alert.value
    alert.save()
    record_audit(
        actor=actor,
        action="model.alert_acknowledged",
        subject_type="model",
        subject_id=alert.model_version.label,
        on=on,
        detail={
            "alert": alert.id,
            "code": alert.code,
            "subject": alert.subject,
            "level": alert.level,
            "month": alert.month,
            "note": alert.note,
        },
    )
