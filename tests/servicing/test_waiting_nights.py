"""A core that only ever accepts holds a night up once, and is asked in batches the night after."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from tests.support.agreement import check_agreement
from tests.support.bank import SYSTEM
from tests.support.core import core
from tests.support.crashing import Points, watched
from tests.support.lines import OPENS, draw, open_line

from kuaidai.foundation.operations import set_business_date
from kuaidai.foundation.queries import business_date
from kuaidai.lending.servicing import operations
from kuaidai.lending.servicing.domain.events import WriteOff
from kuaidai.lending.servicing.models import CoreOrder, Loan, LoanEvent, Repayment
from kuaidai.lending.servicing.operations import drawing, limits
from kuaidai.lending.servicing.operations.projection import book, hold_loan

__all__ = ["core"]
pytestmark = pytest.mark.django_db
FIRST_DUE = date(2026, 7, 20)


def test_debits_not_heard_of_are_asked_for_in_one_batch_the_next_night(
    core, settings, monkeypatch
) -> None:
    monkeypatch.setattr(drawing, "LOANS_IN_CHUNK", 1)
    settings.KUAIDAI = replace(settings.KUAIDAI, core_wait_s=1)
    set_business_date(on=OPENS, actor=SYSTEM)
    for number in (10, 11, 12):
        draw(open_line(number), "6000.00", OPENS)
    set_business_date(on=FIRST_DUE, actor=SYSTEM)
    core.fault("deferred", seconds=120)

    first = Points()
    with watched(first):
        report = operations.run_close_of_day(actor=SYSTEM, on=FIRST_DUE)

    assert first.names.count("before POST /bank-core/debit-batches") == 3
    assert (report.parked, report.overdue) == ((), 0)
    assert set(CoreOrder.objects.filter(subject_type="repayment").values_list("state", flat=True)) == {
        "unknown"
    }  # fmt: skip
    core.fault("ok")
    second = Points()
    with watched(second):
        operations.run_close_of_day(actor=SYSTEM, on=FIRST_DUE + timedelta(days=1))

    calls = [name for name in second.names if name.startswith(("before GET", "before POST"))]
    assert calls == ["before POST /bank-core/debit-batches"]
    assert LoanEvent.objects.filter(kind="payment", on=FIRST_DUE).count() == 3
    assert set(Loan.objects.values_list("oldest_due_on", flat=True)) == {None}
    check_agreement()


def test_a_payment_heard_of_after_the_write_off_gives_the_allowance_back(core) -> None:
    set_business_date(on=OPENS, actor=SYSTEM)
    loan_id = draw(open_line(10), "6000.00", OPENS).loan_id
    operations.run_close_of_day(actor=SYSTEM)
    core.fault("down")
    waiting = operations.repay(
        loan_id=loan_id, amount=Decimal("1000.00"), key="part", on=business_date(), actor=SYSTEM
    )
    assert waiting.status == "pending"
    operations.run_close_of_day(actor=SYSTEM)
    row = Loan.objects.get()
    with transaction.atomic():
        account = limits.lock_limits(facility_id=row.facility_id, product_code=row.product_code)
        booked = book(hold_loan(loan_id), WriteOff("off", business_date()), actor=SYSTEM)
        limits.restore(
            account, booked.principal_back, on=business_date(), lost=booked.principal_lost
        )
        operations.use_allowance(loan_id=loan_id, amount=booked.written_off)
    assert booked.written_off == Decimal("6001.20")  # two days at 0.01 %
    check_agreement()
    core.fault("ok")

    operations.run_close_of_day(actor=SYSTEM)

    assert Repayment.objects.get().status == "settled"
    check_agreement()
    [loan] = Loan.objects.all()
    assert (loan.status, loan.outstanding) == ("written_off", 0)
