"""Book one event on each of many loans, as a class change or a repricing does: a statement a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit
from kuaidai.lending.ledger.domain.entries import NewEntry
from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.ledger.domain.rules import lines_of
from kuaidai.lending.ledger.operations import post_many
from kuaidai.lending.servicing.domain.events import Event
from kuaidai.lending.servicing.domain.happenings import HANDLERS
from kuaidai.lending.servicing.domain.life import event_to_dict
from kuaidai.lending.servicing.domain.reading import totals_in_cents
from kuaidai.lending.servicing.domain.running import RunningLoan, apply
from kuaidai.lending.servicing.models import Loan, LoanEvent
from kuaidai.lending.servicing.operations.night.work import Failed
from kuaidai.lending.servicing.operations.night.writing import park, update_loans
from kuaidai.lending.servicing.operations.projection import (
    TITLES,
    book,
    difference,
    event_row,
    hold_loan,
    posted_through,
    running,
    with_lives_locked,
)

log = structlog.get_logger("kuaidai.booking")
LOANS_AT_ONCE = 2000
_LOCK_CHUNKS = """
SELECT id, closed_through FROM servicing_loanchunk
WHERE id IN (SELECT chunk_id FROM servicing_loan WHERE id = ANY(%s)) ORDER BY id FOR SHARE
"""


@dataclass(slots=True)
class _Booking:
    """A loan with the event that happened to it, and its totals before and after."""

    row: Loan
    run: RunningLoan
    event: Event
    before: Mapping[Movement, int]
    after: Mapping[Movement, int]


def book_many(
    events: Mapping[str, Event], *, on: date, actor: Actor, wanted: Callable[[Loan], bool]
) -> list[str]:
    """Book an event of `on` on each loan by id, if it is still `wanted`; those parked for a fault.

    For events that move no principal: the lines are not touched. A part of the loans is one
    transaction; if it fails they are booked one by one, and the culprit is parked with its reason.
    """
    left, parked = iter(sorted(events)), list[str]()
    while part := list(islice(left, LOANS_AT_ONCE)):
        chosen = {loan_id: events[loan_id] for loan_id in part}
        try:
            _book_part(chosen, on, actor, wanted)
        except (OperationalError, InterfaceError):
            raise  # the database is gone: no loan's own fault
        except Exception as error:  # one loan's fault must not stop the others: it is looked for
            log.error("loans booked one by one", on=str(on), error=type(error).__name__)
            parked += _book_one_by_one(chosen, on, actor, wanted)
    return parked


@transaction.atomic
def _book_part(
    events: Mapping[str, Event], on: date, actor: Actor, wanted: Callable[[Loan], bool]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_CHUNKS, [list(events)])
        closed: dict[int, date] = dict(cursor.fetchall())
    rows = Loan.objects.filter(id__in=list(events), status="active", parked_on__isnull=True)
    bookings = [
        _happen(row, events[row.id], closed[row.chunk_id], on)
        for row in with_lives_locked(rows).order_by("id")
        if wanted(row)
    ]
    if not bookings:
        return
    update_loans([(booking.row, booking.run) for booking in bookings])
    _record(bookings, on, actor)
    post_many(_entry(booking, on) for booking in bookings)
    record_audit(
        actor=actor, action="loans.booked", subject_type="bank", subject_id="1", on=on,
        detail={"loans": len(bookings), "event": event_to_dict(bookings[0].event)["type"]},
    )  # fmt: skip


def _happen(row: Loan, event: Event, closed_through: date, on: date) -> _Booking:
    run = running(row)
    through = posted_through(row, closed_through)
    run.advance(through)
    before = totals_in_cents(run, through)
    apply(run, event, HANDLERS)
    row.event_count += 1
    return _Booking(row, run, event, before, totals_in_cents(run, run.at))


def _record(bookings: Sequence[_Booking], on: date, actor: Actor) -> None:
    rows = [event_row(b.row, b.event, b.row.event_count, on, actor) for b in bookings]
    LoanEvent.objects.bulk_create(rows, batch_size=LOANS_AT_ONCE)


def _entry(booking: _Booking, on: date) -> NewEntry:
    row, changed = booking.row, difference(booking.before, booking.after)
    kind = event_to_dict(booking.event)["type"]
    return NewEntry(
        f"loan:{row.id}:{booking.event.key}", on, TITLES.get(kind, kind), "loan", row.id,
        lines_of(changed, product_code=row.product_code), row.branch, row.product_code,
    )  # fmt: skip


def _book_one_by_one(
    events: Mapping[str, Event], on: date, actor: Actor, wanted: Callable[[Loan], bool]
) -> list[str]:
    parked = []
    for loan_id, event in events.items():
        try:
            _book_alone(loan_id, event, actor, wanted)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # this is the one; it is reported
            log.error("loan parked", loan=loan_id, error=type(error).__name__, exc_info=True)
            row = Loan.objects.get(id=loan_id)
            park([Failed(row, f"{type(error).__name__}: {error}")], on, on)
            parked.append(loan_id)
    return parked


@transaction.atomic
def _book_alone(loan_id: str, event: Event, actor: Actor, wanted: Callable[[Loan], bool]) -> None:
    held = hold_loan(loan_id)
    if held.row.status == "active" and held.row.parked_on is None and wanted(held.row):
        book(held, event, actor=actor)
