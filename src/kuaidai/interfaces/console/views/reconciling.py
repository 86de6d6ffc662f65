"""Reconciliation with the bank core: the days compared, what differs, and its explanation."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kuaidai.interfaces.console import wording
from kuaidai.interfaces.console.access import BreaksNotForRole, Staff, data_page
from kuaidai.interfaces.ui import formats
from kuaidai.interfaces.ui.forms import RefusalForm
from kuaidai.interfaces.ui.frames import Crumb, Text
from kuaidai.lending.servicing import operations
from kuaidai.lending.servicing.domain.breaks import BreakView
from kuaidai.lending.servicing.reconciliation_queries import (
    days_to_compare,
    reconciliation,
    reconciliation_break,
    reconciliations,
    unresolved_orders,
)


class ExplainForm(RefusalForm):
    """Why the two sides differ, in a person's words."""

    refusal_fields = {"BREAK_NOTE_MISSING": "note"}
    note = forms.CharField(
        label=_("Explanation"),
        help_text=_("What it is and what was done about it. Kept in the audit trail."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def _trail(*below: tuple[Text, str]) -> list[Crumb]:
    first = Crumb(_("Reconciliation"), reverse("console:reconciliations"))
    return [first, *(Crumb(title, href) for title, href in below)]


def _shown(found: BreakView) -> dict[str, Any]:
    """A break with its words."""
    return {
        "found": found,
        "kind": wording.BREAK_KINDS[found.kind],
        "meaning": wording.BREAK_MEANINGS[found.kind],
        "mark": wording.BREAK_MARKS[found.state],
    }


@data_page
def overview(request: HttpRequest, staff: Staff) -> HttpResponse:
    """The days compared, newest first."""
    seen = {
        "staff": staff,
        "runs": reconciliations(),
        "unresolved": unresolved_orders(),
        "waiting": days_to_compare(),
    }
    return render(request, "console/reconciliations.html", seen)


@data_page
def run(request: HttpRequest, staff: Staff, on: date) -> HttpResponse:
    """One day: the core's statement in sums, and what differs."""
    found = reconciliation(on)
    seen = {
        "staff": staff,
        "run": found,
        "rows": [_shown(row) for row in found.breaks],
        "more": max(0, found.open_breaks - len(found.breaks)),
        "trail": _trail((formats.iso(on), "")),
    }
    return render(request, "console/reconciliation.html", seen)


@data_page
def explain(request: HttpRequest, staff: Staff, on: date, break_id: int) -> HttpResponse:
    """One break, and the form that explains it."""
    found = reconciliation_break(on, break_id)
    form = ExplainForm(request.POST or None)
    if request.method == "POST":
        if not staff.explains_breaks:
            raise BreaksNotForRole(role=staff.role)
        if form.is_valid():
            with form.refusals():
                operations.explain_break(
                    break_id=break_id,
                    note=form.cleaned_data["note"],
                    actor=staff.actor,
                    on=staff.on,
                )
                messages.success(request, _("The explanation is recorded."))
                return redirect("console:reconciliation", on)
    day = formats.iso(on)
    seen = {
        "staff": staff,
        "form": form,
        "trail": _trail((day, reverse("console:reconciliation", args=[on])), (f"#{break_id}", "")),
        **_shown(found),
    }
    page = "console/reconciliation_break.html"
    return render(request, page, seen, status=422 if form.errors else 200)
