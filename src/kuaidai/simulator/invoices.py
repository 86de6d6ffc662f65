"""VAT invoices: a month's sales and purchases cut into papers, some void, some credit notes.

What is invoiced follows what was traded; weak firms see more papers made void and more goods returned.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from kuaidai.simulator.arrays import Floats, Ints, cents, logistic
from kuaidai.simulator.columns import dates, money, named, numbered, table, tokens
from kuaidai.simulator.world import World

INVOICED = 0.85
"""The share of sales and purchases for which there is an invoice."""
_MOST_A_MONTH = 12
_SIDES, _STATUS = ("in", "out"), ("valid", "void")


def invoice_tables(world: World) -> Iterator[tuple[str, pa.Table]]:
    """Rows of `invoices`."""
    rng = world.streams.stream("invoices")
    sides = (
        _papers(world, world.trade.purchases, world.firms.suppliers, 0.12, rng),
        _papers(world, world.trade.sales, world.firms.customers, 0.3, rng),
    )
    side = np.repeat([0, 1], [len(firm) for firm, _, _, _ in sides])
    firm, month, amount, slot = (np.concatenate(column) for column in zip(*sides, strict=True))
    yield "invoices", _table(world, rng, side, firm, month, amount, slot)


def _papers(
    world: World, volume: Floats, partners: Ints, pace: float, rng: np.random.Generator
) -> tuple[Ints, Ints, Floats, Ints]:
    """Firm, month, amount and partner's slot of every invoice of one side."""
    firms = world.firms
    mean = 1.0 + pace * firms.trait("sales_per_month") * (firms.turnover / 3e6) ** 0.3
    counts = np.clip(rng.poisson(mean[:, None], volume.shape), 1, _MOST_A_MONTH) * (volume > 0)
    firm, month = np.nonzero(counts)
    times = counts[firm, month]
    part = np.exp(rng.normal(0.0, 0.8, int(times.sum())))
    firm, month = np.repeat(firm, times), np.repeat(month, times)
    starts = np.concatenate([[0], np.cumsum(times)[:-1]]) if len(times) else np.zeros(0, np.int64)
    whole = np.repeat(np.add.reduceat(part, starts), times) if len(times) else part
    amount = volume[firm, month] * INVOICED * part / whole
    slot = (partners[firm] * rng.random(len(firm)) ** 1.8).astype(np.int64)
    return firm, month, amount, slot


def _table(
    world: World,
    rng: np.random.Generator,
    side: Ints,
    firm: Ints,
    month: Ints,
    amount: Floats,
    slot: Ints,
) -> pa.Table:
    firms, h = world.firms, world.health.firm_months()[firm, month]
    draw = rng.random(len(firm))
    void = draw < logistic(-3.2 - 0.35 * h)
    note = ~void & (draw > 1 - logistic(-4.0 - 0.4 * h))
    value = np.maximum(cents(amount), 100) * np.where(note, -1, 1)
    tax = np.rint(value * firms.trait("vat_rate")[firm]).astype(np.int64)
    day = world.line.day_of_month_first[month] + rng.integers(0, 28, len(firm))
    partner = firms.number[firm] * 100 + slot + np.where(side == 1, 0, 64)
    return table(
        "invoices",
        {
            "uscc": named(firms.uscc, firm),
            "invoice_no": numbered("", world.numbers(len(firm)), 12),
            "line": np.ones(len(firm), dtype=np.int64),
            "issued_on": dates(world.line.month_first[0] + day),
            "side": named(_SIDES, side),
            "counterparty": tokens("C", partner, 9),
            "amount": money(value),
            "tax": money(tax),
            "amount_with_tax": money(value + tax),
            "status": named(_STATUS, void.astype(np.int64)),
        },
    )
