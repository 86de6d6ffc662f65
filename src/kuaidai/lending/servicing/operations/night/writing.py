"""Write what the night did to a chunk's loans: a statement a table, however many loans there are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db import connection

from kuaidai.foundation.actors import Actor
from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger.domain.entries import NewEntry
from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.ledger.domain.rules import lines_of
from kuaidai.lending.ledger.operations import post_many, record_surplus
from kuaidai.lending.servicing.domain.events import Payment
from kuaidai.lending.servicing.domain.projecting import project
from kuaidai.lending.servicing.domain.running import RunningLoan
from kuaidai.lending.servicing.domain.snapshot import snapshot
from kuaidai.lending.servicing.models import Loan, LoanEvent
from kuaidai.lending.servicing.operations import limits
from kuaidai.lending.servicing.operations.night.work import Failed, Work
from kuaidai.lending.servicing.operations.projection import COLUMNS, event_row

Income = dict[tuple[str, str], dict[Movement, Decimal]]
"""Differences of totals by branch and product."""

_TYPES: Mapping[str, str] = {
    **COLUMNS, "accrued_through": "date", "event_count": "integer",
}  # fmt: skip
_UPDATE = """
WITH told AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS t(id text, snapshot jsonb, {columns})),
lives AS (
    UPDATE servicing_loanlife f SET snapshot = t.snapshot FROM told t WHERE f.loan_id = t.id)
UPDATE servicing_loan l SET {sets}, parked_reason = '', parked_on = NULL
FROM told t WHERE l.id = t.id
""".format(
    sets=", ".join(f"{name} = t.{name}" for name in _TYPES),
    columns=", ".join(f"{name} {kind}" for name, kind in _TYPES.items()),
)
"""Rows go as one JSON text: it holds the snapshots as they are, and is the quickest to write."""
_SETTLE = """
UPDATE servicing_repayment r SET status = t.status, settled = t.settled, reason = t.reason
FROM unnest(%s::text[], %s::text[], %s::numeric[], %s::text[]) AS t(id, status, settled, reason)
WHERE r.id = t.id AND r.status = 'pending'
"""
_PARK = """
UPDATE servicing_loan l SET parked_reason = t.reason, parked_on = coalesce(l.parked_on, %(on)s),
    accrued_through = CASE WHEN l.parked_on IS NULL THEN greatest(l.accrued_through, %(closed)s)
                           ELSE l.accrued_through END,
    interest_receivable = l.interest_receivable
        + CASE WHEN l.parked_on IS NULL AND l.is_simple AND l.accrued_through < %(closed)s THEN
              round(l.balance * l.annual_rate * greatest(%(closed)s - l.accrual_from, 0)
                    / nullif(l.year_days, 0), 2)
              - round(l.balance * l.annual_rate * greatest(l.accrued_through - l.accrual_from, 0)
                      / nullif(l.year_days, 0), 2)
          ELSE 0 END
FROM unnest(%(ids)s::text[], %(reasons)s::text[]) AS t(id, reason) WHERE l.id = t.id
"""
_SIMPLE = """
SELECT l.branch, l.product_code, count(*), sum(
    round(l.balance * l.annual_rate * (%(on)s - l.accrual_from) / l.year_days, 2)
    - round(l.balance * l.annual_rate
            * greatest(greatest(l.accrued_through, %(closed)s) - l.accrual_from, 0)
            / l.year_days, 2))
FROM servicing_loan l
WHERE l.chunk_id = %(chunk)s AND l.status = 'active' AND l.is_simple AND l.parked_on IS NULL
    AND l.next_end_on > %(on)s AND l.start_on <= %(on)s AND l.accrued_through < %(on)s
GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(slots=True)
class Written:
    """What a chunk's night came to."""

    loans: int = 0
    debits: int = 0
    debited: Decimal = ZERO
    parked: list[str] = field(default_factory=list)


def add_income(into: Income, key: tuple[str, str], more: Mapping[Movement, Decimal]) -> None:
    """Add differences to those of a branch and product."""
    sums = into[key]
    for movement, amount in more.items():
        sums[movement] = sums.get(movement, ZERO) + amount


def accrue_simple(chunk_id: int, closed_through: date, on: date, into: Income) -> int:
    """Interest of the loans to which nothing else happens; how many there are. One scan, no writes."""
    loans = 0
    with connection.cursor() as cursor:
        cursor.execute(_SIMPLE, {"chunk": chunk_id, "closed": closed_through, "on": on})
        for branch, product, count, interest in cursor.fetchall():
            loans += count
            add_income(into, (branch, product), {Movement.INTEREST_ACCRUED: interest})
    return loans


def write_works(works: Sequence[Work], on: date, actor: Actor, into: Income) -> Written:
    """Loans, events, repayments, lines and receipts of the loans that were run; income is collected."""
    written = Written(loans=len(works))
    for work in works:
        key = (work.row.branch, work.row.product_code)
        add_income(into, key, work.income)
        if work.repayment is not None and work.paid is not None:
            work.row.event_count += 1
            written.debits += 1
            written.debited += work.repayment.settled
    update_loans([(work.row, work.run) for work in works])
    _settle_repayments([work for work in works if work.repayment is not None])
    paid = [work for work in works if work.paid is not None]
    _record_events(paid, on, actor)
    limits.restore_many(_principal_back(paid), on=on)
    post_many(_receipts(paid, on))
    for work in paid:
        record_surplus(
            loan_id=work.row.id, number=work.row.event_count, branch=work.row.branch, on=on,
            change=work.receipt.get(Movement.UNMATCHED_RECEIVED, ZERO), actor_id=actor.id,
        )  # fmt: skip
    return written


def update_loans(pairs: Sequence[tuple[Loan, RunningLoan]]) -> None:
    """Write what running loans say into their rows, all in one statement."""
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, [json.dumps([_told(row, run) for row, run in pairs])])


def _told(row: Loan, run: RunningLoan) -> dict[str, object]:
    """A loan's columns as JSON holds them."""
    projected = project(run)
    told: dict[str, object] = {name: getattr(projected, name) for name in COLUMNS}
    for name, value in told.items():
        if isinstance(value, Decimal | date):
            told[name] = str(value)
    return told | {
        "id": row.id, "snapshot": snapshot(run), "accrued_through": str(run.at),
        "event_count": row.event_count,
    }  # fmt: skip


def _settle_repayments(works: Sequence[Work]) -> None:
    rows = [work.repayment for work in works if work.repayment is not None]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _SETTLE,
            [
                [row.id for row in rows], [row.status for row in rows],
                [row.settled for row in rows], [row.reason for row in rows],
            ],
        )  # fmt: skip


def _record_events(paid: Sequence[Work], on: date, actor: Actor) -> None:
    rows = []
    for work in paid:
        repayment = work.repayment
        if repayment is None:
            continue
        payment = Payment(repayment.id, on, repayment.settled)
        number = work.row.event_count
        rows.append(event_row(work.row, payment, number, on, actor, repayment=repayment))
    LoanEvent.objects.bulk_create(rows, batch_size=5000)


def _principal_back(paid: Sequence[Work]) -> dict[tuple[str, str], Decimal]:
    """Principal that came back, by line and product."""
    found: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for work in paid:
        if work.principal_back:
            found[(work.row.facility_id, work.row.product_code)] += work.principal_back
    return dict(found)


def _receipts(paid: Sequence[Work], on: date) -> Iterable[NewEntry]:
    for work in paid:
        row = work.row
        if work.repayment is not None:
            yield NewEntry(
                f"loan:{row.id}:{work.repayment.id}", on, "Repayment received", "loan", row.id,
                lines_of(work.receipt, product_code=row.product_code), row.branch,
                row.product_code,
            )  # fmt: skip


def post_income(chunk_id: int, on: date, income: Income) -> None:
    """One entry a branch and product for what the chunk's loans earned."""
    post_many(
        NewEntry(
            f"night:{on}:{chunk_id}:{branch}:{product}", on, "Income of the day", "night",
            f"{on}/{chunk_id}", lines_of(sums, product_code=product), branch, product,
        )
        for (branch, product), sums in sorted(income.items())
    )  # fmt: skip


def park(failed: Sequence[Failed], closed_through: date, on: date) -> None:
    """Put loans aside with the reason; their books stay where they were.

    What the nights since the last write accrued of them by the chunk is in the books already: from now
    on the row tells of it.
    """
    if not failed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _PARK,
            {
                "on": on, "closed": closed_through, "ids": [each.row.id for each in failed],
                "reasons": [each.why[:2000] for each in failed],
            },
        )  # fmt: skip
