"""Batches of debits: one call, each order with its own key, nonsense in one line kept to that line."""

import time
from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone
from tests.support.bank import SYSTEM
from tests.support.core import KEY, core

from kuaidai.foundation.operations import set_business_date
from kuaidai.lending.servicing import gateway
from kuaidai.lending.servicing.domain.core_orders import OrderKind, OrderRequest
from kuaidai.lending.servicing.errors import CoreUnavailable
from kuaidai.lending.servicing.gateway import batches, subjects
from kuaidai.lending.servicing.models import CoreOrder
from kuaidai.simulator.sandbox.bank_core import LENDER

__all__ = ["KEY", "core"]
pytestmark = pytest.mark.django_db
ON = date(2026, 7, 1)


def orders(count=3, *, amount="100.00", subject="") -> list[OrderRequest]:
    """Debits of firms that hold 1,000.00 each."""
    return [
        OrderRequest(
            f"EOD-{n}", OrderKind.DEBIT, f"62220000{n % 50 + 10:08d}", Decimal(amount), "due", ON,
            partial=True, subject_type=subject, subject_id=f"LN-{n}" if subject else "",
        )
        for n in range(count)
    ]  # fmt: skip


def states() -> dict[str, str]:
    return dict(CoreOrder.objects.order_by("key").values_list("key", "state"))


def received(core) -> Decimal:
    return sum((Decimal(entry["amount"]) for entry in core.bank.entries(LENDER)), Decimal(0))


def test_a_batch_settles_in_whole_in_part_or_not_at_all(core) -> None:
    wanted = [
        *orders(1),
        OrderRequest("P", OrderKind.DEBIT, "6222000000000030", Decimal(1500), "", ON, partial=True),
        OrderRequest("R", OrderKind.DEBIT, "6222000000000031", Decimal(1500), "", ON),
    ]
    views = gateway.debit_batch("B-1", wanted)
    assert [(view.key, view.state, str(view.settled)) for view in views] == [
        ("EOD-0", "settled", "100.00"),
        ("P", "partly_settled", "1000.00"),
        ("R", "rejected", "0.00"),
    ]
    assert (views[0].booked_on, views[2].reason) == (ON, "insufficient_funds")


def test_the_same_batch_again_asks_nothing_and_returns_the_same(core) -> None:
    first = gateway.debit_batch("B-1", orders())
    core.fault("down")
    assert gateway.debit_batch("B-1", orders()) == first
    assert received(core) == 300


def test_a_batch_whose_process_died_before_it_heard_is_sent_again(core, monkeypatch) -> None:
    real = gateway.rows.keep
    monkeypatch.setattr(gateway.rows, "keep", lambda outcomes, on: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        gateway.debit_batch("B-1", orders())
    assert set(states().values()) == {"sent"}
    monkeypatch.setattr(gateway.rows, "keep", real)

    views = gateway.debit_batch("B-1", orders())

    assert {view.state for view in views} == {"settled"}
    assert received(core) == 300


@pytest.mark.parametrize("mode", ["wrong_key", "wrong_amount", "negative", "wrong_status"])
def test_nonsense_in_one_line_leaves_only_that_order_unknown(core, monkeypatch, mode) -> None:
    monkeypatch.setattr(subjects, "_TAKERS", {})
    taken = []
    gateway.takes_outcomes_of("repayment")(lambda view: taken.append(view.key))
    core.fault(mode)
    views = gateway.debit_batch("B-1", orders(subject="repayment"))
    assert [view.state for view in views] == ["settled", "settled", "unknown"]

    core.fault("ok")
    CoreOrder.objects.update(next_try_at=timezone.now())
    assert gateway.pursue_orders() == 3
    assert set(states().values()) == {"settled"}
    assert (sorted(taken), received(core)) == (["EOD-0", "EOD-1", "EOD-2"], 300)


@pytest.mark.parametrize(
    "mode", ["lost", "crashed", "silent", "malformed", "down", "never", "slow"]
)
def test_a_batch_without_an_answer_is_unknown_and_then_found(core, monkeypatch, mode) -> None:
    monkeypatch.setattr(batches, "TIMEOUT_S", 0.4)
    core.fault(mode, seconds=0.6)
    views = gateway.debit_batch("B-1", orders())
    assert {view.state for view in views} == {"unknown"}

    core.fault("ok")
    again = gateway.debit_batch("B-1", orders())

    assert {view.state for view in again} == {"settled"}
    assert {view.tries for view in again} == {2}
    assert received(core) == 300


def test_a_batch_that_arrives_twice_moves_money_once(core) -> None:
    core.fault("twice")
    assert {view.state for view in gateway.debit_batch("B-1", orders())} == {"settled"}
    assert received(core) == 300


def test_results_of_a_batch_that_was_only_accepted_are_fetched(core, monkeypatch) -> None:
    core.fault("deferred", seconds=0.3)
    assert {view.state for view in gateway.debit_batch("B-1", orders())} == {"settled"}
    monkeypatch.setattr(batches, "LONGEST_WAIT_S", 0.1)
    core.fault("deferred", seconds=20)
    late = [
        OrderRequest("L", OrderKind.DEBIT, "6222000000000040", Decimal(5), "", ON, partial=True)
    ]
    assert gateway.debit_batch("B-2", late)[0].state == "unknown"


def test_batches_of_a_night_share_one_time_to_wait(core) -> None:
    core.fault("deferred", seconds=120)
    began = time.monotonic()
    with gateway.waiting_at_most(1.0):
        for order in orders(4):
            assert gateway.debit_batch(f"B-{order.key}", [order])[0].state == "unknown"
        assert gateway.patience().left_s == 0
    assert time.monotonic() - began < 20  # not four times two minutes

    core.fault("ok")
    assert {view.state for view in gateway.debit_batch("B-all", orders(4))} == {"settled"}
    assert received(core) == 400


def test_silence_is_waiting_too(core, monkeypatch) -> None:
    monkeypatch.setattr(batches, "TIMEOUT_S", 600.0)
    core.fault("never", seconds=120)
    with gateway.waiting_at_most(0.5):
        assert gateway.debit_batch("B-1", orders(1))[0].state == "unknown"
        assert gateway.patience().left_s == 0


def test_a_batch_key_used_for_other_orders_leaves_them_unknown(core) -> None:
    gateway.debit_batch("B-1", orders(1))
    views = gateway.debit_batch("B-1", orders(2))
    assert [view.state for view in views] == ["settled", "unknown"]
    assert received(core) == 100


def test_a_line_told_twice_in_different_words_is_believed_in_neither() -> None:
    [wanted] = orders(1)
    told = {"key": "EOD-0", "status": "settled", "amount": "100.00", "booked_on": "2026-07-01"}
    lines = [told | {"settled_amount": "100.00"}, told | {"settled_amount": "40.00"}]
    assert batches._outcomes(lines, [wanted]) == {}
    assert batches._outcomes([*lines[:1], None, "x", {"key": []}], [wanted])["EOD-0"].is_settled


@pytest.mark.parametrize("count", [0, batches.MOST_IN_BATCH + 1])
def test_a_batch_has_a_size(core, count) -> None:
    with pytest.raises(ValueError, match="5000"):
        gateway.debit_batch("B-1", orders(1) * count)
    assert states() == {}


def test_five_thousand_orders_go_in_one_call(core) -> None:
    set_business_date(on=ON, actor=SYSTEM)
    views = gateway.debit_batch("B-1", orders(5_000, amount="0.10"))
    assert len(views) == 5_000
    assert {view.state for view in views} == {"settled"}
    moved = gateway.claim_outcomes([view.key for view in views])
    assert moved == ()  # without a subject they are their caller's from the start
    assert received(core) == Decimal("50.00")  # the newest 500 of the core's entries


def test_the_core_is_asked_no_more_than_it_bears(core) -> None:
    core.fault("down")
    for number in range(12):
        gateway.debit_batch(f"B-{number}", orders(1))
    with pytest.raises(CoreUnavailable, match="too often"):
        gateway.statement(ON)
