"""Post to the journal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger.domain.chart import CHART
from kuaidai.lending.ledger.domain.entries import Line
from kuaidai.lending.ledger.errors import KeyReused, Unbalanced, UnknownAccount
from kuaidai.lending.ledger.models import JournalEntry, Posting


@transaction.atomic
def post(
    *,
    key: str,
    on: date,
    description: str,
    source_type: str,
    source_id: str,
    lines: Sequence[Line],
) -> None:
    """Post one entry, in the transaction of what caused it. The same `key` again posts nothing.

    Lines of zero are left out. Raises `Unbalanced`, `UnknownAccount`, or `KeyReused` when the key
    came with other lines; the database refuses an unbalanced entry on its own at commit.
    """
    wanted = [line for line in lines if line.debit or line.credit]
    debit = sum((line.debit for line in wanted), ZERO)
    credit = sum((line.credit for line in wanted), ZERO)
    if debit != credit:
        raise Unbalanced(value=key, debit=debit, credit=credit)
    for line in wanted:
        if line.account not in CHART:
            raise UnknownAccount(value=line.account)
    if not wanted:
        return
    before = JournalEntry.objects.filter(key=key).first()
    if before is not None:
        _require_same(before, wanted)
        return
    entry = JournalEntry.objects.create(
        key=key, on=on, description=description, source_type=source_type, source_id=source_id,
        line_count=len(wanted),
    )  # fmt: skip
    Posting.objects.bulk_create(
        [Posting(entry=entry, account=x.account, debit=x.debit, credit=x.credit) for x in wanted]
    )


def _require_same(before: JournalEntry, wanted: Sequence[Line]) -> None:
    posted = [Line(p.account, p.debit, p.credit) for p in before.postings.order_by("id")]
    if posted != list(wanted):
        raise KeyReused(value=before.key)
