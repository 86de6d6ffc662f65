"""The limit: each dimension, how they combine, each cap; and that it moves the right way."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kuaidai.risk.policy.domain.decide import decide
from kuaidai.risk.policy.domain.decision import Outcome
from kuaidai.risk.policy.domain.facts import DecisionFacts
from kuaidai.risk.policy.domain.limit import annuity_factor


def terms(decision):
    return {term.code: term for term in decision.limit_breakdown}


def binding(decision):
    return [term.code for term in decision.limit_breakdown if term.binding]


def test_each_dimension_is_its_basis_times_its_multiple(facts, policy, card):
    found = terms(decide(facts(), policy=policy, scorecard=card))

    assert found["TAX"].amount == Decimal("350000.00")  # 7 × 50,000 for grade A
    assert found["SETTLEMENT"].amount == Decimal("400000.00")
    assert found["PAYROLL"].amount == Decimal("160000.00")  # 8 × 20,000
    assert found["FIRM_ASSETS"].amount == Decimal("80000.00")
    assert found["OWNER_ASSETS"].amount == Decimal("100000.00")
    assert found["OWNER_PROPERTY"].amount == Decimal("360000.00")  # 30% of 1.2 million
    # 400,000 + 30% × (350,000 + 160,000 + 80,000 + 100,000 + 360,000)
    assert found["COMBINED"].amount == Decimal("715000.00")


@pytest.mark.parametrize(("grade", "multiple"), [("A", 7), ("B", 6), ("M", 5)])
def test_the_tax_multiple_follows_the_tax_grade(facts, policy, card, grade, multiple):
    found = terms(decide(facts(tax_grade_latest=grade), policy=policy, scorecard=card))

    assert found["TAX"].amount == 50_000 * multiple


def test_debt_service_caps_an_indebted_firm(facts, policy, card):
    held = decide(facts(loan_repayments_monthly_mean_6m=60_000.0), policy=policy, scorecard=card)

    # 20% of 500,000 a month less 60,000 repaid elsewhere = 40,000 free, covering 1.2 times the
    # instalment over 12 months at 3.85% (factor 11.753452): 391,782; and half of 300,000 of assets
    assert held.annual_rate == Decimal("0.038500")
    assert terms(held)["DEBT_SERVICE"].amount == Decimal("541781.74")
    assert held.limit == Decimal("541000.00")
    assert binding(held) == ["DEBT_SERVICE"]


def test_instalments_due_here_are_not_counted_on_top_of_repayments_seen(facts, policy, card):
    one = decide(facts(monthly_debt_due_here=20_000.0), policy=policy, scorecard=card)
    none = decide(facts(monthly_debt_due_here=0.0), policy=policy, scorecard=card)
    more = decide(facts(monthly_debt_due_here=50_000.0), policy=policy, scorecard=card)

    assert terms(one)["DEBT_SERVICE"] == terms(none)["DEBT_SERVICE"]
    assert terms(more)["DEBT_SERVICE"].amount < terms(none)["DEBT_SERVICE"].amount


def test_the_annuity_factor_repays_itself():
    factor = annuity_factor(Decimal("0.0385"), 12)
    debt = factor
    for _ in range(12):
        debt = debt * (1 + Decimal("0.0385") / 12) - 1
    assert abs(debt) < Decimal("1e-20")
    assert annuity_factor(Decimal(0), 12) == 12


@pytest.mark.parametrize(
    ("features", "other", "code", "limit"),
    [
        ({}, {"product_cap": Decimal("300000")}, "PRODUCT_CAP", "300000.00"),
        (
            {},
            {"product_cap": Decimal("300000"), "existing_exposure": Decimal("180000")},
            "PRODUCT_CAP",
            "120000.00",
        ),
        ({"sales_declared_12m": 3_000_000.0, "loan_repayments_monthly_mean_6m": 30_000.0}, {},
         "DEBT_SERVICE", "345000.00"),
        ({"credit_outstanding_elsewhere": 5_100_000.0, "sales_declared_12m": 60_000_000.0}, {},
         "TOTAL_CREDIT", "100000.00"),
        (
            {"sales_declared_12m": 60_000_000.0},
            {"group_total": Decimal("5000000"), "group_exposure": Decimal("4800500")},
            "GROUP_TOTAL",
            "199000.00",
        ),
        ({"sales_declared_12m": 60_000_000.0}, {}, "GRADED", "715000.00"),
        ({"credit_outstanding_elsewhere": 1_800_000.0}, {}, "NEED", "200000.00"),
    ],
    ids=["product cap", "less exposure", "debt service", "total credit", "group", "grade", "need"],
)  # fmt: skip
def test_each_cap_binds_where_it_is_the_least(facts, policy, card, features, other, code, limit):
    held = decide(replace(facts(**features), **other), policy=policy, scorecard=card)

    assert held.outcome is Outcome.APPROVED
    assert binding(held) == [code]
    assert held.limit == Decimal(limit)
    assert held.reasons[0].code == f"LIMIT_{code}"


def test_the_group_is_told_in_both_languages_and_only_where_one_is_known(facts, policy, card):
    alone = decide(facts(), policy=policy, scorecard=card)
    linked = replace(facts(), group_total=Decimal("5000000"), group_exposure=Decimal("4900000"))
    held = decide(linked, policy=policy, scorecard=card)

    assert "GROUP_TOTAL" not in terms(alone)
    assert terms(held)["GROUP_TOTAL"].amount == Decimal("100000.00")
    assert "less what is granted or offered to them already" in held.reasons[0].en
    assert "关联企业合计总额度" in held.reasons[0].zh
    assert "4,900,000" not in held.reasons[0].en  # the applicant reads it, and it is the others'


def test_facts_of_earlier_decisions_know_no_group(facts):
    told = json.loads(facts().to_bytes())
    del told["group_total"], told["group_exposure"]
    assert DecisionFacts.from_bytes(json.dumps(told).encode()) == facts()
    linked = replace(facts(), group_total=Decimal("5000000.00"), group_exposure=Decimal("1.00"))
    assert DecisionFacts.from_bytes(linked.to_bytes()) == linked


def test_the_limit_is_rounded_down_to_a_thousand(facts, policy, card):
    held = decide(replace(facts(), product_cap=Decimal("123999.99")), policy=policy, scorecard=card)

    assert held.limit == Decimal("123000.00")


@pytest.mark.parametrize(("cap", "outcome"), [("10000.00", "approved"), ("9999.99", "declined")])
def test_a_limit_below_ten_thousand_is_declined_with_its_cause(facts, policy, card, cap, outcome):
    held = decide(replace(facts(), product_cap=Decimal(cap)), policy=policy, scorecard=card)

    assert held.outcome == outcome
    if outcome == "declined":
        assert held.limit == 0
        assert [reason.code for reason in held.reasons] == ["LIMIT_TOO_SMALL"]
        assert "product's highest limit" in held.reasons[0].en


def test_without_any_turnover_nothing_is_lent(facts, policy, card):
    held = decide(
        facts(sales_declared_12m=None, credit_turnover_12m=None), policy=policy, scorecard=card
    )

    assert held.outcome is Outcome.DECLINED
    assert terms(held)["NEED"].amount == 0


RAISES = (
    "tax_paid_12m",
    "credit_turnover_monthly_mean_12m",
    "payroll_monthly_mean_6m",
    "firm_assets_average_6m",
    "owner_assets_average_6m",
    "owner_property_value",
    "sales_declared_12m",
)
LOWERS = (
    "owner_mortgage_balance",
    "loan_repayments_monthly_mean_6m",
    "monthly_debt_due_here",
    "business_outstanding_owner",
)
MONEY = st.floats(0, 5e7).map(lambda value: round(value, 2))


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_more_income_or_wealth_never_lowers_the_limit_and_more_debt_never_raises_it(
    facts, policy, card, data
):
    start = {name: data.draw(MONEY, label=name) for name in (*RAISES, *LOWERS)}
    changed = data.draw(st.sampled_from(RAISES + LOWERS), label="changed")
    more = {**start, changed: start[changed] + data.draw(MONEY, label="by")}

    before = decide(facts(**start), policy=policy, scorecard=card).limit_breakdown[-1]
    after = decide(facts(**more), policy=policy, scorecard=card).limit_breakdown[-1]

    assert after.code == "LIMIT"
    if changed in RAISES:
        assert after.amount >= before.amount
    else:
        assert after.amount <= before.amount


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    features=st.fixed_dictionaries(dict.fromkeys(RAISES + LOWERS, st.none() | MONEY)),
    exposure=st.integers(0, 6_000_000),
    months=st.sampled_from([3, 6, 9, 12]),
)
def test_the_limit_keeps_every_cap(facts, policy, card, features, exposure, months):
    asked = replace(facts(**features), existing_exposure=Decimal(exposure), requested_months=months)

    held = decide(asked, policy=policy, scorecard=card)

    found = terms(held)
    for code in ("GRADED", "PRODUCT_CAP", "DEBT_SERVICE", "NEED", "TOTAL_CREDIT"):
        assert found["LIMIT"].amount <= found[code].amount
    assert found["LIMIT"].amount % 1000 == 0
    assert len(binding(held)) == 1
