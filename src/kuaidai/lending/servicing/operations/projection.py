"""Book what happens to a loan: its events, its row, and the ledger in line with replay.

The row is a projection: what replay says of the loan on `accrued_through`. The ledger is posted with the
difference of the loan's cumulative totals (see `ledger.domain.movements`), before and after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any

import structlog
from django.db import connection
from django.db.models import QuerySet
from psycopg.types.json import Jsonb

from kuaidai.foundation import prepared
from kuaidai.foundation.actors import Actor
from kuaidai.foundation.queries import business_date, held_business_date
from kuaidai.kernel.money import ZERO, from_cents
from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.ledger.domain.rules import lines_of
from kuaidai.lending.ledger.operations import post, record_surplus
from kuaidai.lending.servicing.domain.events import Event, Reversal
from kuaidai.lending.servicing.domain.happenings import HANDLERS
from kuaidai.lending.servicing.domain.life import event_to_dict, read_terms, terms_to_dict
from kuaidai.lending.servicing.domain.projecting import Projection, project
from kuaidai.lending.servicing.domain.reading import totals_in_cents
from kuaidai.lending.servicing.domain.replay import run_to
from kuaidai.lending.servicing.domain.running import RunningLoan, apply
from kuaidai.lending.servicing.domain.snapshot import restore, snapshot
from kuaidai.lending.servicing.domain.state import Allocation
from kuaidai.lending.servicing.errors import DatedAhead, EventRefused, UnknownLoan
from kuaidai.lending.servicing.models import Loan, LoanEvent, Repayment
from kuaidai.lending.servicing.queries import events_of

log = structlog.get_logger("kuaidai.booking")

_SQL_TYPES = {
    "str": "text", "int": "integer", "bool": "boolean", "Decimal": "numeric", "date": "date",
    "date | None": "date",
}  # fmt: skip
COLUMNS: Mapping[str, str] = {
    entry.name: _SQL_TYPES[str(entry.type)] for entry in fields(Projection)
}
"""The columns of a loan that a projection fills, by its fields' names, with their types in SQL."""

WRITTEN_OFF = (
    Movement.PRINCIPAL_WRITTEN_OFF, Movement.INTEREST_WRITTEN_OFF, Movement.PENALTY_WRITTEN_OFF,
    Movement.COMPOUND_WRITTEN_OFF, Movement.FEE_WRITTEN_OFF,
)  # fmt: skip
"""The movements that a posting rule takes from the allowance."""

TITLES = {
    "payment": "Repayment received",
    "payoff": "Repayment received",
    "charge": "Fee charged",
    "waiver": "Waiver",
    "rate_change": "Rate changed",
    "misuse": "Misuse found",
    "extension": "Loan extended",
    "restructuring": "Loan restructured",
    "non_accrual": "Accrual stopped",
    "accrual_resumed": "Accrual resumed",
    "write_off": "Loan written off",
    "reversal": "Event reversed",
}
_LOCK_CHUNK = """
SELECT c.closed_through FROM servicing_loanchunk c
JOIN servicing_loan l ON l.chunk_id = c.id WHERE l.id = %s FOR SHARE OF c
"""


def posting_day(on: date) -> date:
    """The day the books carry what happened on `on`: a closed day is not reopened.

    Nor is it closed before the caller's transaction, which posts on it, has ended.
    """
    return max(on, held_business_date())


def require_not_ahead(on: date, today: date | None = None) -> None:
    """Refuse a day the bank has not reached: the close of the days before could not replay it.

    `today` is the business date, where the caller has it at hand. Raises `DatedAhead`.
    """
    today = today or business_date()
    if on > today:
        raise DatedAhead(value=on, on=today)


@dataclass(frozen=True)
class HeldLoan:
    """A locked loan, the day up to which its books are posted, and the last its chunk has closed."""

    row: Loan
    posted_through: date
    closed_through: date


@dataclass(frozen=True)
class Booked:
    """What an event did: the loan's totals before it and after, and where its money went."""

    before: Decimal
    after: Decimal
    allocation: Allocation | None
    changed: Mapping[Movement, Decimal] = field(default_factory=dict)

    @property
    def principal_back(self) -> Decimal:
        """Principal that is no longer owed, to be given back to the line."""
        return self.before - self.after

    @property
    def principal_lost(self) -> Decimal:
        """The part of it that was waived or written off: no money came, and none is lent on it."""
        lost = (Movement.PRINCIPAL_WAIVED, Movement.PRINCIPAL_WRITTEN_OFF)
        return sum((self.changed.get(each, ZERO) for each in lost), ZERO)

    @property
    def written_off(self) -> Decimal:
        """What the loan's allowance was charged with by a write-off, or got back by its reversal."""
        return sum((self.changed.get(each, ZERO) for each in WRITTEN_OFF), ZERO)


def hold_loan(loan_id: str) -> HeldLoan:
    """Lock a loan below its chunk, whose night cannot pass meanwhile. Raises `UnknownLoan`."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_CHUNK, [loan_id])
        found = cursor.fetchone()
    if found is None:
        raise UnknownLoan(value=loan_id)
    row = with_lives_locked(Loan.objects.filter(id=loan_id)).get()
    return HeldLoan(row, posted_through(row, found[0]), found[0])


def with_lives_locked(rows: QuerySet[Loan]) -> QuerySet[Loan]:
    """These loans, locked, each with its life locked too.

    Both, for a row that is joined but not locked comes as it was before the lock was waited for: the
    loan would be run from what it was before the one who held the lock booked something.
    """
    found = rows.filter(life__isnull=False).select_related("life")
    return found.select_for_update(no_key=True, of=("self", "life"))


def posted_through(row: Loan, chunk_closed_through: date) -> date:
    """The day up to which a loan's books are posted."""
    if row.parked_on is not None:
        return row.accrued_through
    return max(row.accrued_through, chunk_closed_through)


def running(row: Loan) -> RunningLoan:
    """The loan as it ran up to `accrued_through`: from its snapshot, or else from its events."""
    terms = read_terms(row.life.terms)
    try:
        return restore(terms, row.life.snapshot)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        log.error("snapshot unreadable, replayed", loan=row.id, error=type(error).__name__)
        return run_to(terms, events_of(row), row.accrued_through)


def book(
    held: HeldLoan,
    event: Event,
    *,
    actor: Actor,
    repayment: Repayment | None = None,
    reason: str = "",
) -> Booked:
    """Record an event of a locked loan and bring row and ledger in line; in the caller's transaction.

    An event before what is posted already, or a reversal, is replayed from the start and posted as a
    correction on the open day. A parked loan first catches up with its chunk. More than is owed becomes
    money in suspense. Raises `EventRefused` for an event that cannot be, `SurplusSpent` for one that
    needs a surplus back which is gone.
    """
    row, through = held.row, max(held.posted_through, held.closed_through)
    book_on = posting_day(event.on)
    run = running(row)
    catch_up(held, run, book_on)
    begun, outstanding = totals_in_cents(run, through), run.outstanding()
    before = begun
    number = row.event_count + 1
    event_row(row, event, number, book_on, actor, repayment=repayment, reason=reason).save(
        force_insert=True
    )
    try:
        if event.on < through or isinstance(event, Reversal):
            run = run_to(read_terms(row.life.terms), events_of(row), max(through, event.on))
        else:
            run.advance(event.on)
            accrued = totals_in_cents(run, event.on)
            _post(row, f"accrual:{event.on}:{number}", "Interest accrued", before, accrued, book_on)
            before = accrued
            apply(run, event, HANDLERS)
    except ValueError as error:
        raise EventRefused(value=row.id, why=str(error)) from error
    after = totals_in_cents(run, run.at)
    kind = event_to_dict(event)["type"]
    _post(row, event.key, TITLES.get(kind, kind), before, after, book_on)
    changed = difference(begun, after)
    record_surplus(
        loan_id=row.id, number=number, change=changed.get(Movement.UNMATCHED_RECEIVED, ZERO),
        branch=row.branch, on=book_on, actor_id=actor.id,
    )  # fmt: skip
    row.event_count = number
    store(row, run)
    found = next((each for each in run.allocations if each.key == event.key), None)
    return Booked(from_cents(outstanding), row.outstanding, found, changed)


def catch_up(held: HeldLoan, run: RunningLoan, book_on: date) -> None:
    """Run a locked loan up to what its books or its chunk have reached, and post what is missing."""
    run.advance(held.posted_through)
    if held.posted_through >= held.closed_through:
        return
    before = totals_in_cents(run, held.posted_through)
    run.advance(held.closed_through)
    after = totals_in_cents(run, held.closed_through)
    key = f"caught-up:{held.closed_through}"
    _post(held.row, key, "Interest accrued", before, after, book_on)


def accrue(row: Loan, run: RunningLoan, before: Mapping[Movement, int], on: date) -> None:
    """Post what a locked loan earned up to `on`, to which `run` was advanced, and store it."""
    after = totals_in_cents(run, on)
    key = f"accrual:{on}:{row.event_count}"
    _post(row, key, "Interest accrued", before, after, posting_day(on))
    store(row, run)


def event_row(
    row: Loan,
    event: Event,
    number: int,
    book_on: date,
    actor: Actor,
    *,
    repayment: Repayment | None = None,
    reason: str = "",
) -> LoanEvent:
    """The line of a loan's history that records an event; not saved yet."""
    told = event_to_dict(event)
    return LoanEvent(
        loan=row, number=number, key=event.key, kind=told["type"], on=event.on, booked_on=book_on,
        told=told, repayment=repayment, actor=f"{actor.kind}:{actor.id}"[:80], reason=reason,
    )  # fmt: skip


def difference(
    before: Mapping[Movement, int], after: Mapping[Movement, int]
) -> dict[Movement, Decimal]:
    """What changed between two sets of totals, as money; what did not is left out."""
    changed = {
        movement: after.get(movement, 0) - before.get(movement, 0)
        for movement in {*before, *after}
        if after.get(movement, 0) != before.get(movement, 0)
    }
    return {movement: from_cents(cents) for movement, cents in changed.items()}


def _post(
    row: Loan,
    key: str,
    description: str,
    before: Mapping[Movement, int],
    after: Mapping[Movement, int],
    book_on: date,
) -> None:
    post(
        key=f"loan:{row.id}:{key}",
        on=book_on,
        description=description,
        source_type="loan",
        source_id=row.id,
        lines=lines_of(difference(before, after), product_code=row.product_code),
        branch=row.branch,
        product_code=row.product_code,
    )


def store(row: Loan, run: RunningLoan) -> Projection:
    """Write what the running loan says into its row; a loan that was parked is so no longer."""
    told = project(run)
    for name in COLUMNS:
        setattr(row, name, getattr(told, name))
    row.accrued_through, row.life.snapshot = run.at, snapshot(run)
    row.parked_reason, row.parked_on = "", None
    row.save()
    row.life.save(update_fields=["snapshot"])
    return told


def open_values(run: RunningLoan) -> dict[str, Any]:
    """The columns of a loan that begins, as its running loan tells them."""
    told = project(run)
    return {name: getattr(told, name) for name in COLUMNS} | {
        "accrued_through": run.at,
    }


def begin_loan(run: RunningLoan, **columns: Any) -> None:
    """Write the rows of a loan that begins; `columns` are those its running loan does not tell."""
    begun = {"event_count": 0, "parked_reason": ""}
    prepared.insert("servicing_loan", open_values(run) | begun | columns)
    life = {"terms": Jsonb(terms_to_dict(run.terms)), "snapshot": Jsonb(snapshot(run))}
    prepared.insert("servicing_loanlife", {"loan_id": columns["id"]} | life)


__all__ = [
    "COLUMNS", "Booked", "HeldLoan", "accrue", "begin_loan", "book", "catch_up", "difference", "event_row",
    "hold_loan", "open_values", "posted_through", "posting_day", "require_not_ahead", "running",
    "store", "with_lives_locked",
]  # fmt: skip
