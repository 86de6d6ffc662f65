"""Home: what is available, what is due, what is under way. Profile."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kuaidai.interfaces.portal.access import Borrower, borrower_page
from kuaidai.interfaces.portal.wording import APPLICATION_MARKS, FACILITY_MARKS
from kuaidai.interfaces.ui.frames import Mark
from kuaidai.lending.origination import queries as origination
from kuaidai.lending.origination.domain.states import LIVE, Status
from kuaidai.lending.origination.domain.views import ApplicationView
from kuaidai.lending.servicing import queries as servicing
from kuaidai.lending.servicing.domain.views import FacilityView, LoanView
from kuaidai.parties import queries as parties

_IN_USE = (Status.SIGNED, Status.ACTIVE)


@dataclass(frozen=True)
class LimitCard:
    """A facility with its open loans, and whether money can be drawn under it."""

    facility: FacilityView
    firm: str
    loans: tuple[LoanView, ...]
    may_draw: bool

    @property
    def mark(self) -> Mark:
        """The facility's status in words."""
        return FACILITY_MARKS[self.facility.status]

    @property
    def next_due(self) -> LoanView | None:
        """The open loan that is due first."""
        due = [loan for loan in self.loans if loan.state.next_due_on is not None]
        return min(due, key=lambda loan: str(loan.state.next_due_on), default=None)

    @property
    def overdue(self) -> tuple[LoanView, ...]:
        """Loans with something unpaid past its day."""
        return tuple(loan for loan in self.loans if loan.state.days_past_due > 0)


def _cards(borrower: Borrower, firms: dict[str, str]) -> tuple[LimitCard, ...]:
    return tuple(
        LimitCard(
            facility,
            firms.get(facility.uscc, facility.uscc),
            tuple(loan for loan in servicing.loans_of(facility.id) if loan.status != "settled"),
            facility.available > 0 and servicing.overdue_since(facility.id) is None,
        )
        for facility in servicing.facilities_of(person_no=borrower.number)
    )


def marked(applications: tuple[ApplicationView, ...]) -> list[tuple[ApplicationView, Mark]]:
    """Applications with their status in words."""
    return [(view, APPLICATION_MARKS[view.status]) for view in applications]


@borrower_page
def home(request: HttpRequest, borrower: Borrower) -> HttpResponse:
    """The limit cards, applications under way, and the firms."""
    firms = parties.enterprises_of(borrower.number)
    applications = origination.applications_of(borrower.number)
    live = tuple(a for a in applications if a.status in LIVE and a.status not in _IN_USE)
    past = tuple(a for a in applications if a.status not in LIVE and a.status not in _IN_USE)
    seen = {
        "borrower": borrower,
        "firms": firms,
        "cards": _cards(borrower, {firm.uscc: firm.name for firm in firms}),
        "live": marked(live),
        "past": marked(past[:5]),
    }
    return render(request, "portal/home.html", seen)


@borrower_page
def profile(request: HttpRequest, borrower: Borrower) -> HttpResponse:
    """Who is signed in, with identifiers masked."""
    firms = parties.enterprises_of(borrower.number)
    return render(request, "portal/profile.html", {"borrower": borrower, "firms": firms})
