"""The books: trial balance, general ledger by day and branch, entries, money in suspense."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kuaidai.interfaces.console import wording
from kuaidai.interfaces.console.access import BooksNotForRole, Staff, staff_page
from kuaidai.interfaces.console.loan_forms import ACTIONS
from kuaidai.interfaces.console.loan_wording import SOURCES, product_name
from kuaidai.interfaces.ui import formats
from kuaidai.interfaces.ui.forms import AmountField, KeyedForm
from kuaidai.interfaces.ui.frames import Crumb, Mark, Tab
from kuaidai.lending.ledger import operations, queries
from kuaidai.lending.ledger.domain.chart import CHART
from kuaidai.lending.servicing import adjusting_queries
from kuaidai.lending.servicing.domain.adjustments import LoanFound

ROWS_SHOWN = 100
ENTRIES_SHOWN = 50
_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class Chosen(forms.Form):
    """Which part of the books is looked at: a day, a branch."""

    on = forms.DateField(label=_("Day"), required=False, widget=_DAY)
    branch = forms.CharField(label=_("Branch"), required=False, max_length=12)

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("label_suffix", "")
        super().__init__(*args, **options)

    def value(self, name: str) -> Any:
        """What was chosen; None where nothing was, or nothing that makes sense."""
        return self.cleaned_data.get(name) or None if self.is_valid() else None

    @property
    def query(self) -> str:
        """What was chosen, to go on in the addresses of further pages."""
        chosen = {name: self.data.get(name, "") for name in self.fields}
        return urlencode({name: value for name, value in chosen.items() if value}) + "&"


class ChosenEntries(Chosen):
    """Which entries are looked at."""

    account = forms.ChoiceField(label=_("Ledger account"), required=False)
    source = forms.CharField(label=_("From"), required=False, max_length=40)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        codes = [(code, f"{code} {_title(code)}") for code in CHART]
        account = self.fields["account"]
        assert isinstance(account, forms.ChoiceField)
        account.choices = [("", _("All")), *codes]


class ReturnForm(KeyedForm):
    """Money that went back to its payer by a transfer in the bank core."""

    refusal_fields = {
        "MORE_THAN_REMAINS_UNMATCHED": "amount",
        "UNMATCHED_AMOUNT_NOT_POSITIVE": "amount",
    }
    amount = AmountField(label=_("Amount returned"))
    reference = forms.CharField(
        label=_("Reference of the transfer"),
        help_text=_("The bank core's number of the transfer that sent the money back."),
        max_length=64,
    )


def _title(code: str) -> str:
    return CHART[code].title_zh if formats.is_chinese() else CHART[code].title_en


def _tabs(current: str) -> list[Tab]:
    pages = (
        ("ledger", _("Trial balance")),
        ("ledger-days", _("General ledger")),
        ("ledger-entries", _("Entries")),
        ("ledger-suspense", _("Money in suspense")),
    )
    return [Tab(word, reverse(f"console:{name}"), name == current) for name, word in pages]


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 7 else 1


@staff_page
def trial_balance(request: HttpRequest, staff: Staff) -> HttpResponse:
    """Turnover and balance of every account as of a day, of a branch or of all."""
    chosen = Chosen(request.GET)
    balance = queries.trial_balance(through=chosen.value("on"), branch=chosen.value("branch"))
    seen = {
        "staff": staff,
        "tabs": _tabs("ledger"),
        "chosen": chosen,
        "balance": balance,
        "books": [
            (word, [row for row in balance.rows if row.is_memorandum is memorandum])
            for word, memorandum in (
                (_("On the balance sheet"), False),
                (_("Off the balance sheet"), True),
            )
        ],
        "closed_through": queries.closed_through(),
    }
    return render(request, "console/ledger.html", seen)


@staff_page
def general_ledger(request: HttpRequest, staff: Staff) -> HttpResponse:
    """The accounts of a day by branch and product: opening, turnover, closing."""
    chosen, page = Chosen(request.GET), _page_number(request)
    on = chosen.value("on") or staff.on
    day = queries.general_ledger(
        on=on, branch=chosen.value("branch"), offset=(page - 1) * ROWS_SHOWN, limit=ROWS_SHOWN
    )
    seen = {
        "staff": staff,
        "tabs": _tabs("ledger-days"),
        "chosen": chosen,
        "day": day,
        "rows": [(row, product_name(row.product_code)) for row in day.rows],
        "page": page,
        "pages": max(1, -(-day.total // ROWS_SHOWN)),
        "query": chosen.query,
    }
    return render(request, "console/ledger_days.html", seen)


@staff_page
def entries(request: HttpRequest, staff: Staff) -> HttpResponse:
    """The newest entries, by day, branch, account and what caused them."""
    chosen = ChosenEntries(request.GET)
    before = request.GET.get("before", "")
    found = queries.entries(
        on=chosen.value("on"),
        branch=chosen.value("branch"),
        account=chosen.value("account"),
        source_id=chosen.value("source"),
        before=int(before) if before.isdecimal() and len(before) < 19 else None,
        limit=ENTRIES_SHOWN,
    )
    seen = {
        "staff": staff,
        "tabs": _tabs("ledger-entries"),
        "chosen": chosen,
        "found": found,
        "query": chosen.query,
    }
    return render(request, "console/ledger_entries.html", seen)


@staff_page
def entry(request: HttpRequest, staff: Staff, entry_id: int) -> HttpResponse:
    """One entry with its lines and what caused it."""
    title = _("Entry %(number)s") % {"number": entry_id}
    found = queries.entry(entry_id)
    seen = {
        "staff": staff,
        "entry": found,
        "description": wording.entry_title(found.description),
        "product": product_name(found.product_code),
        "source": SOURCES.get(found.source_type, found.source_type),
        "title": title,
        "trail": [Crumb(_("Entries"), reverse("console:ledger-entries")), Crumb(title)],
    }
    return render(request, "console/ledger_entry.html", seen)


@staff_page
def suspense(request: HttpRequest, staff: Staff) -> HttpResponse:
    """Money that came in and that nobody could be found to credit, oldest first."""
    branch = request.GET.get("branch", "").strip()[:12]
    found = queries.unmatched_money(page=_page_number(request), branch=branch or None)
    seen = {
        "staff": staff,
        "tabs": _tabs("ledger-suspense"),
        "found": found,
        "rows": [(money, (staff.on - money.received_on).days) for money in found.items],
        "query": urlencode({"branch": branch}) + "&" if branch else "",
    }
    return render(request, "console/ledger_suspense.html", seen)


def _takers(search: str, staff: Staff) -> list[tuple[LoanFound, Mark]]:
    """The loans found that owe something, which money in suspense may pay."""
    takers = ACTIONS["apply_money"].statuses
    return [
        (row, wording.LOAN_MARKS[row.status])
        for row in adjusting_queries.find_loans(search, staff.on)
        if row.status in takers
    ]


@staff_page
def unmatched(request: HttpRequest, staff: Staff, unmatched_id: str) -> HttpResponse:
    """One amount in suspense, what became of it, a loan to apply it to, and the booking of its return."""
    money = queries.unmatched(unmatched_id)
    search = request.GET.get("q", "").strip()[:100]
    form = ReturnForm(request.POST or None, initial={"amount": money.remaining})
    if request.method == "POST":
        if not staff.keeps_books:
            raise BooksNotForRole(role=staff.role)
        if form.is_valid():
            with form.refusals():
                operations.return_unmatched(
                    unmatched_id=unmatched_id,
                    amount=form.cleaned_data["amount"],
                    reference=form.cleaned_data["reference"],
                    key=form.key,
                    on=staff.on,
                    actor=staff.actor,
                )
                messages.success(request, _("The return is booked."))
                return redirect("console:ledger-unmatched", unmatched_id)
    uses = {"applied": _("Applied"), "returned": _("Returned")}
    seen = {
        "staff": staff,
        "money": money,
        "search": search,
        "may_apply": staff.role in ACTIONS["apply_money"].roles,
        "found": _takers(search, staff),
        "uses": [(use, uses[use.kind]) for use in money.uses],
        "form": form,
        "trail": [
            Crumb(_("Money in suspense"), reverse("console:ledger-suspense")),
            Crumb(money.id),
        ],
    }
    return render(
        request, "console/ledger_unmatched.html", seen, status=422 if form.errors else 200
    )
