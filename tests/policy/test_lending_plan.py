"""Plans for a book: grades, ceilings, rates, outcomes; and what a shock changes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from kuaidai.risk.policy.domain.decision import Outcome
from kuaidai.risk.policy.domain.invoice_book import (
    CALM,
    Scenario,
    Shock,
    library_terms,
    load_scenario,
    scenario_of,
    shocked_pd,
)
from kuaidai.risk.policy.domain.lending_plan import (
    Firm,
    GradeScale,
    grade_scale,
    grouped,
    make_plan,
    profit_if,
)
from kuaidai.risk.policy.errors import BadScenario

TERMS = library_terms()
SCALE = GradeScale((("A", Decimal("0.01")), ("B", Decimal("0.04")), ("C", Decimal("0.12"))))
CHURN = {
    "A": {Decimal("0.04"): Decimal("0"), Decimal("0.07"): Decimal("0.3"),
          Decimal("0.15"): Decimal("0.9")},
    "B": {Decimal("0.04"): Decimal("0"), Decimal("0.07"): Decimal("0.2"),
          Decimal("0.15"): Decimal("0.85")},
    "C": {Decimal("0.04"): Decimal("0"), Decimal("0.07"): Decimal("0.1"),
          Decimal("0.15"): Decimal("0.8")},
}  # fmt: skip


def firm(key="F1", pd="0.010000", monthly_sales="100000.00", months=24, industry="trade"):
    return Firm(key, industry, Decimal(pd), Decimal(monthly_sales), months)


def plan(*firms, scenario=CALM, **changed):
    return make_plan(
        firms, terms=replace(TERMS, **changed), scale=SCALE, churn=CHURN, scenario=scenario
    )


def test_the_ceiling_is_thirty_percent_of_sales_scaled_by_grade_and_rounded_down():
    held = plan(firm(monthly_sales="100000.00"), firm("F2", pd="0.030000"))

    a, b = held.lines
    assert (a.grade, a.ceiling) == ("A", Decimal("360000"))  # 30% × 1.2 million
    assert (b.grade, b.ceiling) == ("B", Decimal("300000"))  # × 0.85 = 306,000
    assert a.outcome is Outcome.APPROVED
    assert a.reason == "GRANTED"


def test_limits_stay_between_one_hundred_thousand_and_a_million():
    held = plan(
        firm("small", monthly_sales="27777.00"),
        firm("edge", monthly_sales="27778.00"),
        firm("large", monthly_sales="9000000.00"),
    )

    small, edge, large = held.lines
    assert (small.outcome, small.reason, small.amount) == (Outcome.DECLINED, "TOO_SMALL", 0)
    assert edge.amount == Decimal("100000")
    assert large.amount == Decimal("1000000")


def test_grade_d_is_not_lent_to_and_a_thin_record_is_referred():
    held = plan(firm("d", pd="0.500000"), firm("thin", months=5), firm("enough", months=6))

    assert [(line.outcome, line.reason) for line in held.lines] == [
        (Outcome.DECLINED, "GRADE_D"),
        (Outcome.REFERRED, "THIN_RECORD"),
        (Outcome.APPROVED, "GRANTED"),
    ]


def test_a_firm_whose_expected_loss_no_rate_covers_is_declined():
    held = plan(firm(pd="0.110000"))  # loses 6.6% a year plus 2.5% of cost

    line = held.lines[0]
    assert line.rate == Decimal("0.15")  # the highest rate is the least bad
    assert line.expected_profit == 0 or line.outcome is Outcome.APPROVED

    worse = plan(firm(pd="0.110000"), loss_given_default=Decimal("1.0")).lines[0]
    assert (worse.outcome, worse.reason) == (Outcome.DECLINED, "UNPROFITABLE")


def test_a_riskier_firm_pays_more_although_more_walk_away():
    held = plan(firm("good", pd="0.005000"), firm("weak", pd="0.100000"))

    assert held.lines[0].rate == Decimal("0.07")
    assert held.lines[1].rate == Decimal("0.15")


def test_the_budget_goes_to_the_most_profitable_and_the_last_gets_the_rest():
    firms = [firm(f"F{n}", pd=f"0.0{n}0000", monthly_sales="9000000") for n in range(1, 4)]

    held = plan(*firms, budget=Decimal(1_500_000))

    assert held.total == Decimal(1_500_000)
    assert sorted(line.amount for line in held.lines) == [0, 500_000, 1_000_000]
    assert {line.reason for line in held.lines} == {"GRANTED", "PARTLY_GRANTED", "BUDGET_SPENT"}
    assert float(held.profit) <= held.bound + 0.01


def test_a_shock_scales_odds_and_sales_of_the_industry_and_spares_the_others():
    shock = Scenario("s", "", "", Shock(), {"hospitality": Shock(Decimal("0.5"), Decimal("4"))})
    firms = (firm("hotel", industry="hospitality"), firm("shop"))

    hotel, shop = plan(*firms, scenario=shock).lines
    calm_hotel, calm_shop = plan(*firms).lines

    assert shop == calm_shop
    assert hotel.pd == Decimal("0.038835")  # odds 1:99 become 4:99
    assert (calm_hotel.grade, hotel.grade) == ("A", "B")
    assert hotel.ceiling == Decimal("150000")  # half of 360,000 × 0.85 = 153,000
    assert hotel.churn == CHURN["A"][hotel.rate]  # as ready to leave as before


def test_planning_anew_never_earns_less_than_keeping_the_plan_where_it_may_be_kept():
    shock = Scenario("s", "", "", Shock(odds=Decimal("2")), {})
    firms = [firm(f"F{n}", pd=f"0.00{n}000", monthly_sales="500000") for n in range(1, 5)]

    before = plan(*firms)
    after = plan(*firms, scenario=shock)
    kept = profit_if(before, terms=TERMS, before=CALM, after=shock)

    assert kept < before.profit
    assert after.profit >= kept
    assert profit_if(before, terms=TERMS, before=CALM, after=CALM) == before.profit


def test_groups_add_up_to_the_plan():
    held = plan(firm("F1"), firm("F2", pd="0.030000"), firm("F3", pd="0.500000"))

    groups = grouped(held, lambda line: line.grade)

    assert [group.name for group in groups] == ["A", "B", "D"]
    assert sum(group.amount for group in groups) == held.total
    assert sum(group.profit for group in groups) == held.profit
    assert groups[2].rate is None


def test_grades_take_the_shares_they_are_given():
    pds = [Decimal(n) / 100 for n in range(1, 11)]

    scale = grade_scale(pds, [("A", 0.2), ("B", 0.3), ("C", 0.3)])

    assert "".join(scale.grade_of(pd) for pd in pds) == "AABBBCCCDD"


@pytest.mark.parametrize(
    ("name", "industry"),
    [
        ("***医疗器械有限公司", "medical"),
        ("***建筑劳务有限公司", "construction"),
        ("***餐饮管理有限公司", "hospitality"),
        ("***物流有限公司", "transport"),
        ("***文化传播有限公司", "media"),
        ("***商贸有限公司", "trade"),
        ("个体经营X1", "individual"),
        ("***有限公司", "other"),
    ],
)
def test_the_industry_is_read_from_words_in_the_name(name, industry):
    assert TERMS.industry_of(name) == industry


def test_shocked_odds():
    assert shocked_pd(Decimal("0.2"), Decimal(1)) == Decimal("0.200000")
    assert shocked_pd(Decimal("0.5"), Decimal(3)) == Decimal("0.750000")


def test_the_shipped_scenario_hits_hospitality_hardest_and_spares_medicine():
    scenario = load_scenario("epidemic-2020")

    worst = max(scenario.industries, key=lambda code: scenario.industries[code].odds)
    assert worst == "hospitality"
    assert scenario.shock_of("medical").odds < 1
    assert scenario.shock_of("unheard-of") == scenario.default
    assert set(scenario.industries) <= {i.code for i in TERMS.industries}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name = ", "not TOML"),
        ("name = 'x'", "title_en"),
        (
            "name='x'\ntitle_en=''\ntitle_zh=''\n[default]\nsales='-1'\nodds='1'\n[industries]",
            "positive",
        ),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(text, why):
    with pytest.raises(BadScenario, match=why):
        scenario_of(text, source="shock.toml")


def test_an_unknown_scenario_is_named():
    with pytest.raises(BadScenario, match="no-such-shock"):
        load_scenario("no-such-shock")
