"""The outbox's table, many rows in one statement. Every change of state keeps to the transition table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from kuaidai.foundation.encryption import EncryptedTextField
from kuaidai.kernel.identifiers import mask
from kuaidai.lending.servicing.domain.core_orders import (
    FINAL,
    Movement,
    OrderRequest,
    OrderState,
    OrderView,
    leading_to,
)
from kuaidai.lending.servicing.models import CoreOrder

_INSERT = """
INSERT INTO servicing_coreorder
    (key, kind, account, amount, partial, memo, value_on, hold_key, subject_type, subject_id,
     next_try_at, state, settled, reason, reference, tries)
SELECT *, CASE WHEN o.subject_type <> '' THEN %s::timestamptz END, 'new', 0, '', '', 0
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]::numeric[], %s::boolean[], %s::text[],
            %s::text[]::date[], %s::text[], %s::text[], %s::text[])
    AS o(key, kind, account, amount, partial, memo, value_on, hold_key, subject_type, subject_id)
ON CONFLICT (key) DO NOTHING RETURNING key
"""
_MARK_SENT = """
UPDATE servicing_coreorder SET state = 'sent', tries = tries + 1
WHERE key = ANY(%s) AND state = ANY(%s) RETURNING
"""
_KEEP = """
UPDATE servicing_coreorder o
SET state = v.state, settled = v.settled, reason = v.reason, booked_on = v.booked_on,
    reference = v.reference, applied_at = CASE WHEN o.subject_type = '' THEN now() END,
    applied_on = CASE WHEN o.subject_type = '' THEN %s::date END
FROM unnest(%s::text[], %s::text[], %s::text[]::numeric[], %s::text[], %s::text[]::date[],
            %s::text[])
    AS v(key, state, settled, reason, booked_on, reference)
WHERE o.key = v.key AND o.state = ANY(%s) RETURNING o.key
"""
_UNKNOWN = """
UPDATE servicing_coreorder SET state = 'unknown', reason = %s,
    next_try_at = CASE WHEN subject_type <> '' THEN %s::timestamptz END
WHERE key = ANY(%s) AND state = ANY(%s)
"""
_CLAIM = """
UPDATE servicing_coreorder SET applied_at = now(), applied_on = %s, next_try_at = NULL
WHERE key = ANY(%s) AND state = ANY(%s) AND applied_at IS NULL
RETURNING key, settled, reason, booked_on, reference
"""
_LOCK_KNOWN = """
SELECT key, settled, reason, booked_on, reference FROM servicing_coreorder
WHERE key = ANY(%s) AND state = ANY(%s) AND applied_at IS NULL ORDER BY key FOR NO KEY UPDATE
"""
"""Amounts and days go as texts: arrays of them are several times quicker to write."""
_TO_SENT = [str(state) for state in leading_to(OrderState.SENT)]
_TO_UNKNOWN = [str(state) for state in leading_to(OrderState.UNKNOWN)]
_TO_FINAL = [str(state) for state in leading_to(OrderState.SETTLED)]
_SEALED = EncryptedTextField()


def insert(requests: Sequence[OrderRequest], *, look_at: datetime) -> set[str]:
    """Write the orders whose keys are new; returns those keys."""
    columns: list[list[Any]] = [
        [r.key for r in requests],
        [r.kind.value for r in requests],
        [_SEALED.get_prep_value(r.account) for r in requests],
        [str(r.amount) for r in requests],
        [r.partial for r in requests],
        [r.memo for r in requests],
        [r.on.isoformat() for r in requests],
        [r.hold_key for r in requests],
        [r.subject_type for r in requests],
        [r.subject_id for r in requests],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [look_at, *columns])
        return {key for (key,) in cursor.fetchall()}


def mark_sent(key: str) -> CoreOrder | None:
    """The order, marked as sent once more; None when its outcome is known."""
    return next(iter(CoreOrder.objects.raw(f"{_MARK_SENT} *", [[key], _TO_SENT])), None)


def mark_many_sent(keys: Sequence[str]) -> dict[str, int]:
    """The orders marked as sent once more, with how often; those whose outcome is known are left."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_MARK_SENT} key, tries", [list(keys), _TO_SENT])
        return dict(cursor.fetchall())


def keep(outcomes: Sequence[tuple[Movement, OrderState]], *, on: date) -> set[str]:
    """Keep outcomes of orders that had none; returns their keys. `on` is the bank's day."""
    moved = [movement for movement, _ in outcomes]
    columns: list[list[Any]] = [
        [m.key for m in moved],
        [state.value for _, state in outcomes],
        [str(m.settled) for m in moved],
        [m.reason for m in moved],
        [m.booked_on.isoformat() if m.booked_on else None for m in moved],
        [m.reference for m in moved],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [on, *columns, _TO_FINAL])
        return {key for (key,) in cursor.fetchall()}


def note_many_unknown(keys: Sequence[str], why: str, *, look_at: datetime) -> None:
    """Mark orders as unknown, to be looked at again at `look_at`."""
    with connection.cursor() as cursor:
        cursor.execute(_UNKNOWN, [why, look_at, list(keys), _TO_UNKNOWN])


def claim(keys: Sequence[str], *, on: date) -> tuple[Movement, ...]:
    """On the bank's day `on`, mark known outcomes as applied, once each; returns those marked now."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [on, list(keys), sorted(FINAL)])
        return tuple(Movement(*row) for row in cursor.fetchall())


def lock_known(keys: Sequence[str]) -> tuple[Movement, ...]:
    """The known outcomes that nobody took yet, locked until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_KNOWN, [list(keys), sorted(FINAL)])
        return tuple(Movement(*row) for row in cursor.fetchall())


def views(requests: Sequence[OrderRequest]) -> list[OrderView]:
    """The orders as they stand, in the order of `requests`."""
    names = ("state", "settled", "reason", "booked_on", "reference", "tries", "applied_at")
    stored = CoreOrder.objects.filter(key__in=[r.key for r in requests])
    found = {key: rest for key, *rest in stored.values_list("key", *names)}
    return [_view(request, *found[request.key]) for request in requests]


def _view(
    r: OrderRequest, state: str, settled: Decimal, reason: str, booked_on: date | None, reference: str,
    tries: int, applied_at: datetime | None,
) -> OrderView:  # fmt: skip
    return OrderView(
        r.key, r.kind, mask(r.account), r.amount, r.partial, r.on, OrderState(state), settled,
        reason, booked_on, reference, tries, r.subject_type, r.subject_id, applied_at is not None,
    )  # fmt: skip
