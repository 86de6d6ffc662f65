"""The console's books: balances by day and branch, entries, money in suspense."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from tests.support.bank import SYSTEM

from kuaidai.foundation.operations import register_staff, set_business_date
from kuaidai.lending.ledger.domain.entries import Line
from kuaidai.lending.ledger.operations import close_ledger_day, post, receive_unmatched
from kuaidai.lending.ledger.queries import entries, unmatched

pytestmark = pytest.mark.django_db
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
PASSWORD = "a-password-for-tests"


@pytest.fixture
def books(db) -> None:
    """1,000.00 lent in branch B001 on Monday, which is closed, and 7.00 in B002 on Tuesday."""
    set_business_date(on=TUESDAY, actor=SYSTEM)
    for key, on, branch, amount in (
        ("a", MONDAY, "B001", "1000.00"),
        ("b", TUESDAY, "B002", "7.00"),
    ):
        post(
            key=key, on=on, description="Loan paid out", source_type="loan", source_id=f"LN-{key}",
            lines=[Line("1310", debit=Decimal(amount)), Line("1010", credit=Decimal(amount))],
            branch=branch, product_code="P1",
        )  # fmt: skip
    close_ledger_day(on=MONDAY, actor=SYSTEM)


@pytest.fixture
def money(books):
    return receive_unmatched(
        reference="CORE-1", amount=Decimal("500.00"), payer="张三丰 6222020200112233",
        received_on=MONDAY, on=TUESDAY, actor=SYSTEM,
    )  # fmt: skip


@pytest.fixture
def sign_in(client, books):
    def signed_in(role: str):
        register_staff(username=role, role=role, password=PASSWORD, actor=SYSTEM, on=TUESDAY)
        client.post("/console/login/", {"username": role, "password": PASSWORD})
        client.cookies["django_language"] = "en"
        return client

    return signed_in


@pytest.fixture
def clerk(sign_in):
    return sign_in("operations")


def page(client, address: str) -> str:
    answer = client.get(f"/console/ledger/{address}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Closed through", "Off the balance sheet", "Allowance for loan losses")),
        ("zh-hans", ("已日结至", "表外科目", "贷款损失准备")),
    ],
)
def test_the_trial_balance_in_both_languages(clerk, language, words) -> None:
    clerk.cookies["django_language"] = language
    shown = page(clerk, "")
    for word in words:
        assert word in shown
    assert "1,007.00" in shown


def test_the_trial_balance_as_of_a_day_and_of_a_branch(clerk) -> None:
    assert "1,000.00" in page(clerk, "?on=2026-03-02")
    of_branch = page(clerk, "?branch=B002")
    assert "7.00" in of_branch
    assert "1,000.00" not in of_branch
    assert "Enter a valid date" in page(clerk, "?on=yesterday")


def test_the_general_ledger_of_a_closed_and_of_the_open_day(clerk) -> None:
    closed = page(clerk, "days/?on=2026-03-02")
    assert "Day closed" in closed
    assert "B001" in closed and "B002" not in closed
    today = page(clerk, "days/")
    assert "Day open" in today
    assert "B001" in today and "B002" in today
    assert "account=1310&amp;on=2026-03-03&amp;branch=B002" in today
    assert page(clerk, "days/?branch=B009&page=3")


def test_entries_lead_to_an_entry(clerk, monkeypatch) -> None:
    monkeypatch.setattr("kuaidai.interfaces.console.views.ledger.ENTRIES_SHOWN", 1)
    newest = page(clerk, "entries/")
    assert "LN-b" in newest and "LN-a" not in newest
    [last] = entries(source_type="loan", source_id="LN-b").entries
    assert f"before={last.id}" in newest
    older = page(clerk, f"entries/?before={last.id}")
    assert "LN-a" in older and "Older entries" not in older
    assert "No entry fits" in page(clerk, "entries/?account=6700&on=2026-03-02")
    assert "LN-a" in page(clerk, "entries/?source=LN-a&branch=B001&account=1310&before=x")

    one = page(clerk, f"entries/{last.id}/")
    assert "Loan paid out" in one and "7.00" in one
    assert clerk.get("/console/ledger/entries/999999999999999999999/").status_code == 404


def test_money_in_suspense_is_listed_and_its_return_booked(clerk, money) -> None:
    assert money.id in page(clerk, "suspense/")
    address = f"/console/ledger/suspense/{money.id}/"
    shown = page(clerk, f"suspense/{money.id}/")
    assert "张** ************2233" in shown and "6222" not in shown

    form = {"amount": "500.00", "reference": "CORE-9", "idempotency_key": "a-key-of-the-form"}
    for _ in range(2):  # the button pressed twice
        assert clerk.post(address, form).status_code == 302

    assert unmatched(money.id).remaining == 0
    after = page(clerk, f"suspense/{money.id}/")
    assert "CORE-9" in after and "Book the return" not in after
    assert "Nothing is in suspense" in page(clerk, "suspense/")


def test_a_wrong_return_changes_nothing_and_says_why(clerk, money) -> None:
    address = f"/console/ledger/suspense/{money.id}/"
    form = {"amount": "500.01", "reference": "CORE-9", "idempotency_key": "a-key-of-the-form"}
    answer = clerk.post(address, form)
    assert answer.status_code == 422
    assert "Only 500.00" in answer.content.decode()
    assert unmatched(money.id).remaining == Decimal(500)
    assert clerk.get("/console/ledger/suspense/UM-0/").status_code == 404


def test_only_operations_book_a_return(sign_in, money) -> None:
    manager = sign_in("account_manager")
    assert "Book the return" not in page(manager, f"suspense/{money.id}/")
    form = {"amount": "500.00", "reference": "CORE-9", "idempotency_key": "a-key-of-the-form"}
    assert manager.post(f"/console/ledger/suspense/{money.id}/", form).status_code == 403
    assert unmatched(money.id).remaining == Decimal(500)
