"""Who waits for a loan's lock reads what it is run from as the one before has left it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, transaction
from tests.support.bank import SYSTEM
from tests.support.book import put_loan
from tests.support.threads import until_somebody_waits

from kuaidai.foundation.operations import set_business_date
from kuaidai.kernel.money import from_cents
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.domain.events import Charge, NonAccrual
from kuaidai.lending.servicing.domain.running import RunningLoan
from kuaidai.lending.servicing.models import Loan, LoanChunk
from kuaidai.lending.servicing.operations.night.asking import _orders
from kuaidai.lending.servicing.operations.night.booking import book_many
from kuaidai.lending.servicing.operations.projection import book, hold_loan, running

pytestmark = pytest.mark.django_db(transaction=True)
START, DUE = date(2026, 3, 20), date(2026, 4, 20)
FEE = Decimal("800.00")


def held(loan_id: str) -> RunningLoan:
    """As a payment or an adjustment holds it."""
    return running(hold_loan(loan_id).row)


def asked(loan_id: str) -> RunningLoan:
    """As the night runs it to ask for what is due."""
    [work] = _orders(LoanChunk.objects.get().id, DUE)[1]
    return work.run


def booked(loan_id: str) -> RunningLoan:
    """As the night leaves it after an event for many loans."""
    event = NonAccrual("stop", DUE)
    assert not book_many({loan_id: event}, on=DUE, actor=SYSTEM, wanted=lambda row: row.accrues)
    return running(Loan.objects.select_related("life").get(id=loan_id))


@pytest.mark.parametrize("read", [held, asked, booked])
def test_what_was_booked_while_the_lock_was_waited_for_is_not_lost(read) -> None:
    set_business_date(on=DUE, actor=SYSTEM)
    loan_id = put_loan(1, start_on=START).id

    def wait_and_read() -> Decimal:
        try:
            with transaction.atomic():
                run = read(loan_id)
            return from_cents(run.unpaid(Bucket.FEE, DUE))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            book(hold_loan(loan_id), Charge("court", DUE, Bucket.FEE, FEE), actor=SYSTEM)
            waiting = pool.submit(wait_and_read)
            until_somebody_waits()
        assert waiting.result(timeout=30) == FEE
