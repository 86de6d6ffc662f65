"""Close the ledger on a day: sum it by branch, product and account, and let nothing more be posted."""

from __future__ import annotations

from datetime import date

from django.db import connection, transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit
from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger.domain.balances import ClosedLedgerDay
from kuaidai.lending.ledger.errors import OutOfBalance
from kuaidai.lending.ledger.models import ClosedDay

LEDGER_LOCK = 8_471_210
"""The advisory lock that whoever posts shares and whoever closes a day holds alone."""

_ROLL = """
INSERT INTO ledger_generalledgerday
    ("on", branch, product_code, account, opening, debit, credit, closing,
     debit_to_date, credit_to_date)
SELECT %(on)s, branch, product_code, account, sum(opening), sum(debit), sum(credit),
    sum(opening) + sum(debit) - sum(credit),
    sum(debit_before) + sum(debit), sum(credit_before) + sum(credit)
FROM (
    SELECT branch, product_code, account, closing AS opening, 0.00 AS debit, 0.00 AS credit,
        debit_to_date AS debit_before, credit_to_date AS credit_before
    FROM ledger_generalledgerday
    WHERE "on" = (SELECT max("on") FROM ledger_closedday WHERE "on" < %(on)s)
    UNION ALL
    SELECT entry.branch, entry.product_code, line.account, 0.00, sum(line.debit), sum(line.credit),
        0, 0
    FROM ledger_journalentry AS entry JOIN ledger_posting AS line ON line.entry_id = entry.id
    WHERE entry."on" = %(on)s GROUP BY 1, 2, 3
) AS part
GROUP BY branch, product_code, account
"""
_DIFFERENCE = """
SELECT branch, product_code, sum(debit - credit),
    coalesce(sum(debit - credit) FILTER (WHERE account >= '9'), 0)
FROM ledger_generalledgerday WHERE "on" = %(on)s GROUP BY branch, product_code
HAVING sum(debit - credit) <> 0
    OR coalesce(sum(debit - credit) FILTER (WHERE account >= '9'), 0) <> 0
ORDER BY branch, product_code LIMIT 1
"""
_TOTALS = """
SELECT (SELECT count(*) FROM ledger_journalentry WHERE "on" = %(on)s),
    coalesce(sum(debit), 0), coalesce(sum(credit), 0)
FROM ledger_generalledgerday WHERE "on" = %(on)s
"""
_OPEN_DAYS = """
SELECT DISTINCT "on" FROM ledger_journalentry
WHERE "on" < %(on)s AND "on" > coalesce((SELECT max("on") FROM ledger_closedday), '-infinity')
ORDER BY "on"
"""


@transaction.atomic
def close_ledger_day(*, on: date, actor: Actor) -> ClosedLedgerDay:
    """Close the ledger on `on`, and on any earlier day that has postings and is open.

    Waits for the transactions that are posting, and holds back new ones until its own ends: so it is
    called last, after the business date has moved on, and best in a transaction of its own (order
    of locks: business date, ledger, audit chain). A day that is closed already is left alone.
    Raises `OutOfBalance`, and then nothing is closed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LEDGER_LOCK])
    last = ClosedDay.objects.order_by("-on").first()
    if last is not None and last.on >= on:
        return _closed_before(on)
    for day in _open_days(on):
        _close(day, actor)
    return _close(on, actor)


def _closed_before(on: date) -> ClosedLedgerDay:
    row = ClosedDay.objects.filter(on=on).first()
    if row is None:  # a day without postings that was passed over
        return ClosedLedgerDay(on, 0, ZERO, ZERO, already_closed=True)
    return ClosedLedgerDay(on, row.entries, row.debit, row.credit, already_closed=True)


def _open_days(on: date) -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_DAYS, {"on": on})
        return [row[0] for row in cursor.fetchall()]


def _close(on: date, actor: Actor) -> ClosedLedgerDay:
    with connection.cursor() as cursor:
        cursor.execute(_ROLL, {"on": on})
        cursor.execute(_DIFFERENCE, {"on": on})
        if (wrong := cursor.fetchone()) is not None:
            branch, product, difference, memorandum = wrong
            raise OutOfBalance(
                value=on, branch=branch, product=product, difference=difference or memorandum
            )
        cursor.execute(_TOTALS, {"on": on})
        entries, debit, credit = cursor.fetchone()
    ClosedDay.objects.create(on=on, entries=entries, debit=debit, credit=credit)
    record_audit(
        actor=actor, action="ledger.day_closed", subject_type="ledger", subject_id=str(on), on=on,
        detail={"entries": entries, "debit": debit, "credit": credit},
    )  # fmt: skip
    return ClosedLedgerDay(on, entries, debit, credit)
