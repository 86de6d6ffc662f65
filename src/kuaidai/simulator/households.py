"""Owners' wealth and debts, and the firms' financial assets: correlated with health and size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kuaidai.simulator.arrays import Floats, Ints, cents, logistic, rolling_max, rolling_sum
from kuaidai.simulator.health import Health, autoregressive, missed_payments
from kuaidai.simulator.population import Firms, People
from kuaidai.simulator.public_record import class_of
from kuaidai.simulator.streams import Streams
from kuaidai.simulator.timeline import BURN_IN_MONTHS, Timeline


@dataclass(frozen=True)
class Households:
    """Arrays over (owner, emitted month); money in cents."""

    deposits: Ints
    wealth: Ints
    property_value: Ints
    mortgage: Ints
    mortgage_months: Ints
    card_limit: Ints
    card_balance: Ints
    consumer: Ints
    dpd_here: Ints


@dataclass(frozen=True)
class OwnerBureau:
    """Personal credit reports over (owner, emitted month); money in cents, classes as indexes."""

    max_dpd: Ints
    overdue_months: Ints
    overdue: Ints
    queries: Ints
    lenders: Ints
    nonbank: Ints
    business: Ints
    card_limit: Ints
    card_used: Ints
    worst_class: Ints
    history: Ints


def _household_size(firms: Firms, people: People) -> Floats:
    total = np.zeros(people.owners)
    np.add.at(total, firms.owner, firms.turnover)
    return total


def build_households(
    firms: Firms, people: People, health: Health, line: Timeline, streams: Streams
) -> tuple[Households, OwnerBureau]:
    """Assets and debts here and elsewhere; the bureau's totals include what is owed here."""
    rng = streams.stream("households")
    shape = (people.owners, line.months)
    hp = health.person_months()
    scale = _household_size(firms, people)[:, None]
    drift = autoregressive(rng, *shape, spread=0.35, persistence=0.9)
    lasting = rng.normal(0.0, 0.8, (people.owners, 1))
    liquid = 0.025 * scale * np.exp(0.55 * hp + 0.7 * lasting + drift)
    invests = rng.random((people.owners, 1)) < logistic(0.2 + 0.5 * lasting)
    missed_all = missed_payments(rng, health.person_strain, start=-5.0, slope=1.4, stay=-1.2)
    homes = _homes(people, missed_all, scale, lasting, line, rng)
    limit = _card_limits(scale, people, rng)
    used_share = logistic(-0.9 - 0.85 * hp + 0.7 * rng.normal(size=(people.owners, 1)) + drift)
    here = rng.random((people.owners, 1)) < 0.5
    days = _dpd(missed_all, rng)
    card_balance = cents(np.round(limit * used_share, 2))
    consumer_base = scale * 0.01 * (rng.random((people.owners, 1)) < 0.25)
    consumer = cents(np.round(consumer_base * np.exp(-0.3 * hp), -2))
    households = Households(
        deposits=cents(np.round(liquid * 0.6, 2)),
        wealth=cents(np.round(liquid * invests * 0.9, 2)),
        property_value=homes[0],
        mortgage=homes[1],
        mortgage_months=homes[2],
        card_limit=cents(np.broadcast_to(limit, shape)),
        card_balance=card_balance,
        consumer=consumer,
        dpd_here=np.where(here, days, 0)[:, BURN_IN_MONTHS:],
    )
    return households, _bureau(people, health, households, missed_all, days, scale, line, rng)


def _dpd(missed: Ints, rng: np.random.Generator) -> Ints:
    spread = rng.integers(1, 30, missed.shape)
    return np.where(missed > 0, np.minimum(30 * (missed - 1) + spread, 900), 0)


def _card_limits(scale: Floats, people: People, rng: np.random.Generator) -> Floats:
    limit = np.clip(np.rint(scale * 0.012 * np.exp(rng.normal(0, 0.5, scale.shape)) / 1e3), 3, 200)
    return np.where(rng.random((people.owners, 1)) < 0.85, limit * 1e3, 0.0)


def _homes(
    people: People, missed: Ints, scale: Floats, lasting: Floats, line: Timeline,
    rng: np.random.Generator,
) -> tuple[Ints, Ints, Ints]:  # fmt: skip
    owners = people.owners
    owns = rng.random((owners, 1)) < logistic(0.8 + 0.6 * people.quality[:owners, None])
    value = np.clip(np.sqrt(scale / 3e6) * 1.6e6 * np.exp(0.35 * lasting), 3e5, 2e7) * owns
    index = np.exp(np.cumsum(rng.normal(-0.001, 0.006, line.months)))[None, :]
    mortgaged = owns & (rng.random((owners, 1)) < 0.5)
    months_before = rng.integers(6, 150, (owners, 1))
    elapsed = months_before + np.arange(line.months)[None, :]
    balance = value * rng.uniform(0.4, 0.65, (owners, 1)) * np.maximum(1 - elapsed / 300, 0.0)
    slips = np.cumsum(missed[:, BURN_IN_MONTHS:] > 0, axis=1)
    return (
        cents(np.round(value * index, -3)),
        cents(np.round(balance * mortgaged, 2)),
        np.where(mortgaged, elapsed - slips, 0).clip(0),
    )


def _bureau(
    people: People, health: Health, homes: Households, missed_all: Ints, days: Ints,
    scale: Floats, line: Timeline, rng: np.random.Generator,
) -> OwnerBureau:  # fmt: skip
    shape = (people.owners, line.months)
    hp = health.person_months()
    hunger = autoregressive(rng, *shape, spread=0.5, persistence=0.9) - 0.65 * hp
    asked = rng.poisson(np.exp(np.clip(-1.3 + 0.7 * hunger, -4.0, 1.2)))
    lenders = rng.poisson(0.8, (people.owners, 1)) + np.maximum(np.rint(hunger), 0).astype(np.int64)
    nonbank = np.maximum(hunger - 0.6, 0.0) * scale * 0.01
    business = scale * 0.05 * (rng.random((people.owners, 1)) < 0.2)
    missed = missed_all[:, BURN_IN_MONTHS:]
    used_elsewhere = rng.uniform(0.3, 1.5, (people.owners, 1))
    debt = homes.card_balance + homes.consumer + 500_000
    ages = (line.month_last[None, :] - people.born[: people.owners, None]).astype(np.int64) / 365.25
    return OwnerBureau(
        max_dpd=rolling_max(days, 24)[:, BURN_IN_MONTHS:],
        overdue_months=rolling_sum((missed_all > 0).astype(np.int64), 24)[:, BURN_IN_MONTHS:],
        overdue=(debt * np.minimum(missed * 0.04, 1.0)).astype(np.int64),
        queries=rolling_sum(asked, 6),
        lenders=lenders,
        nonbank=cents(np.round(nonbank, -2)),
        business=cents(np.rint(np.broadcast_to(business, shape) / 1e3) * 1e3),
        card_limit=(homes.card_limit * (1 + used_elsewhere)).astype(np.int64) // 100 * 100,
        card_used=(homes.card_balance * (1 + used_elsewhere)).astype(np.int64),
        worst_class=class_of(missed),
        history=np.maximum((ages - 22) * 8, 3).astype(np.int64),
    )
