"""Asset quality: classes, migration, provisions; one loan's reasons; overrides by two people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kuaidai.interfaces.console import wording
from kuaidai.interfaces.console.access import Staff, staff_page
from kuaidai.interfaces.console.loan_wording import product_name
from kuaidai.interfaces.ui.forms import RefusalForm
from kuaidai.interfaces.ui.frames import Crumb
from kuaidai.kernel.calendars import month_start
from kuaidai.kernel.errors import NotAllowed
from kuaidai.lending.servicing import operations, risk_queries
from kuaidai.lending.servicing.domain.classification import RiskClass
from kuaidai.lending.servicing.domain.risk_views import MigrationCell, OverrideView

CONFIRM = "confirm"


class ClassNotForRole(NotAllowed):
    """Only risk officers ask for a class or decide about one."""

    code = "CLASS_NOT_FOR_ROLE"
    en = "The role {role} does not set classes by hand; ask a risk officer."
    zh = "角色 {role} 无权人工认定风险分类；请联系风险经理。"


class OverrideForm(RefusalForm):
    """What a risk officer asks for a loan."""

    refusal_fields = {
        "OVERRIDE_NOT_WORSE": "asked",
        "OVERRIDE_WITHOUT_REASON": "reason",
        "OVERRIDE_TERM": "expires_on",
    }
    asked = forms.ChoiceField(
        label=gettext_lazy("What you ask for"),
        choices=[
            *((str(int(c)), wording.CLASS_MARKS[c].word) for c in list(RiskClass)[1:]),
            (CONFIRM, gettext_lazy("Confirm that the debtor can go on paying")),
        ],
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Until"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("It is kept with the loan and in the audit trail."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def _matrix(cells: Sequence[MigrationCell]) -> list[tuple[Any, list[MigrationCell | None]]]:
    """A row for each class that loans came from, and one for those granted since."""
    by_place = {(cell.before, cell.after): cell for cell in cells}
    befores: list[RiskClass | None] = [*RiskClass, None]
    return [
        (
            wording.CLASS_MARKS[before].word if before else _("Granted since"),
            [by_place.get((before, after)) for after in RiskClass],
        )
        for before in befores
        if any(cell.before == before for cell in cells)
    ]


def _requests(rows: Sequence[OverrideView]) -> list[tuple[OverrideView, Any, Any]]:
    return [
        (
            row,
            wording.CLASS_MARKS[row.risk_class].word
            if row.risk_class
            else _("Confirm that the debtor can go on paying"),
            wording.OVERRIDE_MARKS[row.status],
        )
        for row in rows
    ]


@staff_page
def quality(request: HttpRequest, staff: Staff) -> HttpResponse:
    """The book by class, its migration this month, provisions, and requests that wait."""
    since = month_start(staff.on) - timedelta(days=1)
    rows = risk_queries.asset_quality()
    seen = {
        "staff": staff,
        "rows": [
            (row, product_name(row.product_code),
             [(one, wording.CLASS_MARKS[one.risk_class]) for one in row.classes])
            for row in rows
        ],
        "classes": [wording.CLASS_MARKS[one].word for one in RiskClass],
        "since": since,
        "matrix": _matrix(risk_queries.class_migration(since)),
        "provisions": [
            (row, product_name(row.product_code), wording.PROVISION_KINDS[row.kind])
            for row in risk_queries.provisions()
        ],
        "waiting": _requests(risk_queries.waiting_overrides(staff.on)),
        "gravest": [
            (row, wording.CLASS_MARKS[row.risk_class]) for row in risk_queries.gravest_loans()
        ],
    }  # fmt: skip
    return render(request, "console/quality.html", seen)


@staff_page
def loan(request: HttpRequest, staff: Staff, loan_id: str) -> HttpResponse:
    """One loan's class and why; a risk officer may ask for another."""
    view = risk_queries.loan_risk(loan_id, staff.on)
    form = OverrideForm(request.POST or None, initial={"expires_on": staff.on + timedelta(days=90)})
    if request.method == "POST":
        _require_officer(staff)
        if form.is_valid():
            with form.refusals():
                _ask(loan_id, form.cleaned_data, staff)
                messages.success(request, _("The request waits for a second person."))
                return redirect("console:quality_loan", loan_id)
    seen = {
        "staff": staff,
        "loan": view,
        "form": form,
        "mark": wording.CLASS_MARKS[view.risk_class],
        "product": product_name(view.product_code),
        "changes": [
            (row, wording.CLASS_MARKS[row.from_class], wording.CLASS_MARKS[row.to_class])
            for row in view.changes
        ],
        "requests": _requests(view.overrides),
        "trail": [Crumb(_("Asset quality"), reverse("console:quality")), Crumb(loan_id)],
    }
    return render(request, "console/quality_loan.html", seen, status=422 if form.errors else 200)


def _ask(loan_id: str, asked: dict[str, Any], staff: Staff) -> None:
    until: date = asked["expires_on"]
    operations.request_override(
        loan_id=loan_id,
        risk_class=None if asked["asked"] == CONFIRM else RiskClass(int(asked["asked"])),
        reason=asked["reason"],
        expires_on=until,
        on=staff.on,
        actor=staff.actor,
    )


@staff_page
@require_POST
def decide(request: HttpRequest, staff: Staff, override_id: str) -> HttpResponse:
    """Approve or reject a request of somebody else."""
    _require_officer(staff)
    approve = request.POST.get("decision") == "approve"
    decision = operations.approve_override if approve else operations.reject_override
    decision(
        override_id=override_id, note=request.POST.get("note", ""), on=staff.on, actor=staff.actor
    )
    messages.success(request, _("Approved.") if approve else _("Rejected."))
    return redirect("console:quality")


def _require_officer(staff: Staff) -> None:
    if not staff.is_risk_officer:
        raise ClassNotForRole(role=staff.role)
