"""A restructuring locks its debtor's loans in the order in which the night's classification does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection, transaction
from tests.support.bank import SYSTEM
from tests.support.book import put_loan
from tests.support.threads import until_somebody_waits

from kuaidai.foundation.operations import set_business_date
from kuaidai.lending.servicing import operations
from kuaidai.lending.servicing.models import LoanRisk

pytestmark = pytest.mark.django_db(transaction=True)
START, ON = date(2026, 3, 20), date(2026, 4, 10)


def test_who_waits_for_a_debtors_first_loan_holds_none_of_the_others() -> None:
    set_business_date(on=ON, actor=SYSTEM)
    first, second = (put_loan(number, start_on=START, uscc="B-1") for number in (1, 2))
    for loan in (first, second):
        LoanRisk.objects.create(loan=loan, risk_class=1, stage=1)

    def restructured() -> None:
        try:
            operations.record_restructuring(
                loan_id=second.id, first_due_on=date(2026, 12, 31), on=ON, actor=SYSTEM
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():  # as the night, which has come to the first of them
            LoanRisk.objects.select_for_update(no_key=True).get(loan=first)
            waiting = pool.submit(restructured)
            until_somebody_waits()
            LoanRisk.objects.select_for_update(no_key=True, nowait=True).get(loan=second)
        waiting.result(timeout=30)
    assert LoanRisk.objects.get(loan=second).restructured_on == ON
