"""Repaying from the firm's account: early, in part, in full, short of money."""

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.support.bank import ENDS_ON, SYSTEM

from kuaidai.lending.ledger.queries import trial_balance
from kuaidai.lending.servicing import bank_core, operations, queries
from kuaidai.lending.servicing.errors import LoanSettled, RepayNothing, RepayTooMuch, UnknownLoan
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
    assert LoanEvent.objects.get().amount == Decimal("1000.00")
