"""Monthly monitoring of the scorecards that decide applications, by what became of the loans."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings

from kuaidai.foundation.actors import Actor
from kuaidai.kernel.calendars import month_start
from kuaidai.lending.origination.models import Application
from kuaidai.lending.servicing.outcomes import went_bad
from kuaidai.risk.policy.domain.monitoring import MonitoringView
from kuaidai.risk.policy.domain.monitoring_limits import MonitoringLimits, monitoring_limits
from kuaidai.risk.policy.monitoring_operations import monitor_model
from kuaidai.risk.policy.monitoring_queries import unmonitored
from kuaidai.risk.scorecards.monitoring import matured_through


def monitor_models(
    *, on: date, actor: Actor, limits: MonitoringLimits | None = None
) -> tuple[MonitoringView, ...]:
    """Keep a report on the month before `on` for every scorecard that decided in it and has none.

    `limits`: default those of the installation (KUAIDAI_MONITORING). Doing it again does nothing, so it
    may be called every day. Raises `BadLimits`.
    """
    month = month_start(month_start(on) - timedelta(days=1))
    labels = unmonitored(month)
    if not labels:
        return ()
    limits = limits or monitoring_limits(settings.KUAIDAI.monitoring)
    outcomes = known_outcomes(on=on, window_months=limits.window_months)
    return tuple(
        monitor_model(
            label=label,
            month=month,
            outcomes=outcomes,
            actor=actor,
            on=on,
            window_months=limits.window_months,
            thresholds=limits.of(label),
        )
        for label in labels
    )


def known_outcomes(*, on: date, window_months: int) -> dict[str, bool | None]:
    """Whether the decisions of matured vintages went bad, by decision; None where nothing was drawn."""
    rows = Application.objects.filter(
        decision_id__isnull=False,
        facility_id__isnull=False,
        decided_on__lte=matured_through(on, window_months),
    ).values_list("decision_id", "facility_id", "decided_on")
    return {
        decision: went_bad(facility, after=day, window_months=window_months)
        for decision, facility, day in rows.iterator()
        if decision and facility and day
    }
