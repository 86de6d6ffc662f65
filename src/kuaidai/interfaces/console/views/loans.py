"""One loan: terms, schedule, events, entries; what staff do to it, alone or with a second person."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kuaidai.interfaces.console import wording
from kuaidai.interfaces.console.access import ClosingNotForRole, Staff, staff_page
from kuaidai.interfaces.console.loan_forms import ACTIONS, LINE_ACTIONS, Action, ActionForm
from kuaidai.interfaces.console.loan_wording import convention_value, paid_every
from kuaidai.interfaces.ui import formats
from kuaidai.interfaces.ui.downloads import (
    asked_period,
    asked_statement,
    document_response,
    file_kind,
    reader_language,
)
from kuaidai.interfaces.ui.frames import Crumb
from kuaidai.lending.ledger import queries as ledger
from kuaidai.lending.servicing import adjusting_queries, operations, queries, statement_queries
from kuaidai.lending.servicing.domain.adjustments import (
    DECIDES,
    Adjusted,
    LoanEventView,
    LoanRequestView,
)
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.views import FacilityView, LoanView
from kuaidai.lending.servicing.statements.wording import kind_word

_ENTRIES_SHOWN = 20


def _trail(*more: Crumb) -> list[Crumb]:
    return [Crumb(_("Loans"), reverse("console:loans")), *more]


@staff_page
def loans(request: HttpRequest, staff: Staff) -> HttpResponse:
    """Find a loan; requests of all loans that wait for a second person."""
    search = request.GET.get("q", "")[:100]
    found = adjusting_queries.find_loans(search, staff.on)
    seen = {
        "staff": staff,
        "search": search,
        "rows": [(row, wording.LOAN_MARKS[row.status]) for row in found],
        "waiting": [_request(row, staff) for row in adjusting_queries.waiting_requests(staff.on)],
    }
    return render(request, "console/loans.html", seen)


@staff_page
def loan(request: HttpRequest, staff: Staff, loan_id: str) -> HttpResponse:
    """Everything about one loan."""
    held = queries.loan(loan_id, staff.on)
    line = queries.facility(held.facility_id)
    requests = [_request(row, staff) for row in adjusting_queries.requests_of(loan_id)]
    seen = {
        "staff": staff,
        "loan": held,
        "line": line,
        "mark": wording.LOAN_MARKS[held.status],
        "line_mark": wording.LINE_MARKS[line.status],
        "method": wording.METHODS[held.terms.method],
        "every": paid_every(held.terms.every),
        "facts": _conventions(held),
        "events": [_event(row) for row in adjusting_queries.loan_events(loan_id)],
        "entries": [
            (entry, wording.entry_title(entry.description))
            for entry in ledger.entries(
                source_type="loan", source_id=loan_id, limit=_ENTRIES_SHOWN
            ).entries
        ],
        "requests": requests,
        "months": statement_queries.months_of(held),
        "actions": [action for action in ACTIONS.values() if _offered(action, held, line, staff)],
        "may_reverse": staff.role in ACTIONS["reverse"].roles,
        "trail": _trail(Crumb(loan_id)),
    }
    return render(request, "console/loan.html", seen)


def _offered(action: Action, held: LoanView, line: FacilityView, staff: Staff) -> bool:
    if staff.role not in action.roles or held.status not in action.statuses:
        return False
    wanted = {
        "freeze": line.status == "open",
        "unfreeze": line.status == "frozen",
        "stop_accrual": held.state.accrues,
        "resume_accrual": not held.state.accrues,
    }
    return wanted.get(action.name, True)


def _conventions(held: LoanView) -> list[tuple[Any, str]]:
    told = held.terms.conventions.to_dict()
    shown = []
    for name, value in told.items():
        if value is None:
            continue
        text = (
            "、".join(str(wording.BUCKETS[Bucket(each)]) for each in value)
            if isinstance(value, list)
            else str(
                wording.YES_NO[value] if isinstance(value, bool) else convention_value(name, value)
            )
        )
        shown.append((wording.CONVENTIONS[name], text))
    return shown


def _told(told: Mapping[str, Any]) -> str:
    """What an event says, in words: amounts, rates and dates after their names."""
    parts = []
    for name, value in told.items():
        if name in ("key", "on", "type") or name not in wording.EVENT_FIELDS:
            continue
        if name == "bucket":
            value = wording.BUCKETS[Bucket(value)]
        elif name == "method":
            value = wording.METHODS[RepaymentMethod(value)]
        elif name == "annual_rate":
            value = f"{value}%"
        elif name == "amount":
            value = formats.money(Decimal(value))
        elif isinstance(value, bool):
            value = wording.YES_NO[value]
        elif isinstance(value, list):
            value = ", ".join(value)
        parts.append(f"{wording.EVENT_FIELDS[name]}: {value}")
    return "; ".join(parts)


def _event(row: LoanEventView) -> tuple[LoanEventView, str, str]:
    return row, kind_word(row.kind, reader_language()), _told(row.told)


def _request(row: LoanRequestView, staff: Staff) -> dict[str, Any]:
    lapsed = row.status == "waiting" and row.expires_on <= staff.on
    state = "expired" if lapsed else row.status
    return {
        "row": row,
        "title": ACTIONS[row.kind.value].title,
        "told": _told(row.told),
        "mark": wording.REQUEST_MARKS[state],
        "decides": state == "waiting"
        and row.asked_by != staff.username
        and staff.role in DECIDES[row.kind],
    }


@staff_page
def act(request: HttpRequest, staff: Staff, loan_id: str, name: str) -> HttpResponse:
    """One action: fill in, look once more, then it happens or waits for a second person."""
    action = ACTIONS.get(name)
    if action is None:
        raise Http404(name)
    held = queries.loan(loan_id, staff.on)
    form = action.form(request.POST or None, initial=_initial(request, held))
    confirms = False
    if request.method == "POST" and form.is_valid():
        confirms = "confirmed" not in request.POST and "change" not in request.POST
        if "confirmed" in request.POST:
            with form.refusals():
                _tell(request, _perform(action, form, held, staff))
                return redirect("console:loan", loan_id)
    seen = {
        "staff": staff,
        "action": action,
        "loan": held,
        "form": form,
        "confirms": confirms,
        "answers": _answers(form) if confirms else [],
        "trail": _trail(
            Crumb(loan_id, reverse("console:loan", args=[loan_id])), Crumb(action.title)
        ),
    }
    return render(request, "console/loan_action.html", seen, status=422 if form.errors else 200)


def _initial(request: HttpRequest, held: LoanView) -> dict[str, Any]:
    coming = [
        row.due_on.isoformat() for row in held.state.instalments if row.due_on > held.state.on
    ]
    known: dict[str, Any] = {
        "due_dates": "\n".join(coming),
        "event_key": request.GET.get("event", "")[:100],
    }
    money = request.GET.get("money", "")[:20]
    if money:
        left = ledger.unmatched(money).remaining
        known |= {"unmatched_id": money, "amount": min(left, held.state.payoff)}
    return known


def _answers(form: ActionForm) -> list[tuple[Any, str]]:
    """What was filled in, as the page before the deed repeats it."""
    shown = []
    for field in form.visible_fields():
        value = form.cleaned_data.get(field.name)
        if value in (None, "", ()):
            continue
        if isinstance(value, tuple):
            value = ", ".join(map(str, value))
        elif field.name == "annual_rate":
            value = formats.rate(value, 4)
        elif field.name == "amount":
            value = formats.money(value)
        elif field.name == "bucket":
            value = wording.BUCKETS[value]
        elif field.name == "method":
            value = wording.NEW_METHODS[value]
        shown.append((field.label, str(value)))
    return shown


def _perform(action: Action, form: ActionForm, held: LoanView, staff: Staff) -> Any:
    if action.name in LINE_ACTIONS:
        return action.perform(
            facility_id=held.facility_id, reason=form.cleaned_data["reason"], on=staff.on,
            actor=staff.actor,
        )  # fmt: skip
    return action.perform(
        loan_id=held.id, key=form.key, on=staff.on, actor=staff.actor, **form.asked
    )


def _tell(request: HttpRequest, done: Any) -> None:
    if isinstance(done, Adjusted) and done.waits:
        messages.success(request, _("The request waits for a second person."))
    else:
        messages.success(request, _("Done."))


@staff_page
@require_POST
def decide(request: HttpRequest, staff: Staff, request_id: str) -> HttpResponse:
    """Approve or reject another person's request."""
    approve = request.POST.get("decision") == "approve"
    decision = operations.approve_loan_request if approve else operations.reject_loan_request
    done = decision(
        request_id=request_id, note=request.POST.get("note", ""), on=staff.on, actor=staff.actor
    )
    messages.success(request, _("Approved.") if approve else _("Rejected."))
    return redirect("console:loan", done.loan_id)


@staff_page
@require_POST
def retry(request: HttpRequest, staff: Staff, loan_id: str) -> HttpResponse:
    """Try a loan that the night put aside once more."""
    if not staff.closes_days:
        raise ClosingNotForRole(role=staff.role)
    report = operations.retry_parked(actor=staff.actor, loan_ids=[loan_id])
    if report.left:
        messages.error(request, _("The loan stays parked; the reason is below."))
    else:
        messages.success(request, _("The loan has caught up."))
    return redirect("console:loan", loan_id)


@staff_page
def statement(request: HttpRequest, staff: Staff, loan_id: str, kind: str) -> HttpResponse:
    """The account statement of a loan."""
    held = queries.loan(loan_id, staff.on)
    return document_response(asked_statement(request, held, staff.on), file_kind(kind))


@staff_page
def schedule(request: HttpRequest, staff: Staff, loan_id: str, kind: str) -> HttpResponse:
    """The schedule of a loan as it stands."""
    made = statement_queries.loan_schedule(queries.loan(loan_id), reader_language())
    return document_response(made, file_kind(kind))


@staff_page
def facility_statement(
    request: HttpRequest, staff: Staff, facility_id: str, kind: str
) -> HttpResponse:
    """The statement of a credit line with all its loans."""
    line = queries.facility(facility_id)
    first, last = asked_period(request, line.opens_on, staff.on)
    made = statement_queries.facility_statement(line, first, last, reader_language())
    return document_response(made, file_kind(kind))
