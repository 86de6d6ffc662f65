"""Fraud, supply chains and misfortunes: each shows where it should, and moves what it should."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from kuaidai.simulator.fraud import KINDS, PARTNERS, SHARE
from kuaidai.simulator.misfortunes import HEALS, Misfortunes, struck
from kuaidai.simulator.settlement import CUSTOMER_SLOTS
from kuaidai.simulator.supply_chain import kept_sales, with_upstream
from kuaidai.simulator.timeline import BURN_IN_MONTHS
from kuaidai.simulator.truth import true_pd, truth_table
from kuaidai.simulator.world import World, build_world


@pytest.fixture(scope="module")
def many() -> World:
    return build_world(firms=2000, months=24, seed=7, ends_on=date(2026, 10, 31))


def _of_kind(world: World, kind: str) -> np.ndarray:
    return np.flatnonzero(world.fraud.kind == KINDS.index(kind))


def test_about_two_in_a_hundred_cheat_in_each_of_three_ways(many: World) -> None:
    assert 0.5 * SHARE < many.fraud.cheats.mean() < 1.5 * SHARE
    for kind in KINDS:
        assert len(_of_kind(many, kind)) >= 5, kind


def test_round_trips_pass_between_two_partners_and_leave_nothing(many: World) -> None:
    payments = many.settlement.payments
    circled = np.isin(payments.counterparty, PARTNERS)
    assert set(payments.firm[circled]) <= set(_of_kind(many, "round_trip"))
    firm = payments.firm[circled]
    month = many.line.month_of_day[payments.day[circled]]
    left = np.zeros((many.firms.count, many.line.months), dtype=np.int64)
    np.add.at(left, (firm, month), payments.cents[circled])
    assert not left.any()
    moved = np.zeros(left.shape)
    np.add.at(moved, (firm, month), np.maximum(payments.cents[circled], 0) / 100)
    some = moved > 0
    typical = (many.firms.turnover[:, None] / 12 * np.ones_like(moved))[some]
    assert np.median(moved[some] / typical) > 0.3


def test_ordinary_counterparties_never_both_pay_and_are_paid(many: World) -> None:
    payments = many.settlement.payments
    known = (payments.counterparty >= 0) & ~np.isin(payments.counterparty, PARTNERS)
    customer = payments.counterparty[known] < CUSTOMER_SLOTS
    assert ((payments.cents[known] > 0) == customer).all()


def test_fabricated_filings_declare_more_than_was_received(many: World) -> None:
    running = many.fraud.running("fabricated_tax", many.line.months) & (many.trade.sales > 0)
    honest = ~many.fraud.cheats[:, None] & (many.trade.sales > 0)
    ratio = many.tax.sales_declared / 100 / np.maximum(many.trade.sales, 1.0)
    assert np.median(ratio[running]) > 1.5 * np.median(ratio[honest])
    assert (ratio[honest] < 1.01).mean() > 0.99


def test_stackers_ask_everywhere_and_borrow_before_the_loan(many: World) -> None:
    firm = _of_kind(many, "loan_stacking")
    month, owner = many.fraud.aims[firm], many.firms.owner[firm]
    for bureau, who in ((many.firm_bureau, firm), (many.owner_bureau, owner)):
        assert bureau.queries[who, month].mean() > 3 * bureau.queries.mean()
        assert bureau.lenders[who, month].mean() > bureau.lenders[who, month - 8].mean() + 1.5
    nonbank = many.owner_bureau.nonbank
    assert nonbank[owner, month].mean() > nonbank[owner, month - 8].mean()


def test_cheats_look_like_others_and_default_far_more(many: World) -> None:
    fraud = many.fraud
    month = np.arange(many.line.months)[None, :]
    ours = (
        fraud.cheats[:, None] & (month >= fraud.aims[:, None]) & (month < fraud.aims[:, None] + 6)
    )
    honest = ~fraud.cheats[:, None] & (month >= 15)
    health, pd = many.health.firm_months(), true_pd(many)
    alike = (health > -0.5) & (health < 1.5)

    assert abs(health[ours].mean() - health[honest & np.ones_like(ours)].mean()) < 0.5
    assert pd[ours & alike].mean() > 3 * pd[honest & alike].mean()
    loans = many.loans
    bad = np.asarray((loans.days_past_due >= 60).any(axis=1))
    after = fraud.cheats[loans.firm] & (loans.grant_month >= fraud.aims[loans.firm])
    assert bad[after].mean() > 2 * bad[~fraud.cheats[loans.firm]].mean()


def test_only_the_truth_names_the_fraud(many: World) -> None:
    named = truth_table(many)["fraud"].to_pylist()
    assert set(named) == {None, *KINDS}
    per_firm = named[:: many.line.months]
    assert [name is not None for name in per_firm] == many.fraud.cheats.tolist()


def test_a_weak_core_enterprise_costs_its_suppliers_sales_one_and_two_months_later(
    many: World,
) -> None:
    calm = np.zeros_like(many.chain.health)
    calm[:, 5] = -2.0
    chain = replace(many.chain, health=calm)
    kept = kept_sales(chain)

    assert (kept[~chain.supplies] == 1.0).all()
    lost = 1.0 - kept[chain.supplies]
    assert (lost[:, [6, 7]] > 0.05).all()
    assert not np.delete(lost, [6, 7], axis=1).any()
    assert (lost[:, 6] <= chain.share[chain.supplies]).all()
    trade = with_upstream(many.trade, chain)
    assert trade.sales == pytest.approx(many.trade.sales * kept)


def test_suppliers_of_weak_core_enterprises_receive_less(many: World) -> None:
    chain = many.chain
    month = np.arange(2, many.line.months)
    before = (chain.health[:, month - 1] + chain.health[:, month - 2])[chain.core] / 2
    size = many.firms.turnover[:, None] / 12 * np.exp(many.lives.size[:, 2:])
    sales = (many.trade.sales[:, 2:] / size)[chain.supplies]
    trading, weak = sales > 0, before[chain.supplies] < -1.0
    strong = before[chain.supplies] > 0.5
    assert np.median(sales[trading & weak]) < 0.92 * np.median(sales[trading & strong])


def test_a_misfortune_takes_the_owners_wealth_and_strains_the_firm(many: World) -> None:
    blow = np.zeros_like(many.health.person)
    blow[3, -2:] = [1.5, 1.5 * HEALS]
    health = struck(many.health, Misfortunes(blow), many.firms)

    assert health.person[3, -2] == pytest.approx(many.health.person[3, -2] - 1.5)
    firm = int(np.flatnonzero(many.firms.owner == 3)[0])
    fallen = many.health.strain[firm] - health.strain[firm]
    assert fallen[-2] == pytest.approx(0.45)
    assert not fallen[: BURN_IN_MONTHS + 10].any()
    assert (health.firm == many.health.firm).all()
    ahead = many.health.strain_ahead[firm] - health.strain_ahead[firm]
    assert (np.diff(ahead) < 0).all()
    assert ahead[0] == pytest.approx(0.45 * HEALS**2)
