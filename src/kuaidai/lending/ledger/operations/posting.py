"""Post one entry to the journal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from kuaidai.foundation import prepared
from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger.domain.chart import CHART
from kuaidai.lending.ledger.domain.entries import HEAD, Line, NewEntry
from kuaidai.lending.ledger.errors import KeyReused, Unbalanced, UnknownAccount
from kuaidai.lending.ledger.models import Posting

_INSERT = """
WITH entry AS (
    INSERT INTO ledger_journalentry
        (key, "on", branch, product_code, description, source_type, source_id, line_count)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (key) DO NOTHING RETURNING id
)
INSERT INTO ledger_posting (entry_id, line_no, account, debit, credit)
SELECT entry.id, line.* FROM entry,
    unnest(%s::smallint[], %s::text[], %s::numeric[], %s::numeric[]) AS line
"""


def posted_lines(entry: NewEntry) -> tuple[Line, ...]:
    """The lines of an entry that are not zero. Raises `Unbalanced`, `UnknownAccount`.

    The balance sheet and the memoranda must balance each for itself.
    """
    wanted = tuple(line for line in entry.lines if line.debit or line.credit)
    sums = {False: [ZERO, ZERO], True: [ZERO, ZERO]}
    for line in wanted:
        account = CHART.get(line.account)
        if account is None:
            raise UnknownAccount(value=line.account)
        book = sums[account.is_memorandum]
        book[0] += line.debit
        book[1] += line.credit
    for debit, credit in sums.values():
        if debit != credit:
            raise Unbalanced(value=entry.key, debit=debit, credit=credit)
    return wanted


@transaction.atomic(savepoint=False)
def post(
    *,
    key: str,
    on: date,
    description: str,
    source_type: str,
    source_id: str,
    lines: Sequence[Line],
    branch: str = HEAD,
    product_code: str = HEAD,
) -> None:
    """Post one entry, in the transaction of what caused it. The same `key` again posts nothing.

    Lines of zero are left out. Raises `Unbalanced`, `UnknownAccount`, or `KeyReused` when the key
    came with other lines. The database refuses an unbalanced entry on its own, and one on a day
    that the ledger is closed on (`IntegrityError`).
    """
    entry = NewEntry(
        key, on, description, source_type, source_id, tuple(lines), branch, product_code
    )
    wanted = posted_lines(entry)
    if not wanted:
        return
    values = [
        key, on, branch, product_code, description, source_type, source_id, len(wanted),
        list(range(1, len(wanted) + 1)), [line.account for line in wanted],
        [line.debit for line in wanted], [line.credit for line in wanted],
    ]  # fmt: skip
    if not prepared.execute(_INSERT, values):
        _require_same(key, wanted)


def _require_same(key: str, wanted: Sequence[Line]) -> None:
    rows = Posting.objects.filter(entry__key=key).order_by("line_no")
    if [Line(row.account, row.debit, row.credit) for row in rows] != list(wanted):
        raise KeyReused(value=key)
