"""What servicing tells other rooms: facilities, drawdowns, loans, repayments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from kuaidai.kernel.money import ZERO
from kuaidai.lending.servicing.domain.events import Event
from kuaidai.lending.servicing.domain.replay import LoanState
from kuaidai.lending.servicing.domain.terms import LoanTerms


@dataclass(frozen=True)
class SubLimitView:
    """What one product may take of a line, on which terms and which approval."""

    product_code: str
    granted: Decimal
    used: Decimal
    reserved: Decimal
    consumed: Decimal
    revolving: bool
    annual_rate: Decimal
    method: str
    months: int
    approval_reference: str

    @property
    def available(self) -> Decimal:
        """What the part itself leaves; the line and the group may leave less."""
        return self.granted - self.used - self.reserved - self.consumed


@dataclass(frozen=True)
class GroupView:
    """An obligor group: its total, what is drawn under it, and its firms and people."""

    id: str
    granted: Decimal
    used: Decimal
    reserved: Decimal
    committed: Decimal
    firms: tuple[str, ...]
    people: tuple[str, ...]


@dataclass(frozen=True)
class LimitChangeView:
    """One line of a limit's history."""

    kind: str
    on: date
    at: datetime
    actor_kind: str
    actor_id: str
    reason: str
    granted_from: Decimal
    granted_to: Decimal
    wanted: Decimal | None
    status_from: str
    status_to: str
    approval_reference: str


@dataclass(frozen=True)
class FacilityView:
    """A credit line. Granted is used, reserved, consumed (repaid and not to be drawn again), and the
    rest: available, frozen or expired, by the line's state.

    `group_available` is what the group's total leaves. `account_no` is in clear: mask it on screens.
    """

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
    consumed: Decimal = ZERO
    wanted: Decimal | None = None
    branch: str = "HEAD"
    group_id: str = ""
    group_available: Decimal | None = None
    approval_reference: str = ""
    approved_amount: Decimal = ZERO
    approval_expires_on: date | None = None

    @property
    def undrawn(self) -> Decimal:
        """Granted less used, reserved and consumed."""
        return self.granted - self.used - self.reserved - self.consumed

    @property
    def available(self) -> Decimal:
        """What may be drawn now: nothing unless open; no more than the group's total leaves."""
        if self.status != "open":
            return ZERO
        if self.group_available is None:
            return self.undrawn
        return min(self.undrawn, self.group_available)

    @property
    def frozen(self) -> Decimal:
        """What could be drawn were the line not frozen."""
        return self.undrawn if self.status == "frozen" else ZERO

    @property
    def expired(self) -> Decimal:
        """What lapsed undrawn with the line's end."""
        return self.undrawn if self.status not in ("open", "frozen") else ZERO


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
    months: int = 0


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
    """An account of the firm at the bank core; what is `held` of the balance cannot be debited."""

    account_no: str
    balance: Decimal
    held: Decimal = ZERO

    @property
    def available(self) -> Decimal:
        """What can be debited."""
        return self.balance - self.held


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
class RetryReport:
    """Parked loans that were tried again: those caught up, and those still parked, with the reason."""

    mended: tuple[str, ...]
    left: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ParkedLoan:
    """A loan the night put aside, since when, and why."""

    loan_id: str
    parked_on: date
    accrued_through: date
    reason: str


@dataclass(frozen=True)
class CloseStatus:
    """Where the close of day stands.

    `behind` counts chunks that lag the last day closed, and parked loans. `chunks_done` of `chunks` are
    closed on `closing`, the day whose close has begun and not ended; it is None between nights.
    `first_parked` are the parked loans, oldest first, 50 at the most.
    """

    business_date: date
    last_closed: date | None
    finished_at: datetime | None
    open_loans: int
    behind: int
    parked: int
    closing: date | None = None
    started_at: datetime | None = None
    chunks: int = 0
    chunks_done: int = 0
    first_parked: tuple[ParkedLoan, ...] = ()

    def days_behind(self, today: date) -> int:
        """Days of the calendar that are over and not closed: the alarm of a close that lags."""
        return max(0, (today - self.business_date).days)


@dataclass(frozen=True)
class NightView:
    """One close of day: when it ran and what it came to. `finished_at` is None while it runs."""

    on: date
    started_at: datetime
    finished_at: datetime | None
    loans: int
    debited: Decimal
    overdue: int
    parked: int

    @property
    def took_s(self) -> int | None:
        """Seconds from its begin to its end, a night that was stopped and went on included."""
        if self.finished_at is None:
            return None
        return round((self.finished_at - self.started_at).total_seconds())


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
