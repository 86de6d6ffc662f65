"""What a night costs and leaves alone: a day closed again changes nothing, and age costs nothing."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.support.agreement import check_agreement
from tests.support.bank import SYSTEM
from tests.support.core import core
from tests.support.lines import OPENS, draw, open_line, spend

from kuaidai.foundation.operations import set_business_date
from kuaidai.foundation.queries import business_date
from kuaidai.kernel.calendars import add_months
from kuaidai.lending.servicing import operations, queries
from kuaidai.lending.servicing.models import Loan, LoanEvent

__all__ = ["core"]
pytestmark = pytest.mark.django_db
FIRST_DUE = date(2026, 7, 20)


def close():
    return operations.run_close_of_day(actor=SYSTEM, on=business_date())


def rows() -> dict[str, tuple[int, str]]:
    """Every row of the platform's tables, by where it stands and which transaction wrote it."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                "SELECT count(*), md5(string_agg(ctid::text || xmin::text, ',' ORDER BY ctid))"
                f' FROM "{table}"'
            )
            found[table] = cursor.fetchone()
    return found


def test_a_day_that_is_closed_again_writes_not_a_row(core) -> None:
    set_business_date(on=OPENS, actor=SYSTEM)
    for number in (10, 11, 12):
        draw(open_line(number), "20000.00", OPENS)
    spend(core, 11)
    set_business_date(on=FIRST_DUE, actor=SYSTEM)
    close()
    before = rows()

    again = operations.run_close_of_day(actor=SYSTEM, on=FIRST_DUE)

    assert again.already_closed
    after = rows()
    assert {table for table in before if before[table] != after[table]} == set()
    check_agreement()


def rows_read(table: str) -> int:
    """How many rows of a table this session's statements have read so far, by scan or by index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
            " WHERE relname = %s", [table],
        )  # fmt: skip
        return int(cursor.fetchone()[0])


def plan_as_for_millions(tables: tuple[str, ...]) -> None:
    """Let the planner, in this transaction, take the tables and their indexes for large: it would read
    tables this small whole, or by whatever index."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "UPDATE pg_class SET reltuples = 1e6, relpages = 1 WHERE relname = ANY(%(tables)s) OR oid IN"
            " (SELECT indexrelid FROM pg_index WHERE indrelid = ANY(%(tables)s::regclass[]))",
            {"tables": list(tables)},
        )


def test_a_night_reads_no_past_of_a_loan(core) -> None:
    """The close of a loan's eleventh due day reads as many rows of what went before as that of its second."""
    set_business_date(on=OPENS, actor=SYSTEM)
    draw(open_line(10), "60000.00", OPENS, months=12)
    read: dict[str, list[int]] = {}
    tables = ("servicing_loanevent", "servicing_repayment", "servicing_coreorder", "ledger_posting")
    plan_as_for_millions(tables)
    for month in range(11):
        set_business_date(on=add_months(FIRST_DUE, month), actor=SYSTEM)
        before = {table: rows_read(table) for table in tables}
        close()
        for table in tables:
            read.setdefault(table, []).append(rows_read(table) - before[table])
    assert LoanEvent.objects.count() == 11
    assert {table: len(set(counts[1:])) for table, counts in read.items()} == dict.fromkeys(
        tables, 1
    )
    assert max(read["servicing_loanevent"]) <= 1


def test_the_statements_of_a_night_and_of_a_loan_page_do_not_grow_with_age(core) -> None:
    set_business_date(on=OPENS, actor=SYSTEM)
    loan_id = draw(open_line(10, granted="60000.00"), "60000.00", OPENS, months=12).loan_id
    nights, pages = [], []
    for month in range(11):
        set_business_date(on=add_months(FIRST_DUE, month), actor=SYSTEM)
        with CaptureQueriesContext(connection) as of_night:
            close()
        operations.repay(
            loan_id=loan_id, amount=queries.state_of(Loan.objects.get(), business_date()).payoff / 100 // 1,
            key=f"early-{month}", on=business_date(), actor=SYSTEM,
        )  # fmt: skip
        with CaptureQueriesContext(connection) as of_page:
            queries.loan(loan_id)
        nights.append(len(of_night))
        pages.append(len(of_page))
    assert LoanEvent.objects.count() == 22
    assert max(pages) == min(pages) <= 12
    assert max(nights[1:]) <= nights[1]
    check_agreement()
