"""The bank core's money: batches, holds, booking days and the statement of a day."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kuaidai.simulator.sandbox.bank_core import LENDER, LENDER_FUNDS, MOST_IN_STATEMENT, BankCore
from kuaidai.simulator.sandbox.exchange import Problem
from kuaidai.simulator.sandbox.orders import MOST_IN_BATCH, Order, amount_text

ON = date(2026, 11, 20)


@pytest.fixture
def bank(tmp_path: Path) -> BankCore:
    """Sixty firms with 1,000.00 each."""
    return BankCore(tmp_path / "bank.sqlite", [(f"A{n}", f"F{n}", 100_000) for n in range(1, 61)])


def line(key: str, account: str = "A1", amount: str = "10.00", **changes: Any) -> dict[str, Any]:
    body = {"key": key, "from_account": account, "amount": amount, "memo": "due"}
    return body | {"on": ON.isoformat(), "partial": False} | changes


def hold(key: str, amount: str, **changes: Any) -> Order:
    body = {"key": key, "account": "A1", "amount": amount, "on": ON.isoformat()} | changes
    return Order.read_hold(body, release="hold_key" in changes)


def debit(key: str, amount: str, **changes: Any) -> Order:
    return Order.read(line(key, amount=amount, **changes), debit=True)


def test_a_batch_settles_every_line_by_its_own_key(bank: BankCore) -> None:
    body = {
        "key": "B1",
        "orders": [
            line("d1"),
            line("d2", amount="990.01"),
            line("d3", amount="990.01", partial=True),
            line("d4", account="nobody"),
            line("d5", amount="-1"),
        ],
    }

    results = bank.debit_batch(body)["results"]

    told = [(r["key"], r["status"], r.get("settled_amount"), r["reason"]) for r in results]
    assert told == [
        ("d1", "settled", "10.00", ""),
        ("d2", "rejected", "0.00", "insufficient_funds"),
        ("d3", "settled", "990.00", ""),
        ("d4", "rejected", "0.00", "unknown_account"),
        ("d5", "rejected", None, "malformed-amount"),
    ]
    assert bank.accounts("F1")[0]["balance"] == "0.00"
    assert bank.outcome("d3") == results[2]


def test_a_batch_sent_again_gives_the_same_results_and_moves_nothing(bank: BankCore) -> None:
    body = {"key": "B1", "sent_on": "2026-11-20", "orders": [line("d1"), line("d2", "A2")]}
    first = bank.debit_batch(body)

    assert bank.debit_batch(body | {"sent_on": "2026-11-21"}) == first
    assert bank.batch_results("B1") == first
    assert bank.accounts("F1")[0]["balance"] == "990.00"
    with pytest.raises(Problem, match="another batch"):
        bank.debit_batch({"key": "B1", "orders": [line("d3")]})
    with pytest.raises(Problem, match="no batch"):
        bank.batch_results("B2")


def test_a_line_whose_key_was_used_alone_before_is_not_settled_again(bank: BankCore) -> None:
    alone = bank.move(debit("d1", "10.00"))
    same, other, twice, again = bank.debit_batch(
        {"key": "B1", "orders": [line("d1"), line("d1", amount="11.00"), line("d2"), line("d2")]}
    )["results"]
    assert same == alone
    assert (other["status"], other["reason"]) == ("refused", "key_reused")
    assert twice == again
    assert bank.accounts("F1")[0]["balance"] == "980.00"


@pytest.mark.parametrize("orders", [None, [], "all", ["d1"], [{}] * (MOST_IN_BATCH + 1)])
def test_batches_that_cannot_be_read_are_refused(bank: BankCore, orders: Any) -> None:
    with pytest.raises(Problem) as refused:
        bank.debit_batch({"key": "B1", "orders": orders})
    assert refused.value.status == 422


def test_five_thousand_debits_are_settled_well_under_a_second(bank: BankCore) -> None:
    lines = [line(f"d{n}", f"A{n % 60 + 1}", "1.00", partial=True) for n in range(5_000)]
    started = time.process_time()
    results = bank.debit_batch({"key": "B1", "orders": lines})["results"]
    assert time.process_time() - started < 1.0
    assert sum(Decimal(r["settled_amount"]) for r in results) == 5_000


def test_what_is_held_cannot_be_debited_until_it_is_released(bank: BankCore) -> None:
    assert bank.move(hold("h1", "900.00"))["status"] == "settled"
    assert bank.accounts("F1")[0] == {"account_no": "A1", "balance": "1000.00", "held": "900.00"}
    assert bank.move(debit("d1", "100.01"))["reason"] == "insufficient_funds"
    assert bank.move(hold("h2", "100.01"))["reason"] == "insufficient_funds"
    assert bank.move(debit("d2", "500.00", partial=True))["settled_amount"] == "100.00"

    assert bank.move(hold("r1", "400.00", hold_key="h1"))["status"] == "settled"
    assert bank.move(hold("r1", "400.00", hold_key="h1"))["status"] == "settled"
    assert bank.accounts("F1")[0]["held"] == "500.00"
    assert bank.move(hold("r2", "500.01", hold_key="h1"))["reason"] == "more_than_held"
    assert bank.move(hold("r3", "1.00", hold_key="h9"))["reason"] == "unknown_hold"
    assert bank.move(hold("r4", "1.00", hold_key="h1", account="A2"))["reason"] == "unknown_hold"
    assert bank.move(debit("d3", "400.00"))["status"] == "settled"
    assert [entry["key"] for entry in bank.entries("A1")] == ["d3", "d2"]


def test_an_order_that_comes_late_is_booked_on_the_day_it_was_sent(bank: BankCore) -> None:
    late = bank.move(debit("d1", "10.00", sent_on="2026-11-23"))
    again = bank.move(debit("d1", "10.00", sent_on="2026-11-24"))
    ahead = bank.move(debit("d2", "10.00", sent_on="2026-11-19"))
    refused = bank.move(debit("d3", "9999.00"))
    assert (late["booked_on"], again["booked_on"]) == ("2026-11-23", "2026-11-23")
    assert ahead["booked_on"] == "2026-11-20"
    assert refused["booked_on"] is None
    assert len({late["reference"], ahead["reference"], refused["reference"]}) == 3


def test_a_days_statement_foots_and_goes_on_page_by_page(bank: BankCore) -> None:
    days = [ON, date(2026, 11, 21)]
    count = MOST_IN_STATEMENT + 7
    for place, day in enumerate(days):
        for part in range(2):
            size = MOST_IN_BATCH if part == 0 else count - MOST_IN_BATCH
            key = f"{place}-{part}"
            orders = [
                line(f"{key}-{n}", f"A{n % 60 + 1}", "0.10", on=day.isoformat())
                for n in range(size)
            ]
            bank.debit_batch({"key": key, "orders": orders})

    first = bank.statement(LENDER, ON)
    second = bank.statement(LENDER, ON, after=first["next"])
    later = bank.statement(LENDER, days[1])

    assert (len(first["entries"]), len(second["entries"])) == (MOST_IN_STATEMENT, 7)
    assert (first["count"], second["next"]) == (count, None)
    assert first["opening"] == amount_text(LENDER_FUNDS)
    moved = Decimal(first["closing"]) - Decimal(first["opening"])
    assert moved == sum(Decimal(e["amount"]) for e in first["entries"] + second["entries"])
    assert later["opening"] == first["closing"] == second["closing"]
    assert first["entries"][0]["reference"] == bank.outcome("0-0-0")["reference"]
    with pytest.raises(Problem, match="no account"):
        bank.statement("nobody", ON)
