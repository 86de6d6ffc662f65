"""Money nobody could be found to credit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.queries import audit_trail
from kuaidai.lending.ledger import errors
from kuaidai.lending.ledger.domain.suspense import masked_payer
from kuaidai.lending.ledger.models import UnmatchedMoney
from kuaidai.lending.ledger.operations import apply_unmatched, receive_unmatched, return_unmatched
from kuaidai.lending.ledger.queries import (
    trial_balance,
    unmatched,
    unmatched_money,
    verify_ledger,
)

pytestmark = pytest.mark.django_db
CLERK = Actor("staff", "clerk", "clerk")
ON = date(2026, 3, 2)
PAYER = "张三丰 6222020200112233"


def receive(reference="CORE-1", amount="500.00", **options):
    given = {"payer": PAYER, "received_on": ON, "on": ON, "actor": CLERK, **options}
    return receive_unmatched(reference=reference, amount=Decimal(amount), **given)


def held() -> dict[str, Decimal]:
    rows = trial_balance().rows
    return {row.account: row.balance for row in rows if row.account in ("1010", "2240")}


def test_money_is_received_applied_in_part_and_the_rest_returned() -> None:
    money = receive()
    assert held() == {"1010": Decimal(500), "2240": Decimal(500)}

    common = {"unmatched_id": money.id, "on": ON, "actor": CLERK}
    apply_unmatched(amount=Decimal("320.00"), target="RP-1", key="k1", **common)
    left = return_unmatched(amount=Decimal("180.00"), reference="CORE-9", key="k2", **common)

    assert left.remaining == 0
    assert held() == {"1010": Decimal(0), "2240": Decimal(0)}
    assert [(u.kind, u.target) for u in unmatched(money.id).uses] == [
        ("returned", "CORE-9"),
        ("applied", "RP-1"),
    ]
    trail = audit_trail(subject_type="unmatched", subject_id=money.id)
    assert [entry.action for entry in trail] == [
        "unmatched.returned",
        "unmatched.applied",
        "unmatched.received",
    ]
    assert PAYER not in str([entry.detail for entry in trail])
    assert unmatched_money().total == 0
    assert verify_ledger().is_intact


def test_the_payer_is_kept_masked() -> None:
    assert receive().payer == "张** ************2233"
    assert masked_payer("李 12345") == "李* *2345"
    assert masked_payer("") == ""


def test_the_same_credit_is_received_once() -> None:
    assert receive() == receive()
    assert held()["2240"] == Decimal(500)
    with pytest.raises(errors.ReferenceReused, match=r"500\.00 on 2026-03-02"):
        receive(amount="501.00")


def test_the_same_request_again_changes_nothing() -> None:
    money = receive()
    options = {"unmatched_id": money.id, "key": "k1", "on": ON, "actor": CLERK}
    first = apply_unmatched(amount=Decimal(10), target="RP-1", **options)
    again = apply_unmatched(amount=Decimal(10), target="RP-1", **options)
    assert first == again
    with pytest.raises(errors.UseKeyReused):
        apply_unmatched(amount=Decimal(11), target="RP-1", **options)


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        ("500.01", errors.MoreThanRemains),
        ("0", errors.NothingToUse),
        ("-1", errors.NothingToUse),
        ("0.001", errors.NothingToUse),
    ],
)
def test_no_more_than_remains_can_be_taken(amount: str, refusal) -> None:
    money = receive()
    with pytest.raises(refusal):
        return_unmatched(
            unmatched_id=money.id,
            amount=Decimal(amount),
            reference="x",
            key="k",
            on=ON,
            actor=CLERK,
        )
    assert unmatched(money.id).remaining == Decimal(500)


def test_unknown_money_is_named() -> None:
    with pytest.raises(errors.UnknownUnmatched, match="UM-0"):
        unmatched("UM-0")
    with pytest.raises(errors.UnknownUnmatched, match="UM-0"):
        apply_unmatched(
            unmatched_id="UM-0", amount=Decimal(1), target="x", key="k", on=ON, actor=CLERK
        )


def test_what_waited_longest_comes_first_a_page_at_a_time(monkeypatch) -> None:
    monkeypatch.setattr("kuaidai.lending.ledger.queries.suspense.PER_PAGE", 2)
    for day in (5, 3, 4):
        receive(f"CORE-{day}", "10.00", received_on=date(2026, 3, day), branch=f"B00{day}")
    first, last = unmatched_money(), unmatched_money(page=9)
    assert [m.received_on.day for m in first.items] == [3, 4]
    assert [m.received_on.day for m in last.items] == [5]
    assert (last.page, last.pages, last.total, last.remaining) == (2, 2, 3, Decimal(30))
    assert unmatched_money(branch="B004").total == 1


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE ledger_unmatchedmoney SET remaining = -1", "between_nothing_and_all"),
        ("UPDATE ledger_unmatchedmoney SET remaining = 501", "between_nothing_and_all"),
        ("UPDATE ledger_unmatchedmoney SET remaining = 499", "but 499.00 remains"),
        ("DELETE FROM ledger_unmatchedmoney", "append-only"),
        ("DELETE FROM ledger_unmatcheduse", "append-only"),
        ("UPDATE ledger_unmatcheduse SET amount = 9", "append-only"),
        (
            'INSERT INTO ledger_unmatcheduse (key, money_id, kind, amount, target, "on", actor_id)'
            " SELECT 'x', money_id, 'applied', 1, '', \"on\", '' FROM ledger_unmatcheduse",
            "but 490.00 remains",
        ),
    ],
)
def test_the_database_keeps_what_remains_true(statement: str, why: str) -> None:
    money = receive()
    apply_unmatched(
        unmatched_id=money.id, amount=Decimal(10), target="x", key="k", on=ON, actor=CLERK
    )
    with (
        pytest.raises(IntegrityError, match=why),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)
    assert UnmatchedMoney.objects.get().remaining == Decimal(490)
