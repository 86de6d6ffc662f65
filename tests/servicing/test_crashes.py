"""Payments killed between their steps, silent cores and many hands at once (see `test_crash_points`)."""

from decimal import Decimal

import pytest
from django.db.models import F
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.support.agreement import check_agreement
from tests.support.bank import ENDS_ON, SYSTEM
from tests.support.threads import at_once

from kuaidai.foundation.queries import verify_audit_chain
from kuaidai.kernel.errors import Refusal
from kuaidai.lending.servicing import bank_core, jobs, operations, queries
from kuaidai.lending.servicing.errors import AboveAvailable
from kuaidai.lending.servicing.models import Drawdown, Loan, LoanEvent
from kuaidai.lending.servicing.operations import drawing

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """The process is gone: nothing in the code may catch it."""


def kill(monkeypatch, module, name, *, after: bool, call: int = 1) -> None:
    """Let the process die before or after the `call`-th call of a function."""
    real, calls = getattr(module, name), []

    def dies(*args, **options):
        calls.append(name)
        if len(calls) != call:
            return real(*args, **options)
        if after:
            real(*args, **options)
        raise Killed

    monkeypatch.setattr(module, name, dies)


def balance(facility) -> Decimal:
    accounts = bank_core.accounts(facility.uscc)
    return next(a.balance for a in accounts if a.account_no == facility.account_no)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("module", "name"), [(bank_core, "transfer_out"), (drawing, "settle_drawdown"), (drawing, "_make_loan")],
    ids=lambda part: getattr(part, "__name__", part),
)  # fmt: skip
def test_a_drawdown_killed_anywhere_is_paid_once_by_the_job_that_looks_for_it(
    facility, draw, monkeypatch, module, name, after
) -> None:
    before = balance(facility)
    kill(monkeypatch, module, name, after=after)
    with pytest.raises(Killed):
        draw(facility, "20000.00", key="killed")
    monkeypatch.undo()
    [row] = Drawdown.objects.all()
    jobs.pursue_drawdowns(timestamp=0)
    assert Drawdown.objects.get().status == row.status  # it may still be on its way
    Drawdown.objects.update(requested_at=F("requested_at") - drawing.PURSUE_AFTER)

    for _ in range(2):
        jobs.pursue_drawdowns(timestamp=60)
    again = draw(facility, "20000.00", key="killed")

    assert (again.id, again.status) == (row.id, "paid_out")
    assert balance(facility) - before == Decimal("20000.00")
    held = queries.facility(facility.id)
    assert (str(held.used), str(held.reserved)) == ("20000.00", "0.00")
    assert Loan.objects.count() == 1


def test_a_repayment_whose_process_died_is_collected_once_by_its_job(
    facility, draw, repay, monkeypatch
) -> None:
    loan_id = draw(facility, "20000.00").loan_id
    before = balance(facility)
    kill(monkeypatch, bank_core, "debit", after=True)
    with pytest.raises(Killed):
        repay(loan_id, "1000.00")
    monkeypatch.undo()
    [job] = ProcrastinateJob.objects.filter(task_name="servicing.pursue_repayment")
    for _ in range(2):
        jobs.pursue_repayment(**job.args)
    assert before - balance(facility) == Decimal("1000.00")
    assert LoanEvent.objects.get().told["amount"] == "1000.00"


def test_a_refused_drawdown_queues_no_job(facility, draw) -> None:
    with pytest.raises(AboveAvailable):
        draw(facility, "101000.00")
    assert not ProcrastinateJob.objects.filter(task_name="servicing.pay_out").exists()
    assert not Drawdown.objects.exists()


def test_a_silent_core_is_asked_again_in_seconds(facility, draw, platforms) -> None:
    platforms.fault("bank_money", "down")
    waiting = draw(facility, "20000.00")
    [job] = ProcrastinateJob.objects.filter(task_name="servicing.pay_out")
    assert (job.queue_name, job.args) == ("payments", {"drawdown_id": waiting.id})
    platforms.fault("bank_money", "ok")
    for _ in range(2):
        jobs.pay_out_drawdown(**job.args)
    assert Drawdown.objects.get().status == "paid_out"


@pytest.mark.django_db(transaction=True)
def test_drawing_repaying_freezing_and_closing_at_once_neither_block_nor_lose(
    make_facility, draw, customer
) -> None:
    facility = make_facility(granted="200000.00")
    loans = [draw(facility, "20000.00").loan_id for _ in range(2)]

    def one(number: int) -> str:
        try:
            match number % 4:
                case 0:
                    operations.run_close_of_day(actor=SYSTEM, on=ENDS_ON)
                    return "closed"
                case 1:
                    return draw(facility, "10000.00", key=f"draw-{number}").status
                case 2:
                    operations.freeze_facility(
                        facility_id=facility.id, reason="watch", on=ENDS_ON, actor=customer.actor
                    )
                    return "frozen"
            return operations.repay(
                loan_id=loans[number // 4 % 2], amount=Decimal("500.00"), key=f"repay-{number}",
                on=ENDS_ON, actor=customer.actor,
            ).status  # fmt: skip
        except Refusal as refusal:
            return refusal.code

    outcomes = at_once(one, 16)

    assert set(outcomes) <= {
        "closed", "CLOSE_RUNNING", "paid_out", "FACILITY_NOT_OPEN", "settled", "REPAYMENT_RUNNING",
        "frozen", "ILLEGAL_TRANSITION",
    }  # fmt: skip
    assert outcomes.count("frozen") == 1
    held = queries.facility(facility.id)
    taken = outcomes.count("settled") * Decimal("500.00")
    drawn = outcomes.count("paid_out") * Decimal("10000.00")
    assert (held.used, held.reserved) == (Decimal("40000.00") + drawn - taken, 0)
    check_agreement()
    assert verify_audit_chain().intact
