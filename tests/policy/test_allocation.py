"""Sharing out a budget: against every possible plan on small cases, and against the LP bound."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuaidai.risk.policy.domain.allocation import (
    Candidate,
    allocate,
    best_rate,
    expected_margin,
)

LEAST, STEP = Decimal(100_000), Decimal(50_000)


def every_plan(candidates, budget):
    """The greatest profit over all plans, by trying each one."""
    choices = []
    for c in candidates:
        amounts = [Decimal(0)]
        amount = LEAST
        while amount <= c.most:
            amounts.append(amount)
            amount += STEP
        choices.append(amounts)
    return max(
        sum((c.margin * a for c, a in zip(candidates, plan, strict=True)), Decimal(0))
        for plan in itertools.product(*choices)
        if sum(plan) <= budget
    )


def test_a_budget_that_greedy_choice_wastes_is_used_in_full():
    # The best firm leaves 50,000, too little for anybody; two others together are worth more.
    firms = [
        Candidate("best", Decimal(150_000), Decimal("0.030")),
        Candidate("second", Decimal(100_000), Decimal("0.026")),
        Candidate("third", Decimal(100_000), Decimal("0.025")),
    ]

    held = allocate(firms, budget=Decimal(200_000), least=LEAST, step=STEP)

    # 100,000 to the best and 100,000 to the second beat 150,000 to the best alone
    assert held.amounts == {"best": Decimal(100_000), "second": Decimal(100_000)}
    assert held.profit == Decimal("5600.000")
    assert held.profit == every_plan(firms, Decimal(200_000))


@settings(max_examples=60)
@given(
    firms=st.lists(st.tuples(st.integers(0, 8), st.integers(-20, 60)), min_size=1, max_size=5),
    budget=st.integers(0, 16),
)
def test_no_plan_at_all_is_better_on_small_cases(firms, budget):
    candidates = [
        Candidate(f"F{n}", 50_000 * Decimal(most), Decimal(margin) / 1000)
        for n, (most, margin) in enumerate(firms)
    ]
    money = 50_000 * Decimal(budget)

    held = allocate(candidates, budget=money, least=LEAST, step=STEP)

    assert held.profit == every_plan(candidates, money)
    assert float(held.profit) <= held.bound + 1e-6
    assert held.total <= money
    for candidate in candidates:
        amount = held.amounts.get(candidate.key, Decimal(0))
        assert amount == 0 or LEAST <= amount <= candidate.most
        assert amount % STEP == 0


@settings(max_examples=15)
@given(
    margins=st.lists(st.integers(1, 40), min_size=40, max_size=60),
    budget=st.integers(1_000_000, 30_000_000),
)
def test_large_cases_reach_the_bound_of_the_relaxation_to_one_firm(margins, budget):
    step = Decimal(10_000)
    candidates = [
        Candidate(f"F{n}", Decimal(1_000_000), Decimal(margin) / 1000)
        for n, margin in enumerate(margins)
    ]

    held = allocate(candidates, budget=Decimal(budget), least=LEAST, step=step)

    # Only the last firm's share can be lost to rounding and to the least amount.
    assert held.bound - 0.04 * 100_000 <= float(held.profit) <= held.bound + 1e-6


def test_nobody_profitable_means_nothing_is_lent():
    firms = [Candidate("loss", Decimal(500_000), Decimal("-0.001"))]

    held = allocate(firms, budget=Decimal(10**8), least=LEAST, step=STEP)

    assert (held.amounts, held.profit, held.total) == ({}, 0, 0)


def test_the_margin_weighs_interest_loss_cost_and_customers_lost():
    margin = expected_margin(
        rate=Decimal("0.0705"),
        pd=Decimal("0.02"),
        loss_given_default=Decimal("0.6"),
        cost=Decimal("0.025"),
        churn=Decimal("0.4"),
    )

    # 60% stay; each pays 98% × 7.05% and costs 2% × 60% + 2.5%
    assert margin == Decimal("0.6") * (Decimal("0.06909") - Decimal("0.012") - Decimal("0.025"))


@pytest.mark.parametrize(
    ("margins", "rate"),
    [
        ({"0.04": "0.010", "0.06": "0.020", "0.09": "0.015"}, "0.06"),
        ({"0.04": "0.020", "0.06": "0.020"}, "0.04"),
        ({"0.15": "-0.01", "0.10": "-0.02"}, "0.15"),
    ],
)
def test_the_best_rate_is_the_most_profitable_and_the_lowest_of_equals(margins, rate):
    found = best_rate({Decimal(r): Decimal(m) for r, m in margins.items()})

    assert found == (Decimal(rate), Decimal(margins[rate]))
