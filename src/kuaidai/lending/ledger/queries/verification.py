"""Recompute the books from the journal's lines, and name what does not add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import Max, Min, Sum

from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger.domain import chart
from kuaidai.lending.ledger.domain.balances import Break, VerifyReport
from kuaidai.lending.ledger.models import ClosedDay, JournalEntry, Posting, UnmatchedMoney
from kuaidai.lending.ledger.queries.balances import trial_balance

MOST = 100
"""Breaks that a report names at the most."""
_BLOCK = 100_000

_WRONG_ENTRIES = """
SELECT entry.id, entry.line_count, count(line.line_no), coalesce(sum(line.debit - line.credit), 0),
    coalesce(sum(line.debit - line.credit) FILTER (WHERE line.account >= '9'), 0)
FROM ledger_journalentry AS entry LEFT JOIN ledger_posting AS line ON line.entry_id = entry.id
WHERE entry.id BETWEEN %(low)s AND %(high)s GROUP BY entry.id
HAVING count(line.line_no) <> entry.line_count
    OR coalesce(sum(line.debit - line.credit), 0) <> 0
    OR coalesce(sum(line.debit - line.credit) FILTER (WHERE line.account >= '9'), 0) <> 0
ORDER BY entry.id LIMIT %(most)s
"""
_STRAY_LINES = """
SELECT line.entry_id, line.line_no, line.account, entry.id IS NULL
FROM ledger_posting AS line LEFT JOIN ledger_journalentry AS entry ON entry.id = line.entry_id
WHERE line.entry_id BETWEEN %(low)s AND %(high)s
    AND (entry.id IS NULL OR NOT line.account = ANY(%(chart)s))
ORDER BY 1, 2 LIMIT %(most)s
"""
_UNCLOSED = """
SELECT entry."on", count(*) FROM ledger_journalentry AS entry
WHERE entry."on" <= (SELECT max("on") FROM ledger_closedday)
    AND NOT EXISTS (SELECT 1 FROM ledger_closedday AS day WHERE day."on" = entry."on")
GROUP BY 1 ORDER BY 1 LIMIT %(most)s
"""
_WRONG_ROWS = """
WITH wanted AS (
    SELECT branch, product_code, account, sum(opening) AS opening, sum(debit) AS debit,
        sum(credit) AS credit
    FROM (
        SELECT branch, product_code, account, closing AS opening, 0 AS debit, 0 AS credit
        FROM ledger_generalledgerday WHERE "on" = %(before)s
        UNION ALL
        SELECT entry.branch, entry.product_code, line.account, 0, line.debit, line.credit
        FROM ledger_journalentry AS entry JOIN ledger_posting AS line ON line.entry_id = entry.id
        WHERE entry."on" = %(on)s
    ) AS part GROUP BY 1, 2, 3
)
SELECT branch, product_code, account FROM wanted
FULL JOIN (SELECT * FROM ledger_generalledgerday WHERE "on" = %(on)s) AS kept
    USING (branch, product_code, account)
WHERE (wanted.opening, wanted.debit, wanted.credit, wanted.opening + wanted.debit - wanted.credit)
    IS DISTINCT FROM (kept.opening, kept.debit, kept.credit, kept.closing)
ORDER BY 1, 2, 3 LIMIT %(most)s
"""


def verify_ledger(*, progress: Callable[[int, int], None] | None = None) -> VerifyReport:
    """Recompute every entry, every closed day, the trial balance and the suspense account.

    Goes through the whole journal, a block of entries at a time; `progress` gets (done, all) in
    steps of its own.
    """
    found = tuple(islice(_breaks(progress), MOST))
    return VerifyReport(
        JournalEntry.objects.count(), Posting.objects.count(), ClosedDay.objects.count(), found
    )


def _breaks(progress: Callable[[int, int], None] | None) -> Iterator[Break]:
    blocks = list(_blocks())
    days = list(ClosedDay.objects.order_by("on"))
    steps = len(blocks) + len(days)
    for done, (low, high) in enumerate(blocks, start=1):
        yield from _wrong_entries(low, high)
        if progress is not None:
            progress(done, steps)
    for on, count in _rows(_UNCLOSED, {}):
        yield Break("day", str(on), f"{count} entries on a day that was passed over")
    before: date | None = None
    for done, day in enumerate(days, start=len(blocks) + 1):
        yield from _wrong_day(day, before)
        before = day.on
        if progress is not None:
            progress(done, steps)
    yield from _wrong_totals()


def _blocks() -> Iterator[tuple[int, int]]:
    """Ranges of entry numbers that cover entries and lines, those without an entry too."""
    entries = JournalEntry.objects.aggregate(low=Min("id"), high=Max("id"))
    lines = Posting.objects.aggregate(low=Min("entry_id"), high=Max("entry_id"))
    ends = [edge for part in (entries, lines) for edge in part.values() if edge is not None]
    if ends:
        for low in range(min(ends), max(ends) + 1, _BLOCK):
            yield low, low + _BLOCK - 1


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"most": MOST, **values})
        return list(cursor.fetchall())


def _wrong_entries(low: int, high: int) -> Iterator[Break]:
    edges = {"low": low, "high": high}
    for number, wanted, count, difference, memorandum in _rows(_WRONG_ENTRIES, edges):
        yield Break(
            "entry", str(number),
            f"{count} lines of {wanted}, difference {difference}, memoranda {memorandum}",
        )  # fmt: skip
    known = {**edges, "chart": list(chart.CHART)}
    for number, line_no, account, is_stray in _rows(_STRAY_LINES, known):
        why = "a line without an entry" if is_stray else f"unknown account {account}"
        yield Break("line", f"{number}/{line_no}", why)


def _wrong_day(day: ClosedDay, before: date | None) -> Iterator[Break]:
    edges = {"on": day.on, "before": before}
    for branch, product, account in _rows(_WRONG_ROWS, edges):
        yield Break("day", f"{day.on} {branch} {product} {account}", "differs from the journal")
    count = JournalEntry.objects.filter(on=day.on).count()
    lines = Posting.objects.filter(entry__on=day.on).aggregate(d=Sum("debit"), c=Sum("credit"))
    sums = (count, lines["d"] or ZERO, lines["c"] or ZERO)
    if sums != (day.entries, day.debit, day.credit):
        yield Break("day", str(day.on), "its totals differ from the journal")


def _wrong_totals() -> Iterator[Break]:
    balance = trial_balance()
    if not balance.is_balanced:
        yield Break(
            "trial balance", "all",
            f"difference {balance.difference}, memoranda {balance.memorandum_difference}",
        )  # fmt: skip
    held = UnmatchedMoney.objects.aggregate(t=Sum("remaining"))["t"] or ZERO
    booked = next(row.balance for row in balance.rows if row.account == chart.SUSPENSE)
    if held != booked:
        yield Break("control", chart.SUSPENSE, f"ledger {booked}, money in suspense {held}")
