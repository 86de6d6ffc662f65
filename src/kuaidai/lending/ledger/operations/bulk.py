"""Post many entries at once, as the night does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from django.db import connection, transaction

from kuaidai.lending.ledger.domain.entries import Line, NewEntry, PostedCount
from kuaidai.lending.ledger.errors import KeyReused
from kuaidai.lending.ledger.models import JournalEntry, Posting
from kuaidai.lending.ledger.operations.posting import posted_lines

BATCH = 20_000
"""Entries per statement: bounds memory, and is beyond what a larger one would gain."""

_ENTRIES = """COPY ledger_journalentry (id, key, "on", branch, product_code, description,
    source_type, source_id, line_count) FROM STDIN"""
_POSTINGS = "COPY ledger_posting (entry_id, line_no, account, debit, credit) FROM STDIN"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

_Wanted = Mapping[str, tuple[NewEntry, tuple[Line, ...]]]


@transaction.atomic
def post_many(entries: Iterable[NewEntry]) -> PostedCount:
    """Post the entries, in the caller's transaction; those posted before are left as they are.

    As `post`, for any number: `entries` may be a generator and is taken a batch at a time. Raises
    `Unbalanced`, `UnknownAccount`, and `KeyReused` when a key was posted, or comes twice, with
    other lines; then nothing is posted. Two transactions that post the same new key at once end
    with an `IntegrityError` in one of them, which finds the key posted when it is run again.
    """
    posted = known = 0
    for batch in _batches(entries):
        wanted, again = _distinct(batch)
        before = _posted_before(wanted)
        new = [pair for key, pair in wanted.items() if key not in before]
        if new:
            _copy(new)
        posted += len(new)
        known += len(before) + again
    return PostedCount(posted, known)


def _batches(entries: Iterable[NewEntry]) -> Iterator[Sequence[NewEntry]]:
    left = iter(entries)
    while batch := list(islice(left, BATCH)):
        yield batch


def _distinct(
    batch: Sequence[NewEntry],
) -> tuple[dict[str, tuple[NewEntry, tuple[Line, ...]]], int]:
    """The entries that have lines, once per key, and how many came again."""
    wanted: dict[str, tuple[NewEntry, tuple[Line, ...]]] = {}
    again = 0
    for entry in batch:
        lines = posted_lines(entry)
        if not lines:
            continue
        if entry.key in wanted:
            if wanted[entry.key][1] != lines:
                raise KeyReused(value=entry.key)
            again += 1
            continue
        wanted[entry.key] = (entry, lines)
    return wanted, again


def _posted_before(wanted: _Wanted) -> set[str]:
    """The keys that are posted already, with the same lines. Raises `KeyReused`."""
    rows = JournalEntry.objects.filter(key__in=list(wanted)).values_list("id", "key")
    keys = dict(rows)
    if not keys:
        return set()
    posted: dict[str, list[Line]] = {key: [] for key in keys.values()}
    for row in Posting.objects.filter(entry_id__in=list(keys)).order_by("entry_id", "line_no"):
        posted[keys[row.entry_id]].append(Line(row.account, row.debit, row.credit))
    for key, lines in posted.items():
        if tuple(lines) != wanted[key][1]:
            raise KeyReused(value=key)
    return set(posted)


def _copy(new: Sequence[tuple[NewEntry, tuple[Line, ...]]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('ledger_journalentry', 'id'))"
            " FROM generate_series(1, %s)",
            [len(new)],
        )
        ids = [row[0] for row in cursor.fetchall()]
        with connection.wrap_database_errors, cursor.copy(_ENTRIES) as copy:
            copy.write("".join(map(_entry_row, ids, new)))
        with connection.wrap_database_errors, cursor.copy(_POSTINGS) as copy:
            copy.write("".join(map(_posting_rows, ids, new)))


def _entry_row(entry_id: int, pair: tuple[NewEntry, tuple[Line, ...]]) -> str:
    entry, lines = pair
    texts = (
        entry.key, entry.on.isoformat(), entry.branch, entry.product_code, entry.description,
        entry.source_type, entry.source_id,
    )  # fmt: skip
    fields = "\t".join(text.translate(_ESCAPES) for text in texts)
    return f"{entry_id}\t{fields}\t{len(lines)}\n"


def _posting_rows(entry_id: int, pair: tuple[NewEntry, tuple[Line, ...]]) -> str:
    return "".join(
        f"{entry_id}\t{number}\t{line.account}\t{line.debit}\t{line.credit}\n"
        for number, line in enumerate(pair[1], start=1)
    )
