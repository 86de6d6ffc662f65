"""What platforms of trade know: acquiring, customs, core enterprises' orders, procurement.

All of it follows the firm's own sales, and so its health; the core enterprises have a health of
their own, which decides how late they pay and so reaches their suppliers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from kuaidai.simulator import identities
from kuaidai.simulator.arrays import Flags, Ints, cents, logistic
from kuaidai.simulator.columns import dates, money, named, numbered, table, tokens
from kuaidai.simulator.industries import INDUSTRIES
from kuaidai.simulator.streams import Streams
from kuaidai.simulator.supply_chain import CORE_ENTERPRISES
from kuaidai.simulator.world import World

ORDER_EVENTS = ("ordered", "delivered", "confirmed", "paid", "returned")
COUNTRIES = ("US", "DE", "JP", "KR", "VN", "RU")
PURCHASERS = 200
SETTLED_ON = (6, 13, 20, 27)
"""Days of the month, from 0, on which the acquirer settles."""


def trade_tables(world: World) -> Iterator[tuple[str, pa.Table]]:
    """Rows of `pos_settlements`, `customs_declarations`, `core_enterprise_orders`, `procurement_awards`."""
    streams = world.streams
    yield "pos_settlements", _pos_settlements(world, streams.stream("acquiring"))
    yield "customs_declarations", _customs(world, streams.stream("customs"))
    yield "core_enterprise_orders", _orders(world, streams)
    yield "procurement_awards", _awards(world, streams.stream("procurement"))


def in_industries(world: World, *codes: str) -> Flags:
    """Which firms are in one of the industries."""
    chosen = np.array([industry.code in codes for industry in INDUSTRIES])
    return np.asarray(chosen[world.firms.industry])


def _pos_settlements(world: World, rng: np.random.Generator) -> pa.Table:
    firms, sales = world.firms, world.trade.sales
    accepts = in_industries(world, "52", "62") & (rng.random(firms.count) < 0.8)
    accepts |= in_industries(world, "51", "72") & (rng.random(firms.count) < 0.1)
    share = rng.uniform(0.2, 0.7, firms.count)
    by_code = rng.uniform(0.4, 0.9, firms.count)
    ticket = rng.uniform(60.0, 400.0, firms.count)
    firm, month, part = np.nonzero(
        np.repeat((sales * accepts[:, None] > 0)[:, :, None], len(SETTLED_ON), axis=2)
    )
    weekly = sales[firm, month] * share[firm] / len(SETTLED_ON)
    weekly *= np.exp(rng.normal(0.0, 0.15, len(firm)))
    h = world.health.firm_months()[firm, month]
    refunded = np.clip(0.02 * np.exp(rng.normal(-0.5 * h, 0.5)), 0.0, 0.4)
    firm, month, part = (np.repeat(column, 2) for column in (firm, month, part))
    channel = np.tile([0, 1], len(weekly))
    of_channel = np.where(channel == 1, by_code[firm], 1 - by_code[firm])
    amount = cents(np.repeat(weekly, 2) * of_channel)
    day = world.line.day_of_month_first[month] + np.array(SETTLED_ON)[part]
    return table(
        "pos_settlements",
        {
            "uscc": named(firms.uscc, firm),
            "settled_on": dates(world.line.month_first[0] + day),
            "channel": named(("card", "code"), channel),
            "payments": np.maximum(np.rint(amount / 100 / ticket[firm]), 1).astype(np.int64),
            "amount": money(amount),
            "refunds": money((amount * np.repeat(refunded, 2)).astype(np.int64)),
        },
    )


def _split(counts: Ints) -> tuple[Ints, Ints]:
    """Firm and month of each of `counts` (firm, month) things."""
    firm, month = np.nonzero(counts)
    times = counts[firm, month]
    return np.repeat(firm, times), np.repeat(month, times)


def _customs(world: World, rng: np.random.Generator) -> pa.Table:
    firms, sales = world.firms, world.trade.sales
    exports = in_industries(world, "13", "17", "33", "51") & (rng.random(firms.count) < 0.2)
    imports = in_industries(world, "13", "17", "33", "51") & (rng.random(firms.count) < 0.06)
    share = rng.uniform(0.15, 0.6, firms.count)
    markets = rng.integers(1, len(COUNTRIES) + 1, firms.count)
    parts = []
    for way, trades in enumerate((exports, imports)):
        counts = rng.poisson(1.6, sales.shape) * trades[:, None] * (sales > 0)
        whose, when = _split(counts)
        paid = sales[whose, when] * share[whose] / counts[whose, when]
        paid *= np.exp(rng.normal(0.0, 0.2, len(whose)))
        parts.append((whose, when, paid, np.full(len(whose), way)))
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    firm, month, value, direction = joined
    day = world.line.day_of_month_first[month] + rng.integers(0, 28, len(firm))
    country = (rng.random(len(firm)) ** 2 * markets[firm]).astype(np.int64)
    return table(
        "customs_declarations",
        {
            "declaration_no": numbered("CD", world.numbers(len(firm)), 12),
            "uscc": named(firms.uscc, firm),
            "declared_on": dates(world.line.month_first[0] + day),
            "direction": named(("export", "import"), direction),
            "country": named(COUNTRIES, country),
            "amount": money(np.maximum(cents(value), 1)),
        },
    )


def _orders(world: World, streams: Streams) -> pa.Table:
    rng = streams.stream("orders")
    firms, sales, line = world.firms, world.trade.sales, world.line
    chain = world.chain
    counts = rng.poisson(1.2, sales.shape) * chain.supplies[:, None] * (sales > 0)
    firm, month = _split(counts)
    count = len(firm)
    core = chain.core[firm]
    value = np.maximum(cents(sales[firm, month] * chain.share[firm] / counts[firm, month]), 100)
    h = world.health.firm_months()[firm, month]
    ordered = line.day_of_month_first[month] + rng.integers(0, 28, count)
    late_delivery = np.rint(rng.exponential(6.0, count) * np.exp(-0.4 * h)).astype(np.int64)
    delivered = ordered + rng.integers(8, 30, count) + late_delivery
    confirmed = delivered + rng.integers(3, 20, count)
    due = confirmed + rng.choice([30, 60, 90], count)
    weak = logistic(-1.5 - 1.2 * chain.health[core, month])
    delay = np.rint(rng.exponential(35.0, count) * (rng.random(count) < weak)).astype(np.int64)
    paid = due + delay
    returned = rng.random(count) < logistic(-4.0 - 0.8 * h)
    events = [ordered, delivered, confirmed, paid, delivered + 5]
    happens = [np.ones(count, dtype=np.bool_)] * 2 + [~returned, ~returned, returned]
    order = np.concatenate([np.flatnonzero(flags) for flags in happens])
    event = np.repeat(np.arange(5), [int(flags.sum()) for flags in happens])
    day = np.concatenate([on[flags] for on, flags in zip(events, happens, strict=True)])
    codes = [identities.social_credit_code(990_000 + place, province="11", sole_trader=False)
             for place in range(CORE_ENTERPRISES)]  # fmt: skip
    first = line.month_first[0]
    owed = (event == 2) | (event == 3)
    due_on = np.where(owed, first + due[order], np.datetime64("NaT", "D"))
    return table(
        "core_enterprise_orders",
        {
            "order_no": numbered("PO", world.numbers(count)[order], 12),
            "uscc": named(firms.uscc, firm[order]),
            "core_uscc": named(codes, core[order]),
            "event": named(ORDER_EVENTS, event),
            "event_on": dates(first + day),
            "amount": money(value[order]),
            "due_on": dates(due_on),
        },
    )


def _awards(world: World, rng: np.random.Generator) -> pa.Table:
    firms, h = world.firms, world.health.firm_months()
    bids = in_industries(world, "48", "65", "72") & (rng.random(firms.count) < 0.35)
    pace = 0.12 * np.exp(0.4 * h) * bids[:, None] * world.trade.active
    firm, month = _split(rng.poisson(pace))
    value = firms.turnover[firm] * rng.uniform(0.03, 0.25, len(firm))
    day = world.line.day_of_month_first[month] + rng.integers(0, 28, len(firm))
    awarded = world.line.month_first[0] + day
    return table(
        "procurement_awards",
        {
            "award_no": numbered("GP", world.numbers(len(firm)), 12),
            "uscc": named(firms.uscc, firm),
            "awarded_on": dates(awarded),
            "purchaser": tokens("采购单位", rng.integers(1, PURCHASERS + 1, len(firm)), 3),
            "amount": money(np.maximum(cents(value), 100)),
            "performed_by": dates(awarded + rng.integers(60, 400, len(firm))),
        },
    )
