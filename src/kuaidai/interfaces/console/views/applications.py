"""The queue of applications, the credit file of one, a report of it, and its resolution."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kuaidai.data.features import catalog
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.sources import queries as sources
from kuaidai.foundation.queries import audit_trail
from kuaidai.interfaces.console import wording
from kuaidai.interfaces.console.access import Staff, staff_page
from kuaidai.interfaces.ui import formats
from kuaidai.interfaces.ui.forms import AmountField, RefusalForm
from kuaidai.interfaces.ui.frames import Crumb, Tab, Text
from kuaidai.kernel.errors import NotFound
from kuaidai.lending.ledger import queries as ledger
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.origination.domain.states import Status
from kuaidai.lending.servicing import queries as servicing
from kuaidai.parties import queries as parties
from kuaidai.risk.policy import queries as policy
from kuaidai.risk.policy.domain.views import DecisionView
from kuaidai.risk.policy.monitoring_queries import open_alerts
from kuaidai.risk.scorecards import AttributePoints
from kuaidai.risk.scorecards.monitoring_report import Level

ROWS_SHOWN = 100


class ResolveForm(RefusalForm):
    """What a risk officer decides on a referred application."""

    refusal_fields = {
        "REASON_MISSING": "reason",
        "LIMIT_TOO_HIGH": "limit",
        "AMOUNT_OUT_OF_RANGE": "limit",
        "AMOUNT_OFF_STEP": "limit",
        "OUTCOME_UNKNOWN": "outcome",
    }
    outcome = forms.ChoiceField(
        label=_("Decision"),
        choices=[("approve", _("Approve")), ("decline", _("Decline"))],
        error_messages={"required": _("Choose whether to approve or decline.")},
        widget=forms.RadioSelect,
    )
    limit = AmountField(
        label=_("Limit"),
        required=False,
        help_text=_("For an approval; at most what the policy worked out."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("It is kept with the application and in the audit trail."),
        error_messages={"required": _("Write the reason.")},
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def _status_tabs(known: str | None, search: str) -> list[Tab]:
    """All applications, then each status that has any, with the search kept."""
    counts = queries.status_counts()
    words: list[tuple[str, Text, int]] = [("", _("All"), sum(counts.values()))]
    words += [(s.value, wording.STATUS_MARKS[s].word, counts.get(s.value, 0)) for s in Status]
    return [
        Tab(word, f"?{urlencode({'status': value, 'q': search})}", value == (known or ""), count)
        for value, word, count in words
        if count or value == (known or "")
    ]


@staff_page
def queue(request: HttpRequest, staff: Staff) -> HttpResponse:
    """Applications, newest first, by status and search."""
    status, search = request.GET.get("status", ""), request.GET.get("q", "").strip()[:100]
    known = status if status in set(Status) else None
    page_text = request.GET.get("page", "1")
    page = queries.queue(
        status=known, search=search, page=int(page_text) if page_text.isdigit() else 1
    )
    seen = {
        "staff": staff,
        "page": page,
        "rows": [(item, wording.STATUS_MARKS[item.status]) for item in page.items],
        "tabs": _status_tabs(known, search),
        "search": search,
        "status": known or "",
        "query": urlencode({"status": known or "", "q": search}) + "&",
        **_model_alerts(staff),
    }
    return render(request, "console/queue.html", seen)


def _model_alerts(staff: Staff) -> dict[str, Any]:
    """How many alerts of monitoring nobody has looked into, for those who are to."""
    count, level = open_alerts() if staff.judges_models else (0, Level.STABLE)
    return {"alert_count": count, "alert_mark": wording.MONITORING_MARKS[level]}


def _feature_rows(features: dict[str, Any]) -> Iterator[tuple[Any, list[tuple[Any, str]]]]:
    """Families with their features and values as text."""
    for family, specs in groupby(catalog(), key=lambda spec: spec.family):
        rows = [(spec, _value_text(features.get(spec.name))) for spec in specs]
        yield wording.FAMILIES[family], rows


def _value_text(value: Any) -> str:
    if value is None:
        return formats.NOTHING
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


def _score_rows(decision: DecisionView) -> list[tuple[AttributePoints, str]]:
    """Each attribute's points, with its value as text."""
    return [(part, _value_text(part.value)) for part in decision.points]


def _parts(shown: dict[str, Any]) -> list[Tab]:
    """Links to the parts of a file that are there."""
    parts: list[tuple[str, Text, bool]] = [
        ("summary", _("Summary"), True),
        ("reports", _("Reports"), True),
        ("score", _("Score"), "decision" in shown),
        ("rules", _("Rules"), "decision" in shown),
        ("limit", _("Limit and price"), "decision" in shown),
        ("features", _("Features"), "decision" in shown),
        ("money", _("Money"), "facility" in shown),
        ("trail", _("Trail"), True),
    ]
    return [Tab(title, f"#{anchor}") for anchor, title, there in parts if there]


def _trail(application_id: str, *below: Text) -> list[Crumb]:
    """From the queue to one application, and to what lies below it."""
    queue_crumb = Crumb(_("Applications"), reverse("console:queue"))
    if not below:
        return [queue_crumb, Crumb(application_id)]
    file = Crumb(application_id, reverse("console:application", args=[application_id]))
    return [queue_crumb, file, *map(Crumb, below)]


def _money_trail(facility_id: str | None) -> dict[str, Any]:
    """The facility with its loans and journal entries, once there is one."""
    if facility_id is None:
        return {}
    loans = servicing.loans_of(facility_id)
    entries = [
        entry
        for loan in loans
        for entry in ledger.entries_for(source_type="loan", source_id=loan.id)
    ]
    line = servicing.facility(facility_id)
    return {
        "facility": line,
        "facility_mark": wording.FACILITY_MARKS[line.status],
        "sub_limits": servicing.sub_limits_of(facility_id),
        "group": servicing.group_of(facility_id),
        "limit_history": [
            (change, wording.LIMIT_CHANGES[change.kind], wording.FACILITY_MARKS[change.status_to])
            for change in servicing.limit_history(facility_id)
        ],
        "loans": loans,
        "entries": entries[:ROWS_SHOWN],
    }


def credit_file(application_id: str, staff: Staff) -> dict[str, Any]:
    """Everything the page of a credit file shows to this member of staff."""
    from kuaidai.interfaces.console.views.facilities import limit_form  # it needs this module

    seen = _file(application_id)
    initial = {"limit": seen["decision"].limit if seen.get("decision") else Decimal(0)}
    return seen | {
        "staff": staff,
        "form": ResolveForm(initial=initial),
        "limit_form": limit_form(seen.get("facility"), staff),
    }


def _file(application_id: str) -> dict[str, Any]:
    """Everything the credit file shows."""
    application = queries.application(application_id)
    decision = policy.decision(application.decision_id) if application.decision_id else None
    reports = sources.reports(application_id=application_id)
    shown = {
        "application": application,
        "mark": wording.STATUS_MARKS[application.status],
        "owner": parties.person_by_number(application.person_no),
        "firm": parties.enterprise(application.uscc),
        "reports": [
            (r, wording.PLATFORMS[r.source], wording.REPORT_MARKS[r.status]) for r in reports
        ],
        "trail": _trail(application_id),
        "audit": audit_trail(subject_type="application", subject_id=application_id, limit=100),
        **_money_trail(application.facility_id),
    }
    if application.contract:
        shown["signatures"] = queries.verify_contract(application.contract.id)
    if decision:
        features = dict(decision.inputs.features)
        shown |= {
            "decision": decision,
            "outcome": wording.OUTCOME_MARKS[decision.outcome],
            "families": list(_feature_rows(features)),
            "score_rows": _score_rows(decision),
            "hits": [(hit, wording.SEVERITY_MARKS[hit.severity]) for hit in decision.rule_hits],
        }
    return shown | {"tabs": _parts(shown)}


@staff_page
def application(request: HttpRequest, staff: Staff, application_id: str) -> HttpResponse:
    """The credit file: facts, score, rules, limit, price, contract, money, trail."""
    return render(request, "console/application.html", credit_file(application_id, staff))


@staff_page
def resolve(request: HttpRequest, staff: Staff, application_id: str) -> HttpResponse:
    """Approve or decline a referred application with a reason."""
    form = ResolveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            operations.resolve_referral(
                application_id=application_id,
                outcome=form.cleaned_data["outcome"],
                limit=form.cleaned_data["limit"],
                reason=form.cleaned_data["reason"],
                actor=staff.actor,
                on=staff.on,
            )
            messages.success(request, _("The decision is recorded."))
            return redirect("console:application", application_id)
    seen = credit_file(application_id, staff) | {"form": form}
    return render(request, "console/application.html", seen, status=422 if form.errors else 200)


@staff_page
def report(request: HttpRequest, staff: Staff, application_id: str, report_id: str) -> HttpResponse:
    """One platform's report, dataset by dataset."""
    found = [r for r in sources.reports(application_id=application_id) if r.id == report_id]
    if not found:
        raise NotFound(kind="report", value=report_id)
    payload = sources.report_payload(report_id=report_id)
    tables = [
        {
            "contract": DATASETS[name],
            "rows": [[row.get(column.name) for column in DATASETS[name].columns if not column.personal]
                     for row in rows[-ROWS_SHOWN:]],
            "columns": [column for column in DATASETS[name].columns if not column.personal],
            "count": len(rows),
            "more": max(0, len(rows) - ROWS_SHOWN),
        }
        for name, rows in payload["datasets"].items()
    ]  # fmt: skip
    seen = {
        "staff": staff,
        "application": queries.application(application_id),
        "report": found[0],
        "platform": wording.PLATFORMS[found[0].source],
        "trail": _trail(application_id, wording.PLATFORMS[found[0].source]),
        "tables": tables,
        "as_of": payload["as_of"],
    }
    return render(request, "console/report.html", seen)


@staff_page
def contract(request: HttpRequest, staff: Staff, application_id: str) -> HttpResponse:
    """The contract's PDF."""
    found = queries.application(application_id)
    if found.contract is None:
        raise NotFound(kind="contract", value=application_id)
    response = HttpResponse(queries.contract_pdf(found.contract.id), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{found.contract.id}.pdf"'
    return response
