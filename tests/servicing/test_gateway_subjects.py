"""Drawdowns and repayments as subjects of orders: placed with them, applied once, by whoever is first."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from tests.support.bank import ENDS_ON, SYSTEM

from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.ledger.queries import trial_balance
from kuaidai.lending.servicing import bank_core, gateway, jobs, operations, queries
from kuaidai.lending.servicing.domain.core_orders import OrderKind, OrderRequest
from kuaidai.lending.servicing.errors import CoreUnavailable
from kuaidai.lending.servicing.models import CoreOrder, Drawdown, Loan, LoanEvent, Repayment
from kuaidai.lending.servicing.operations import repaying
from kuaidai.simulator.sandbox.bank_core import BankCore

pytestmark = pytest.mark.django_db


def due_now() -> None:
    CoreOrder.objects.exclude(next_try_at=None).update(next_try_at=timezone.now())


def balance(facility) -> Decimal:
    accounts = bank_core.accounts(facility.uscc)
    return next(a.balance for a in accounts if a.account_no == facility.account_no)


def payment_of(row: Drawdown) -> OrderRequest:
    """The order a drawdown stands for."""
    return OrderRequest(
        row.id, OrderKind.TRANSFER, row.facility.account_no, row.amount, f"Loan {row.id}",
        row.requested_on, subject_type=operations.DRAWDOWN, subject_id=row.id,
    )  # fmt: skip


def debit_of(row: Repayment) -> OrderRequest:
    """The order a debit of what is due stands for."""
    return repaying.order_of(row, row.loan.facility.account_no)


@pytest.fixture
def reserved(facility, customer) -> Drawdown:
    """A drawdown on its line, placed with the gateway and not sent."""
    view = operations.reserve_drawdown(
        facility_id=facility.id, amount=Decimal("20000.00"), purpose="wages", key=new_id("KEY"),
        on=ENDS_ON, actor=customer.actor,
    )  # fmt: skip
    row = Drawdown.objects.select_related("facility").get(id=view.id)
    gateway.place_order(payment_of(row))
    return row


@pytest.fixture
def asked(facility, draw) -> Repayment:
    """A debit of what is due, placed with the gateway and not sent."""
    loan = Loan.objects.get(id=draw(facility, "20000.00").loan_id)
    row = repaying.open_repayment(
        loan, kind="due", amount=Decimal("1000.00"), on=ENDS_ON, number=f"EOD-{loan.id}"
    )
    gateway.place_order(debit_of(row))
    return row


def test_a_placed_drawdown_is_paid_and_becomes_a_loan_by_the_job(facility, reserved) -> None:
    before = balance(facility)
    due_now()
    for _ in range(2):
        jobs.pursue_orders(timestamp=0)
    held = queries.facility(facility.id)
    assert (Loan.objects.count(), str(held.used)) == (1, "20000.00")
    assert balance(facility) - before == Decimal("20000.00")
    assert CoreOrder.objects.get(key=reserved.id).applied_at is not None


def test_a_placed_drawdown_paid_by_its_caller_is_left_alone_by_the_job(
    facility, reserved, customer
) -> None:
    operations.pay_out(drawdown_id=reserved.id, actor=customer.actor)
    assert CoreOrder.objects.get(key=reserved.id).applied_at is None
    due_now()
    assert gateway.pursue_orders() == 1
    assert (Loan.objects.count(), gateway.pursue_orders()) == (1, 0)


@pytest.mark.parametrize("mode", ["lost", "down", "malformed"])
def test_a_drawdown_the_core_was_silent_about_is_paid_once(
    facility, reserved, platforms, mode
) -> None:
    before = balance(facility)
    platforms.fault("bank_money", mode)
    with pytest.raises(CoreUnavailable):
        jobs.send_order(key=reserved.id)
    platforms.fault("bank_money", "ok")
    jobs.send_order(key=reserved.id)
    assert Drawdown.objects.get(id=reserved.id).status == "paid_out"
    assert balance(facility) - before == Decimal("20000.00")
    assert trial_balance().difference == 0


def test_debits_of_a_night_go_in_a_batch_and_are_applied_once(facility, asked) -> None:
    before = balance(facility)
    [view] = gateway.debit_batch(f"EOD-{new_id('B')}", [debit_of(asked)])
    assert (view.state, view.is_applied, LoanEvent.objects.count()) == ("settled", False, 0)
    due_now()
    for _ in range(2):
        jobs.pursue_orders(timestamp=0)
    assert LoanEvent.objects.count() == 1
    assert str(Repayment.objects.get(id=asked.id).settled) == "1000.00"
    assert before - balance(facility) == Decimal("1000.00")
    assert {t.title: t.difference for t in queries.control_totals() if t.difference} == {}


@pytest.fixture
def fresh_core(platforms, tmp_path, monkeypatch):
    """The platforms with a bank core nobody has moved money at."""
    opening = platforms.sandbox.archive.opening_balances()
    bank = BankCore(tmp_path / "core.sqlite", opening)
    monkeypatch.setattr(platforms.sandbox, "bank", bank)
    yield platforms
    bank.close()


def test_a_month_of_draws_debits_and_silences_reconciles_day_by_day(
    fresh_core, make_facility, draw, repay
) -> None:
    facility = make_facility()
    loan_id = draw(facility, "30000.00").loan_id
    faults = {3: "lost", 4: "down", 12: "malformed", 20: "lost"}
    for day in range(24):
        on = ENDS_ON + timedelta(days=day)
        fresh_core.fault("bank_money", faults.get(day, "ok"))
        if day == 3:
            draw(facility, "10000.00", on=on)
        if day == 12:
            repay(loan_id, "500.00", on=on)
        operations.run_close_of_day(actor=SYSTEM, on=on)
        fresh_core.fault("bank_money", "ok")

    runs = {run.on: run for run in operations.reconcile_closed_days(actor=SYSTEM)}

    assert len(runs) == 24
    moved = {
        (on - ENDS_ON).days: (str(r.received), str(r.paid)) for on, r in runs.items() if r.entries
    }
    assert moved[0] == ("0.00", "30000.00")
    assert moved[3] == ("0.00", "10000.00")
    assert moved[12] == ("500.00", "0.00")
    assert sum(run.entries for run in runs.values()) == sum(run.matched for run in runs.values())
    odd = [(b.kind.value, (b.on - ENDS_ON).days) for run in runs.values() for b in run.breaks]
    assert odd == []
