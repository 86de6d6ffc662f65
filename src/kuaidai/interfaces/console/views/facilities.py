"""Changes of a line's limit and state, from the credit file: freeze, unfreeze, cut, cancel.

An increase is none of them: it needs a new approval.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from kuaidai.interfaces.console.access import Staff, staff_page
from kuaidai.interfaces.console.views.applications import credit_file
from kuaidai.interfaces.ui.forms import AmountField, RefusalForm
from kuaidai.kernel.errors import NotAllowed, NotFound
from kuaidai.lending.origination import queries as origination
from kuaidai.lending.servicing import operations, queries
from kuaidai.lending.servicing.domain.views import FacilityView

_MAY_FREEZE = frozenset({"account_manager", "risk_officer", "operations"})
_MAY_CUT = frozenset({"risk_officer"})
CHANGES = ("freeze", "unfreeze", "cut", "cancel")


class LimitForm(RefusalForm):
    """What to do with a line, and why."""

    refusal_fields = {
        "LIMIT_REASON_MISSING": "reason",
        "NOT_A_CUT": "limit",
        "ODD_CENTS": "limit",
    }
    change = forms.ChoiceField(label=_("What to do"), widget=forms.RadioSelect)
    limit = AmountField(
        label=_("New limit"),
        required=False,
        help_text=_("For a cut. What is drawn stays; repayments take the limit further down."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("It is kept in the limit's history and in the audit trail."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, allowed: tuple[str, ...], **options: Any) -> None:
        super().__init__(*args, auto_id="limit_%s", **options)
        self.fields["change"].choices = [  # type: ignore[attr-defined]  # ChoiceField
            (change, TITLES[change]) for change in allowed
        ]

    def clean(self) -> dict[str, Any]:
        """A cut names the new limit."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        unnamed = cleaned.get("limit") is None and "limit" not in self.errors
        if cleaned.get("change") == "cut" and unnamed:
            self.add_error("limit", _("Enter the new limit."))
        return cleaned


TITLES = {
    "freeze": _("Freeze: nothing is drawn, repayments go on"),
    "unfreeze": _("Unfreeze"),
    "cut": _("Cut the limit"),
    "cancel": _("Cancel: the line ends, and closes when nothing is owed"),
}


def allowed_changes(line: FacilityView, staff: Staff) -> tuple[str, ...]:
    """What this member of staff may do with the line as it stands."""
    by_state = {"open": ("freeze", "cut", "cancel"), "frozen": ("unfreeze", "cut", "cancel")}
    return tuple(change for change in by_state.get(line.status, ()) if _may(staff, change))


def _may(staff: Staff, change: str) -> bool:
    return staff.role in (_MAY_CUT if change in ("cut", "cancel") else _MAY_FREEZE)


def limit_form(line: FacilityView | None, staff: Staff) -> LimitForm | None:
    """The empty form, where there is anything to do."""
    allowed = allowed_changes(line, staff) if line else ()
    return LimitForm(allowed=allowed) if allowed else None


@staff_page
def change(request: HttpRequest, staff: Staff, application_id: str) -> HttpResponse:
    """Freeze, unfreeze, cut or cancel the line of an application."""
    held = origination.application(application_id)
    if held.facility_id is None:
        raise NotFound(kind="facility", value=application_id)
    line = queries.facility(held.facility_id)
    allowed = allowed_changes(line, staff)
    asked = request.POST.get("change", "")
    if asked in CHANGES and not _may(staff, asked):
        raise NotAllowed(who=staff.username, action=f"{asked} a line")
    form = LimitForm(request.POST or None, allowed=allowed)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            _do(form.cleaned_data, line, staff)
            messages.success(request, _("The line is changed."))
            return redirect("console:application", application_id)
    seen = credit_file(application_id, staff) | {"limit_form": form}
    return render(request, "console/application.html", seen, status=422 if form.errors else 200)


def _do(said: dict[str, Any], line: FacilityView, staff: Staff) -> None:
    doing: dict[str, Any] = {
        "facility_id": line.id, "reason": said["reason"], "on": staff.on, "actor": staff.actor,
    }  # fmt: skip
    if said["change"] == "cut":
        operations.cut_facility(to=said["limit"], **doing)
    elif said["change"] == "cancel":
        operations.cancel_facility(**doing)
    elif said["change"] == "freeze":
        operations.freeze_facility(**doing)
    else:
        operations.unfreeze_facility(**doing)
