"""A loan replayed from its terms and payments."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuaidai.kernel.money import round_cents
from kuaidai.lending.servicing.domain.conventions import Bucket, Conventions, full_order
from kuaidai.lending.servicing.domain.due_dates import maturity
from kuaidai.lending.servicing.domain.early import (
    effect_of_payment,
    repayment_effect,
    total_interest,
)
from kuaidai.lending.servicing.domain.life import read_life, read_terms, terms_to_dict
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.replay import Overpaid, Payment, replay
from kuaidai.lending.servicing.domain.schedule import build_schedule
from kuaidai.lending.servicing.domain.terms import LoanTerms

START = date(2026, 1, 20)
OFFERED = (
    RepaymentMethod.EQUAL_INSTALMENT,
    RepaymentMethod.EQUAL_PRINCIPAL,
    RepaymentMethod.INTEREST_MONTHLY,
    RepaymentMethod.REVOLVING,
)


def terms(method=RepaymentMethod.EQUAL_PRINCIPAL, principal="12000.00", rate="0.036", months=3):
    return LoanTerms(Decimal(principal), Decimal(rate), method, START, months, settlement_day=20)


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
    # 4,000.00 and 37.20 overdue x 0.036 x 1.5 / 360 x 10 days = 6.00 and 0.0558
    assert (str(state.penalty), str(state.compound)) == ("6.00", "0.06")
    assert str(state.accrued_interest) == "8.00"  # 8,000 x 0.01 % x 10 days


def test_a_payment_settles_penalty_then_interest_then_principal() -> None:
    state = replay(terms(), [Payment("a", date(2026, 3, 2), Decimal("100.00"))], date(2026, 3, 2))
    [part] = state.allocations
    told = (part.compound, part.penalty, part.interest, part.principal)
    assert [str(amount) for amount in told] == ["0.06", "6.00", "37.20", "56.74"]
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
    on = date(2026, 1, 30)
    with pytest.raises(Overpaid):
        repayment_effect(terms(), [], replay(terms(), [], on), Decimal("12012.01"))
    state = replay(terms(), [Payment("a", on, Decimal("12012.01"))], on)
    assert (str(state.surplus), state.is_settled) == ("0.01", True)
    with pytest.raises(ValueError, match="out of order"):
        replay(terms(), [Payment("a", date(2026, 1, 1), Decimal(1))], date(2026, 1, 30))


def test_half_a_cent_of_penalty_rounded_up_is_not_paid_back() -> None:
    """100.00 overdue at 3.6 % x 1.5 is 0.015 a day: 0.02 is paid, and nothing is left over."""
    agreed = terms(RepaymentMethod.INTEREST_MONTHLY, "100.00", months=1)
    paid = [Payment("interest", date(2026, 2, 20), Decimal("0.31"))]
    owed = replay(agreed, paid, date(2026, 2, 21))
    assert (str(owed.penalty), str(owed.payoff)) == ("0.02", "100.02")
    state = replay(agreed, [*paid, Payment("all", owed.on, owed.payoff)], owed.on)
    assert state.is_settled
    assert str(state.payoff) == "0.00"


def test_what_is_paid_within_the_days_of_grace_bears_no_penalty() -> None:
    agreed = replace(terms(), grace_days=3)
    last_of_grace, after = date(2026, 2, 23), date(2026, 2, 24)
    assert str(replay(agreed, [], last_of_grace).late_interest) == "0.00"
    assert replay(agreed, [], last_of_grace).days_past_due == 3
    # 4,000.00 x 0.036 x 1.5 / 360 x 4 days from the due date = 2.40; of 37.20, 0.0223
    assert str(replay(agreed, [], after).penalty) == "2.40"
    assert str(replay(agreed, [], after).compound) == "0.02"
    # 2,000 pays 37.20 of interest and 1,962.80; 2,037.20 x 0.036 x 1.5 / 360 x 4 days = 1.2223
    part = [Payment("in time", last_of_grace, Decimal("2000.00"))]
    assert str(replay(agreed, part, after).penalty) == "1.22"


def test_the_order_of_allocation_is_the_terms_own() -> None:
    on = date(2026, 3, 2)
    agreed = replace(
        terms(), conventions=Conventions(due_order=full_order(("principal", "interest", "penalty")))
    )
    state = replay(agreed, [Payment("a", on, Decimal("4001.00"))], on)
    [part] = state.allocations
    assert (str(part.principal), str(part.interest), str(part.penalty)) == (
        "4000.00",
        "1.00",
        "0.00",
    )
    assert str(state.late_interest) == "6.06"
    with pytest.raises(ValueError, match="allocation order"):
        Conventions(due_order=(Bucket.PENALTY, Bucket.INTEREST))


def test_part_early_repayment_may_shorten_the_loan_instead() -> None:
    """Equal principal 4 x 3,000; 6,000 early on day 10: 2 x 3,000 are left, on the first two dates."""
    agreed, on = terms(months=4), date(2026, 1, 30)
    payment = Payment("a", on, Decimal("6012.00"), shorten=True)
    state = replay(agreed, [payment], on)
    assert [str(i.principal) for i in state.instalments] == ["3000.00", "3000.00"]
    assert [i.due_on for i in state.instalments] == [date(2026, 2, 20), date(2026, 3, 20)]
    assert [i.no for i in state.instalments] == [1, 2]
    assert effect_of_payment(agreed, [payment], "a").interest_saved > 0


def test_a_shortened_level_loan_pays_no_more_each_month_than_before() -> None:
    agreed, on = terms(RepaymentMethod.EQUAL_INSTALMENT, months=12), date(2026, 1, 30)
    before = replay(agreed, [], on)
    smaller = replay(agreed, [Payment("a", on, Decimal("5000.00"))], on)
    shorter = replay(agreed, [Payment("a", on, Decimal("5000.00"), shorten=True)], on)
    level = before.instalments[0].principal + before.instalments[0].interest
    assert len(smaller.instalments) == 12
    assert len(shorter.instalments) == 7  # 7,012.00 at 1,019.80 or less: seven of 1,012.82
    assert all(i.principal + i.interest <= level for i in shorter.instalments)
    assert total_interest(shorter) < total_interest(smaller)


def test_a_loan_due_at_once_cannot_be_shortened() -> None:
    agreed, on = terms(RepaymentMethod.INTEREST_MONTHLY), date(2026, 1, 30)
    state = replay(agreed, [Payment("a", on, Decimal("5000.00"), shorten=True)], on)
    assert state.instalments[-1].due_on == maturity(agreed)


@given(
    method=st.sampled_from(OFFERED),
    rate=st.decimals(Decimal("0.01"), Decimal("0.24"), places=6),
    principal=st.decimals(Decimal(1000), Decimal(3_000_000), places=2),
    months=st.integers(1, 24),
    steps=st.lists(st.tuples(st.integers(0, 45), st.integers(1, 100)), max_size=12),
    grace=st.integers(0, 10),
    order=st.permutations(list(Bucket)),
    shorten=st.booleans(),
)
def test_any_life_of_a_loan_loses_no_cent(
    method, rate, principal, months, steps, grace, order, shorten
) -> None:
    agreed = LoanTerms(
        principal, rate, method, START, months, Conventions(due_order=tuple(order)),
        settlement_day=20, grace_days=grace,
    )  # fmt: skip
    payments: list[Payment] = []
    on = START
    for days, percent in steps:
        on += timedelta(days=days)
        owed = replay(agreed, payments, on).payoff
        amount = (owed * percent / 100).quantize(Decimal("0.01"))
        if amount > 0:
            payments.append(Payment(f"p{len(payments)}", on, amount, shorten))
    last = replay(agreed, payments, on)
    if last.payoff:
        payments.append(Payment("last", on, last.payoff))
    state = replay(agreed, payments, on)

    assert state.is_settled
    assert state.outstanding == 0
    paid = sum((payment.amount for payment in payments), Decimal(0))
    parts = [a.amount for a in state.allocations]
    assert parts == [payment.amount for payment in payments]
    assert sum((a.principal for a in state.allocations), Decimal(0)) == principal
    assert paid == principal + state.earned_interest + state.earned_penalty
    assert all(min(a.penalty, a.compound, a.interest, a.principal) >= 0 for a in state.allocations)


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


@given(
    method=st.sampled_from(OFFERED),
    rate=st.decimals(Decimal("0.01"), Decimal("0.24"), places=6),
    grace=st.integers(0, 5),
    paid=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 100)), max_size=6),
)
def test_arrears_agree_with_a_count_day_by_day(method, rate, grace, paid) -> None:
    """An oracle of its own kind: it walks every day and adds a day's penalty on what is overdue."""
    agreed = LoanTerms(
        Decimal("36000.00"), rate, method, START, 4, settlement_day=20, grace_days=grace
    )
    payments, on = [], START
    for days, percent in paid:
        on += timedelta(days=days)
        amount = (replay(agreed, payments, on).due_now * percent / 100).quantize(Decimal("0.01"))
        if amount > 0:
            payments.append(Payment(f"p{len(payments)}", on, amount))

    bills = [
        {"due": row.due_on, "compound": [Fraction(0), Fraction(row.interest), Fraction(0)],
         "penalty": [Fraction(0), Fraction(row.principal), Fraction(0)]}
        for row in build_schedule(agreed)
    ]  # late interest that counts, what bears it, late interest that waits for the end of grace  # fmt: skip
    day, queue = START, list(payments)
    while True:
        while queue and queue[0].on == day:
            left = Fraction(queue.pop(0).amount)
            for bill in bills:
                if bill["due"] <= day:
                    left = _settle_in_legal_order(bill, left)
            assert left == 0
        if day == on:
            break
        for bill in bills:
            if bill["due"] <= day:
                for kind in ("compound", "penalty"):
                    late = bill[kind]
                    late[2] += late[1] * Fraction(rate) * Fraction(3, 2) / 360
                    if (day + timedelta(days=1) - bill["due"]).days > grace:
                        late[0], late[2] = late[0] + late[2], Fraction(0)
        day += timedelta(days=1)

    state = replay(agreed, payments, on)
    for kind in ("compound", "penalty"):
        owed = [max(Decimal(0), round_cents(b[kind][0])) for b in bills if b["due"] <= on]
        assert getattr(state, kind) == sum(owed, Decimal(0))
    overdue = [b["due"] for b in bills if b["due"] <= on and b["compound"][1] + b["penalty"][1] > 0]
    assert state.days_past_due == ((on - min(overdue)).days if overdue else 0)


def _settle_in_legal_order(bill, left):
    """Compound interest, penalty, interest, principal; what is paid in time takes its waiting part."""
    for kind in ("compound", "penalty"):
        part = min(left, max(Fraction(0), Fraction(round_cents(bill[kind][0]))))
        bill[kind][0], left = bill[kind][0] - part, left - part
    for kind in ("compound", "penalty"):
        late = bill[kind]
        part = min(left, late[1])
        late[2] -= late[2] * part / late[1] if late[1] else 0
        late[1], left = late[1] - part, left - part
    return left


LATE_CHARGE = {"percent": "2", "of": "instalment"}


@pytest.mark.parametrize(
    ("on", "paid", "charged"),
    [
        ("2026-02-23", "0.01", "0.00"),  # within three days of grace
        ("2026-02-24", "0.01", "80.74"),  # 2 % of 4,037.20 less the cent
        ("2026-03-19", "0.01", "80.74"),  # once, not by the day
        ("2026-02-24", "4037.20", "0.00"),
    ],
)
def test_a_late_charge_comes_once_for_what_is_overdue_after_the_grace(on, paid, charged) -> None:
    told = {
        "principal": "12000.00", "annual_rate": "3.6", "method": "equal-principal", "grace_days": 3,
        "start": "2026-01-20", "instalments": 3, "settlement_day": 20, "penalty_multiplier": "0",
        "late_charge": LATE_CHARGE,
    }  # fmt: skip
    payment = {"type": "payment", "on": "2026-02-20", "amount": paid}
    told_life = read_life({"terms": told, "events": [payment]})
    state = replay(told_life.terms, told_life.events, date.fromisoformat(on))
    assert str(state.instalments[0].penalty) == charged
    assert terms_to_dict(told_life.terms)["late_charge"] == LATE_CHARGE


@pytest.mark.parametrize("told", ["2", {"of": "principal"}, {"percent": "0"}, {"percent": "101"}])
def test_a_late_charge_that_is_none_is_refused(told) -> None:
    with pytest.raises(ValueError, match="late charge"):
        read_terms(
            {
                "principal": "1", "annual_rate": "1", "method": "level", "start": "2026-01-20",
                "instalments": 1, "late_charge": told,
            }
        )  # fmt: skip
