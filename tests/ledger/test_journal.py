"""The journal: balanced, append-only, once per key."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from kuaidai.lending.ledger.domain.entries import Line
from kuaidai.lending.ledger.errors import KeyReused, Unbalanced, UnknownAccount
from kuaidai.lending.ledger.models import JournalEntry, Posting
from kuaidai.lending.ledger.operations import post
from kuaidai.lending.ledger.queries import entries_for, latest_entries, trial_balance

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 2)


def pay_out(key="one", amount="100.00", credit=None):
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
    )


def test_an_entry_is_posted_and_found_by_its_source() -> None:
    pay_out()
    [entry] = entries_for(source_type="loan", source_id="LN-1")
    assert [(p.account, p.title_zh) for p in entry.postings] == [
        ("1310", "小微企业贷款"),
        ("1010", "核心系统清算款"),
    ]
    assert latest_entries(limit=1) == (entry,)


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


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_an_unbalanced_entry_at_commit() -> None:
    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        entry = JournalEntry.objects.create(
            key="k", on=ON, source_type="loan", source_id="x", line_count=1
        )
        Posting.objects.create(entry=entry, account="1310", debit=Decimal(5), credit=Decimal(0))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_posting SET debit = 1",
        "DELETE FROM ledger_posting",
        "UPDATE ledger_journalentry SET description = 'other'",
        "DELETE FROM ledger_journalentry",
    ],
)
def test_the_database_refuses_to_change_what_is_posted(statement: str) -> None:
    pay_out()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)


def test_a_line_has_one_positive_side() -> None:
    with pytest.raises(IntegrityError, match="one_positive_side"), transaction.atomic():
        entry = JournalEntry.objects.create(
            key="k", on=ON, source_type="loan", source_id="x", line_count=1
        )
        Posting.objects.create(entry=entry, account="1310", debit=Decimal(-5), credit=Decimal(0))


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_lines_added_later_and_entries_without_lines() -> None:
    pay_out()
    [entry] = JournalEntry.objects.all()
    with pytest.raises(IntegrityError, match="has 4 lines, not 2"), transaction.atomic():
        for debit, credit in ((7, 0), (0, 7)):
            Posting.objects.create(
                entry=entry, account="1310", debit=Decimal(debit), credit=Decimal(credit)
            )
    with pytest.raises(IntegrityError, match="has 0 lines, not 2"), transaction.atomic():
        JournalEntry.objects.create(
            key="empty", on=ON, source_type="loan", source_id="x", line_count=2
        )
    assert trial_balance().total_debit == Decimal("100.00")


def test_a_key_is_never_reused_for_other_lines() -> None:
    pay_out("one", "100.00")
    with pytest.raises(KeyReused, match="one"):
        pay_out("one", "200.00")
