"""The books that `kuaidai bench age` closes: lives that hold what they have paid, and differ in age alone."""

from datetime import date, timedelta

import pytest
from tests.support.agreement import check_agreement
from tests.support.bank import SYSTEM

from kuaidai.foundation.operations import set_business_date
from kuaidai.interfaces.cli import main
from kuaidai.lending.servicing.benchmarking.book import aged_kinds, fill_aged_book
from kuaidai.lending.servicing.models import CoreOrder, Loan, LoanEvent, Repayment
from kuaidai.lending.servicing.operations import judge_book

ON = date(2026, 6, 15)


@pytest.mark.django_db
def test_stored_loans_are_what_their_events_say() -> None:
    set_business_date(on=ON, actor=SYSTEM)
    filled = fill_aged_book(84, on=ON, age=200, months=12)
    judge_book(ON - timedelta(days=1), SYSTEM)
    check_agreement()
    assert Loan.objects.count() == 84
    assert filled.events == LoanEvent.objects.count() == Repayment.objects.count() > 400
    assert CoreOrder.objects.filter(state="settled", applied_at__isnull=False).count() > 400


def test_old_and_young_books_have_as_many_due_and_late() -> None:
    young, old = (aged_kinds(ON, age=age, months=36, late_share=0.2, count=280) for age in (1, 700))
    due = [sum(kind.columns["next_end_on"] == ON for kind in kinds) for kinds in (young, old)]
    late = [sum(kind.late for kind in kinds) for kinds in (young, old)]
    assert due == [10, 10]
    assert late[0] == late[1] > 20
    assert sum(len(kind.receipts) for kind in young) == 0
    assert all(len(kind.receipts) >= 22 for kind in old)


@pytest.mark.parametrize("ages", ["0,700", "1,old", "1,1200", ""])
def test_ages_that_cannot_be_are_refused_in_words(capsys, ages) -> None:
    with pytest.raises(SystemExit) as stopped:
        main.run(["bench", "age", "--ages", ages])
    assert stopped.value.code == 2
    assert "--ages are days from 1 to 1020, such as 1,700" in capsys.readouterr().err
