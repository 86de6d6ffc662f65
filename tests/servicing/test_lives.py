"""Random lives of a line, faults of the core included: after every day the books agree with replay."""

import random
from decimal import Decimal

import pytest
from tests.support.bank import ENDS_ON, SYSTEM

from kuaidai.foundation.queries import business_date, verify_audit_chain
from kuaidai.kernel.errors import Refusal
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.ledger.queries import trial_balance
from kuaidai.lending.servicing import operations, queries
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.models import Drawdown, Facility, Loan, Repayment

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
FAULTS = ("ok", "ok", "ok", "down", "lost", "malformed")


def check_books() -> None:
    balance = trial_balance()
    assert balance.difference == 0
    assert {t.title: t.difference for t in queries.control_totals() if t.difference} == {}
    for facility in Facility.objects.all():
        assert 0 <= facility.used + facility.reserved <= facility.granted
        owed = sum((loan.outstanding for loan in facility.loans.all()), Decimal(0))
        assert facility.used == owed
    for loan in Loan.objects.all():
        state = queries.state_of(loan, max(loan.accrued_through, loan.start_on))
        stored = (loan.outstanding, loan.earned_interest, loan.earned_penalty, loan.days_past_due)
        assert stored == (
            state.outstanding,
            state.earned_interest,
            state.earned_penalty,
            state.days_past_due,
        )
        assert (loan.status == "settled") is state.is_settled


@pytest.mark.parametrize("seed", range(4))
def test_stored_and_replayed_agree_through_any_life(make_facility, draw, repay, platforms, seed):
    dice = random.Random(seed)
    method = list(RepaymentMethod)[seed]
    facility = make_facility(granted="200000.00", method=method.value, months=1, rate="0.0435")

    for _ in range(45):
        platforms.fault("bank_money", dice.choice(FAULTS))
        on = business_date()
        try:
            if dice.random() < 0.3:
                draw(facility, f"{dice.randint(1, 60)}000.00", on=on)
            for loan in Loan.objects.filter(status="active"):
                if dice.random() < 0.1:
                    owed = queries.state_of(loan, on).payoff
                    part = (owed * dice.randint(1, 100) / 100).quantize(Decimal("0.01"))
                    repay(loan.id, part, key=new_id("KEY"), on=on, shorten=dice.random() < 0.5)
        except Refusal as refusal:
            assert refusal.http_status < 500
        check_books()
        operations.run_close_of_day(actor=SYSTEM, on=on)
        check_books()

    platforms.fault("bank_money", "ok")
    for _ in range(2):
        operations.run_close_of_day(actor=SYSTEM)
    assert (business_date() - ENDS_ON).days == 47
    assert not Drawdown.objects.filter(status="pending").exists()
    assert not Repayment.objects.filter(status="pending").exists()
    assert Loan.objects.count() > 2
    check_books()
    assert verify_audit_chain().intact
