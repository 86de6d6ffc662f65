"""The outbox: orders are written with what they are about, sent after commit, applied exactly once.

1. `place_order` writes the order in the caller's transaction.
2. `send_order` (at once after commit, or by a job) sends it and keeps the outcome. While the outcome
   is unknown the core is asked for the key; nothing is guessed.
3. The outcome reaches the operation registered for the subject in the transaction that marks the
   order applied. An outcome that comes again or late finds the order final and changes nothing.

The order's row is locked before the facility's (see `servicing.models`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from kuaidai.foundation.errors import NoBusinessDate
from kuaidai.foundation.queries import business_date
from kuaidai.kernel.identifiers import mask
from kuaidai.lending.servicing.domain.core_orders import (
    FINAL,
    Movement,
    OrderKind,
    OrderRequest,
    OrderState,
    OrderView,
    leading_to,
)
from kuaidai.lending.servicing.errors import CoreUnavailable, OrderKeyReused
from kuaidai.lending.servicing.gateway import batches, rows, wire
from kuaidai.lending.servicing.gateway.subjects import taker_of
from kuaidai.lending.servicing.models import CoreOrder

log = structlog.get_logger("kuaidai.gateway")
FIRST_LOOK = timedelta(seconds=30)
"""How long whoever placed an order has to send it, or to take its outcome, before the job does."""
LONGEST_PAUSE_S = 600


def order_view(row: CoreOrder) -> OrderView:
    """The view of an order's row."""
    return OrderView(
        row.key, OrderKind(row.kind), mask(row.account), row.amount, row.partial, row.value_on,
        OrderState(row.state), row.settled, row.reason, row.booked_on, row.reference, row.tries,
        row.subject_type, row.subject_id, row.applied_at is not None,
    )  # fmt: skip


def _request_of(row: CoreOrder) -> OrderRequest:
    return OrderRequest(
        row.key, OrderKind(row.kind), row.account, row.amount, row.memo, row.value_on, row.partial,
        row.hold_key, row.subject_type, row.subject_id,
    )  # fmt: skip


def place_order(request: OrderRequest) -> None:
    """Write an order, in the caller's transaction. The same order again changes nothing.

    Raises `OrderKeyReused` when the key belongs to another order.
    """
    place_orders([request])


def place_orders(requests: Sequence[OrderRequest]) -> None:
    """Write many orders at once, as `place_order` does."""
    written = rows.insert(requests, look_at=timezone.now() + FIRST_LOOK)
    others = {r.key: r for r in requests if r.key not in written}
    for row in CoreOrder.objects.filter(key__in=list(others)) if others else ():
        if not _is_same(_request_of(row), others[row.key]):
            raise OrderKeyReused(value=row.key)


def _is_same(placed: OrderRequest, asked: OrderRequest) -> bool:
    """Whether an order asks for what was placed; it need not say again what it is about."""
    if not asked.subject_type:
        placed = replace(placed, subject_type="", subject_id=asked.subject_id)
    return placed == asked


def send_order(key: str) -> OrderView:
    """Send an order, or ask for it if it was sent before; keep and apply what became of it.

    Not to be called within a transaction: the core acts before it could be undone. Raises
    `CoreUnavailable` while the outcome is unknown, and what the subject's operation raises.
    """
    _ask(key)
    return apply_outcome(key)


def _ask(key: str) -> None:
    """Have the outcome of an order, unless it is known. Raises `CoreUnavailable`."""
    row = rows.mark_sent(key)
    if row is None:
        return
    request = _request_of(row)
    try:
        moved = wire.carry_out(request, sent_on=_today(request.on), asked_before=row.tries > 1)
    except CoreUnavailable as silence:
        _note_unknown(key, str(silence.values["why"]), tries=row.tries)
        raise
    _keep(request, moved)


def _today(on: date) -> date:
    """The bank's day; before the bank is opened, the day an order is for."""
    try:
        return business_date()
    except NoBusinessDate:
        return on


def _next_look(tries: int) -> datetime:
    pause = min(LONGEST_PAUSE_S, 5 * 2 ** min(tries, 10))
    return timezone.now() + timedelta(seconds=pause)


def _note_unknown(key: str, why: str, *, tries: int) -> None:
    open_orders = CoreOrder.objects.filter(key=key, state__in=leading_to(OrderState.UNKNOWN))
    open_orders.update(state=OrderState.UNKNOWN, reason=why)
    open_orders.exclude(subject_type="").update(next_try_at=_next_look(tries))


def _keep(request: OrderRequest, moved: Movement) -> None:
    """Keep an outcome once. One that differs from what was kept is told, and changes nothing."""
    kept = rows.keep([(moved, moved.state_of(request.amount))], on=_today(request.on))
    if kept:
        return
    row = CoreOrder.objects.get(key=request.key)
    if (row.settled, row.booked_on) != (moved.settled, moved.booked_on):
        log.error("the core contradicts itself", key=request.key)


def apply_outcome(key: str) -> OrderView:
    """Hand the outcome of an order to its subject, if it is known and was not handed over before."""
    row = CoreOrder.objects.get(key=key)
    if row.applied_at is not None or row.state not in FINAL:
        return order_view(row)
    with transaction.atomic():
        row = CoreOrder.objects.select_for_update(no_key=True).get(key=key)
        if row.applied_at is None:
            taker_of(row.subject_type)(order_view(row))
            row.applied_at, row.applied_on = timezone.now(), _today(row.value_on)
            row.next_try_at = None
            row.save(update_fields=["applied_at", "applied_on", "next_try_at"])
    return order_view(row)


def claim_outcomes(keys: Sequence[str]) -> tuple[Movement, ...]:
    """The outcomes of orders that are known and nobody took yet: they are the caller's now.

    For callers that apply many outcomes at once: in one transaction with what they write for them.
    """
    return rows.claim(keys, on=business_date())


def locked_outcomes(keys: Sequence[str]) -> tuple[Movement, ...]:
    """The outcomes that `claim_outcomes` would take, locked until the caller's transaction ends.

    For a caller that sees only later which of them it can apply, and claims those: the others are
    left to the job.
    """
    return rows.lock_known(keys)


def debit_batch(batch_key: str, requests: Sequence[OrderRequest]) -> list[OrderView]:
    """Place debits, send them to the core in one call, and keep what became of each.

    At most `MOST_IN_BATCH`, else `ValueError`. The same batch again returns the same results. A line that makes
    no sense, or a silent core, leaves orders unknown: the job resolves them one by one. Outcomes are
    not applied: take them with `claim_outcomes`, or the job hands them over. As `send_order`, not to
    be called within a transaction.
    """
    batches.require_size(requests)
    place_orders(requests)
    tries = rows.mark_many_sent([request.key for request in requests])
    if tries:
        _send_and_keep(batch_key, requests, tries)
    return rows.views(requests)


def _send_and_keep(batch_key: str, requests: Sequence[OrderRequest], tries: dict[str, int]) -> None:
    why, today = "no sensible line in the answer", _today(requests[0].on)
    try:
        outcomes = batches.send_batch(batch_key, requests, sent_on=today)
    except CoreUnavailable as silence:
        outcomes, why = {}, str(silence.values["why"])
    amounts = {request.key: request.amount for request in requests}
    rows.keep(
        [(moved, moved.state_of(amounts[key])) for key, moved in outcomes.items() if key in tries],
        on=today,
    )
    doubtful = [key for key in tries if key not in outcomes]
    if doubtful:
        log.warning("orders of a batch are unknown", batch=batch_key, orders=len(doubtful), why=why)
        rows.note_many_unknown(doubtful, why, look_at=_next_look(1))


def pursue_orders(*, limit: int = 500) -> int:
    """Send, ask for and apply what is due; returns how many orders reached their end.

    An order whose subject refuses its outcome is told and tried again later; it stops no other.
    """
    due = CoreOrder.objects.filter(next_try_at__lte=timezone.now()).order_by("next_try_at")
    ended = 0
    for key, tries in list(due.values_list("key", "tries")[:limit]):
        try:
            ended += send_order(key).is_final
        except CoreUnavailable as silence:
            log.warning("order still unknown", key=key, why=str(silence.values["why"]))
        except (OperationalError, InterfaceError):
            raise  # the database is gone: no order's own fault
        except Exception as error:  # one order's fault must not stop the others; it is reported
            log.error("outcome not applied", key=key, error=type(error).__name__, exc_info=True)
            CoreOrder.objects.filter(key=key).update(next_try_at=_next_look(tries + 1))
    return ended


def hold(*, key: str, account: str, amount: Decimal, memo: str, on: date) -> Movement:
    """Hold `amount` on an account, once per key. Raises `CoreUnavailable`."""
    return settle_now(OrderRequest(key, OrderKind.HOLD, account, amount, memo, on))


def release(
    *, key: str, hold_key: str, account: str, amount: Decimal, memo: str, on: date
) -> Movement:
    """Give back `amount` of what is held under `hold_key`. Raises `CoreUnavailable`."""
    return settle_now(
        OrderRequest(key, OrderKind.RELEASE, account, amount, memo, on, hold_key=hold_key)
    )


def settle_now(request: OrderRequest) -> Movement:
    """Have an order carried out and return its outcome, which the caller applies.

    The order may have been placed before, with a subject; else it is placed now. The same key again
    returns the kept outcome without asking the core. Raises `CoreUnavailable`, `OrderKeyReused`.
    """
    place_order(request)
    _ask(request.key)
    return order_view(CoreOrder.objects.get(key=request.key)).movement
