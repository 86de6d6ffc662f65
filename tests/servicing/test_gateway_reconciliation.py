"""Reconciliation: the core's statement beside our orders and books, break by break."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from tests.support.bank import SYSTEM
from tests.support.core import ACCOUNT, KEY, core
from typer.testing import CliRunner

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import set_business_date
from kuaidai.foundation.queries import audit_trail
from kuaidai.interfaces.cli import eod
from kuaidai.lending.ledger.domain import chart
from kuaidai.lending.ledger.domain.entries import Line
from kuaidai.lending.ledger.operations import post
from kuaidai.lending.servicing import bank_core, operations
from kuaidai.lending.servicing.domain.breaks import SettledOrder, StatementEntry, compare
from kuaidai.lending.servicing.errors import (
    BreakNoteMissing,
    BreakNotOpen,
    CoreUnavailable,
    NothingToReconcile,
    UnknownReconciliation,
)
from kuaidai.lending.servicing.gateway import statements, wire
from kuaidai.lending.servicing.models import CloseOfDay, CoreOrder, ReconciliationBreak
from kuaidai.lending.servicing.reconciliation_queries import (
    open_breaks,
    reconciliation,
    reconciliations,
)

__all__ = ["KEY", "core"]
pytestmark = pytest.mark.django_db
ON = date(2026, 7, 1)
NEXT = ON + timedelta(days=1)
CLERK = Actor("staff", "clerk", "clerk")
NOTE = "The core booked a test transfer by hand; it was reversed."


@pytest.fixture
def bank(core):
    """The core on the bank's day."""
    set_business_date(on=ON, actor=SYSTEM)
    return core


def collect(key, amount="100.00", on=ON) -> None:
    """A debit with its posting."""
    moved = bank_core.debit(
        key=key, from_account=ACCOUNT, amount=Decimal(amount), memo="", on=on, partial=True
    )
    book(key, moved.settled, moved.booked_on or on)


def book(key, amount, on) -> None:
    lines = [Line(chart.SETTLEMENT, debit=amount), Line(chart.INTEREST_RECEIVABLE, credit=amount)]
    post(key=key, on=on, description="", source_type="loan", source_id="LN", lines=lines)


def pay(key, amount="50.00") -> None:
    """A transfer with its posting."""
    amount = Decimal(amount)
    bank_core.transfer_out(key=key, to_account=ACCOUNT, amount=amount, memo="", on=ON)
    lines = [Line(chart.LOANS, debit=amount), Line(chart.SETTLEMENT, credit=amount)]
    post(key=key, on=ON, description="", source_type="loan", source_id="LN", lines=lines)


def run(on=ON):
    return operations.reconcile_core(on=on, actor=SYSTEM)


def kinds(view, state="open") -> list[tuple[str, str]]:
    return [(b.kind.value, b.key) for b in view.breaks if b.state == state]


# --- the comparison itself ---


def entry(key, amount, seq=1) -> StatementEntry:
    return StatementEntry(seq, key, Decimal(amount), "BC1")


def settled(key, amount, on=ON, matched_on=None) -> dict[str, SettledOrder]:
    return {key: SettledOrder(key, Decimal(amount), on, matched_on)}


@pytest.mark.parametrize(
    ("entries", "orders", "found"),
    [
        ([entry("a", "10.00")], settled("a", "10.00"), []),
        ([entry("a", "10.00")], {}, [("missing_here", "a")]),
        ([], settled("a", "10.00"), [("missing_there", "a")]),
        ([], settled("a", "10.00", NEXT), []),
        ([entry("a", "10.01")], settled("a", "10.00"), [("amount_differs", "a")]),
        ([entry("a", "-10.00")], settled("a", "10.00"), [("amount_differs", "a")]),
        ([entry("a", "10.00")], settled("a", "10.00", NEXT), [("date_differs", "a")]),
        ([entry("a", "10.00")], settled("a", "10.00", NEXT, ON), [("date_differs", "a")]),
        ([entry("a", "10.00")], settled("a", "10.00", NEXT, NEXT), [("duplicate", "a")]),
        ([entry("a", "1.00"), entry("a", "1.00", 2)], settled("a", "1.00"), [("duplicate", "a")]),
    ],
)
def test_both_sides_are_compared_key_by_key(entries, orders, found) -> None:
    told = compare(ON, entries, orders)
    assert [(b.kind.value, b.key) for b in told.breaks] == found


def test_all_that_was_booked_too_often_is_one_break() -> None:
    told = compare(ON, [entry("a", "1.00", n) for n in (1, 2, 3)], settled("a", "1.00"))
    assert [(b.kind.value, str(b.theirs)) for b in told.breaks] == [("duplicate", "2.00")]
    assert told.matched == ("a",)


# --- a day ---


def test_a_day_on_which_both_sides_agree_has_no_breaks(bank) -> None:
    collect("R-1")
    pay("D-1")
    collect("R-2", "5000.00")  # 950.00 is there

    view = run()

    assert (view.entries, view.orders, view.matched, view.open_breaks) == (3, 3, 3, 0)
    assert (str(view.received), str(view.paid)) == ("1050.00", "50.00")
    assert view.closing - view.opening == Decimal("1000.00")
    assert view.breaks == ()
    assert audit_trail(subject_type="reconciliation", subject_id="2026-07-01")


def test_what_the_core_booked_without_us_is_missing_here(bank) -> None:
    bank.book("hand-made", "30.00", ON)
    view = run()
    [found] = view.breaks
    assert (found.kind, found.key, found.ours, str(found.theirs)) == (
        "missing_here", "hand-made", None, "30.00",
    )  # fmt: skip
    assert found.reference == "BC000000000001"


def test_what_the_core_lost_is_missing_there(bank) -> None:
    collect("R-1")
    bank.bank._database.execute("delete from entry where key = 'R-1'")
    bank.bank._database.execute("update account set balance = balance - 10000 where uscc='LENDER'")
    assert kinds(run()) == [("missing_there", "R-1")]


def test_an_amount_the_core_changed_differs(bank) -> None:
    collect("R-1")
    bank.bank._database.execute("update entry set cents = 9000 where key = 'R-1' and cents > 0")
    view = run()
    assert kinds(view) == [("amount_differs", "R-1")]
    assert view.breaks[0].difference == Decimal("-10.00")


def test_a_day_the_core_changed_differs_and_clears_what_was_missing(bank) -> None:
    collect("R-1")
    bank.bank._database.execute("update entry set booked_on = '2026-07-02' where key = 'R-1'")
    assert kinds(run()) == [("missing_there", "R-1")]

    set_business_date(on=NEXT, actor=SYSTEM)
    later = run(NEXT)

    assert kinds(later) == [("date_differs", "R-1")]
    assert (later.breaks[0].our_day, later.breaks[0].their_day) == (ON, NEXT)
    assert kinds(reconciliation(ON), "cleared") == [("missing_there", "R-1")]


def test_an_order_booked_again_on_another_day_is_a_duplicate(bank) -> None:
    collect("R-1")
    assert run().open_breaks == 0
    bank.bank._database.execute(
        "insert into entry (account_no, key, booked_on, cents, balance, counterparty, memo)"
        " values ('LENDER', 'R-1', '2026-07-02', 10000, 0, '', '')"
    )
    bank.bank._database.execute("update account set balance = balance + 10000 where uscc='LENDER'")
    set_business_date(on=NEXT, actor=SYSTEM)
    assert kinds(run(NEXT)) == [("duplicate", "R-1")]


def test_money_moved_without_a_posting_makes_the_books_differ(bank) -> None:
    bank_core.debit(
        key="R-1", from_account=ACCOUNT, amount=Decimal(100), memo="", on=ON, partial=True
    )
    assert kinds(run()) == [("books_differ", "")]
    book("R-1", Decimal("100.00"), ON)
    view = run()
    assert view.open_breaks == 0
    assert kinds(view, "cleared") == [("books_differ", "")]


def test_an_unknown_order_that_the_core_booked_is_asked_for_not_guessed(bank) -> None:
    bank.fault("lost")
    with pytest.raises(CoreUnavailable):
        collect("R-1")
    bank.fault("ok")
    book("R-1", Decimal("100.00"), ON)
    assert CoreOrder.objects.get(key="R-1").state == "unknown"
    assert run().open_breaks == 0
    assert CoreOrder.objects.get(key="R-1").state == "settled"


def test_a_day_run_again_keeps_what_a_person_said(bank) -> None:
    bank.book("hand-made", "30.00", ON)
    first = run()
    for found in first.breaks:
        operations.explain_break(break_id=found.id, note=NOTE, actor=CLERK, on=ON)
    assert (run().open_breaks, kinds(run(), "explained")) == (
        0, [("missing_here", "hand-made")],
    )  # fmt: skip
    bank.book("hand-made-2", "1.00", ON)
    assert kinds(run()) == [("missing_here", "hand-made-2")]
    assert ReconciliationBreak.objects.count() == 2


def test_a_break_is_explained_once_by_a_person_with_a_note(bank) -> None:
    bank.book("hand-made", "30.00", ON)
    found = run().breaks[0]
    with pytest.raises(BreakNoteMissing):
        operations.explain_break(break_id=found.id, note="  ok ", actor=CLERK, on=ON)
    done = operations.explain_break(break_id=found.id, note=NOTE, actor=CLERK, on=ON)
    assert (done.state, done.note, done.closed_by) == ("explained", NOTE, "clerk")
    with pytest.raises(BreakNotOpen):
        operations.explain_break(break_id=found.id, note=NOTE, actor=CLERK, on=ON)
    with pytest.raises(UnknownReconciliation):
        operations.explain_break(break_id=0, note=NOTE, actor=CLERK, on=ON)
    newest = audit_trail(subject_type="reconciliation", subject_id="2026-07-01")[0]
    assert (newest.action, newest.actor_id) == ("reconciliation.explain", "clerk")
    with pytest.raises(IntegrityError), transaction.atomic():
        ReconciliationBreak.objects.filter(id=found.id).update(note="")


def test_days_to_come_are_refused_and_unknown_days_are_not_found(bank) -> None:
    with pytest.raises(NothingToReconcile):
        run(NEXT)
    with pytest.raises(UnknownReconciliation):
        reconciliation(ON)


@pytest.mark.parametrize("mode", ["down", "malformed", "never"])
def test_without_a_statement_nothing_is_kept(bank, mode) -> None:
    bank.fault(mode, seconds=0.1)
    with pytest.raises(CoreUnavailable):
        run()
    assert reconciliations() == ()


@pytest.mark.parametrize(
    "change",
    [
        {"closing": "0.00"},
        {"on": "2026-07-02"},
        {"entries": [{"seq": 0, "key": "a", "amount": "1.00", "reference": ""}]},
        {"entries": [{"seq": 1, "key": "a", "amount": "1.001", "reference": ""}]},
        {"next": "soon"},
    ],
    ids=str,
)
def test_a_statement_that_makes_no_sense_is_no_answer(bank, monkeypatch, change) -> None:
    said = {"on": "2026-07-01", "opening": "5.00", "closing": "5.00", "entries": [], "next": None}
    content = json.dumps(said | change).encode()
    monkeypatch.setattr(wire, "call", lambda *_, **__: wire.Answer(200, content))
    with pytest.raises(CoreUnavailable):
        statements.statement(ON)


def test_a_statement_of_many_pages_is_read_whole(bank, monkeypatch) -> None:
    from kuaidai.simulator.sandbox import bank_core as sandbox_core

    monkeypatch.setattr(sandbox_core, "MOST_IN_STATEMENT", 2)
    for number in range(5):
        collect(f"R-{number}", "1.00")
    view = run()
    assert (view.entries, view.matched, view.open_breaks) == (5, 5, 0)


def test_closed_days_are_reconciled_once_each(bank) -> None:
    collect("R-1")
    for on in (ON, NEXT):
        CloseOfDay.objects.create(on=on, started_at=timezone.now(), finished_at=timezone.now())
    set_business_date(on=NEXT + timedelta(days=1), actor=SYSTEM)
    done = operations.reconcile_closed_days(actor=SYSTEM)
    assert [view.on for view in done] == [ON, NEXT]
    assert operations.reconcile_closed_days(actor=SYSTEM) == ()
    assert [view.on for view in reconciliations()] == [NEXT, ON]
    assert open_breaks() == 0


# --- from the command line ---


def test_the_command_ends_with_six_while_breaks_are_open(bank, monkeypatch) -> None:
    collect("R-1")
    good = CliRunner().invoke(eod.app, ["reconcile", "--on", "2026-07-01", "--json"])
    bank.book("hand-made", "30.00", ON)
    bad = CliRunner().invoke(eod.app, ["reconcile", "--on", "2026-07-01"])

    assert (good.exit_code, bad.exit_code) == (0, 6)
    told = json.loads(good.stdout)
    assert (told["on"], told["matched"], told["open_breaks"]) == ("2026-07-01", 1, 0)
    assert "hand-made" in bad.stdout
    assert "missing_here" in bad.stdout
