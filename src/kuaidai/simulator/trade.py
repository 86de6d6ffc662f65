"""What firms trade: sales, purchases, wages, rent and tax, month by month, in yuan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kuaidai.simulator.arrays import Days, Flags, Floats, Ints, cents, logistic
from kuaidai.simulator.health import Health
from kuaidai.simulator.lives import Lives
from kuaidai.simulator.population import Firms, People
from kuaidai.simulator.streams import Streams
from kuaidai.simulator.timeline import BURN_IN_MONTHS, Timeline

SMALL_SCALE_TURNOVER = 5_000_000.0
EXEMPT_MONTHLY_SALES = 100_000.0
"""Small-scale taxpayers whose sales stay below this in a month have their VAT relieved."""
_NEW_YEAR = np.array([1.1, 0.68, *np.ones(9), 1.12])
"""By calendar month: trade rests over the Chinese New Year and is brisk before it."""


@dataclass(frozen=True)
class Trade:
    """Arrays over (firm, emitted month). `active`: the firm settles through the bank that month."""

    active: Flags
    sales: Floats
    purchases: Floats
    heads: Ints
    payroll: Ints
    rent: Floats
    utilities: Floats
    cash_drawn: Floats


@dataclass(frozen=True)
class Tax:
    """Filings over (firm, emitted month), money in cents; `filed` and `due` are dates."""

    exists: Flags
    filed: Days
    due: Days
    sales_declared: Ints
    vat: Ints
    income_tax: Ints
    paid: Ints
    relieved: Ints
    arrears: Ints


def build_trade(
    firms: Firms, health: Health, lives: Lives, line: Timeline, streams: Streams
) -> Trade:
    """Monthly volumes: a level that drifts with health and the firm's life, the season, and noise."""
    rng = streams.stream("trade")
    shape = (firms.count, line.months)
    h = health.firm_months()
    level = _level(health.firm)[:, BURN_IN_MONTHS:] + lives.size
    phase = 2 * np.pi * (line.calendar_month[None, :] - firms.trait("peak")[:, None]) / 12
    season = 1 + firms.trait("season")[:, None] * np.cos(phase)
    season = season * _NEW_YEAR[line.calendar_month - 1][None, :]
    volatility = np.exp(rng.normal(np.log(0.28), 0.45, firms.count))[:, None] * np.exp(-0.25 * h)
    sales = (
        firms.turnover[:, None] / 12 * season * np.exp(level + volatility * rng.normal(size=shape))
    )
    sales *= rng.random(shape) >= logistic(-5.2 - 1.3 * h)  # a month without receipts
    active = lives.trading(firms, line)
    sales = np.where(active, sales, 0.0)
    smooth = firms.turnover[:, None] / 12 * np.exp(level)
    purchases = (0.5 * sales + 0.5 * smooth * season) * firms.trait("purchases")[:, None]
    purchases *= np.exp(rng.normal(0.0, 0.12, shape))
    lagged = np.concatenate([level[:, :1], level[:, :-1]], axis=1)
    wage = np.rint(rng.uniform(4500, 8500, firms.count))[:, None]
    wages = firms.turnover[:, None] / 12 * firms.trait("payroll")[:, None] * np.exp(lagged)
    heads = np.maximum(np.rint(wages / wage), 1).astype(np.int64)
    skipped = rng.random(shape) < logistic(-3.6 - 1.2 * h)
    runs = active & firms.payroll_here[:, None] & ~skipped
    payroll = cents(np.where(runs, heads * wage * rng.normal(1.0, 0.03, shape), 0.0))
    rent = firms.turnover / 12 * firms.trait("rent")
    utilities = smooth * 0.008 * np.exp(rng.normal(0.0, 0.15, shape))
    cash_share = np.clip(0.03 * np.exp(rng.normal(-0.4 * h, 0.7)), 0.0, 0.3)
    return Trade(
        active=active,
        sales=sales,
        purchases=np.where(active, purchases, 0.0),
        heads=np.where(runs, heads, 0),
        payroll=payroll,
        rent=np.where(active, np.round(rent, -1)[:, None], 0.0),
        utilities=np.where(active, utilities, 0.0),
        cash_drawn=sales * cash_share,
    )


def _level(health: Floats) -> Floats:
    level = np.zeros_like(health)
    for month in range(1, health.shape[1]):
        level[:, month] = 0.97 * level[:, month - 1] + 0.03 * (health[:, month] - 0.1)
    return level


def build_tax(
    firms: Firms, people: People, trade: Trade, health: Health, line: Timeline, streams: Streams
) -> Tax:
    """Monthly filings (income tax each quarter); weak firms file late and fall into arrears."""
    rng = streams.stream("tax")
    shape = trade.sales.shape
    h, quality = health.firm_months(), people.quality[firms.owner][:, None]
    honesty = np.clip(0.88 + 0.05 * quality + rng.normal(0.0, 0.05, shape), 0.5, 1.0)
    declared = trade.sales * honesty
    small = (firms.turnover < SMALL_SCALE_TURNOVER)[:, None]
    vat = cents(declared * firms.trait("vat_rate")[:, None])
    exempt = small & (declared <= EXEMPT_MONTHLY_SALES)
    margin = np.clip(0.06 + 0.025 * h, 0.0, 0.25)
    quarter = declared.copy()
    quarter[:, 1:] += declared[:, :-1]
    quarter[:, 2:] += declared[:, :-2]
    quarterly = (line.calendar_month % 3 == 0)[None, :]
    income_tax = cents(np.where(quarterly, quarter * margin * 0.05, 0.0))
    relieved = np.where(exempt, vat, 0) + np.where(small, income_tax // 5, 0)
    due_amount = vat + income_tax - relieved
    unpaid = rng.random(shape) < logistic(-4.0 - 1.4 * h)
    catches_up = rng.random(shape) < logistic(-0.4 + 1.0 * h)
    paid, arrears = _settle(due_amount, unpaid, catches_up)
    month_after = line.month_first[1:]
    late = rng.random(shape) < logistic(-3.6 - 0.6 * h - 0.6 * quality)
    day = np.where(late, rng.integers(15, 28, shape), rng.integers(3, 15, shape))
    return Tax(
        exists=trade.active,
        filed=month_after[None, :] + day,
        due=np.broadcast_to(month_after + 14, shape),
        sales_declared=cents(declared),
        vat=vat,
        income_tax=income_tax,
        paid=paid,
        relieved=relieved,
        arrears=arrears,
    )


def _settle(due: Ints, unpaid: Flags, catches_up: Flags) -> tuple[Ints, Ints]:
    paid, arrears = np.zeros_like(due), np.zeros_like(due)
    owed = np.zeros(due.shape[0], dtype=np.int64)
    for month in range(due.shape[1]):
        owed = owed + due[:, month]
        held_back = unpaid[:, month] | ((owed > due[:, month]) & ~catches_up[:, month])
        settles = np.where(held_back, due[:, month] // 4 * ~unpaid[:, month], owed)
        paid[:, month] = settles
        owed = owed - settles
        arrears[:, month] = owed
    return paid, arrears
