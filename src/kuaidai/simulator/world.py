"""The synthetic bank's world: everything that happened in one cluster, and the hidden causes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from kuaidai.simulator.arrays import Ints
from kuaidai.simulator.errors import MoreThanOneCluster
from kuaidai.simulator.fraud import (
    Fraud,
    build_fraud,
    fabricated_filings,
    hidden_strain,
    round_trips,
    stacked_firm,
    stacked_owner,
)
from kuaidai.simulator.health import Health, build_health
from kuaidai.simulator.households import Households, OwnerBureau, build_households
from kuaidai.simulator.lives import Lives, build_lives, declining
from kuaidai.simulator.misfortunes import build_misfortunes, struck
from kuaidai.simulator.past_loans import Loans, build_loans
from kuaidai.simulator.plan import Cluster, Plan, Shock
from kuaidai.simulator.population import Firms, People, build_population
from kuaidai.simulator.public_record import (
    FirmBureau,
    Happenings,
    build_cases,
    build_events,
    build_firm_bureau,
    build_grades,
)
from kuaidai.simulator.settlement import Settlement, build_settlement
from kuaidai.simulator.streams import Streams
from kuaidai.simulator.supply_chain import SupplyChain, build_supply_chain, with_upstream
from kuaidai.simulator.timeline import Timeline
from kuaidai.simulator.trade import Tax, Trade, build_tax, build_trade

_NUMBERS_EACH = 100_000_000
"""Running numbers (of transactions, cases, ...) kept for each cluster, so that none is given twice."""


@dataclass(frozen=True)
class World:
    """A cluster's simulated history. `health`, `lives`, `fraud` and the loans' `missed` panels are truth:
    never emitted as such."""

    plan: Plan
    streams: Streams
    cluster: Cluster
    line: Timeline
    firms: Firms
    people: People
    health: Health
    lives: Lives
    fraud: Fraud
    chain: SupplyChain
    trade: Trade
    tax: Tax
    loans: Loans
    settlement: Settlement
    events: Happenings
    cases: Happenings
    grade_years: Ints
    grades: Ints
    firm_bureau: FirmBureau
    households: Households
    owner_bureau: OwnerBureau

    def numbers(self, count: int) -> Ints:
        """`count` running numbers, from 1 in the first cluster, that no other cluster gives."""
        return np.arange(count) + (self.cluster.number * _NUMBERS_EACH + 1)


def build_world(
    *, firms: int, months: int, seed: int, ends_on: date, shocks: tuple[Shock, ...] = ()
) -> World:
    """Simulate `firms` firms over `months` months that end on `ends_on`, and the run-in before.

    Statements and reports begin 21 months earlier, loans 6 months earlier, so that loans have a
    full year behind them and enough of them a known outcome. The same arguments give the same
    world. Raises `NoSuchSize`, `ShockOutside`, and `MoreThanOneCluster` for more than a cluster holds.
    """
    plan = Plan(firms=firms, months=months, seed=seed, ends_on=ends_on, shocks=shocks)
    clusters = plan.clusters()
    if len(clusters) > 1:
        raise MoreThanOneCluster(firms=firms, months=months, clusters=len(clusters))
    return build_cluster(plan, clusters[0])


def build_cluster(plan: Plan, cluster: Cluster) -> World:
    """One cluster of a plan, the same whether or not the others are ever built."""
    line, streams = plan.timeline(), Streams(plan.seed, cluster.number)
    firms, people = build_population(cluster, line, streams)
    carefree = build_health(firms, people, line, streams, plan.shocks)
    lives = build_lives(firms, carefree, line, streams)
    fates = build_misfortunes(people, line, streams)
    fraud, chain = build_fraud(firms, line, streams), build_supply_chain(firms, line, streams)
    health = struck(declining(carefree, firms, lives, line), fates, firms)
    health = hidden_strain(health, fraud, line)
    trade = with_upstream(build_trade(firms, health, lives, line, streams), chain)
    tax = build_tax(firms, people, trade, health, line, streams)
    tax = fabricated_filings(tax, fraud, firms, streams)
    circles = round_trips(fraud, firms, trade, line, streams)
    loans = build_loans(firms, health, lives, trade, tax, line, streams)
    households, owner_bureau = build_households(firms, people, health, line, streams)
    years = np.arange(line.first.year - 1, line.ends_on.year)
    return World(
        plan=plan,
        streams=streams,
        cluster=cluster,
        line=line,
        firms=firms,
        people=people,
        health=health,
        lives=lives,
        fraud=fraud,
        chain=chain,
        trade=trade,
        tax=tax,
        loans=loans,
        settlement=build_settlement(
            firms, lives, trade, tax, loans, health, circles, line, streams
        ),
        events=build_events(firms, health, lives, line, streams),
        cases=build_cases(firms, people, health, loans, line, streams),
        grade_years=years,
        grades=build_grades(firms, people, health, tax, years, line, streams),
        firm_bureau=stacked_firm(
            build_firm_bureau(firms, health, loans, line, streams), fraud, firms, streams
        ),
        households=households,
        owner_bureau=stacked_owner(owner_bureau, fraud, firms, streams),
    )
