"""Orders to the bank core: the outbox, its states, and every way in which the core can fail.

Each fault is the sandbox's, over real HTTP: money moves once, and our state comes to say so.
"""

from datetime import date, timedelta
from decimal import Decimal

import httpx
import pytest
from django.db import IntegrityError, transaction
from django.db.utils import DatabaseError
from django.utils import timezone
from tests.support.bank import SYSTEM
from tests.support.core import ACCOUNT, KEY, OTHER, core
from tests.support.threads import at_once

from kuaidai.foundation.operations import set_business_date
from kuaidai.kernel.money import ZERO
from kuaidai.lending.servicing import bank_core, gateway
from kuaidai.lending.servicing.domain.core_orders import (
    FINAL,
    OPEN,
    TRANSITIONS,
    OrderKind,
    OrderRequest,
    OrderState,
    leading_to,
)
from kuaidai.lending.servicing.errors import CoreUnavailable, OrderKeyReused
from kuaidai.lending.servicing.gateway import outbox, rows, subjects, wire
from kuaidai.lending.servicing.models import CoreOrder
from kuaidai.simulator.sandbox.faults import Mode

__all__ = ["KEY", "core"]
pytestmark = pytest.mark.django_db
ON = date(2026, 7, 1)


def order(key="K-1", amount="100.00", kind=OrderKind.DEBIT, **changes) -> OrderRequest:
    changes = {"partial": kind is OrderKind.DEBIT, "subject_type": "test-subject"} | changes
    return OrderRequest(key, kind, ACCOUNT, Decimal(amount), "due", ON, subject_id="S-1", **changes)


@pytest.fixture
def taken(monkeypatch):
    """What reached the subject, in order."""
    monkeypatch.setattr(subjects, "_TAKERS", {})
    seen = []
    gateway.takes_outcomes_of("test-subject")(seen.append)
    return seen


def stored(key="K-1") -> CoreOrder:
    return CoreOrder.objects.get(key=key)


def due_now() -> None:
    CoreOrder.objects.exclude(next_try_at=None).update(next_try_at=timezone.now())


# --- states ---


def test_the_table_of_transitions_is_whole_and_final_states_are_final() -> None:
    assert set(TRANSITIONS) == set(OrderState) == FINAL | OPEN
    assert all(not TRANSITIONS[state] for state in FINAL)
    assert leading_to(OrderState.SENT) == ["new", "sent", "unknown"]
    assert all(leading_to(state) == ["sent", "unknown"] for state in FINAL)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "0"},
        {"amount": "-1"},
        {"amount": "1.005"},
        {"kind": OrderKind.TRANSFER, "partial": True},
        {"kind": OrderKind.RELEASE, "partial": False},
        {"hold_key": "H-1"},
    ],
)
def test_orders_that_make_no_sense_are_not_placed(changes) -> None:
    with pytest.raises(ValueError, match="K-1"):
        order(**changes)


def test_an_order_is_settled_and_reaches_its_subject_once(core, taken) -> None:
    gateway.place_order(order())
    assert (stored().state, core.moves("K-1")) == ("new", [])

    done = gateway.send_order("K-1")
    again = gateway.send_order("K-1")
    late = gateway.apply_outcome("K-1")

    assert (done.state, str(done.settled), done.is_applied) == ("settled", "100.00", True)
    assert (done.booked_on, done.reference) == (ON, "BC000000000001")
    assert again == late == done
    assert [view.settled for view in taken] == [Decimal("100.00")]
    assert core.moves("K-1") == ["100.00"]
    assert stored().next_try_at is None


def test_what_is_asked_for_in_part_is_settled_in_part(core, taken) -> None:
    gateway.place_order(order(amount="1500.00"))
    done = gateway.send_order("K-1")
    assert (done.state, str(done.settled)) == ("partly_settled", "1000.00")
    assert done.movement.is_settled


def test_a_rejection_reaches_the_subject_with_its_reason(core, taken) -> None:
    gateway.place_order(order(amount="1500.00", partial=False))
    done = gateway.send_order("K-1")
    assert (done.state, done.settled, done.reason) == ("rejected", ZERO, "insufficient_funds")
    assert done.booked_on is None
    assert [view.state for view in taken] == ["rejected"]


def test_an_account_is_stored_sealed_and_shown_masked(core, taken) -> None:
    gateway.place_order(order())
    [raw] = CoreOrder.objects.raw("SELECT key, account AS sealed FROM servicing_coreorder")
    assert ACCOUNT not in raw.sealed
    assert gateway.send_order("K-1").account_masked == "622*********1234"


def test_a_key_names_one_order_for_ever(core, taken) -> None:
    gateway.place_order(order())
    gateway.place_order(order())
    for other in (order(amount="99.00"), order(kind=OrderKind.TRANSFER), order(partial=False)):
        with pytest.raises(OrderKeyReused, match="K-1"):
            gateway.place_order(other)
    assert CoreOrder.objects.count() == 1


def test_an_order_of_a_transaction_undone_was_never_placed(core, taken) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        gateway.place_order(order())
        raise RuntimeError
    due_now()
    assert gateway.pursue_orders() == 0
    assert core.moves("K-1") == []


# --- the database refuses ---


@pytest.mark.parametrize(
    "change",
    [
        {"state": "lost"},
        {"kind": "gift"},
        {"state": "settled", "settled": "40.00", "booked_on": ON},
        {"state": "settled", "settled": "100.00", "booked_on": None},
        {"state": "partly_settled", "settled": "100.00", "booked_on": ON},
        {"state": "rejected", "settled": "1.00"},
        {"state": "unknown", "settled": "100.00"},
        {"state": "sent", "booked_on": ON},
        {"applied_at": "2026-07-01T00:00:00Z", "applied_on": ON},
        {"state": "rejected", "applied_at": "2026-07-01T00:00:00Z"},
        {"amount": "0.00"},
    ],
    ids=str,
)
def test_the_database_refuses_states_that_do_not_fit(change) -> None:
    fields = {"key": "K-9", "kind": "debit", "account": "A", "amount": "100.00", "value_on": ON}
    with pytest.raises(IntegrityError), transaction.atomic():
        CoreOrder.objects.create(**fields | {"partial": True} | change)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "rejected", "settled": "0.00", "booked_on": None},
        {"booked_on": ON + timedelta(days=1)},
        {"reference": "other"},
        {"amount": "200.00"},
        {"applied_at": None, "applied_on": None},
        {"applied_on": ON + timedelta(days=1)},
    ],
    ids=str,
)
def test_the_database_keeps_a_known_outcome(core, taken, change) -> None:
    gateway.place_order(order())
    gateway.send_order("K-1")
    with pytest.raises(DatabaseError), transaction.atomic():
        CoreOrder.objects.filter(key="K-1").update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        CoreOrder.objects.filter(key="K-1").delete()


# --- faults ---

ACTS = ["slow", "lost", "crashed", "silent", "malformed", "wrong_key", "wrong_amount", "negative",
        "wrong_status"]  # fmt: skip
ACTS_NOT = ["down", "never"]


@pytest.mark.parametrize("kind", [OrderKind.DEBIT, OrderKind.TRANSFER])
@pytest.mark.parametrize("mode", [*ACTS, *ACTS_NOT])
def test_money_moves_once_whatever_the_core_answers(core, taken, mode, kind) -> None:
    before = core.balance()
    gateway.place_order(order(kind=kind))
    core.fault(mode, seconds=0.6)
    with pytest.raises(CoreUnavailable):
        gateway.send_order("K-1")
    assert (stored().state, taken) == ("unknown", [])

    core.fault("ok")
    due_now()
    assert gateway.pursue_orders() == 1
    assert gateway.pursue_orders() == 0

    assert (stored().state, [view.state for view in taken]) == ("settled", ["settled"])
    moved = Decimal("100.00") if kind is OrderKind.TRANSFER else Decimal("-100.00")
    assert core.balance() - before == moved
    assert len(core.moves("K-1")) == 1


def test_every_mode_of_the_core_is_tried() -> None:
    assert {*ACTS, *ACTS_NOT, "twice", "deferred", "ok", "schema", "lying"} == set(Mode)


def test_an_order_that_arrives_twice_moves_money_once(core, taken) -> None:
    core.fault("twice")
    gateway.place_order(order())
    assert gateway.send_order("K-1").state == "settled"
    assert core.moves("K-1") == ["100.00"]


def test_the_answer_that_comes_late_was_acted_on_and_is_found_by_its_key(core, taken) -> None:
    """The core answers after our time-out, and gets the same order again in the meantime."""
    gateway.place_order(order())
    core.fault("slow", seconds=0.6)
    for _ in range(3):
        with pytest.raises(CoreUnavailable):
            gateway.send_order("K-1")
    core.fault("ok")
    assert gateway.send_order("K-1").state == "settled"
    assert (core.moves("K-1"), len(taken)) == (["100.00"], 1)


def test_an_order_that_was_sent_before_is_asked_for_before_it_is_sent_again(
    core, taken, monkeypatch
) -> None:
    gateway.place_order(order())
    core.fault("lost")
    with pytest.raises(CoreUnavailable):
        gateway.send_order("K-1")
    core.fault("ok")
    asked, real = [], wire.call

    def listened(method, path, body=None, **options):
        asked.append(method)
        return real(method, path, body, **options)

    monkeypatch.setattr(wire, "call", listened)
    gateway.send_order("K-1")
    assert asked == ["GET"]


def test_a_key_the_core_knows_as_another_order_is_left_to_a_person(core, taken) -> None:
    core.book("K-1", "100.00", ON, account=OTHER)
    gateway.place_order(order())
    with pytest.raises(CoreUnavailable, match="another order"):
        gateway.send_order("K-1")
    assert (stored().state, taken) == ("unknown", [])
    assert core.balance() == Decimal("1000.00")


def test_a_core_that_contradicts_itself_changes_nothing(core, taken) -> None:
    gateway.place_order(order())
    gateway.send_order("K-1")
    outcomes = [(gateway.Movement("K-1", Decimal("40.00"), "", ON, "X"), OrderState.PARTLY_SETTLED)]
    assert rows.keep(outcomes, on=ON) == set()
    assert (stored().state, str(stored().settled), len(taken)) == ("settled", "100.00", 1)


def test_after_ten_silences_the_core_is_left_in_peace(core, taken) -> None:
    gateway.place_order(order())
    core.fault("down")
    for _ in range(10):
        with pytest.raises(CoreUnavailable):
            gateway.send_order("K-1")
    with pytest.raises(CoreUnavailable, match="too often"):
        gateway.send_order("K-1")


def test_an_answer_that_trickles_in_without_end_is_given_up(monkeypatch) -> None:
    def pieces():
        while True:
            yield b"x" * 1024

    monkeypatch.setattr(wire, "LARGEST_ANSWER", 1024 * 100)
    with pytest.raises(CoreUnavailable, match="without end"):
        wire._read(httpx.Response(200, content=pieces()), longest_s=60)
    with pytest.raises(CoreUnavailable, match="without end"):
        wire._read(httpx.Response(200, content=pieces()), longest_s=-1)


# --- a process that dies ---


class Killed(BaseException):
    """The process is gone: nothing in the code may catch it."""


STEPS = [
    (rows, "mark_sent"),
    (wire, "carry_out"),
    (wire, "call"),
    (rows, "keep"),
    (outbox, "apply_outcome"),
    (outbox, "taker_of"),
]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("module", "name"), STEPS, ids=lambda x: getattr(x, "__name__", x))
def test_an_order_whose_process_died_anywhere_is_carried_out_and_applied_once(
    core, taken, monkeypatch, module, name, after
) -> None:
    gateway.place_order(order())
    real = getattr(module, name)

    def dies(*args, **options):
        if after:
            real(*args, **options)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, name, dies)
        with pytest.raises(Killed):
            gateway.send_order("K-1")
    due_now()
    gateway.pursue_orders()

    assert (stored().state, stored().applied_at is None) == ("settled", False)
    assert (core.moves("K-1"), len(taken)) == (["100.00"], 1)


# --- outcomes and their subjects ---


def test_an_outcome_its_subject_refuses_is_kept_and_applied_later(core, monkeypatch) -> None:
    monkeypatch.setattr(subjects, "_TAKERS", {})
    refusals = [RuntimeError("parked")]

    @gateway.takes_outcomes_of("test-subject")
    def take(view):
        if refusals:
            raise refusals.pop()

    gateway.place_order(order())
    with pytest.raises(RuntimeError):
        gateway.send_order("K-1")
    assert (stored().state, stored().applied_at) == ("settled", None)
    core.fault("down")  # what is known is not asked for again
    due_now()
    assert gateway.pursue_orders() == 1
    assert stored().applied_at is not None


def test_one_order_whose_subject_refuses_it_stops_no_other(core, monkeypatch) -> None:
    monkeypatch.setattr(subjects, "_TAKERS", {})

    @gateway.takes_outcomes_of("test-subject")
    def take(view):
        if view.key == "K-1":
            raise RuntimeError("parked")

    gateway.place_orders([order("K-1"), order("K-2")])
    due_now()
    assert gateway.pursue_orders() == 1
    assert stored("K-2").applied_at is not None
    assert stored("K-1").next_try_at > timezone.now()


def test_a_subject_has_one_taker(taken) -> None:
    with pytest.raises(ValueError, match="test-subject"):
        gateway.takes_outcomes_of("test-subject")(lambda view: None)
    with pytest.raises(LookupError, match="nobody"):
        subjects.taker_of("weather")


def test_outcomes_are_claimed_once(core, taken) -> None:
    set_business_date(on=ON, actor=SYSTEM)
    gateway.debit_batch("B-1", [order("K-1"), order("K-2", amount="2000.00", partial=False)])
    with transaction.atomic():
        claimed = gateway.claim_outcomes(["K-1", "K-2", "K-3"])
    assert {m.key: str(m.settled) for m in claimed} == {"K-1": "100.00", "K-2": "0.00"}
    assert claimed[0].booked_on == ON
    assert gateway.claim_outcomes(["K-1", "K-2"]) == ()
    due_now()
    assert (gateway.pursue_orders(), taken) == (0, [])


@pytest.mark.django_db(transaction=True)
def test_many_senders_at_once_move_and_apply_once(core, taken) -> None:
    gateway.place_order(order())
    views = at_once(lambda _: gateway.send_order("K-1"), 6)
    assert {view.state for view in views} == {"settled"}
    assert (core.moves("K-1"), len(taken)) == (["100.00"], 1)


# --- what callers use ---


def test_a_transfer_paid_three_days_late_tells_the_day_it_arrived(core) -> None:
    set_business_date(on=ON, actor=SYSTEM)
    pay = {"key": "D-1", "to_account": ACCOUNT, "amount": Decimal("50.00"), "memo": "", "on": ON}
    core.fault("down")
    with pytest.raises(CoreUnavailable):
        bank_core.transfer_out(**pay)
    set_business_date(on=ON + timedelta(days=3), actor=SYSTEM)
    core.fault("ok")

    moved = bank_core.transfer_out(**pay)

    assert moved.booked_on == ON + timedelta(days=3)
    core.fault("down")
    assert bank_core.transfer_out(**pay) == moved  # kept here, not asked for again


def test_a_transfer_whose_answer_was_lost_arrived_when_it_was_sent(core) -> None:
    set_business_date(on=ON, actor=SYSTEM)
    pay = {"key": "D-1", "to_account": ACCOUNT, "amount": Decimal("50.00"), "memo": "", "on": ON}
    core.fault("lost")
    with pytest.raises(CoreUnavailable):
        bank_core.transfer_out(**pay)
    set_business_date(on=ON + timedelta(days=3), actor=SYSTEM)
    core.fault("ok")
    assert bank_core.transfer_out(**pay).booked_on == ON


def test_money_is_held_and_released(core) -> None:
    held = gateway.hold(key="H-1", account=ACCOUNT, amount=Decimal("900.00"), memo="", on=ON)
    taken = bank_core.debit(
        key="K-1", from_account=ACCOUNT, amount=Decimal(500), memo="", on=ON, partial=True
    )
    given = {"account": ACCOUNT, "memo": "", "on": ON, "hold_key": "H-1"}
    back = gateway.release(key="R-1", amount=Decimal("900.00"), **given)
    more = gateway.release(key="R-2", amount=Decimal("0.01"), **given)

    assert (held.is_settled, str(taken.settled), back.is_settled) == (True, "100.00", True)
    assert (more.is_settled, more.reason) == (False, "unknown_hold")
    assert CoreOrder.objects.get(key="R-1").hold_key == "H-1"


@pytest.mark.parametrize("mode", ["lost", "silent", "down"])
def test_a_hold_is_made_once_whatever_the_core_answers(core, mode) -> None:
    asked = {"key": "H-1", "account": ACCOUNT, "amount": Decimal("600.00"), "memo": "", "on": ON}
    core.fault(mode, seconds=0.5)
    with pytest.raises(CoreUnavailable):
        gateway.hold(**asked)
    core.fault("ok")
    assert gateway.hold(**asked).is_settled
    [account] = gateway.accounts("F-1")
    assert (str(account.held), str(account.available)) == ("600.00", "400.00")
