"""Repaying from the firm's account: early, in part, in full, short of money."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from tests.support.bank import ENDS_ON, SYSTEM
from tests.support.threads import at_once

from kuaidai.foundation.errors import IdempotencyMismatch
from kuaidai.foundation.operations import set_business_date
from kuaidai.kernel.errors import Refusal
from kuaidai.lending.ledger.queries import trial_balance
from kuaidai.lending.servicing import bank_core, operations, queries
from kuaidai.lending.servicing.errors import (
    LoanSettled,
    OddCents,
    RepaymentBackdated,
    RepayNothing,
    RepayTooMuch,
    UnknownLoan,
)
from kuaidai.lending.servicing.models import LoanEvent

pytestmark = pytest.mark.django_db
LATER = ENDS_ON + timedelta(days=10)


@pytest.fixture
def loan_id(facility, draw):
    return draw(facility, "50000.00").loan_id


def test_part_early_repayment_restores_the_line_and_shrinks_the_loan(
    loan_id, repay, facility
) -> None:
    done = repay(loan_id, "20050.00")

    assert (done.status, str(done.settled)) == ("settled", "20050.00")
    state = queries.state_of(LoanEvent.objects.get().loan, LATER)
    assert str(state.outstanding) == "30000.00"  # 50.00 was interest: 50,000 x 0.01 % x 10 days
    assert str(queries.facility(facility.id).available) == "70000.00"
    balance = trial_balance()
    assert balance.difference == 0
    by_account = {row.account: str(row.balance) for row in balance.rows}
    assert by_account["1310"] == "30000.00"
    assert by_account["6010"] == "50.00"
    assert by_account["1320"] == "0.00"


def test_paying_all_settles_to_the_cent(loan_id, repay, facility) -> None:
    done = repay(loan_id, None)
    assert str(done.settled) == "50050.00"
    assert queries.loan(loan_id).status == "settled"
    assert queries.facility(facility.id).used == 0
    by_account = {row.account: row.balance for row in trial_balance().rows}
    assert by_account["1310"] == by_account["1320"] == 0
    with pytest.raises(LoanSettled, match=loan_id):
        repay(loan_id, "1.00")


@pytest.mark.parametrize(
    ("amount", "refused", "named"),
    [
        ("50050.01", RepayTooMuch, "50,050.00"),
        ("0.00", RepayNothing, "0.00"),
        ("-5.00", RepayNothing, "-5.00"),
    ],
)
def test_a_wrong_amount_is_refused_and_changes_nothing(
    loan_id, repay, amount, refused, named
) -> None:
    with pytest.raises(refused) as refusal:
        repay(loan_id, amount)
    assert named in str(refusal.value)
    assert not LoanEvent.objects.exists()


def test_an_unknown_loan_is_named(db, repay, facility) -> None:
    with pytest.raises(UnknownLoan, match="LN-0"):
        repay("LN-0", "1.00")


def test_the_same_repayment_twice_is_one(loan_id, repay) -> None:
    first = repay(loan_id, "1000.00", key="once-only")
    again = repay(loan_id, "1000.00", key="once-only")
    assert again.id == first.id
    assert LoanEvent.objects.count() == 1


def test_an_account_short_of_money_is_left_as_it_was(loan_id, repay, facility) -> None:
    [account] = [
        a for a in bank_core.accounts(facility.uscc) if a.account_no == facility.account_no
    ]
    bank_core.debit(
        key="empty-it", from_account=account.account_no, amount=account.balance, memo="", on=ENDS_ON,
        partial=False,
    )  # fmt: skip

    done = repay(loan_id, "1000.00")

    assert done.status == "rejected"
    assert done.reason
    assert not LoanEvent.objects.exists()
    bank_core.transfer_out(
        key="fill-it", to_account=account.account_no, amount=account.balance, memo="", on=ENDS_ON
    )


def test_a_silent_core_leaves_it_pending_and_the_job_finishes_it(loan_id, repay, platforms) -> None:
    platforms.fault("bank_money", "lost")
    waiting = repay(loan_id, "1000.00")
    platforms.fault("bank_money", "ok")
    for _ in range(2):
        done = operations.collect_repayment(repayment_id=waiting.id, actor=SYSTEM)
    assert (done.status, str(done.settled)) == ("settled", "1000.00")
    assert LoanEvent.objects.get().told["amount"] == "1000.00"


def test_a_shortened_repayment_is_kept_as_asked(make_facility, draw, repay) -> None:
    loan_id = draw(make_facility(months=12), "36000.00").loan_id
    done = repay(loan_id, "18036.00", shorten=True)
    assert (done.status, done.shorten) == ("settled", True)
    state = queries.loan(loan_id).state
    assert [str(i.principal) for i in state.instalments] == ["3000.00"] * 6
    with pytest.raises(IdempotencyMismatch):
        repay(loan_id, "10.00", key="k-1")
        repay(loan_id, "10.00", key="k-1", shorten=True)


def test_the_same_key_on_the_next_day_is_the_same_repayment(loan_id, repay) -> None:
    first = repay(loan_id, "1000.00", key="around-midnight")
    again = repay(loan_id, "1000.00", key="around-midnight", on=LATER + timedelta(days=1))
    assert again.id == first.id


def test_a_repayment_before_the_newest_one_is_refused(loan_id, repay, customer) -> None:
    repay(loan_id, "1000.00")
    with pytest.raises(RepaymentBackdated, match=f"{LATER}.*{ENDS_ON}"):
        operations.repay(
            loan_id=loan_id, amount=None, key="too-late", on=ENDS_ON, actor=customer.actor
        )


def test_cents_are_the_finest_repayment(loan_id, repay) -> None:
    with pytest.raises(OddCents, match=r"1000\.005"):
        repay(loan_id, "1000.005")


def test_a_payment_once_received_cannot_be_changed(loan_id, repay) -> None:
    repay(loan_id, "1000.00")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        LoanEvent.objects.update(on=ENDS_ON)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        LoanEvent.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_repaying_all_many_times_at_once_takes_the_money_once(loan_id, repay, customer) -> None:
    set_business_date(on=LATER, actor=SYSTEM)

    def one(number: int) -> str:
        try:
            return operations.repay(
                loan_id=loan_id, amount=None, key=f"all-{number}", on=LATER, actor=customer.actor
            ).status
        except Refusal as refusal:
            return refusal.code

    outcomes = at_once(one, 6)

    assert outcomes.count("settled") == 1
    assert set(outcomes) <= {"settled", "LOAN_SETTLED", "REPAYMENT_RUNNING"}
    assert LoanEvent.objects.get().told["amount"] == "50050.00"
    assert {total.difference for total in queries.control_totals()} == {0}
