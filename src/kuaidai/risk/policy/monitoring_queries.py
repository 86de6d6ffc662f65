"""Reads of model monitoring."""

from __future__ import annotations

from datetime import date

from kuaidai.kernel.calendars import month_end, month_start
from kuaidai.risk.policy.domain.alerts import AlertState, AlertView
from kuaidai.risk.policy.domain.lifecycle import ModelKind
from kuaidai.risk.policy.domain.monitoring import MonitoringView
from kuaidai.risk.policy.errors import UnknownAlert
from kuaidai.risk.policy.models import DecisionRecord, ModelVersion
from kuaidai.risk.policy.monitoring_models import MonitoringAlert, MonitoringRun
from kuaidai.risk.scorecards.monitoring import Level, MonitoringReport


def monitoring_view(row: MonitoringRun) -> MonitoringView:
    """The view of a run's row."""
    report = MonitoringReport.from_json(row.report)
    return MonitoringView(row.model_version.label, row.month, row.on, report)


def _alert(row: MonitoringAlert) -> AlertView:
    return AlertView(
        id=row.id,
        label=row.model_version.label,
        code=row.code,
        subject=row.subject,
        level=Level(row.level),
        value=row.value,
        limit=row.limit,
        en=row.en,
        zh=row.zh,
        state=AlertState(row.state),
        since=row.since,
        month=row.month,
        reopened=row.state == AlertState.OPEN and row.acknowledged_on is not None,
        acknowledged_by=row.acknowledged_by,
        acknowledged_on=row.acknowledged_on,
        note=row.note,
    )


def alerts() -> tuple[AlertView, ...]:
    """Alerts whose finding still stands: open ones first, in them the most urgent, then the newest."""
    rows = MonitoringAlert.objects.select_related("model_version").defer("model_version__content")
    held = map(_alert, rows.exclude(state=AlertState.CLOSED).order_by("-since", "id"))
    return tuple(
        sorted(held, key=lambda a: (a.state is not AlertState.OPEN, a.level is not Level.ALERT))
    )


def open_alerts() -> tuple[int, Level]:
    """How many alerts nobody has looked into, and the level of the most urgent."""
    rows = MonitoringAlert.objects.filter(state=AlertState.OPEN).values_list("level", flat=True)
    levels = [Level(level) for level in rows]
    urgent = (level for level in (Level.ALERT, Level.WATCH) if level in levels)
    return len(levels), next(urgent, Level.STABLE)


def alert(alert_id: int) -> AlertView:
    """One alert, also a closed one. Raises `UnknownAlert`."""
    rows = MonitoringAlert.objects.select_related("model_version").defer("model_version__content")
    row = rows.filter(id=alert_id).first()
    if row is None:
        raise UnknownAlert(value=alert_id)
    return _alert(row)


def unmonitored(month: date) -> tuple[str, ...]:
    """Labels of the scorecards that decided in `month` and have no report of it yet."""
    decided = DecisionRecord.objects.filter(
        decided_on__range=(month_start(month), month_end(month)),
        model_version__kind=ModelKind.RISK_EVALUATION,
    ).values("model_version_id")
    done = MonitoringRun.objects.filter(month=month_start(month)).values("model_version_id")
    rows = ModelVersion.objects.defer("content").filter(id__in=decided).exclude(id__in=done)
    return tuple(row.label for row in rows.order_by("name", "version"))


def latest_monitoring() -> tuple[MonitoringView, ...]:
    """The newest report of every model version that has one, by name, newest version first."""
    rows = (
        MonitoringRun.objects.select_related("model_version")
        .order_by("model_version_id", "-month")
        .distinct("model_version_id")
    )
    views = map(monitoring_view, rows)
    return tuple(sorted(views, key=lambda view: _place(view.label)))


def _place(label: str) -> tuple[str, int]:
    name, _, version = label.rpartition("/")
    return name, -int(version)


def monitoring_of(label: str) -> tuple[MonitoringView, ...]:
    """All reports of a model version, newest first; none for an unknown one."""
    name, _, version = label.rpartition("/")
    if not version.isdigit():
        return ()
    rows = MonitoringRun.objects.select_related("model_version").filter(
        model_version__name=name, model_version__version=int(version)
    )
    return tuple(map(monitoring_view, rows))
