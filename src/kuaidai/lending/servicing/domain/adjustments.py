"""What staff may do to a loan: the kinds, who asks and who decides, and the law's bound on extensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from kuaidai.kernel.calendars import add_months
from kuaidai.lending.products.catalogue import ServicingRules
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.domain.events import Event, Waiver

REQUEST_TERM = timedelta(days=14)
"""A request that nobody decided within it lapses."""
SHORTEST_REASON, LONGEST_REASON = 10, 500


class Adjustment(StrEnum):
    """A thing that staff do to a loan."""

    CHARGE = "charge"
    WAIVE = "waive"
    CHANGE_RATE = "change_rate"
    RECORD_MISUSE = "record_misuse"
    END_MISUSE = "end_misuse"
    EXTEND = "extend"
    RESTRUCTURE = "restructure"
    WRITE_OFF = "write_off"
    REVERSE = "reverse"
    APPLY_MONEY = "apply_money"
    RECOVER = "recover"
    STOP_ACCRUAL = "stop_accrual"
    RESUME_ACCRUAL = "resume_accrual"


_SELLS, _RUNS, _JUDGES = "account_manager", "operations", "risk_officer"
ASKS: Mapping[Adjustment, frozenset[str]] = {
    Adjustment.CHARGE: frozenset({_RUNS}),
    Adjustment.WAIVE: frozenset({_SELLS, _RUNS, _JUDGES}),
    Adjustment.CHANGE_RATE: frozenset({_SELLS, _JUDGES}),
    Adjustment.RECORD_MISUSE: frozenset({_SELLS, _JUDGES}),
    Adjustment.END_MISUSE: frozenset({_SELLS, _JUDGES}),
    Adjustment.EXTEND: frozenset({_SELLS, _JUDGES}),
    Adjustment.RESTRUCTURE: frozenset({_SELLS, _JUDGES}),
    Adjustment.WRITE_OFF: frozenset({_RUNS, _JUDGES}),
    Adjustment.REVERSE: frozenset({_RUNS}),
    Adjustment.APPLY_MONEY: frozenset({_RUNS}),
    Adjustment.RECOVER: frozenset({_RUNS}),
    Adjustment.STOP_ACCRUAL: frozenset({_JUDGES}),
    Adjustment.RESUME_ACCRUAL: frozenset({_JUDGES}),
}
"""Who may do it, or ask for it where a second person decides."""
DECIDES: Mapping[Adjustment, frozenset[str]] = {
    kind: frozenset({_RUNS, _JUDGES}) if kind is Adjustment.REVERSE else frozenset({_JUDGES})
    for kind in Adjustment
}
"""Who decides about a request of another person: risk officers; a reversal, operations too."""


@dataclass(frozen=True)
class LoanRequestView:
    """An adjustment that waits for a second person, or what became of it."""

    id: str
    loan_id: str
    kind: Adjustment
    told: Mapping[str, Any]
    reason: str
    status: str
    asked_by: str
    asked_on: date
    expires_on: date
    decided_by: str
    decided_on: date | None
    note: str


@dataclass(frozen=True)
class LoanFound:
    """A loan as a search lists it."""

    id: str
    uscc: str
    status: str
    principal: Decimal
    outstanding: Decimal
    start_on: date
    matures_on: date
    days_past_due: int


@dataclass(frozen=True)
class Adjusted:
    """What came of an adjustment: the number of its event, or the request that waits."""

    loan_id: str
    kind: Adjustment
    event_key: str | None
    request_id: str | None

    @property
    def waits(self) -> bool:
        """Whether a second person must decide first."""
        return self.request_id is not None


@dataclass(frozen=True)
class LoanEventView:
    """A recorded event: who recorded it, when and why; `reversed_by` names what took it out."""

    key: str
    kind: str
    on: date
    booked_on: date
    told: Mapping[str, Any]
    actor: str
    reason: str
    recorded_at: datetime
    reversed_by: str | None = None

    @property
    def may_be_reversed(self) -> bool:
        """Whether it stands and is not itself a reversal."""
        return self.reversed_by is None and self.kind != "reversal"


def needs_second_person(kind: Adjustment, event: Event, rules: ServicingRules) -> bool:
    """Whether another person must approve: by the product's list, and for waivers by what they give.

    Principal is never forgiven by one person alone.
    """
    if isinstance(event, Waiver):
        return event.bucket is Bucket.PRINCIPAL or event.amount > rules.waiver_alone
    return kind.value in rules.second_person


def latest_extension(start_on: date, matures_on: date) -> date:
    """The last day to which a loan that was to mature on `matures_on` may be extended in all.

    General Rules for Loans (贷款通则, PBoC 1996) arts. 8 and 12: a short-term loan (up to a year) by its
    original term, a medium-term one (up to five years) by half of it, a long-term one by three years.

    >>> latest_extension(date(2026, 1, 1), date(2026, 7, 1))
    datetime.date(2026, 12, 29)
    """
    term = matures_on - start_on
    if matures_on <= add_months(start_on, 12):
        return matures_on + term
    if matures_on <= add_months(start_on, 60):
        return matures_on + timedelta(days=term.days // 2)
    return add_months(matures_on, 36)
