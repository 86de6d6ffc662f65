"""Reads of reconciliation: the comparisons with the bank core's statements, and their breaks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Count, Min

from kuaidai.lending.servicing.domain.breaks import (
    BreakKind,
    BreakState,
    BreakView,
    RunView,
    UnresolvedOrders,
)
from kuaidai.lending.servicing.domain.core_orders import OPEN
from kuaidai.lending.servicing.errors import UnknownReconciliation
from kuaidai.lending.servicing.models import (
    CloseOfDay,
    CoreOrder,
    ReconciliationBreak,
    ReconciliationRun,
)

MOST_BREAKS = 500
"""How many breaks of a day are shown, open ones first."""


def _open_of(days: Iterable[date]) -> dict[date, int]:
    """How many breaks are open on each day that has any."""
    found = ReconciliationBreak.objects.filter(run__in=list(days), state=BreakState.OPEN)
    return dict(found.values_list("run").annotate(Count("id")))


def break_view(row: ReconciliationBreak) -> BreakView:
    """The view of a break's row."""
    return BreakView(
        row.id, row.run_id, BreakKind(row.kind), row.key, row.reference, row.ours, row.theirs,
        row.our_day, row.their_day, BreakState(row.state), row.note, row.closed_by, row.closed_at,
    )  # fmt: skip


def _run_view(
    row: ReconciliationRun, open_breaks: int, breaks: tuple[BreakView, ...] = ()
) -> RunView:
    return RunView(
        row.on, row.ran_at, row.opening, row.closing, row.received, row.paid, row.entries,
        row.orders, row.matched, open_breaks, breaks,
    )  # fmt: skip


def reconciliations(*, limit: int = 60) -> tuple[RunView, ...]:
    """The newest comparisons, without their breaks."""
    rows = list(ReconciliationRun.objects.order_by("-on")[:limit])
    still_open = _open_of(row.on for row in rows)
    return tuple(_run_view(row, still_open.get(row.on, 0)) for row in rows)


def reconciliation(on: date) -> RunView:
    """The comparison of a day with its breaks. Raises `UnknownReconciliation`."""
    row = ReconciliationRun.objects.filter(on=on).first()
    if row is None:
        raise UnknownReconciliation(value=on)
    breaks = ReconciliationBreak.objects.filter(run_id=on)
    open_first = [*breaks.filter(state=BreakState.OPEN).order_by("id")[:MOST_BREAKS]]
    rest = breaks.exclude(state=BreakState.OPEN).order_by("id")[: MOST_BREAKS - len(open_first)]
    shown = tuple(map(break_view, [*open_first, *rest]))
    return _run_view(row, _open_of([on]).get(on, 0), shown)


def reconciliation_break(on: date, break_id: int) -> BreakView:
    """One break of a day. Raises `UnknownReconciliation`."""
    row = ReconciliationBreak.objects.filter(run=on, id=break_id).first()
    if row is None:
        raise UnknownReconciliation(value=break_id)
    return break_view(row)


def days_to_compare() -> tuple[date, ...]:
    """The closed days that have no comparison since their close, oldest first."""
    booked = CoreOrder.objects.filter(booked_on__isnull=False)
    first = booked.aggregate(on=Min("booked_on"))["on"]
    if first is None:
        return ()
    closes = CloseOfDay.objects.filter(finished_at__isnull=False, on__gte=first)
    ran_at = dict(ReconciliationRun.objects.filter(on__gte=first).values_list("on", "ran_at"))
    return tuple(
        on
        for on, finished_at in closes.order_by("on").values_list("on", "finished_at")
        if finished_at is not None and (on not in ran_at or ran_at[on] < finished_at)
    )


def unresolved_orders() -> UnresolvedOrders:
    """The orders whose outcome is not known, and the day the oldest is for."""
    found = CoreOrder.objects.filter(state__in=[state.value for state in OPEN])
    told = found.aggregate(count=Count("key"), oldest=Min("value_on"))
    return UnresolvedOrders(told["count"], told["oldest"])


def open_breaks() -> int:
    """How many breaks of all days are open."""
    return ReconciliationBreak.objects.filter(state=BreakState.OPEN).count()
