"""A loan as it runs: time passes and events happen to it. The engine behind `replay`.

All amounts are cents, rates millionths. Time comes by `advance`, which ends periods and runs late
interest; events come by `apply`. What is earned stays exact until it is due, paid or shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from kuaidai.kernel.day_counts import DayCount, days_between, year_share
from kuaidai.kernel.money import to_cents
from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.servicing.domain import events as ev
from kuaidai.lending.servicing.domain.conventions import (
    Bucket,
    OverduePrincipal,
    PayoffInterest,
)
from kuaidai.lending.servicing.domain.due_dates import Period, share_of
from kuaidai.lending.servicing.domain.items import NOTHING, Charge, Item, whole
from kuaidai.lending.servicing.domain.keeping import keep_instalments
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.schedule import PPM, build_rows, rate_ppm
from kuaidai.lending.servicing.domain.state import Allocation
from kuaidai.lending.servicing.domain.terms import LateBase, LoanTerms

LATE = (Bucket.PENALTY, Bucket.COMPOUND)
INCOME = (Bucket.INTEREST, *LATE)


@dataclass(slots=True)
class RunningLoan:
    """The accumulator of a loan. Only this package's functions change it.

    `closed` instalments have ended their period; `balance` is the scheduled principal of the others,
    on which interest runs from `accrual_from`. `carried` is exact interest of the running period
    before that day, `prepaid` what was paid or waived of the period's interest, `ahead` principal of
    the running instalment that is paid and bears nothing any more. `early_interest` is
    interest settled outside any instalment. `counters` are cumulative totals that no instalment
    tells. `off` holds, while the loan does not accrue, what it had earned before, by bucket.
    """

    terms: LoanTerms
    rate: int
    method: RepaymentMethod
    items: list[Item]
    balance: int
    accrual_from: date
    at: date
    closed: int = 0
    carried: Fraction = Fraction(0)
    prepaid: int = 0
    ahead: int = 0
    early_interest: int = 0
    misused: int = 0
    misuse: Fraction = NOTHING
    off: dict[Bucket, int] | None = None
    off_accrued: dict[Bucket, int] = field(default_factory=dict)
    suspended: dict[Bucket, int] = field(default_factory=dict)
    counters: dict[Movement, int] = field(default_factory=dict)
    claim: int = 0
    is_written_off: bool = False
    grace_left: int = 0
    allocations: list[Allocation] = field(default_factory=list)

    @property
    def open_items(self) -> list[Item]:
        """Instalments whose period has not ended."""
        return self.items[self.closed :]

    @property
    def closed_items(self) -> list[Item]:
        """Instalments whose period has ended."""
        return self.items[: self.closed]

    def count(self, movement: Movement, amount: int) -> None:
        """Add to a cumulative total."""
        if amount:
            self.counters[movement] = self.counters.get(movement, 0) + amount

    def charges(self) -> Iterator[Charge]:
        """Every fee and charge."""
        for item in self.items:
            yield from item.charges

    # --- time ---------------------------------------------------------------------------------

    def advance(self, on: date) -> None:
        """Let time pass up to `on`: end periods, run late interest on what is overdue."""
        if self.is_written_off:
            self.at = max(self.at, on)
            return
        while self.closed < len(self.items) and self.items[self.closed].period.end <= on:
            ended = self.items[self.closed]
            self._run_misuse(ended.period.end)
            self._run_overdue(ended.period.end)
            self.at = max(self.at, ended.period.end)
            self._close(ended)
        self._run_misuse(on)
        self._run_overdue(on)
        for item in self.closed_items:
            if item.late_until < on and item.is_late:
                self._run_late(item, on)
        self.at = max(self.at, on)

    def _close(self, item: Item) -> None:
        deferred = Fraction(0)
        item.late_until = item.period.due
        defers = self.closed < self.terms.interest_grace and not item.interest
        if self.prepaid or defers:  # what was paid beyond this period's interest counts in the next
            earned = whole(self.exact_interest(item.period.end), self.terms.conventions.rounding)
            deferred = Fraction(max(0, earned - self.prepaid) if defers else 0)
            self.prepaid = max(0, self.prepaid - earned)
        self.accrual_from, self.carried = item.period.end, deferred
        self.balance -= item.principal
        self.ahead = 0
        self.closed += 1
        self.settle_misuse(item.period.end)

    def _run_late(self, item: Item, on: date) -> None:
        if (on - item.period.due).days <= self.terms.grace_days:
            return
        if item.late_until == item.period.due:
            self._charge_late(item)
        times, rate = Fraction(self.terms.penalty_multiplier), Fraction(self.rate, PPM)
        factor = rate * times * self._share(item.period.due, item.late_until, on)
        item.compound += item.unpaid_interest * factor
        scheduled = min(on, self.items[-1].period.end)
        if self.bears_contract_overdue and item.late_until < scheduled:
            share = self._share(item.period.due, item.late_until, scheduled)
            factor -= rate * min(times, Fraction(1)) * share
        item.penalty += item.unpaid_principal * factor
        item.late_until = on

    def _charge_late(self, item: Item) -> None:
        """The charge of the terms for an instalment that is overdue, once."""
        agreed = self.terms.late_charge
        if agreed is None:
            return
        base = item.unpaid_principal
        if agreed.of is LateBase.INSTALMENT:
            base += item.unpaid_interest
        amount = whole(base * Fraction(agreed.share), self.terms.conventions.rounding)
        if amount > 0:
            day = item.period.due + timedelta(days=self.terms.grace_days + 1)
            item.charges.append(Charge(Bucket.PENALTY, amount, day, day))

    @property
    def bears_contract_overdue(self) -> bool:
        """Whether overdue principal goes on bearing contract interest in the running instalment."""
        overdue = self.terms.conventions.overdue_principal
        return overdue is OverduePrincipal.CONTRACT and self.method is not RepaymentMethod.FLAT

    def _run_overdue(self, on: date) -> None:
        """Contract interest on overdue principal up to `on`; it falls due with the running instalment."""
        if not self.bears_contract_overdue or self.closed >= len(self.items):
            return
        running, interest = self.items[self.closed], Fraction(0)
        for item in self.closed_items:
            start = max(self.at, item.period.due)
            if start < on and item.unpaid_principal > 0:
                share = share_of(start, on, running.period, self.terms.every, self.terms.day_count)
                interest += Fraction(item.unpaid_principal * self.rate * share[0], share[1] * PPM)
        if interest:
            self.carried += interest
            keep_instalments(self)

    def _share(self, since: date, start: date, end: date) -> Fraction:
        """The share of a year from `start` to `end`, of days that count from `since`.

        In 30/360 parts of a span do not add up to it, so that both ends are counted from its begin.
        """
        counted = self.terms.day_count
        if counted is not DayCount.THIRTY_360:
            return Fraction(*year_share(start, end, counted))
        return Fraction(
            days_between(since, end, counted) - days_between(since, start, counted), 360
        )

    def _run_misuse(self, on: date) -> None:
        """What misused money bears beyond the contract rate, or beyond the penalty rate if overdue."""
        if not self.misused or on <= self.at:
            return
        more = Fraction(self.terms.misuse_multiplier) - 1
        beyond = max(Fraction(0), more + 1 - Fraction(self.terms.penalty_multiplier))
        share = self._share(self.terms.start_on, self.at, on) * Fraction(self.rate, PPM)
        running = min(self.misused, self.balance - self.ahead)
        late = min(self.misused - running, sum(i.unpaid_principal for i in self.closed_items))
        self.misuse += (running * more + late * beyond) * share

    def settle_misuse(self, on: date) -> None:
        """What misuse has cost so far becomes a penalty charge due on `on`."""
        owed = self.running_penalty()
        if owed > 0 and self.items:
            place = min(self.closed, len(self.items) - 1)
            self.items[place].charges.append(Charge(Bucket.PENALTY, owed, on, on))
            self.misuse -= owed

    def accrued(self, on: date) -> int:
        """Interest earned in the running period and not settled, rounded."""
        if self.closed >= len(self.items) or self.is_written_off:
            return 0
        exact = self.exact_interest(on)
        bearing = max(self.closed, min(self.terms.interest_grace, len(self.items) - 1))
        settled = self.prepaid + self.items[bearing].paid.get(Bucket.INTEREST, 0)
        return max(0, whole(exact, self.terms.conventions.rounding) - settled)

    def exact_interest(self, on: date) -> Fraction:
        """Interest of the running period up to `on`, exact, settled or not."""
        item = self.items[self.closed]
        if self.method is RepaymentMethod.FLAT:
            begin = max(item.period.begin, self.terms.start_on)
            days = (item.period.end - begin).days
            interest = item.interest + self.prepaid
            return Fraction(interest * max(0, (on - begin).days), max(1, days))
        if on <= self.accrual_from:
            return self.carried
        numerator, denominator = share_of(
            self.accrual_from, on, item.period, self.terms.every, self.terms.day_count
        )
        bearing = self.balance - self.ahead
        return self.carried + Fraction(bearing * self.rate * numerator, denominator * PPM)

    def interest_to_settle(self, on: date) -> int:
        """Interest of the running period, not settled yet, that a loan repaid on `on` costs."""
        if (
            self.terms.conventions.payoff_interest is PayoffInterest.TO_THE_DAY
            or not self.open_items
        ):
            return self.accrued(on)
        return self.accrued(max(on, self.items[self.closed].period.end))

    # --- sums ---------------------------------------------------------------------------------

    def due(self, bucket: Bucket, on: date) -> int:
        """What is due of a bucket. An instalment that a holiday moved is due on its new date only."""
        rounding = self.terms.conventions.rounding
        if bucket in (Bucket.PRINCIPAL, Bucket.INTEREST):
            items = [item for item in self.closed_items if item.period.due <= on]
        else:
            items = [
                item for place, item in enumerate(self.items) if place < self.closed or item.charges
            ]
        return sum(item.owed(bucket, rounding, due_by=on) for item in items)

    def billed_interest(self) -> int:
        """Unpaid interest of periods that have ended, due or not."""
        return sum(max(0, item.unpaid_interest) for item in self.closed_items)

    def interest_ahead(self) -> int:
        """Interest paid before its period ends, by a rule that pays scheduled amounts ahead."""
        return sum(item.paid.get(Bucket.INTEREST, 0) for item in self.open_items)

    def running_penalty(self) -> int:
        """What misuse has cost since the last charge, rounded."""
        return 0 if self.misuse is NOTHING else whole(self.misuse, self.terms.conventions.rounding)

    def outstanding(self) -> int:
        """All principal not paid, waived or written off."""
        return 0 if self.is_written_off else sum(item.unpaid_principal for item in self.items)

    def payoff(self, on: date) -> int:
        """What settles the loan on `on`, to which it was advanced."""
        if self.is_written_off:
            return self.claim
        rounding = self.terms.conventions.rounding
        extras = self.with_extras()
        late = sum(item.owed(bucket, rounding) for bucket in LATE for item in extras)
        fees = sum(item.owed(Bucket.FEE, rounding) for item in extras)
        interest = self.billed_interest() + self.interest_to_settle(on)
        return self.outstanding() + interest + late + fees + self.running_penalty()

    def with_extras(self) -> list[Item]:
        """Instalments that ever had late interest or a charge: few, and alone to bear such amounts."""
        return [
            item
            for item in self.items
            if item.charges or item.penalty is not NOTHING or item.compound is not NOTHING
        ]

    def earned(self, bucket: Bucket, on: date) -> int:
        """All that was ever earned of an income bucket or charged as fees, due or not.

        Interest paid ahead counts as earned when it is paid.
        """
        return self.earned_of((bucket,), on)[bucket]

    def earned_of(self, buckets: Iterable[Bucket], on: date) -> dict[Bucket, int]:
        """`earned` of several buckets, looking once for what bears them."""
        rounding, extras = self.terms.conventions.rounding, self.with_extras()
        found = {b: sum(item.earned(b, rounding) for item in extras) for b in buckets}
        if Bucket.INTEREST in found:
            billed = sum(item.interest for item in self.closed_items)
            ahead = self.early_interest + self.interest_ahead()
            found[Bucket.INTEREST] = billed + self.accrued(on) + ahead
        if Bucket.PENALTY in found:
            found[Bucket.PENALTY] += self.running_penalty()
        return found

    def unpaid(self, bucket: Bucket, on: date) -> int:
        """What is earned of an income bucket and neither paid nor waived."""
        return self.unpaid_of((bucket,), on)[bucket]

    def unpaid_of(self, buckets: Iterable[Bucket], on: date) -> dict[Bucket, int]:
        """`unpaid` of several buckets, looking once for what bears them."""
        rounding, extras = self.terms.conventions.rounding, self.with_extras()
        found = {b: sum(item.owed(b, rounding) for item in extras) for b in buckets}
        if Bucket.INTEREST in found:
            found[Bucket.INTEREST] = self.billed_interest() + self.accrued(on)
        if Bucket.PENALTY in found:
            found[Bucket.PENALTY] += self.running_penalty()
        return found


def begin(terms: LoanTerms) -> RunningLoan:
    """A loan on its first day, drawn in full."""
    rows = build_rows(terms)
    items = [
        Item(no, row.period, row.principal, row.interest, row.left)
        for no, row in enumerate(rows, start=1)
    ]
    principal, rate = to_cents(terms.principal), rate_ppm(terms.annual_rate)
    run = RunningLoan(
        terms=terms,
        rate=rate,
        method=terms.method,
        items=items,
        balance=principal,
        accrual_from=rows[0].period.begin,
        at=terms.start_on,
        grace_left=terms.principal_grace,
    )
    if run.accrual_from < terms.start_on:
        run.carried = -run.exact_interest(terms.start_on)
    run.count(Movement.DRAWN, principal)
    return run


def begin_undrawn(terms: LoanTerms) -> RunningLoan:
    """A loan before its first disbursement; its instalments come with the money."""
    run = begin(terms)
    run.items = [Item(item.no, item.period, 0, 0, 0) for item in run.items]
    run.balance, run.carried, run.counters = 0, Fraction(0), {}
    run.accrual_from = terms.start_on
    return run


_AFTER_WRITE_OFF = (ev.Payment, ev.Payoff, ev.NonAccrual, ev.AccrualResumed)
"""What may still happen to a loan that was written off; the last two change nothing then."""

Handler = Callable[[RunningLoan, Any], None]
"""What an event does to a loan that was advanced to its day."""


def apply(run: RunningLoan, event: ev.Event, handlers: Mapping[type[ev.Event], Handler]) -> None:
    """Advance to the event's day and let it happen. Raises `ValueError` before the drawdown."""
    if event.on < run.terms.start_on:
        raise ValueError(f"{event.key} on {event.on} is before the drawdown, out of order")
    if run.is_written_off and not isinstance(event, _AFTER_WRITE_OFF):
        raise ValueError(f"{event.key} on {event.on}: the loan was written off before")
    run.advance(event.on)
    handlers[type(event)](run, event)


def charge_to(run: RunningLoan, charge: Charge) -> None:
    """Attach a charge to the instalment in whose period it falls due, else to the last."""
    for item in run.items:
        if charge.due_on <= item.period.end:
            item.charges.append(charge)
            return
    if not run.items:  # repaid early in full: the charge stands on a line of its own
        day = max(charge.due_on, charge.earned_on)
        run.items.append(Item(1, Period(run.accrual_from, day, day, regular=False), 0, 0, 0))
    run.items[-1].charges.append(charge)


def require_amount(event: ev.Payment | ev.Waiver | ev.Charge | ev.Disbursement) -> int:
    """An event's amount in cents. Raises `ValueError` unless it is positive."""
    if event.amount <= 0:
        raise ValueError(f"{event.key}: the amount is positive, not {event.amount}")
    return to_cents(event.amount)
