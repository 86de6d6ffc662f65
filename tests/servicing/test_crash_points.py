"""Killed at every commit and every call to the core, and resumed: the books end as if never stopped."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone
from tests.support.agreement import check_agreement
from tests.support.bank import SYSTEM
from tests.support.core import core
from tests.support.crashing import killed_everywhere
from tests.support.lines import OPENS, draw, open_line, spend

from kuaidai.data.sources.domain.breaker import CircuitBreaker
from kuaidai.foundation.operations import set_business_date
from kuaidai.foundation.queries import business_date, verify_audit_chain
from kuaidai.lending.servicing import jobs, operations
from kuaidai.lending.servicing.gateway import wire
from kuaidai.lending.servicing.models import (
    CoreOrder,
    Drawdown,
    Facility,
    Loan,
    LoanLife,
    Repayment,
)
from kuaidai.lending.servicing.operations import drawing

__all__ = ["core"]
pytestmark = pytest.mark.django_db
BEFORE, NIGHT = date(2026, 10, 18), date(2026, 10, 20)
"""The last night of the past, and the night that is killed: a due day, the 92nd of the arrears."""


@pytest.fixture
def bank(core, monkeypatch):
    """A book in chunks of three: loans paid, short, empty, simple, broken, in payment, and lines."""
    monkeypatch.setattr(drawing, "LOANS_IN_CHUNK", 3)
    monkeypatch.setattr(wire, "BREAKER", CircuitBreaker(failures_to_open=1000, rest_s=0.0))
    set_business_date(on=OPENS, actor=SYSTEM)
    for number, method in ((10, "equal_principal"), (11, "equal_instalment"), (12, "equal_principal"),
                           (13, "interest_monthly_principal_at_maturity"), (14, "equal_instalment")):  # fmt: skip
        draw(open_line(number, method=method), "30000.00", OPENS)
    spend(core, 11)
    spend(core, 12, left="20000.00")  # pays the first instalments, then runs dry
    set_business_date(on=BEFORE, actor=SYSTEM)
    draw(open_line(15), "20000.00", BEFORE, months=3)
    draw(open_line(16), "20000.00", BEFORE, months=3)
    late, ended = open_line(17), open_line(18)
    begin_a_chunk()
    operations.run_close_of_day(actor=SYSTEM)
    set_business_date(on=NIGHT, actor=SYSTEM)
    Facility.objects.filter(id=ended.id).update(expires_on=NIGHT + timedelta(days=1))
    broken = Loan.objects.get(facility__uscc="B-14")
    LoanLife.objects.filter(loan_id=broken.id).update(terms=broken.life.terms | {"instalments": 0})
    core.fault("down")
    draw(late, "10000.00", NIGHT)
    repay("16", "1000.00")
    core.fault("ok")
    return core


def begin_a_chunk() -> None:
    """The next loans, and the numbers that killed runs waste, are of one chunk."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('servicing_loan_number',"
                       " (nextval('servicing_loan_number') / 3 + 1) * 3 - 1)")  # fmt: skip


def repay(number: str, amount: str | None, key: str = "early"):
    loan = Loan.objects.get(facility__uscc=f"B-{number}")
    return operations.repay(
        loan_id=loan.id, amount=Decimal(amount) if amount else None, key=key, on=business_date(),
        actor=SYSTEM,
    )  # fmt: skip


def close():
    return operations.run_close_of_day(actor=SYSTEM, on=NIGHT)


def test_the_close_of_day(bank) -> None:
    points = killed_everywhere(bank, close)
    assert len(points) > 40
    report = close()
    assert (report.loans, len(report.parked)) == (8, 1)
    assert Loan.objects.filter(accrues=False).count() == 1  # the 92nd day: stage 3 that night
    assert {r.status for r in Repayment.objects.all()} == {"settled", "rejected"}
    assert not Drawdown.objects.filter(status="pending").exists()
    mend()
    operations.run_close_of_day(actor=SYSTEM)
    check_agreement()
    assert verify_audit_chain().intact


def mend() -> None:
    row = Loan.objects.get(facility__uscc="B-14")
    LoanLife.objects.filter(loan_id=row.id).update(terms=row.life.terms | {"instalments": 6})


def killed_and_even(bank, run, resume=None, *, least: int) -> list[str]:
    points = killed_everywhere(bank, run, resume)
    assert len(points) >= least, points
    (resume or run)()
    mend()
    check_agreement()
    return points


@pytest.fixture
def mended(bank):
    """The same bank after its night, with nothing broken and nothing on its way."""
    close()
    mend()
    operations.run_close_of_day(actor=SYSTEM)
    return bank


def time_passes() -> None:
    """What is on its way may be asked about again."""
    CoreOrder.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now())
    Drawdown.objects.update(requested_at=F("requested_at") - drawing.PURSUE_AFTER)


def worker() -> None:
    """What the worker does of itself, every minute."""
    time_passes()
    jobs.pursue_orders(timestamp=0)
    jobs.pursue_drawdowns(timestamp=0)


def test_a_drawdown(mended) -> None:
    line = Facility.objects.get(uscc="B-10")

    def request():
        return draw(line, "5000.00", business_date())

    killed_and_even(mended, request, lambda: (request(), worker()), least=6)


def test_a_drawdown_that_only_the_worker_ends(bank) -> None:
    killed_and_even(bank, worker, least=6)
    assert not Drawdown.objects.filter(status="pending").exists()


@pytest.mark.parametrize("amount", ["3000.00", None], ids=["part", "all"])
def test_a_repayment(mended, amount) -> None:
    killed_and_even(mended, lambda: repay("15", amount), least=6)


def test_the_job_of_a_repayment(bank) -> None:
    row = Repayment.objects.get(status="pending")
    killed_and_even(bank, lambda: jobs.pursue_repayment(repayment_id=row.id), least=6)
    assert Repayment.objects.get(id=row.id).status == "settled"


@pytest.fixture
def unheard(bank):
    """A night of which the core was not heard: its debits are unknown."""
    bank.fault("lost")
    close()
    bank.fault("ok")
    assert CoreOrder.objects.filter(state="unknown").count() > 3
    return bank


@pytest.mark.slow
def test_the_job_of_the_outbox(unheard) -> None:
    killed_and_even(unheard, worker, least=20)
    assert not CoreOrder.objects.filter(state="unknown").exclude(subject_type="").exists()


def test_the_job_of_one_order(unheard) -> None:
    key = CoreOrder.objects.filter(state="unknown", subject_type="repayment").order_by("key")[0].key
    killed_and_even(unheard, lambda: jobs.send_order(key), least=6)


@pytest.mark.slow
def test_a_night_after_one_that_was_not_heard_of(unheard) -> None:
    points = killed_everywhere(
        unheard, lambda: operations.run_close_of_day(actor=SYSTEM, on=NIGHT + timedelta(days=1))
    )
    assert len(points) > 60


@pytest.mark.slow
def test_reconciling_the_closed_days(unheard) -> None:
    def reconcile():
        jobs.reconcile_closed_days(timestamp=0)

    points = killed_everywhere(unheard, reconcile, lambda: (reconcile(), worker()))
    assert len(points) > 6
