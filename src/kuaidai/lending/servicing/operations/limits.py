"""The limit account: lock it, reserve, then post or release; give back what is repaid.

Every movement changes group, line and sub-limit together, in the transaction of its caller and
under their row locks. The database refuses each level on its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone

from kuaidai.foundation import prepared
from kuaidai.foundation.actors import Actor
from kuaidai.foundation.errors import IdempotencyMismatch
from kuaidai.kernel.money import ZERO, money_text
from kuaidai.lending.servicing.domain.limit_account import Limit, LimitAccount
from kuaidai.lending.servicing.domain.states import ENDED, FacilityStatus
from kuaidai.lending.servicing.errors import (
    AboveAvailable,
    LineRedrawn,
    ProductNotInLine,
    UnknownFacility,
)
from kuaidai.lending.servicing.models import Facility, LimitChange, LimitReservation, SubLimit

_LOCK = """
SELECT f.id, f.group_id, s.id, s.product_code, f.status, f.opens_on, f.expires_on,
       least(f.approval_expires_on, s.approval_expires_on), s.months, s.revolving, f.wanted,
       g.granted, g.used, g.reserved,
       f.granted, f.used, f.reserved, f.consumed,
       s.granted, s.used, s.reserved, s.consumed
FROM servicing_facility f
JOIN servicing_limitgroup g ON g.id = f.group_id
JOIN servicing_sublimit s ON s.facility_id = f.id
    AND s.product_code = coalesce(%s, f.product_code)
WHERE f.id = %s
FOR NO KEY UPDATE OF g, f, s
"""
_MOVE = """
WITH of_group AS (
    UPDATE servicing_limitgroup
    SET used = used + %(used)s, reserved = reserved + %(reserved)s WHERE id = %(group)s
), of_part AS (
    UPDATE servicing_sublimit
    SET used = used + %(used)s, reserved = reserved + %(reserved)s, consumed = consumed + %(consumed)s
    WHERE id = %(part)s
)
UPDATE servicing_facility
SET used = used + %(used)s, reserved = reserved + %(reserved)s, consumed = consumed + %(consumed)s
WHERE id = %(line)s
"""
_CLAIM = """
INSERT INTO servicing_limitreservation (
    facility_id, key, request_hash, product_code, amount, subject_type, subject_id, state
) SELECT f.id, %s, %s, coalesce(%s, f.product_code), %s, %s, %s, 'reserved'
FROM servicing_facility f WHERE f.id = %s
ON CONFLICT (facility_id, key) DO NOTHING
"""


def lock_limits(*, facility_id: str, product_code: str | None = None) -> LimitAccount:
    """The account of a line for one product (default: the line's own), locked from the group down.

    Raises `UnknownFacility`, `ProductNotInLine`.
    """
    for _ in range(2):  # once more when the line moved to another group while we waited
        row = prepared.fetch_one(_LOCK, [product_code, facility_id])
        if row is not None:
            levels = (Limit(*row[11:14]), Limit(*row[14:18]), Limit(*row[18:]))
            return LimitAccount(*(*row[:11], *levels))
    known = SubLimit.objects.filter(facility_id=facility_id).order_by("product_code")
    codes = list(known.values_list("product_code", flat=True)[:50])
    if not codes:
        raise UnknownFacility(value=facility_id)
    raise ProductNotInLine(value=facility_id, product=product_code, known=", ".join(codes))


def claim(
    *, facility_id: str, product_code: str | None, key: str, request_hash: str, amount: Decimal,
    subject_type: str, subject_id: str,
) -> str | None:  # fmt: skip
    """Write the reservation of that key, or find it: None when it is new, else its subject's id.

    A second caller with the key waits until the first has ended. Taken before any lock, so it waits
    holding nothing. Raises `IdempotencyMismatch` when the key came with another request, and
    `UnknownFacility`.
    """
    values = [key, request_hash, product_code, amount, subject_type, subject_id, facility_id]
    if prepared.execute(_CLAIM, values):
        return None
    before = LimitReservation.objects.filter(facility_id=facility_id, key=key).first()
    if before is None:
        raise UnknownFacility(value=facility_id)
    if before.request_hash != request_hash:
        raise IdempotencyMismatch(key=key)
    return before.subject_id


def reserve(account: LimitAccount, amount: Decimal) -> None:
    """Take `amount` for something on its way. Raises `AboveAvailable`."""
    if amount > account.available:
        raise AboveAvailable(
            amount=money_text(amount), available=money_text(max(ZERO, account.available))
        )
    _move(account, reserved=amount)


def post(account: LimitAccount, *, subject_type: str, subject_id: str) -> None:
    """What was reserved for the subject is used now."""
    row = _settle(subject_type, subject_id, "posted")
    _move(account, reserved=-row.amount, used=row.amount)


def release(account: LimitAccount, *, subject_type: str, subject_id: str, on: date) -> None:
    """What was reserved for the subject may be drawn again."""
    row = _settle(subject_type, subject_id, "released")
    _move(account, reserved=-row.amount)
    _after_less(replace(account, line=_less(account.line, reserved=row.amount)), on)


def restore(account: LimitAccount, principal: Decimal, *, on: date, lost: Decimal = ZERO) -> None:
    """Principal came back: a revolving line may be drawn again, another is used up by as much.

    What of it was `lost` (waived or written off) uses up any line. A negative `principal` takes an
    earlier restoring back (a repayment was reversed). Raises `LineRedrawn` where the room is taken.
    """
    spent = lost if account.revolving else principal
    _require_room(account, -(principal - spent))
    _move(account, used=-principal, consumed=spent)
    left = _less(account.line, used=principal)
    _after_less(replace(account, line=replace(left, consumed=left.consumed + spent)), on)


def _require_room(account: LimitAccount, amount: Decimal) -> None:
    """Principal that is owed again needs room on the line, as a drawdown does."""
    if amount > account.available:
        raise LineRedrawn(
            value=account.facility_id, amount=money_text(amount),
            available=money_text(max(ZERO, account.available)),
        )  # fmt: skip


_RESTORE_MANY = """
WITH back AS (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::numeric[]) AS t(line, product, amount)
), part AS (
    UPDATE servicing_sublimit s
    SET used = s.used - b.amount,
        consumed = s.consumed + CASE WHEN s.revolving THEN 0 ELSE b.amount END
    FROM back b WHERE s.facility_id = b.line AND s.product_code = b.product
    RETURNING s.facility_id, b.amount, CASE WHEN s.revolving THEN 0 ELSE b.amount END AS spent
), of_line AS (
    SELECT facility_id, sum(amount) AS amount, sum(spent) AS spent FROM part GROUP BY facility_id
), line AS (
    UPDATE servicing_facility f SET used = f.used - x.amount, consumed = f.consumed + x.spent
    FROM of_line x WHERE f.id = x.facility_id
    RETURNING f.id, f.group_id, x.amount, f.wanted, f.status, f.used + f.reserved AS taken
), of_group AS (
    UPDATE servicing_limitgroup g SET used = g.used - x.amount
    FROM (SELECT group_id, sum(amount) AS amount FROM line GROUP BY group_id) x
    WHERE g.id = x.group_id
)
SELECT id FROM line WHERE wanted IS NOT NULL OR (status = ANY(%s) AND taken = 0)
"""


def restore_many(principal: Mapping[tuple[str, str], Decimal], *, on: date) -> None:
    """As `restore`, for the sums of many lines and products at once; the lines are locked already."""
    if not principal:
        return
    lines = [line for line, _ in principal]
    products = [product for _, product in principal]
    with connection.cursor() as cursor:
        ended = [str(status) for status in ENDED]
        cursor.execute(_RESTORE_MANY, [lines, products, list(principal.values()), ended])
        following = [row[0] for row in cursor.fetchall()]
    for facility_id in following:
        _after_less(lock_limits(facility_id=facility_id), on)


def _less(limit: Limit, *, used: Decimal = ZERO, reserved: Decimal = ZERO) -> Limit:
    return replace(limit, used=limit.used - used, reserved=limit.reserved - reserved)


def _settle(subject_type: str, subject_id: str, state: str) -> LimitReservation:
    row = LimitReservation.objects.select_for_update(no_key=True).get(
        subject_type=subject_type, subject_id=subject_id, state="reserved"
    )
    row.state = state
    row.save(update_fields=["state"])
    return row


def _move(
    account: LimitAccount,
    *,
    reserved: Decimal = ZERO,
    used: Decimal = ZERO,
    consumed: Decimal = ZERO,
) -> None:
    values: dict[str, Any] = {
        "reserved": reserved, "used": used, "consumed": consumed, "group": account.group_id,
        "line": account.facility_id, "part": account.sub_limit_id,
    }  # fmt: skip
    prepared.execute(_MOVE, values)


def _after_less(account: LimitAccount, on: date) -> None:
    """A cut that waited goes further; an ended line under which nothing is left is closed."""
    closes = account.status in ENDED and account.line.used + account.line.reserved == 0
    if account.wanted is None and not closes:
        return
    row = Facility.objects.get(id=account.facility_id)
    if row.wanted is not None and row.granted > account.line.taken:
        before = row.granted
        row.granted = max(row.wanted, account.line.taken)
        row.wanted = row.wanted if row.wanted < row.granted else None
        row.save(update_fields=["granted", "wanted"])
        write_change(row, kind="cut", before=(before, row.status), on=on, actor=SERVICING,
                     reason="An earlier cut takes effect as money comes back")  # fmt: skip
    if closes:
        close_ended(row, on=on)


def close_ended(row: Facility, *, on: date) -> None:
    """Close an ended line under which nothing is owed or on its way; `row` is locked."""
    before, row.status = row.status, FacilityStatus.CLOSED.value
    row.save(update_fields=["status"])
    write_change(row, kind="close", before=(row.granted, before), on=on, actor=SERVICING,
                 reason="Nothing is owed any more")  # fmt: skip


SERVICING = Actor.system("servicing")


def write_change(
    row: Facility, *, kind: str, before: tuple[Decimal, str], on: date, actor: Actor, reason: str
) -> None:
    """One line of the limit's history; `before` is the limit and the state it had."""
    LimitChange.objects.create(**change_values(row, kind, before, on, actor, reason))


def change_values(
    row: Facility, kind: str, before: tuple[Decimal, str], on: date, actor: Actor, reason: str
) -> dict[str, Any]:
    """The columns of a line of history."""
    return {
        "facility_id": row.id, "kind": kind, "on": on, "at": timezone.now(), "actor_kind": actor.kind,
        "actor_id": actor.id, "reason": reason, "granted_from": before[0], "granted_to": row.granted,
        "wanted": row.wanted, "status_from": before[1], "status_to": row.status,
        "approval_reference": row.approval_reference,
    }  # fmt: skip
