"""The synthetic bank's world: everything that happened, and the hidden causes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from kuaidai.simulator.arrays import Ints
from kuaidai.simulator.health import Health, build_health
from kuaidai.simulator.households import Households, OwnerBureau, build_households
from kuaidai.simulator.past_loans import Loans, build_loans
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
from kuaidai.simulator.timeline import Timeline, timeline
from kuaidai.simulator.trade import Tax, Trade, build_tax, build_trade


@dataclass(frozen=True)
class World:
    """A whole simulated history. `health` and `loans.firm_missed` are truth: never emitted."""

    seed: int
    line: Timeline
    firms: Firms
    people: People
    health: Health
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


def build_world(*, firms: int, months: int, seed: int, ends_on: date) -> World:
    """Simulate `firms` firms over `months` months that end on `ends_on`, and the run-in before.

    Statements and reports begin 21 months earlier, loans 6 months earlier, so that loans have a
    full year behind them and enough of them a known outcome. The same arguments give the same
    world. Raises `ValueError` for counts outside 1 to 999,999 firms or fewer than one month.
    """
    line, streams = timeline(months=months, ends_on=ends_on), Streams(seed)
    who, people = build_population(firms, line, streams)
    health = build_health(who, people, line, streams)
    trade = build_trade(who, health, line, streams)
    tax = build_tax(who, people, trade, health, line, streams)
    loans = build_loans(who, health, line, streams)
    households, owner_bureau = build_households(who, people, health, line, streams)
    years = np.arange(line.first.year - 1, line.ends_on.year)
    return World(
        seed=seed,
        line=line,
        firms=who,
        people=people,
        health=health,
        trade=trade,
        tax=tax,
        loans=loans,
        settlement=build_settlement(who, trade, tax, loans, health, line, streams),
        events=build_events(who, health, line, streams),
        cases=build_cases(who, people, health, loans, line, streams),
        grade_years=years,
        grades=build_grades(who, people, health, tax, years, line, streams),
        firm_bureau=build_firm_bureau(who, health, loans, line, streams),
        households=households,
        owner_bureau=owner_bureau,
    )
