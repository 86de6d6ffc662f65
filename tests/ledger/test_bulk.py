"""Posting many entries at once: whole, once per key, in the caller's transaction."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction

from kuaidai.lending.ledger.domain.entries import Line, NewEntry, PostedCount
from kuaidai.lending.ledger.errors import KeyReused, Unbalanced, UnknownAccount
from kuaidai.lending.ledger.models import JournalEntry
from kuaidai.lending.ledger.operations import bulk, post, post_many
from kuaidai.lending.ledger.queries import entries_for, trial_balance, verify_ledger

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 2)


def paid(key: str, principal: str = "800.00", interest: str = "43.50", source="LN-1") -> NewEntry:
    total = Decimal(principal) + Decimal(interest)
    return NewEntry(
        key, ON, "Instalment\tpaid\\\n", "loan", source,
        (
            Line("1010", debit=total),
            Line("1310", credit=Decimal(principal)),
            Line("1320", credit=Decimal(interest)),
        ),
        "B001", "P1",
    )  # fmt: skip


def test_many_entries_are_posted_in_order_with_all_they_say() -> None:
    assert post_many(paid(f"k{n}", source=f"LN-{n}") for n in range(5)) == PostedCount(5, 0)

    [third] = entries_for(source_type="loan", source_id="LN-3")
    assert (third.key, third.description) == ("k3", "Instalment\tpaid\\\n")
    assert (third.branch, third.product_code, third.on) == ("B001", "P1", ON)
    assert [(p.account, str(p.debit), str(p.credit)) for p in third.postings] == [
        ("1010", "843.50", "0.00"),
        ("1310", "0.00", "800.00"),
        ("1320", "0.00", "43.50"),
    ]
    assert verify_ledger().is_intact


def test_what_was_posted_before_is_left_alone(monkeypatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 2)
    post_many([paid("k1"), paid("k2"), paid("k3")])

    again = post_many([paid("k4"), paid("k1"), paid("k2"), paid("k4")])

    assert again == PostedCount(1, 3)
    assert JournalEntry.objects.count() == 4


def test_single_and_bulk_posting_know_each_others_keys() -> None:
    post_many([paid("k1")])
    e = paid("k1")
    post(
        key="k1", on=ON, description="", source_type="loan", source_id="LN-1", lines=e.lines,
    )  # fmt: skip
    assert JournalEntry.objects.count() == 1


@pytest.mark.parametrize("same_call", [True, False])
def test_a_key_with_other_lines_posts_nothing(same_call: bool) -> None:
    if not same_call:
        post_many([paid("k1")])
    before = JournalEntry.objects.count()
    batch = [paid("k0"), paid("k1", interest="43.51")]
    with pytest.raises(KeyReused, match="k1"):
        post_many([*([paid("k1")] if same_call else []), *batch])
    assert JournalEntry.objects.count() == before


def test_wrong_entries_are_refused_before_anything_is_written() -> None:
    unbalanced = NewEntry("bad", ON, "", "loan", "x", (Line("1310", debit=Decimal(1)),))
    unknown = NewEntry("bad", ON, "", "loan", "x", (Line("1", debit=Decimal(1)),))
    for wrong, refusal in ((unbalanced, Unbalanced), (unknown, UnknownAccount)):
        with pytest.raises(refusal):
            post_many([paid("k1"), wrong])
    assert not JournalEntry.objects.exists()


def test_entries_without_lines_leave_no_trace() -> None:
    assert post_many([paid("k1", "0.00", "0.00")]) == PostedCount(0, 0)


def test_it_belongs_to_the_callers_transaction() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        post_many([paid("k1")])
        raise RuntimeError
    assert trial_balance().total_debit == 0
