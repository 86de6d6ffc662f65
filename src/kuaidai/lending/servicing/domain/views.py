"""What servicing tells other rooms: facilities, drawdowns, loans, repayments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from kuaidai.lending.servicing.domain.events import Event
from kuaidai.lending.servicing.domain.replay import LoanState
from kuaidai.lending.servicing.domain.terms import LoanTerms


@dataclass(frozen=True)
class FacilityView:
    """A credit line; `available` is what may be drawn now."""

    id: str
    application_id: str
    contract_id: str
    uscc: str
    person_no: str
    product_code: str
    status: str
    granted: Decimal
    used: Decimal
    reserved: Decimal
    annual_rate: Decimal
    method: str
    months: int
    opens_on: date
    expires_on: date
    account_no: str

    @property
    def available(self) -> Decimal:
        """Granted less used and reserved; nothing while frozen or closed."""
        return (
            self.granted - self.used - self.reserved if self.status == "open" else Decimal("0.00")
        )


@dataclass(frozen=True)
class DrawdownView:
    """A drawdown and what became of its payment: pending, paid_out or rejected."""

    id: str
    facility_id: str
    loan_id: str | None
    amount: Decimal
    purpose: str
    status: str
    requested_on: date
    reason: str


@dataclass(frozen=True)
class RepaymentView:
    """Money asked of the firm's account: pending, settled or rejected; `settled` is what came."""

    id: str
    loan_id: str
    kind: str
    amount: Decimal
    settled: Decimal
    status: str
    requested_on: date
    reason: str
    shorten: bool = False


@dataclass(frozen=True)
class LoanView:
    """A loan with its terms and its state on the business date."""

    id: str
    facility_id: str
    drawdown_id: str
    purpose: str
    terms: LoanTerms
    state: LoanState
    status: str
    parked_reason: str
    events: tuple[Event, ...] = ()

    @property
    def matures_on(self) -> date:
        """The last due date, as it stands."""
        rows = self.state.instalments
        return rows[-1].due_on if rows else self.state.on


@dataclass(frozen=True)
class AccountEntry:
    """A line of the firm's account at the bank core; credits positive."""

    on: str
    amount: Decimal
    balance: Decimal
    memo: str


@dataclass(frozen=True)
class BankAccount:
    """An account of the firm at the bank core."""

    account_no: str
    balance: Decimal


@dataclass(frozen=True)
class CloseReport:
    """What one close of day did.

    `unreconciled` names the control totals in which ledger and loans differ (there should be none);
    `already_closed`: it was done before, and nothing was done now.
    """

    closed_on: date
    next_on: date
    loans: int
    debited: Decimal
    overdue: int
    parked: tuple[str, ...]
    unreconciled: tuple[str, ...] = ()
    already_closed: bool = False


@dataclass(frozen=True)
class CloseStatus:
    """Where the close of day stands."""

    business_date: date
    last_closed: date | None
    finished_at: datetime | None
    open_loans: int
    behind: int
    parked: int


@dataclass(frozen=True)
class ControlTotal:
    """One sum as the ledger holds it and as the loans add up to."""

    title: str
    ledger: Decimal
    loans: Decimal

    @property
    def difference(self) -> Decimal:
        """Zero, or the books are wrong."""
        return self.ledger - self.loans
