"""Models and policies: the inventory, versions, monitoring, and its alerts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kuaidai.interfaces.console import wording
from kuaidai.interfaces.console.access import Staff, staff_page
from kuaidai.interfaces.ui.forms import RefusalForm
from kuaidai.interfaces.ui.frames import Crumb
from kuaidai.risk.policy import queries as policy
from kuaidai.risk.policy.domain.alerts import AlertState, AlertView
from kuaidai.risk.policy.monitoring_alerts import acknowledge_alert
from kuaidai.risk.policy.monitoring_queries import alert as alert_of
from kuaidai.risk.policy.monitoring_queries import alerts, latest_monitoring


class AcknowledgeForm(RefusalForm):
    """What a person found who looked into an alert."""

    refusal_fields = {"NOTE_MISSING": "note"}
    note = forms.CharField(
        label=_("What was found, and what follows from it"),
        help_text=_("It is kept with the alert and in the audit trail."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


@staff_page
def models(request: HttpRequest, staff: Staff) -> HttpResponse:
    """The inventory of kinds, other models, alerts, versions, and the newest monitoring of each scorecard."""
    rows = [
        (version, wording.VERSION_KINDS[version.kind], wording.VERSION_MARKS[version.status])
        for version in policy.versions(on=staff.on)
    ]
    monitored = [
        (view, wording.MONITORING_MARKS[view.report.level]) for view in latest_monitoring()
    ]
    seen = {
        "staff": staff,
        "inventory": [
            (line, wording.VERSION_KINDS[line.kind]) for line in policy.inventory(on=staff.on)
        ],
        "others": [
            (
                other,
                wording.VERSION_KINDS[other.version.kind],
                wording.MODEL_FORMS[other.entry.form],
                wording.VERSION_MARKS[other.version.status],
                wording.VALIDATION_MARKS[other.entry.validation_due(staff.on)],
            )
            for other in policy.registered_models(on=staff.on)
        ],
        "alerts": [_marked(found) for found in alerts()],
        "versions": rows,
        "monitored": monitored,
        "marks": wording.MONITORING_MARKS,
    }
    return render(request, "console/models.html", seen)


@staff_page
def alert(request: HttpRequest, staff: Staff, alert_id: int) -> HttpResponse:
    """One alert of monitoring; those who answer for models acknowledge it with a note."""
    form = AcknowledgeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            acknowledge_alert(
                alert_id=alert_id, note=form.cleaned_data["note"], actor=staff.actor, on=staff.on
            )
            messages.success(request, _("The alert is acknowledged."))
            return redirect("console:alert", alert_id)
    found = alert_of(alert_id)
    seen = {
        "staff": staff,
        "form": form,
        "may_acknowledge": staff.judges_models and found.state is AlertState.OPEN,
        "trail": [Crumb(_("Models and policies"), reverse("console:models")), Crumb(found.label)],
        **_marked(found),
    }
    return render(request, "console/alert.html", seen, status=422 if form.errors else 200)


def _marked(found: AlertView) -> dict[str, Any]:
    """An alert with the marks of its level and state."""
    return {
        "alert": found,
        "level": wording.MONITORING_MARKS[found.level],
        "state": wording.REOPENED if found.reopened else wording.ALERT_MARKS[found.state],
        "title": wording.finding_title(found.code),
    }
