"""The limit account: lock it, reserve, then post or release; give back what is repaid.

Every movement changes group, line and sub-limit together, in the transaction of its caller and
under their row locks. The database refuses each level on its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone

from kuaidai.foundation import prepared
from kuaidai.foundation.actors import Actor
from kuaidai.foundation.errors import IdempotencyMismatch
from kuaidai.foundation.queries import TODAY
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

COLUMNS = """
       f.id, f.group_id, s.id, s.product_code, f.status, f.opens_on, f.expires_on,
       least(f.approval_expires_on, s.approval_expires_on), s.months, s.method, s.annual_rate,
       f.branch, s.revolving, f.wanted,
       g.granted, g.used, g.reserved,
       f.granted, f.used, f.reserved, f.consumed,
       s.granted, s.used, s.reserved, s.consumed
"""
"""What `account_of` makes an account of, first in the row, of a statement that ends in `LEVELS`."""
LEVELS = """
JOIN servicing_limitgroup g ON g.id = f.group_id
JOIN servicing_sublimit s ON s.facility_id = f.id AND s.product_code =
"""
"""The levels of the line `f`, for the product whose code follows."""
_LOCK = f"""
SELECT {COLUMNS} FROM servicing_facility f {LEVELS} coalesce(%s, f.product_code)
WHERE f.id = %s
FOR NO KEY UPDATE OF g, f, s
"""
_CLAIM = f"""
WITH claimed AS (
    INSERT INTO servicing_limitreservation (
        facility_id, key, request_hash, product_code, amount, subject_type, subject_id, state
    ) SELECT f.id, %(key)s, %(request_hash)s, coalesce(%(product_code)s, f.product_code),
        %(amount)s, %(subject_type)s, %(subject_id)s, 'reserved'
    FROM servicing_facility f WHERE f.id = %(facility_id)s
    ON CONFLICT (facility_id, key) DO NOTHING RETURNING facility_id, product_code
)
SELECT {COLUMNS}, {TODAY}
FROM claimed c JOIN servicing_facility f ON f.id = c.facility_id {LEVELS} c.product_code
FOR NO KEY UPDATE OF g, f, s
"""
_MOVES = """
WITH of_group AS (
    UPDATE servicing_limitgroup
    SET used = used + %(used)s, reserved = reserved + %(reserved)s WHERE id = %(group)s
), of_line AS (
    UPDATE servicing_facility
    SET used = used + %(used)s, reserved = reserved + %(reserved)s, consumed = consumed + %(consumed)s
    WHERE id = %(line)s
), of_part AS (
    UPDATE servicing_sublimit
    SET used = used + %(used)s, reserved = reserved + %(reserved)s, consumed = consumed + %(consumed)s
    WHERE id = %(part)s
)
"""
_SETTLE = """
WITH settled AS (
    UPDATE servicing_limitreservation SET state = %(state)s
    WHERE subject_type = %(subject_type)s AND subject_id = %(subject_id)s AND state = 'reserved'
    RETURNING amount, CASE WHEN %(state)s = 'posted' THEN amount ELSE 0 END AS posted
), of_group AS (
    UPDATE servicing_limitgroup SET used = used + posted, reserved = reserved - amount
    FROM settled WHERE id = %(group)s
), of_line AS (
    UPDATE servicing_facility SET used = used + posted, reserved = reserved - amount
    FROM settled WHERE id = %(line)s
), of_part AS (
    UPDATE servicing_sublimit SET used = used + posted, reserved = reserved - amount
    FROM settled WHERE id = %(part)s
)
SELECT amount FROM settled
"""


@dataclass(frozen=True)
class Claim:
    """What became of a claim: the subject that the key is for, and the account, locked for it.

    There is no account when the key was claimed before, by whom `subject_id` tells. `today` is the
    business date where it came along, else None.
    """

    subject_id: str
    account: LimitAccount | None
    today: date | None = None


def lock_limits(*, facility_id: str, product_code: str | None = None) -> LimitAccount:
    """The account of a line for one product (default: the line's own), locked from the group down.

    Raises `UnknownFacility`, `ProductNotInLine`.
    """
    for _ in range(2):  # once more when the line moved to another group while we waited
        row = prepared.fetch_one(_LOCK, [product_code, facility_id])
        if row is not None:
            return account_of(row)
    known = SubLimit.objects.filter(facility_id=facility_id).order_by("product_code")
    codes = list(known.values_list("product_code", flat=True)[:50])
    if not codes:
        raise UnknownFacility(value=facility_id)
    raise ProductNotInLine(value=facility_id, product=product_code, known=", ".join(codes))


def account_of(row: tuple[Any, ...]) -> LimitAccount:
    """The account of a row that begins with `COLUMNS`."""
    levels = (Limit(*row[14:17]), Limit(*row[17:21]), Limit(*row[21:25]))
    return LimitAccount(*(*row[:14], *levels))


def claim(
    *, facility_id: str, product_code: str | None, key: str, request_hash: str, amount: Decimal,
    subject_type: str, subject_id: str,
) -> Claim:  # fmt: skip
    """Write the reservation of that key and lock the account for it, or find it written before.

    One statement does both, the key first: a second caller with the key waits until the first has
    ended, and holds nothing while it waits. Raises `IdempotencyMismatch` when the key came with
    another request, `UnknownFacility`, and `ProductNotInLine`.
    """
    values = {
        "facility_id": facility_id, "product_code": product_code, "key": key, "amount": amount,
        "request_hash": request_hash, "subject_type": subject_type, "subject_id": subject_id,
    }  # fmt: skip
    row = prepared.fetch_one(_CLAIM, values)
    if row is not None:
        return Claim(subject_id, account_of(row), row[-1])
    found = LimitReservation.objects.filter(facility_id=facility_id, key=key).first()
    if found is None:
        raise UnknownFacility(value=facility_id)
    if found.subject_id == subject_id:  # ours: the line has no such part, or has moved meanwhile
        account = lock_limits(facility_id=facility_id, product_code=product_code)
        return Claim(subject_id, account)
    if found.request_hash != request_hash:
        raise IdempotencyMismatch(key=key)
    return Claim(found.subject_id, None)


def reserve(
    account: LimitAccount, amount: Decimal, *, writing: str, values: Mapping[str, Any]
) -> None:
    """Take `amount` for something on its way. Raises `AboveAvailable`.

    `writing` is the statement, with its `values`, that writes the thing: it goes along in one round
    trip, which is half of what it costs.
    """
    if amount > account.available:
        raise AboveAvailable(
            amount=money_text(amount), available=money_text(max(ZERO, account.available))
        )
    prepared.execute(_MOVES + writing, {**values, **_movement(account, reserved=amount)})


def post(account: LimitAccount, *, subject_type: str, subject_id: str) -> None:
    """What was reserved for the subject is used now."""
    _settle(account, subject_type, subject_id, "posted")


def release(account: LimitAccount, *, subject_type: str, subject_id: str, on: date) -> None:
    """What was reserved for the subject may be drawn again."""
    amount = _settle(account, subject_type, subject_id, "released")
    _after_less(replace(account, line=_less(account.line, reserved=amount)), on)


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


def _settle(account: LimitAccount, subject_type: str, subject_id: str, state: str) -> Decimal:
    """End the reservation and move what it held; how much that was."""
    values = {
        "state": state, "subject_type": subject_type, "subject_id": subject_id, **_levels(account)
    }  # fmt: skip
    row = prepared.fetch_one(_SETTLE, values)
    if row is None:
        raise LimitReservation.DoesNotExist(f"nothing is reserved for {subject_type} {subject_id}")
    amount: Decimal = row[0]
    return amount


def _move(account: LimitAccount, *, used: Decimal, consumed: Decimal) -> None:
    prepared.execute(f"{_MOVES} SELECT", _movement(account, used=used, consumed=consumed))


def _movement(
    account: LimitAccount,
    *,
    reserved: Decimal = ZERO,
    used: Decimal = ZERO,
    consumed: Decimal = ZERO,
) -> dict[str, Any]:
    return {"reserved": reserved, "used": used, "consumed": consumed, **_levels(account)}


def _levels(account: LimitAccount) -> dict[str, Any]:
    return {
        "group": account.group_id, "line": account.facility_id, "part": account.sub_limit_id,
    }  # fmt: skip


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
