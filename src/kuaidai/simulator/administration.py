"""What administration and visits know: social insurance, utilities, and what account managers saw."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from kuaidai.simulator.arrays import Floats, Ints, cents, logistic
from kuaidai.simulator.columns import dates, money, named, table
from kuaidai.simulator.platform_trade import in_industries
from kuaidai.simulator.world import World

CONTRIBUTION = 1_150.0
"""Yuan a month and insured employee, employer's and employee's part together."""
UTILITY_KINDS = ("electricity", "water", "gas")
_UNIT_PRICES = np.array([0.75, 4.5, 3.6])
_SHARES = np.array([0.8, 0.08, 0.12])
STANDING = ("stable", "changing", "lost")
RECORDS = ("good", "fair", "poor")
SITES = ("busy", "normal", "idle", "closed")
PREMISES = ("owned", "rented", "none")


def administration_tables(world: World) -> Iterator[tuple[str, pa.Table]]:
    """Rows of `social_insurance_months`, `utilities`, `qualitative_assessments`."""
    streams = world.streams
    yield "social_insurance_months", _social_insurance(world, streams.stream("social insurance"))
    yield "utilities", _utilities(world, streams.stream("utilities"))
    yield "qualitative_assessments", _assessments(world, streams.stream("visits"))


def _social_insurance(world: World, rng: np.random.Generator) -> pa.Table:
    firms, trade, h = world.firms, world.trade, world.health.firm_months()
    staff = firms.turnover * firms.trait("payroll") / 72_000
    coverage = np.clip(rng.normal(0.75, 0.15, firms.count), 0.3, 1.0)
    heads = np.maximum(np.rint((staff * coverage)[:, None] * np.exp(0.15 * h)), 1).astype(np.int64)
    heads = np.where(trade.heads > 0, np.minimum(heads, np.maximum(trade.heads, 1)), heads)
    due = heads * int(CONTRIBUTION * 100)
    unpaid = rng.random(h.shape) < logistic(-4.2 - 1.4 * h)
    partly = rng.uniform(0.0, 0.6, h.shape)
    paid = np.where(unpaid, (due * partly).astype(np.int64), due)
    firm, month = np.nonzero(trade.active)
    return table(
        "social_insurance_months",
        {
            "uscc": named(firms.uscc, firm),
            "month": dates(world.line.month_first[month]),
            "known_on": dates(world.line.month_last[month]),
            "insured_heads": heads[firm, month],
            "due": money(due[firm, month]),
            "paid": money(paid[firm, month]),
        },
    )


def _utilities(world: World, rng: np.random.Generator) -> pa.Table:
    firms, trade, h = world.firms, world.trade, world.health.firm_months()
    burns_gas = in_industries(world, "13", "62")
    uses = np.ones((*h.shape, 3), dtype=np.bool_) & (trade.utilities > 0)[:, :, None]
    uses[:, :, 2] &= burns_gas[:, None]
    firm, month, kind = np.nonzero(uses)
    cooling = 1 + 0.15 * np.cos(2 * np.pi * (world.line.calendar_month - 7) / 6)
    billed = trade.utilities[firm, month] * _SHARES[kind] * np.where(kind == 0, cooling[month], 1.0)
    billed *= np.exp(rng.normal(0.0, 0.05, len(firm)))
    late = rng.random(len(firm)) < logistic(-2.8 - 1.1 * h[firm, month])
    days = np.ceil(rng.exponential(12.0, len(firm))).astype(np.int64)
    return table(
        "utilities",
        {
            "uscc": named(firms.uscc, firm),
            "month": dates(world.line.month_first[month]),
            "known_on": dates(world.line.month_last[month]),
            "kind": named(UTILITY_KINDS, kind),
            "used": np.round(billed / _UNIT_PRICES[kind], 1),
            "billed": money(cents(billed)),
            "late_days": np.where(late, days, 0),
        },
    )


def _judged(seen: Floats, cuts: tuple[float, ...]) -> Ints:
    """The grade of what a visitor sees: 0 above the first cut, one more for each cut below."""
    grade = np.zeros(len(seen), dtype=np.int64)
    for cut in cuts:
        grade += seen < cut
    return grade


def _assessments(world: World, rng: np.random.Generator) -> pa.Table:
    """One visit a year to each firm that settles here; each visitor sees health through noise."""
    firms, people, line = world.firms, world.people, world.line
    first = rng.integers(0, 12, firms.count)
    firm, month = np.nonzero(
        world.trade.active & ((np.arange(line.months)[None, :] - first[:, None]) % 12 == 0)
    )
    h = world.health.firm_months()[firm, month]
    years = np.clip(np.rint(rng.gamma(4.0, 2.4, firms.count) + people.quality[firms.owner]), 0, 40)
    premises = np.where(rng.random(firms.count) < 0.22, 0, 1)
    premises = np.where(rng.random(firms.count) < 0.05, 2, premises)
    seen = h[:, None] + rng.normal(0.0, 0.8, (len(firm), 4))
    order = 0.6 * people.quality[firms.owner[firm]] + 0.4 * h + rng.normal(0.0, 0.7, len(firm))
    day = line.day_of_month_first[month] + rng.integers(0, 28, len(firm))
    return table(
        "qualitative_assessments",
        {
            "uscc": named(firms.uscc, firm),
            "assessed_on": dates(line.month_first[0] + day),
            "owner_industry_years": (years[firm] + month // 12).astype(np.int64),
            "premises": named(PREMISES, premises[firm]),
            "customers": named(STANDING, _judged(seen[:, 0], (-0.9, -2.2))),
            "suppliers": named(STANDING, _judged(seen[:, 1], (-1.1, -2.5))),
            "record_keeping": named(RECORDS, _judged(order, (0.3, -1.0))),
            "site": named(SITES, _judged(seen[:, 2], (1.0, -1.3, -3.0))),
        },
    )
