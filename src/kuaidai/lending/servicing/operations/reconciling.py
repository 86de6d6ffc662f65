"""Reconcile: the bank core's statement of our account beside our orders and our books, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

import structlog
from django.db import models, transaction
from django.db.models import Sum
from django.utils import timezone

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit
from kuaidai.foundation.queries import business_date
from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger import queries as ledger
from kuaidai.lending.ledger.domain import chart
from kuaidai.lending.servicing import gateway
from kuaidai.lending.servicing.domain.breaks import (
    Break,
    BreakKind,
    BreakState,
    BreakView,
    Comparison,
    RunView,
    SettledOrder,
    compare,
)
from kuaidai.lending.servicing.domain.core_orders import MOVING, OPEN, OrderKind
from kuaidai.lending.servicing.errors import (
    BreakNoteMissing,
    BreakNotOpen,
    CoreUnavailable,
    NothingToReconcile,
    UnknownReconciliation,
)
from kuaidai.lending.servicing.models import (
    CoreOrder,
    ReconciliationBreak,
    ReconciliationRun,
)
from kuaidai.lending.servicing.reconciliation_queries import (
    break_view,
    days_to_compare,
    reconciliation,
)

log = structlog.get_logger("kuaidai.reconciliation")
LEAST_NOTE = 10
MOST_ASKED = 1_000
"""How many orders without an outcome one run asks the core for before it compares."""
MOST_DAYS = 31
_CHUNK = 5_000
_FOUND = (
    "reference", "ours", "theirs", "our_day", "their_day", "state", "closed_by", "closed_at",
)  # fmt: skip


def reconcile_core(*, on: date, actor: Actor) -> RunView:
    """Compare the core's statement of `on` with our orders and books, and keep what differs.

    Orders still without an outcome that stand in the statement are first asked for by their keys. Run
    again, it replaces what it found before: breaks that are gone are cleared, explained ones stay
    explained. Raises `NothingToReconcile` for a day that has not come, `CoreUnavailable`.
    """
    today = business_date()
    if on > today:
        raise NothingToReconcile(value=on, on=today)
    statement = gateway.statement(on)
    keys = sorted({entry.key for entry in statement.entries})
    _resolve(keys)
    orders = _orders(on, keys)
    found = compare(on, statement.entries, orders)
    books = _books_differ(on)
    breaks = (*found.breaks, *((books,) if books else ()))
    booked = sum(order.booked_on == on for order in orders.values())
    with transaction.atomic():
        run, _ = ReconciliationRun.objects.update_or_create(
            on=on,
            defaults={
                "ran_at": timezone.now(),
                "opening": statement.opening,
                "closing": statement.closing,
                "received": statement.received,
                "paid": statement.paid,
                "entries": len(statement.entries),
                "orders": booked,
                "matched": len(found.matched),
            },
        )
        _keep(run, breaks)
        _mark_matched(on, found)
        record_audit(
            actor=actor, action="reconciliation.run", subject_type="reconciliation",
            subject_id=on.isoformat(), on=today,
            detail={"entries": len(statement.entries), "orders": booked, "breaks": len(breaks)},
        )  # fmt: skip
    if breaks:
        log.error("core and books differ", on=on.isoformat(), breaks=len(breaks))
    return reconciliation(on)


def _resolve(keys: Sequence[str]) -> None:
    """Ask the core for orders that it booked and whose outcome we do not know."""
    for chunk in _chunks(keys):
        unknown = CoreOrder.objects.filter(key__in=chunk, state__in=list(OPEN))
        for key in list(unknown.values_list("key", flat=True)[:MOST_ASKED]):
            try:
                gateway.send_order(key)
            except CoreUnavailable as silence:
                log.warning("order still unknown", key=key, code=silence.code)


def _chunks(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK))


def _orders(on: date, keys: Sequence[str]) -> dict[str, SettledOrder]:
    """Our settled orders booked on `on`, and those whose key the statement names."""
    moved = CoreOrder.objects.filter(
        booked_on__isnull=False, kind__in=[kind.value for kind in MOVING]
    )
    names = ("key", "kind", "settled", "booked_on", "reconciled_on")
    rows = {row[0]: row for row in moved.filter(booked_on=on).values_list(*names)}
    for chunk in _chunks([key for key in keys if key not in rows]):
        rows |= {row[0]: row for row in moved.filter(key__in=chunk).values_list(*names)}
    return {
        key: SettledOrder(key, _signed(kind, settled), booked_on, matched_on)
        for key, kind, settled, booked_on, matched_on in rows.values()
    }


def _signed(kind: str, settled: Decimal) -> Decimal:
    return settled if kind == OrderKind.DEBIT else -settled


def _books_differ(on: date) -> Break | None:
    """What the settlement account moved by on a day, against the orders applied on it.

    Not against the statement: an order whose outcome was learnt a day late is posted a day late.
    """
    ours = _settled_through(on) - _settled_through(on - timedelta(days=1))
    applied = CoreOrder.objects.filter(
        applied_on=on, kind__in=[kind.value for kind in MOVING], settled__gt=0
    )
    sums = dict(applied.order_by().values_list("kind").annotate(Sum("settled")))
    theirs = sum((_signed(kind, moved) for kind, moved in sums.items()), ZERO)
    if ours == theirs:
        return None
    return Break(BreakKind.BOOKS_DIFFER, "", ours=ours, theirs=theirs, our_day=on, their_day=on)


def _settled_through(on: date) -> Decimal:
    rows = ledger.trial_balance(through=on).rows
    return next((row.balance for row in rows if row.account == chart.SETTLEMENT), ZERO)


def _keep(run: ReconciliationRun, breaks: Sequence[Break]) -> None:
    before = {(row.kind, row.key): row for row in run.breaks.select_for_update(no_key=True)}
    fresh, known = [], []
    for found in breaks:
        row = before.pop((found.kind.value, found.key), None)
        if row is None:
            row = ReconciliationBreak(run=run, kind=found.kind, key=found.key)
            fresh.append(row)
        elif row.state == BreakState.EXPLAINED and _sums(row) == (found.ours, found.theirs):
            continue
        else:
            known.append(row)
        row.reference, row.ours, row.theirs = found.reference, found.ours, found.theirs
        row.our_day, row.their_day, row.state = found.our_day, found.their_day, BreakState.OPEN
        row.closed_by, row.closed_at = "", None
    ReconciliationBreak.objects.bulk_create(fresh, batch_size=1000)
    ReconciliationBreak.objects.bulk_update(known, _FOUND, batch_size=1000)
    gone = [row.pk for row in before.values() if row.state == BreakState.OPEN]
    _clear(ReconciliationBreak.objects.filter(pk__in=gone))
    late = [found.key for found in breaks if found.kind is BreakKind.DATE_DIFFERS]
    _clear(
        ReconciliationBreak.objects.filter(
            kind=BreakKind.MISSING_THERE, key__in=late, state=BreakState.OPEN
        )
    )


def _sums(row: ReconciliationBreak) -> tuple[Decimal | None, Decimal | None]:
    return row.ours, row.theirs


def _clear(rows: models.QuerySet[ReconciliationBreak]) -> None:
    rows.update(state=BreakState.CLEARED, closed_at=timezone.now())


def _mark_matched(on: date, found: Comparison) -> None:
    """Note the day in whose statement orders stand: the core may not book them on another too."""
    there = [*found.matched, *(b.key for b in found.breaks if b.kind is BreakKind.AMOUNT_DIFFERS)]
    for chunk in _chunks(there):
        orders = CoreOrder.objects.filter(key__in=chunk)
        orders.exclude(reconciled_on=on).update(reconciled_on=on)


def reconcile_closed_days(*, actor: Actor) -> tuple[RunView, ...]:
    """Reconcile the closed days that have no comparison since their close, oldest first.

    At most 31, which a daily job never reaches. Raises `CoreUnavailable`.
    """
    return tuple(reconcile_core(on=on, actor=actor) for on in days_to_compare()[:MOST_DAYS])


@transaction.atomic
def explain_break(*, break_id: int, note: str, actor: Actor, on: date) -> BreakView:
    """Close an open break with a person's explanation.

    Raises `UnknownReconciliation`, `BreakNoteMissing`, `BreakNotOpen`.
    """
    written = note.strip()
    if len(written) < LEAST_NOTE:
        raise BreakNoteMissing(value=written, least=LEAST_NOTE)
    row = ReconciliationBreak.objects.select_for_update(no_key=True).filter(id=break_id).first()
    if row is None:
        raise UnknownReconciliation(value=break_id)
    if row.state != BreakState.OPEN:
        raise BreakNotOpen(value=break_id, state=row.state)
    row.state, row.note = BreakState.EXPLAINED, written
    row.closed_by, row.closed_at = actor.id, timezone.now()
    row.save(update_fields=["state", "note", "closed_by", "closed_at"])
    record_audit(
        actor=actor, action="reconciliation.explain", subject_type="reconciliation",
        subject_id=row.run_id.isoformat(), on=on,
        detail={"break": row.id, "kind": row.kind, "key": row.key, "note": written},
    )  # fmt: skip
    return break_view(row)
