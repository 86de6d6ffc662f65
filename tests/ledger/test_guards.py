"""What the database refuses by itself, whichever way rows come in."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from kuaidai.lending.ledger.models import JournalEntry

pytestmark = pytest.mark.django_db(transaction=True)
ON = date(2026, 3, 2)
ENTRY = """INSERT INTO ledger_journalentry
    (id, key, "on", branch, product_code, description, source_type, source_id, line_count)
    SELECT 1000 + n, 'k' || n, '2026-03-02', 'HEAD', 'HEAD', '', 'loan', 'x', 2
    FROM generate_series(1, {}) AS n"""
LINES = "INSERT INTO ledger_posting (entry_id, line_no, account, debit, credit) VALUES "
GOOD = "(1001, 1, '1310', 5, 0), (1001, 2, '1010', 0, 5)"


def write(*statements: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_entry_and_lines_may_come_in_two_statements() -> None:
    write(ENTRY.format(1), LINES + GOOD)
    assert JournalEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("(1001, 1, '1310', 5, 0), (1001, 2, '1010', 0, 6)", "does not balance: -1"),
        ("(1001, 1, '9010', 5, 0), (1001, 2, '1010', 0, 5)", "does not balance: 0.00, memoranda 5"),
        ("(1001, 1, '1310', 5, 0)", "does not balance"),
        ("(1001, 1, '1310', 5, 0), (1001, 3, '1010', 0, 5)", "has lines 1 to 3"),
        ("(1001, 0, '1310', 5, 0), (1001, 1, '1010', 0, 5)", "has lines 0 to 1"),
        (
            "(1001, 1, '1310', 5, 0), (1001, 2, '1010', 0, 3), (1001, 3, '1010', 0, 2)",
            "has lines 1 to 3",
        ),
        ("(7, 1, '1310', 5, 0), (7, 2, '1010', 0, 5)", "no journal entry 7"),
        (GOOD + ", (1002, 1, '1310', 5, 0), (1002, 2, '1010', 0, 6)", "1002 does not balance"),
        ("(1001, 1, '1310', 5, 5), (1001, 2, '1010', 0, 5)", "one_positive_side"),
        ("(1001, 1, '1310', -5, 0), (1001, 2, '1010', 0, -5)", "one_positive_side"),
    ],
)
def test_wrong_lines_are_refused_at_once(lines: str, why: str) -> None:
    with pytest.raises(IntegrityError, match=why):
        write(ENTRY.format(2), LINES + lines)
    assert not JournalEntry.objects.exists()


def test_an_entry_without_lines_is_refused_at_commit() -> None:
    with pytest.raises(IntegrityError, match="1002 has no lines"):
        write(ENTRY.format(2), LINES + GOOD)


@pytest.mark.parametrize("lines", [GOOD, GOOD.replace("1, '", "3, '").replace("2, '", "4, '")])
def test_nothing_can_be_added_to_a_posted_entry(lines: str) -> None:
    write(ENTRY.format(1), LINES + GOOD)
    with pytest.raises(IntegrityError):
        write(LINES + lines)


def test_lines_in_two_statements_are_refused_even_if_they_would_balance() -> None:
    first, second = GOOD.split("), ")
    with pytest.raises(IntegrityError):
        write(ENTRY.format(1), LINES + first + ")", LINES + second)


@pytest.mark.parametrize("credit", ["5", "6"])
def test_copied_lines_are_checked_too(credit: str) -> None:
    def copy() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(ENTRY.format(2))
            columns = "(entry_id, line_no, account, debit, credit)"
            with (
                connection.wrap_database_errors,
                cursor.copy(f"COPY ledger_posting {columns} FROM STDIN") as rows,
            ):
                for entry in (1001, 1002):
                    rows.write(f"{entry}\t1\t1310\t5\t0\n{entry}\t2\t1010\t0\t{credit}\n")

    if credit == "5":
        copy()
    else:
        with pytest.raises(IntegrityError, match="does not balance"):
            copy()
    assert JournalEntry.objects.count() == (2 if credit == "5" else 0)


@pytest.mark.parametrize("column", ["branch", "product_code"])
def test_branch_and_product_are_never_empty(column: str) -> None:
    statement = ENTRY.format(1)
    at = {"branch": "'HEAD', 'HEAD'", "product_code": "'HEAD', 'HEAD'"}[column]
    empty = {"branch": "'', 'HEAD'", "product_code": "'HEAD', ''"}[column]
    with pytest.raises(IntegrityError, match="entry_has_branch_and_product"):
        write(statement.replace(at, empty), LINES + GOOD)


def test_checks_look_rows_up_by_index_whatever_the_statistics_say() -> None:
    """Statistics of a table that is being filled for the first time say that it is empty: a check
    that had been planned by them read the whole table for every entry."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE 'enable_seqscan=off' = ANY(proconfig) ORDER BY 1"
        )
        found = [row[0] for row in cursor.fetchall()]
    assert found == ["ledger_entry_complete", "ledger_postings_inserted"]
