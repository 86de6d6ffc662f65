"""The journal: balanced, append-only, once per key."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from kuaidai.lending.ledger.domain.entries import HEAD, Line
from kuaidai.lending.ledger.errors import KeyReused, Unbalanced, UnknownAccount, UnknownEntry
from kuaidai.lending.ledger.models import JournalEntry
from kuaidai.lending.ledger.operations import post
from kuaidai.lending.ledger.queries import (
    entries,
    entries_for,
    entry,
    latest_entries,
    trial_balance,
)

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 2)


def pay_out(key="one", amount="100.00", credit=None, **options):
    post(
        key=key,
        on=ON,
        description="Loan paid out",
        source_type="loan",
        source_id="LN-1",
        lines=[
            Line("1310", debit=Decimal(amount)),
            Line("1010", credit=Decimal(credit or amount)),
        ],
        **options,
    )


def test_an_entry_is_posted_and_found_by_its_source() -> None:
    pay_out()
    [posted] = entries_for(source_type="loan", source_id="LN-1")
    assert [(p.account, p.title_zh) for p in posted.postings] == [
        ("1310", "小微企业贷款"),
        ("1010", "核心系统清算款"),
    ]
    assert latest_entries(limit=1) == (posted,)


def test_the_trial_balance_adds_up_and_looks_back() -> None:
    pay_out("one", "100.00")
    pay_out("two", "0.05")
    balance = trial_balance()
    assert (str(balance.total_debit), str(balance.total_credit)) == ("100.05", "100.05")
    assert balance.difference == 0
    assert trial_balance(through=date(2026, 3, 1)).total_debit == 0


def test_the_same_key_posts_once() -> None:
    pay_out("one")
    pay_out("one")
    assert JournalEntry.objects.count() == 1


def test_lines_of_zero_and_empty_entries_leave_no_trace() -> None:
    pay_out(amount="0.00")
    assert not JournalEntry.objects.exists()


def test_an_unbalanced_entry_is_refused_with_both_sums() -> None:
    with pytest.raises(Unbalanced, match=r"100\.00.*99\.99"):
        pay_out(credit="99.99")


def test_an_unknown_account_is_named() -> None:
    with pytest.raises(UnknownAccount, match="9999"):
        post(
            key="k", on=ON, description="", source_type="loan", source_id="x",
            lines=[Line("9999", debit=Decimal(1)), Line("1010", credit=Decimal(1))],
        )  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_posting SET debit = 1",
        "DELETE FROM ledger_posting",
        "UPDATE ledger_journalentry SET description = 'other'",
        "DELETE FROM ledger_journalentry",
        "TRUNCATE ledger_posting",
        "TRUNCATE ledger_journalentry CASCADE",
    ],
)
def test_the_database_refuses_to_change_what_is_posted(statement: str) -> None:
    pay_out()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            cursor.execute(statement)


def test_a_key_is_never_reused_for_other_lines() -> None:
    pay_out("one", "100.00")
    with pytest.raises(KeyReused, match="one"):
        pay_out("one", "200.00")


def test_branch_and_product_stand_with_the_entry() -> None:
    pay_out("one")
    pay_out("two", branch="B001", product_code="P1")

    [two] = entries(branch="B001").entries
    assert (two.branch, two.product_code, two.key) == ("B001", "P1", "two")
    [one] = entries(branch=HEAD).entries
    assert one.product_code == HEAD
    assert entry(two.id) == two
    with pytest.raises(UnknownEntry):
        entry(10**30)


def test_entries_are_found_by_account_and_day_a_page_at_a_time() -> None:
    for key in ("one", "two", "three"):
        pay_out(key)

    first = entries(account="1310", on=ON, source_type="loan", source_id="LN-1", limit=2)
    assert [e.key for e in first.entries] == ["three", "two"]
    assert first.more
    last = entries(account="1310", limit=2, before=first.before)
    assert ([e.key for e in last.entries], last.more, last.before) == (["one"], False, None)
    assert entries(account="6700").entries == ()
    with pytest.raises(UnknownAccount, match="9999"):
        entries(account="9999")


def test_memoranda_balance_among_themselves() -> None:
    with pytest.raises(Unbalanced):
        post(
            key="k", on=ON, description="", source_type="loan", source_id="x",
            lines=[Line("9010", debit=Decimal(1)), Line("1010", credit=Decimal(1))],
        )  # fmt: skip
