"""The price: prime rate plus spread, floor from expected loss and cost, cap; and the score's say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from kuaidai.risk.policy.domain.admission import evaluate
from kuaidai.risk.policy.domain.decide import decide
from kuaidai.risk.policy.domain.decision import Outcome
from kuaidai.risk.policy.domain.price import price_of


def priced(policy, facts, *, grade, grade_pd, lpr=None):
    found = evaluate(policy, replace(facts, lpr=lpr), score=700, grade=grade)
    return price_of(found, grade=grade, grade_pd=Decimal(grade_pd))


def fixed_by(price):
    return [term.code for term in price.terms if term.binding]


def test_a_good_grade_pays_prime_plus_spread(policy, facts):
    price = priced(policy, facts(), grade="A", grade_pd="0.010000")

    # floor: 1% × 45% + 1.8% + 0.6% + 0.2% = 3.05%
    assert price.floor == Decimal("0.030500")
    assert price.annual_rate == Decimal("0.038500")  # 3.00% + 0.85%
    assert fixed_by(price) == ["LISTED"]


def test_expected_loss_lifts_the_price_to_the_floor(policy, facts):
    price = priced(policy, facts(), grade="B", grade_pd="0.070000")

    assert price.annual_rate == Decimal("0.057500")  # 7% × 45% + 2.6%
    assert fixed_by(price) == ["FLOOR"]


def test_the_price_stops_at_four_times_the_prime_rate(policy, facts):
    price = priced(policy, facts(), grade="E", grade_pd="0.300000")

    assert price.annual_rate == Decimal("0.120000")
    assert fixed_by(price) == ["CAP"]
    assert not price.covers_cost


def test_every_rate_has_six_places(policy, facts):
    price = priced(policy, facts(), grade="C", grade_pd="0.033333")

    assert {term.rate.as_tuple().exponent for term in price.terms} == {-6}


@pytest.mark.parametrize(
    ("on", "lpr"),
    [
        (date(2020, 2, 20), "0.0405"),
        (date(2020, 4, 19), "0.0405"),
        (date(2020, 4, 20), "0.0385"),
        (date(2024, 10, 20), "0.0335"),
        (date(2024, 10, 21), "0.031"),
        (date(2026, 7, 1), "0.03"),
    ],
)
def test_the_prime_rate_is_the_last_one_published(policy, facts, on, lpr):
    found = evaluate(policy, replace(facts(), decided_on=on), score=700, grade="A")

    assert found.lpr == Decimal(lpr)


def test_a_prime_rate_given_with_the_facts_goes_first(policy, facts):
    price = priced(policy, facts(), grade="A", grade_pd="0.001", lpr=Decimal("0.0405"))

    assert price.annual_rate == Decimal("0.049000")


def test_a_price_that_cannot_cover_its_cost_is_referred(facts, policy, card):
    # prime rate 1%: at most 4%, but grade C's loss and cost come to more
    held = decide(
        replace(facts(balance_average_6m=45_000.0), lpr=Decimal("0.01")),
        policy=policy,
        scorecard=card,
    )

    assert held.grade == "C"
    assert held.outcome is Outcome.REFERRED
    assert [hit.code for hit in held.rule_hits] == ["PRICE_ABOVE_CAP"]


def test_a_low_score_declines_and_says_what_cost_the_points(facts, policy, card):
    held = decide(facts(balance_average_6m=1_000.0), policy=policy, scorecard=card)

    assert held.score < 560
    assert held.outcome is Outcome.DECLINED
    assert [reason.code for reason in held.reasons] == [
        "SCORE_TOO_LOW",
        "SCORE_BALANCE_AVERAGE_6M",
    ]
    assert "日均余额" in held.reasons[1].zh


def test_a_borderline_score_is_referred_with_a_limit_for_the_officer(facts, policy, card):
    held = decide(facts(balance_average_6m=25_000.0), policy=policy, scorecard=card)

    assert 560 <= held.score < 600
    assert held.outcome is Outcome.REFERRED
    assert held.rule_hits[0].code == "SCORE_BORDERLINE"
    assert held.limit > 0
