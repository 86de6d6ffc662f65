"""Days that close: balances rolled forward, nothing posted on them after, and what they must equal."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, connections, transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.queries import audit_trail
from kuaidai.lending.ledger.domain.entries import Line
from kuaidai.lending.ledger.errors import OutOfBalance
from kuaidai.lending.ledger.models import ClosedDay, GeneralLedgerDay
from kuaidai.lending.ledger.operations import close_ledger_day, post
from kuaidai.lending.ledger.queries import (
    balance_breaks,
    closed_through,
    general_ledger,
    trial_balance,
    verify_ledger,
)

pytestmark = pytest.mark.django_db
CLERK = Actor.system("test")
MONDAY, TUESDAY, THURSDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 5)


def lend(key: str, on: date, amount: str, branch="B001", product="P1") -> None:
    post(
        key=key, on=on, description="Loan paid out", source_type="loan", source_id=key,
        lines=[Line("1310", debit=Decimal(amount)), Line("1010", credit=Decimal(amount))],
        branch=branch, product_code=product,
    )  # fmt: skip


def close(on: date):
    return close_ledger_day(on=on, actor=CLERK)


def rows(on: date, **only) -> list[str]:
    return [
        f"{r.branch} {r.product_code} {r.account} {r.opening} {r.debit} {r.credit} {r.closing}"
        for r in general_ledger(on=on, **only).rows
    ]


def test_balances_roll_forward_by_branch_and_product() -> None:
    lend("a", MONDAY, "100.00")
    lend("b", MONDAY, "40.00", branch="B002")
    assert close(MONDAY).debit == Decimal("140.00")
    lend("c", TUESDAY, "5.00")

    opened = rows(TUESDAY)
    close(TUESDAY)

    assert rows(TUESDAY) == opened
    assert opened == [
        "B001 P1 1010 -100.00 0.00 5.00 -105.00",
        "B001 P1 1310 100.00 5.00 0.00 105.00",
        "B002 P1 1010 -40.00 0.00 0.00 -40.00",
        "B002 P1 1310 40.00 0.00 0.00 40.00",
    ]
    assert rows(MONDAY, branch="B002") == [
        "B002 P1 1010 0.00 0.00 40.00 -40.00",
        "B002 P1 1310 0.00 40.00 0.00 40.00",
    ]
    assert closed_through() == TUESDAY
    assert verify_ledger().is_intact


def test_the_trial_balance_is_the_same_whether_days_are_closed_or_not() -> None:
    lend("a", MONDAY, "100.00")
    lend("b", TUESDAY, "40.00", branch="B002", product="P2")
    lend("c", THURSDAY, "7.00")
    days = (MONDAY, TUESDAY, date(2026, 3, 4), THURSDAY)
    asked = [
        {"through": on, **only}
        for on in days
        for only in ({}, {"branch": "B002"}, {"product_code": "P1"}, {"branch": "B003"})
    ]
    before = [trial_balance(**only) for only in asked]

    close(TUESDAY)
    assert [trial_balance(**only) for only in asked] == before
    close(THURSDAY)
    assert [trial_balance(**only) for only in asked] == before
    assert trial_balance().total_debit == Decimal("147.00")


def test_earlier_open_days_are_closed_with_a_later_one() -> None:
    lend("a", MONDAY, "100.00")
    lend("b", TUESDAY, "40.00")
    report = close(THURSDAY)
    assert (report.entries, report.debit) == (0, Decimal("0.00"))
    assert list(ClosedDay.objects.order_by("on").values_list("on", flat=True)) == [
        MONDAY,
        TUESDAY,
        THURSDAY,
    ]
    [entry] = audit_trail(subject_type="ledger", subject_id=str(MONDAY))
    assert entry.action == "ledger.day_closed"


def test_closing_again_changes_nothing() -> None:
    lend("a", MONDAY, "100.00")
    first = close(MONDAY)
    again = close(MONDAY)
    assert (again.entries, again.debit, again.already_closed) == (1, first.debit, True)
    assert close(date(2026, 3, 1)).already_closed
    assert ClosedDay.objects.count() == 1


def test_a_closed_day_takes_no_entries() -> None:
    close(TUESDAY)
    for on in (MONDAY, TUESDAY):
        with pytest.raises(IntegrityError, match="closed through 2026-03-03"), transaction.atomic():
            lend("late", on, "1.00")
    lend("late", THURSDAY, "1.00")


def test_a_day_out_of_balance_is_not_closed() -> None:
    """No statement can bring this about; a table that was tampered with by its owner can."""
    lend("a", MONDAY, "100.00")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ledger_posting DISABLE TRIGGER USER")
        cursor.execute("UPDATE ledger_posting SET debit = 101 WHERE debit > 0")
        cursor.execute("ALTER TABLE ledger_posting ENABLE TRIGGER USER")
    with pytest.raises(OutOfBalance, match=r"B001, product P1 differs by 1\.00"):
        close(MONDAY)
    assert closed_through() is None
    kinds = [found.kind for found in verify_ledger().breaks]
    assert kinds == ["entry", "trial balance"]


def test_tampering_after_the_close_is_found() -> None:
    lend("a", MONDAY, "100.00")
    close(MONDAY)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ledger_posting DISABLE TRIGGER USER")
        cursor.execute("UPDATE ledger_posting SET debit = debit * 2, credit = credit * 2")
        cursor.execute("DELETE FROM ledger_posting WHERE line_no = 9")
        cursor.execute("ALTER TABLE ledger_posting ENABLE TRIGGER USER")
    found = verify_ledger().breaks
    assert [f.subject for f in found] == [
        "2026-03-02 B001 P1 1010",
        "2026-03-02 B001 P1 1310",
        "2026-03-02",
    ]


@pytest.mark.parametrize("table", ["ledger_closedday", "ledger_generalledgerday"])
@pytest.mark.parametrize(
    "statement", ["DELETE FROM {}", 'UPDATE {} SET "on" = "on"', "TRUNCATE {}"]
)
def test_closed_days_are_never_changed(table: str, statement: str) -> None:
    lend("a", MONDAY, "100.00")
    close(MONDAY)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement.format(table))


def test_a_sub_ledger_is_compared_by_branch_product_and_account() -> None:
    lend("a", MONDAY, "100.00")
    lend("b", MONDAY, "40.00", branch="B002")
    loans = {("B001", "P1", "1310"): Decimal("100.00"), ("B002", "P1", "1310"): Decimal("39.00")}
    [found] = balance_breaks(sub_ledger=loans, accounts=frozenset({"1310"}))
    assert (found.branch, found.difference) == ("B002", Decimal("1.00"))
    unknown = balance_breaks(sub_ledger={}, accounts=frozenset({"1310"}))
    assert [b.ledger for b in unknown] == [Decimal("100.00"), Decimal("40.00")]


@pytest.mark.django_db(transaction=True)
def test_a_day_is_closed_only_when_nobody_is_posting_on_it() -> None:
    done = threading.Event()

    def close_beside() -> None:
        try:
            close(MONDAY)
            done.set()
        finally:
            connections.close_all()

    other = threading.Thread(target=close_beside)
    with transaction.atomic():
        lend("a", MONDAY, "100.00")
        other.start()
        assert not done.wait(0.5)
    other.join(timeout=30)
    assert done.is_set()
    assert GeneralLedgerDay.objects.get(account="1310").closing == Decimal("100.00")
