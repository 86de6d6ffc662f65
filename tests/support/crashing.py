"""Kill a run at each of its commits and calls to the bank core, in turn, and tell what the books hold.

A point is the moment before or after a commit, a writing statement outside any transaction, or a call to
the core. Within a transaction there is none: what a process that dies there wrote is rolled back.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from tests.support.core import Core

from kuaidai.lending.servicing.gateway import wire

_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|WITH|COPY)\b", re.IGNORECASE)


Books = dict[str, list[tuple[Any, ...]]]


class Killed(BaseException):
    """The process is gone: nothing in the code may catch it."""


class Points:
    """Counts the points a run passes, and kills it at the `kill_at`-th."""

    def __init__(self, kill_at: int | None = None) -> None:
        self.names: list[str] = []
        self._kill_at = kill_at

    def reach(self, name: str) -> None:
        """The run is at a point."""
        self.names.append(name)
        if len(self.names) == self._kill_at:
            raise Killed(name)


class Commits(Points):
    """Counts the commits that are to come, and kills the process before the `kill_at`-th: with `kill -9`."""

    def reach(self, name: str) -> None:
        """The run is at a point; calls to the core and what is after a commit do not count."""
        if not name.startswith("before ") or name.startswith(("before GET", "before POST")):
            return
        self.names.append(name)
        if len(self.names) == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def watched(points: Points) -> Iterator[None]:
    """Let what runs on this connection pass `points`."""
    depth, leave, call = len(connection.atomic_blocks), transaction.Atomic.__exit__, wire.call

    def commits(self: Any, kind: Any, value: Any, trace: Any) -> None:
        if kind is not None or len(connection.atomic_blocks) != depth + 1:
            leave(self, kind, value, trace)
            return
        try:
            points.reach("before a commit")
        except Killed as killed:
            leave(self, Killed, killed, killed.__traceback__)
            raise
        leave(self, None, None, None)
        points.reach("after a commit")

    def executes(execute: Any, sql: str, *rest: Any) -> Any:
        single = len(connection.atomic_blocks) == depth and _WRITES.match(str(sql))
        if single:
            points.reach(f"before {sql[:60]}")
        done = execute(sql, *rest)
        if single:
            points.reach(f"after {sql[:60]}")
        return done

    def calls(method: str, path: str, *rest: Any, **options: Any) -> Any:
        points.reach(f"before {method} {path}")
        answer = call(method, path, *rest, **options)
        points.reach(f"after {method} {path}")
        return answer

    transaction.Atomic.__exit__, wire.call = commits, calls
    try:
        with connection.execute_wrapper(executes):
            yield
    finally:
        transaction.Atomic.__exit__, wire.call = leave, call


@contextmanager
def undone(core: Core) -> Iterator[None]:
    """Undo in our database and at the core what the block does."""
    mark = transaction.savepoint()
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM servicing_loan_number")
        [number] = (
            cursor.fetchone()
        )  # no rollback undoes it, and it says in which chunk a loan goes
    with core_undone(core):
        try:
            yield
        finally:
            transaction.savepoint_rollback(mark)
            with connection.cursor() as cursor:
                cursor.execute("SELECT setval('servicing_loan_number', %s)", [number])
            wire.BREAKER.succeeded()


@contextmanager
def core_undone(core: Core) -> Iterator[None]:
    """Undo at the core what the block does."""
    kept = sqlite3.connect(":memory:")
    core.bank._database.backup(kept)
    try:
        yield
    finally:
        kept.backup(core.bank._database)
        kept.close()


def killed_everywhere(
    core: Core, run: Callable[[], object], resume: Callable[[], object] | None = None
) -> list[str]:
    """Kill `run` at each of its points and resume it; the end is that of a run nobody killed.

    Returns the names of the points.
    """
    whole = Points()
    with undone(core):
        with watched(whole):
            run()
        if resume is not None:
            resume()
        wanted = books(core)
    for number, name in enumerate(whole.names, start=1):
        with undone(core):
            died = False
            try:
                with watched(Points(number)):
                    run()
            except Killed:
                died = True
            assert died, f"{number} {name} was not reached again"
            (resume or run)()
            found = books(core)
            assert found == wanted, (number, name, _differing(wanted, found))
    return whole.names


def _differing(wanted: Books, found: Books) -> dict[str, tuple[list[Any], list[Any]]]:
    """What is missing and what is too much, by part."""
    return {
        part: (
            [row for row in wanted[part] if row not in found[part]],
            [row for row in found[part] if row not in wanted[part]],
        )
        for part in wanted
        if wanted[part] != found[part]
    }


_BOOKS = {
    "loans": """
        SELECT facility_id, start_on, principal, status, annual_rate, outstanding, balance, accrual_from, next_end_on,
               oldest_due_on, is_simple, accrues, interest_receivable, penalty_receivable,
               compound_receivable, fee_receivable, memorandum, snapshot::text, accrued_through,
               event_count, parked_on, parked_reason, c.closed_through
        FROM servicing_loan l JOIN servicing_loanchunk c ON c.id = l.chunk_id
            JOIN servicing_loanlife f ON f.loan_id = l.id ORDER BY 1, 2, 3""",
    "events": """
        SELECT l.facility_id, l.start_on, e.number, e.kind, e.on, e.booked_on, (e.told - 'key')::text, e.actor
        FROM servicing_loanevent e JOIN servicing_loan l ON l.id = e.loan_id ORDER BY 1, 2, 3""",
    "repayments": """
        SELECT l.facility_id, r.kind, r.amount, r.settled, r.status, r.requested_on, r.reason
        FROM servicing_repayment r JOIN servicing_loan l ON l.id = r.loan_id ORDER BY 1, 6, 2, 3""",
    "drawdowns": """
        SELECT facility_id, amount, status, requested_on, reason FROM servicing_drawdown
        ORDER BY 1, 4, 2""",
    "orders": """
        SELECT value_on, kind, amount, state, settled, value_on, booked_on, applied_at IS NULL,
               next_try_at IS NULL FROM servicing_coreorder ORDER BY 1, 2, 3, 5""",
    "lines": """
        SELECT id, status, granted, used, reserved, consumed, wanted FROM servicing_facility
        ORDER BY 1""",
    "parts": "SELECT facility_id, used, reserved, consumed FROM servicing_sublimit ORDER BY 1",
    "groups": "SELECT id, used, reserved FROM servicing_limitgroup ORDER BY 1",
    "reservations": "SELECT facility_id, key, amount, state FROM servicing_limitreservation ORDER BY 1, 2",
    "history": "SELECT facility_id, kind, \"on\", status_to FROM servicing_limitchange ORDER BY 1, id",
    "closes": "SELECT \"on\", loans, debited, overdue, parked::text, finished_at IS NULL"
              " FROM servicing_closeofday ORDER BY 1",
    "classes": "SELECT facility_id, start_on, risk_class, stage, allowance FROM servicing_loanrisk r"
               " JOIN servicing_loan l ON l.id = r.loan_id ORDER BY 1, 2, 4",
    "class changes": "SELECT \"on\", to_class, to_stage FROM servicing_classchange ORDER BY 1, 2, 3",
    "provisions": "SELECT \"on\", number, kind, charge, level FROM servicing_provisionmovement ORDER BY id",
    "ledger": """
        SELECT e.on, e.branch, e.product_code, p.account, sum(p.debit), sum(p.credit), count(*)
        FROM ledger_posting p JOIN ledger_journalentry e ON e.id = p.entry_id
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4""",
    "ledger days": "SELECT \"on\", entries, debit, credit FROM ledger_closedday ORDER BY 1",
    "business date": "SELECT \"on\" FROM foundation_businessdate",
    "audit": "SELECT action, count(*) FROM foundation_auditrecord GROUP BY 1 ORDER BY 1",
    "reconciled": "SELECT \"on\", matched, received, paid FROM servicing_reconciliationrun ORDER BY 1",
    "breaks": "SELECT kind, state FROM servicing_reconciliationbreak ORDER BY 1, 2",
}  # fmt: skip


def books(core: Core | None = None) -> Books:
    """All that the bank holds of money, numbers drawn at random and times left out."""
    found: Books = {}
    with connection.cursor() as cursor:
        for part, query in _BOOKS.items():
            cursor.execute(query)
            found[part] = cursor.fetchall()
    if core is not None:
        found["accounts"] = accounts(core)
    return found


def accounts(core: Core) -> list[tuple[Any, ...]]:
    """What every account at the core holds."""
    rows = core.bank._database.execute("select account_no, balance from account order by 1")
    return rows.fetchall()
