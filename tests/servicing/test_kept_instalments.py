"""Instalments that stay as large as they are: early money that fills them, overdue principal, moved dates.

Twelve instalments of 100,000.00 at 12 % in 30/360: 1 % a month, level payment 8,884.88.
"""

from datetime import date

import pytest

from kuaidai.lending.servicing.domain.life import read_life
from kuaidai.lending.servicing.domain.replay import replay

TERMS = {
    "principal": "100000.00", "annual_rate": "12", "method": "equal-instalment",
    "start": "2026-01-20", "instalments": 12, "day_count": "30/360",
}  # fmt: skip
PAID = {"type": "payment", "on": "2026-02-20", "amount": "8884.88"}


def rows(state, first=1, last=12):
    return [
        (str(row.principal), str(row.interest), str(row.outstanding))
        for row in state.instalments[first - 1 : last]
    ]


def standing(on, *events, **terms):
    life = read_life({"terms": TERMS | terms, "events": list(events)})
    return replay(life.terms, life.events, date.fromisoformat(on))


def early(rule, amount, on="2026-03-06"):
    payment = {"type": "payment", "on": on, "amount": amount}
    return standing(on, PAID, payment, excess=rule)


def test_principal_that_fills_the_running_instalment_lowers_its_interest_only() -> None:
    """6 March: 14 of 28 days on 92,115.12, 14 on 87,115.12: 460.58 + 435.58 = 896.15 (exact)."""
    state = early("fill-reduce", "5000.00")
    assert str(state.allocations[-1].principal) == "5000.00"
    assert rows(state, 2, 3) == [
        ("7988.73", "896.15", "84126.39"),
        ("8043.62", "841.26", "76082.77"),
    ]
    row = state.instalments[1]
    assert (str(row.paid_principal), str(row.paid_interest)) == ("5000.00", "0.00")
    assert str(state.outstanding) == "87115.12"


@pytest.mark.parametrize(
    ("rule", "count", "following"),
    [
        ("fill-reduce", 12, "7614.06"),
        ("fill-shorten", 11, "8884.88"),
        ("fill-skip", 12, "721.15"),
    ],
)
def test_what_goes_beyond_the_instalment_is_the_later_ones(rule, count, following) -> None:
    """20,000.00 on 6 March; 72,115.12 are left over ten instalments, or fewer, or the next asks less."""
    state = early(rule, "20000.00")
    assert rows(state, 2, 2) == [("20000.00", "821.15", "72115.12")]
    assert len(state.instalments) == count
    assert str(state.instalments[2].unpaid) == following
    assert sum(row.principal for row in state.instalments) == 100000


def test_on_its_due_date_the_instalment_takes_what_is_beyond_it() -> None:
    state = standing("2026-02-20", PAID | {"amount": "10000.00"}, excess="fill-reduce")
    assert rows(state, 1, 1) == [("9000.00", "1000.00", "91000.00")]
    assert str(state.instalments[1].unpaid) == "8777.32"


def test_segments_of_interest_may_be_rounded_one_by_one() -> None:
    """460.58 + 435.58 (from 460.5756 and 435.5756) are one cent more than 896.1512 rounded at once."""
    payment = {"type": "payment", "on": "2026-03-06", "amount": "5000.00"}
    state = standing("2026-03-06", PAID, payment, excess="fill-reduce", rounds_segments=True)
    assert str(state.instalments[1].interest) == "896.16"


def test_overdue_principal_bears_contract_interest_in_the_running_instalment() -> None:
    """7,884.88 overdue from 20 February: 14 of 28 days at 1 % a month are 39.42; the rest is penalty.

    Penalty is half the rate beyond the contract's: 7,884.88 x 6 % x 16/360, as from 20 February to
    6 March 30/360 counts 16 days.
    """
    state = standing("2026-03-06", overdue_principal="contract")
    assert str(state.instalments[1].interest) == "960.58"  # 921.15 + 39.42
    assert str(state.instalments[1].unpaid) == "8884.88"
    assert str(state.penalty) == "21.03"
    assert str(standing("2026-03-06").penalty) == "63.08"


def test_after_the_last_due_date_overdue_principal_bears_the_whole_penalty_rate() -> None:
    terms = {"instalments": 1, "overdue_principal": "contract"}
    state = standing("2026-03-20", **terms)
    assert state.penalty == standing("2026-03-20", instalments=1).penalty
    assert str(state.penalty) == "1500.00"


def test_a_payoff_may_cost_interest_to_the_end_of_its_period() -> None:
    """Half a month into the second period: 921.15 instead of 460.58."""
    payoff = {"type": "payoff", "on": "2026-03-06"}
    to_the_day = standing("2026-03-06", PAID)
    to_the_end = standing("2026-03-06", PAID, payoff_interest="to-period-end")
    assert (str(to_the_day.payoff), str(to_the_end.payoff)) == ("92575.70", "93036.27")
    assert str(to_the_end.interest_to_come) == "460.57"
    state = standing("2026-03-06", PAID, payoff, payoff_interest="to-period-end")
    assert state.is_settled
    assert str(state.allocations[-1].interest) == "921.15"


def test_a_part_repaid_early_costs_interest_to_the_day_under_either_rule() -> None:
    payment = {"type": "payment", "on": "2026-03-06", "amount": "50000.00"}
    state = standing("2026-03-06", PAID, payment, payoff_interest="to-period-end")
    assert str(state.allocations[-1].interest) == "460.58"


def test_no_cent_less_than_the_payoff_settles_the_loan() -> None:
    payment = {"type": "payment", "on": "2026-03-06", "amount": "93036.26"}
    state = standing("2026-03-06", PAID, payment, payoff_interest="to-period-end")
    assert str(state.outstanding) == "0.01"


def test_equal_instalments_may_stay_when_due_dates_move() -> None:
    days = [f"2026-{month:02}-28" for month in range(3, 13)] + ["2027-01-28"]
    moved = {"type": "extension", "on": "2026-02-21", "due_dates": days, "keep_instalments": True}
    state = standing("2026-02-21", PAID, moved)
    assert {str(row.unpaid) for row in state.instalments[1:-1]} == {"8884.88"}
    assert state.instalments[-1].unpaid > state.instalments[-2].unpaid
    assert str(state.instalments[-1].outstanding) == "0.00"


def test_only_equal_instalments_can_be_kept() -> None:
    moved = {
        "type": "extension", "on": "2026-02-21", "due_dates": ["2027-03-20"], "keep_instalments": True,
    }  # fmt: skip
    with pytest.raises(ValueError, match="only equal instalments"):
        standing("2026-02-21", moved, method="equal-principal")


def test_a_level_by_the_annuity_formula_leaves_the_last_instalment_the_difference() -> None:
    """ACT/360: the formula gives 8,884.88; 365 days of interest make the last one larger."""
    by_formula = standing("2026-01-20", day_count="act/360", level_by="nominal", smooth=False)
    assert {str(row.unpaid) for row in by_formula.instalments[:-1]} == {"8884.88"}
    assert str(by_formula.instalments[-1].unpaid) == "8954.04"
    by_days = standing("2026-01-20", day_count="act/360")
    assert abs(by_days.instalments[-1].unpaid - by_days.instalments[0].unpaid) < 1


@pytest.mark.parametrize("runs", ["to-the-day", "to-period-end"])
def test_a_loan_whose_principal_was_paid_ahead_bears_nothing_once_it_is_settled(runs) -> None:
    """All principal ahead, interest unchanged: 548.39 are earned by 6 February, 1,000.00 by the 20th."""
    ahead = {"type": "payment", "on": "2026-02-03", "amount": "100000.00", "excess": "reamortise"}
    payoff = {"type": "payoff", "on": "2026-02-06"}
    state = standing("2027-03-01", ahead, payoff, payoff_interest=runs)
    assert state.is_settled
    paid = {"to-the-day": "548.39", "to-period-end": "1000.00"}  # 17 of 31 days, or all of them
    assert str(state.allocations[-1].interest) == paid[runs]
