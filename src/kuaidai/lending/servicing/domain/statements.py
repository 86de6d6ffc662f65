"""Account statements: what was owed, what happened, what is owed. A pure function of terms and events.

A statement tells a period as it is known now: what was reversed is left out, what was recorded later
stands on the day it counts from. So a statement of last month need not be stored to be had again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal

from kuaidai.kernel.money import ZERO, from_cents
from kuaidai.kernel.rates import AnnualisedRate, CashFlow, annualised_rate
from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.servicing.domain import events as ev
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.domain.happenings import HANDLERS
from kuaidai.lending.servicing.domain.life import event_to_dict
from kuaidai.lending.servicing.domain.reading import state_of_run
from kuaidai.lending.servicing.domain.replay import LoanState
from kuaidai.lending.servicing.domain.running import RunningLoan, apply, begin, begin_undrawn
from kuaidai.lending.servicing.domain.terms import LoanTerms

DRAWDOWN, EARNED = "drawdown", "earned"
"""Lines that no event tells: the money paid out, and what time has earned up to a due date or event."""


@dataclass(frozen=True)
class Parts:
    """What is owed, or by how much that changed, by part. `claim` is owed though written off."""

    principal: Decimal = ZERO
    interest: Decimal = ZERO
    penalty: Decimal = ZERO
    compound: Decimal = ZERO
    fee: Decimal = ZERO
    claim: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """All parts together."""
        return sum((getattr(self, part.name) for part in fields(self)), ZERO)

    @property
    def late(self) -> Decimal:
        """Penalty and compound interest."""
        return self.penalty + self.compound

    def __sub__(self, other: Parts) -> Parts:
        """The change from `other` to this."""
        return Parts(*(getattr(self, p.name) - getattr(other, p.name) for p in fields(self)))

    def __add__(self, other: Parts) -> Parts:
        """Both together."""
        return Parts(*(getattr(self, p.name) + getattr(other, p.name) for p in fields(self)))


@dataclass(frozen=True)
class StatementLine:
    """One thing on a day: by how much each part of the debt changed, and what is owed after it.

    `money` is what was paid out or received; `surplus` the part of it that nothing was owed for.
    """

    on: date
    kind: str
    change: Parts
    owed: Parts
    money: Decimal = ZERO
    surplus: Decimal = ZERO


@dataclass(frozen=True)
class Statement:
    """A loan from the beginning of `first` to the end of `last`. `opening` and all changes are `closing`."""

    loan_id: str
    first: date
    last: date
    opening: Parts
    lines: tuple[StatementLine, ...]
    closing: Parts
    state: LoanState
    annualised: AnnualisedRate | None


def statement(
    loan_id: str, terms: LoanTerms, events: Sequence[ev.Event], first: date, last: date
) -> Statement:
    """The statement of a loan. Raises `ValueError` where it ends before the drawdown, or begins after
    it ends.
    """
    if first > last or last < terms.start_on:
        raise ValueError(f"{first} to {last} is no period of a loan drawn on {terms.start_on}")
    run, lines = _lines(terms, events, first - timedelta(days=1), last)
    before = [line for line in lines if line.on < first]
    shown = tuple(line for line in lines if line.on >= first)
    opening = before[-1].owed if before else Parts()
    closing = lines[-1].owed if lines else Parts()
    return Statement(
        loan_id, first, last, opening, shown, closing, state_of_run(run, last), _rate(terms, run)
    )


def _owed(run: RunningLoan) -> Parts:
    parts = [run.outstanding(), *(run.unpaid(bucket, run.at) for bucket in _BUCKETS)]
    return Parts(*map(from_cents, [*parts, run.claim]))


_BUCKETS = (Bucket.INTEREST, Bucket.PENALTY, Bucket.COMPOUND, Bucket.FEE)


def _lines(
    terms: LoanTerms, events: Sequence[ev.Event], before: date, last: date
) -> tuple[RunningLoan, list[StatementLine]]:
    """All lines up to `last`; what was earned by the end of the day `before` has one of its own."""
    standing = [event for event in ev.in_order(events) if event.on <= last]
    drawn = any(isinstance(event, ev.Disbursement) for event in standing)
    run = begin_undrawn(terms) if drawn else begin(terms)
    lines: list[StatementLine] = []
    if not drawn:
        owed = _owed(run)
        lines.append(StatementLine(terms.start_on, DRAWDOWN, owed, owed, terms.principal))
    for event in standing:
        if run.at <= before < event.on:
            _pass_time(run, before, lines)
        _pass_time(run, event.on, lines)
        owed_before = _owed(run)
        surplus = run.counters.get(Movement.UNMATCHED_RECEIVED, 0)
        apply(run, event, HANDLERS)
        more = run.counters.get(Movement.UNMATCHED_RECEIVED, 0) - surplus
        owed = _owed(run)
        lines.append(
            StatementLine(
                event.on, str(event_to_dict(event)["type"]), owed - owed_before, owed, _money(run, event),
                from_cents(more),
            )
        )  # fmt: skip
    if run.at <= before < last:
        _pass_time(run, before, lines)
    _pass_time(run, last, lines)
    return run, lines


def _pass_time(run: RunningLoan, until: date, lines: list[StatementLine]) -> None:
    """Advance to `until`, with a line for what was earned up to each end of a period on the way."""
    while True:
        ahead = run.open_items[0].period.end if run.open_items and not run.is_written_off else until
        stop = min(until, max(ahead, run.at))
        before = lines[-1].owed if lines else Parts()
        run.advance(stop)
        owed = _owed(run)
        if owed != before:
            lines.append(StatementLine(stop, EARNED, owed - before, owed))
        if stop >= until:
            return


def _money(run: RunningLoan, event: ev.Event) -> Decimal:
    if isinstance(event, ev.Disbursement | ev.Payment):
        return event.amount
    if isinstance(event, ev.Payoff):
        return run.allocations[-1].amount if run.allocations else ZERO
    return ZERO


def _rate(terms: LoanTerms, run: RunningLoan) -> AnnualisedRate | None:
    """What the loan costs a year (PBoC Notice 2021-3): what was paid and what is still scheduled.

    Penalty and compound interest, the price of paying late, are left out. None where the payments
    have no such rate, as after a write-off.
    """
    if run.is_written_off:
        return None
    flows = [CashFlow(terms.start_on, terms.principal)]
    flows += [
        CashFlow(part.on, -(part.principal + part.interest)) for part in run.allocations
    ]  # fmt: skip
    flows += [
        CashFlow(
            max(item.period.due, run.at), -from_cents(item.unpaid_principal + item.unpaid_interest)
        )
        for item in run.items
    ]  # fmt: skip
    try:
        return annualised_rate([flow for flow in flows if flow.amount])
    except ValueError:
        return None
