"""A loan replayed from its terms and payments."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuaidai.kernel.day_counts import DayCount
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.replay import Overpaid, Payment, replay
from kuaidai.lending.servicing.domain.terms import LoanTerms

START = date(2026, 1, 20)


def terms(method=RepaymentMethod.EQUAL_PRINCIPAL, principal="12000.00", rate="0.036", months=3):
    return LoanTerms(Decimal(principal), Decimal(rate), method, DayCount.ACT_360, START, months)


def test_interest_accrues_by_the_day() -> None:
    state = replay(terms(), [], date(2026, 1, 30))
    assert str(state.accrued_interest) == "12.00"  # 12,000 x 0.01 % x 10 days
    assert str(state.payoff) == "12012.00"
    assert state.next_due_on == date(2026, 2, 20)
    assert str(state.next_due_amount) == "4037.20"  # 4,000 + 31 days


def test_on_the_due_date_the_instalment_is_due_and_not_yet_overdue() -> None:
    state = replay(terms(), [], date(2026, 2, 20))
    assert (str(state.due_principal), str(state.due_interest)) == ("4000.00", "37.20")
    assert state.days_past_due == 0
    assert str(state.penalty) == "0.00"


def test_days_past_due_and_penalty_follow_the_oldest_unpaid_instalment() -> None:
    state = replay(terms(), [], date(2026, 3, 2))
    assert state.days_past_due == 10
    # 4,037.20 overdue x 0.036 x 1.5 / 360 x 10 days = 6.0558
    assert str(state.penalty) == "6.06"
    assert str(state.accrued_interest) == "8.00"  # 8,000 x 0.01 % x 10 days


def test_a_payment_settles_penalty_then_interest_then_principal() -> None:
    state = replay(terms(), [Payment("a", date(2026, 3, 2), Decimal("100.00"))], date(2026, 3, 2))
    [part] = state.allocations
    assert (str(part.penalty), str(part.interest), str(part.principal)) == (
        "6.06",
        "37.20",
        "56.74",
    )
    assert str(state.due_principal) == "3943.26"


def test_part_early_repayment_pays_accrued_interest_then_principal_and_lowers_instalments() -> None:
    before = replay(terms(), [], date(2026, 1, 30))
    state = replay(
        terms(), [Payment("a", date(2026, 1, 30), Decimal("3012.00"))], date(2026, 1, 30)
    )
    [part] = state.allocations
    assert (str(part.interest), str(part.principal)) == ("12.00", "3000.00")
    assert str(state.outstanding) == "9000.00"
    assert [str(i.principal) for i in state.instalments] == ["3000.00"] * 3
    assert [i.due_on for i in state.instalments] == [i.due_on for i in before.instalments]
    assert str(state.instalments[0].interest) == "18.90"  # 9,000 x 0.01 % x 21 days


def test_less_than_the_accrued_interest_is_kept_and_not_counted_twice() -> None:
    payments = [Payment("a", date(2026, 1, 30), Decimal("5.00"))]
    on_the_day = replay(terms(), payments, date(2026, 1, 30))
    assert str(on_the_day.accrued_interest) == "7.00"
    assert str(on_the_day.earned_interest) == "12.00"
    due = replay(terms(), payments, date(2026, 2, 20))
    assert str(due.due_interest) == "32.20"
    assert str(due.earned_interest) == "37.20"


def test_full_early_repayment_settles_with_exact_interest_to_the_day() -> None:
    payments = [Payment("a", date(2026, 1, 30), Decimal("12012.00"))]
    state = replay(terms(), payments, date(2026, 6, 1))
    assert state.is_settled
    assert str(state.earned_interest) == "12.00"
    assert state.next_due_on is None


def test_overpaying_and_disorder_are_refused() -> None:
    with pytest.raises(Overpaid):
        replay(terms(), [Payment("a", date(2026, 1, 30), Decimal("12012.01"))], date(2026, 1, 30))
    with pytest.raises(ValueError, match="out of order"):
        replay(terms(), [Payment("a", date(2026, 1, 1), Decimal(1))], date(2026, 1, 30))


@given(
    method=st.sampled_from(RepaymentMethod),
    rate=st.decimals(Decimal("0.01"), Decimal("0.24"), places=6),
    principal=st.decimals(Decimal(1000), Decimal(3_000_000), places=2),
    months=st.integers(1, 24),
    steps=st.lists(st.tuples(st.integers(0, 45), st.integers(1, 100)), max_size=12),
)
def test_any_life_of_a_loan_loses_no_cent(method, rate, principal, months, steps) -> None:
    agreed = LoanTerms(principal, rate, method, DayCount.ACT_360, START, months)
    payments: list[Payment] = []
    on = START
    for days, percent in steps:
        on += timedelta(days=days)
        owed = replay(agreed, payments, on).payoff
        amount = (owed * percent / 100).quantize(Decimal("0.01"))
        if amount > 0:
            payments.append(Payment(f"p{len(payments)}", on, amount))
    last = replay(agreed, payments, on)
    if last.payoff:
        payments.append(Payment("last", on, last.payoff))
    state = replay(agreed, payments, on)

    assert state.is_settled
    assert state.outstanding == 0
    paid = sum((payment.amount for payment in payments), Decimal(0))
    parts = [a.penalty + a.interest + a.principal for a in state.allocations]
    assert parts == [payment.amount for payment in payments]
    assert sum((a.principal for a in state.allocations), Decimal(0)) == principal
    assert paid == principal + state.earned_interest + state.earned_penalty
    assert all(min(a.penalty, a.interest, a.principal) >= 0 for a in state.allocations)


@given(
    days=st.integers(0, 400),
    later=st.integers(0, 60),
    rate=st.decimals(Decimal("0.01"), Decimal("0.24"), places=6),
)
def test_what_is_earned_never_shrinks_as_time_passes(days, later, rate) -> None:
    agreed = terms(rate=str(rate), months=12)
    first = replay(agreed, [], START + timedelta(days=days))
    second = replay(agreed, [], START + timedelta(days=days + later))
    assert second.earned_interest >= first.earned_interest
    assert second.earned_penalty >= first.earned_penalty
    assert second.outstanding == first.outstanding
