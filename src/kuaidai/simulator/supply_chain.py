"""Core enterprises and the firms that depend on them.

A core enterprise has a health of its own, that all clusters share. While it is weak it orders less, and one to
two months later the firms that supply it receive less: part of their sales falls with it. The platform
that confirms its debts shows the same orders, and how late it pays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kuaidai.simulator.arrays import Flags, Floats, Ints
from kuaidai.simulator.health import autoregressive
from kuaidai.simulator.industries import INDUSTRIES
from kuaidai.simulator.population import Firms
from kuaidai.simulator.streams import Streams
from kuaidai.simulator.timeline import Timeline
from kuaidai.simulator.trade import Trade

CORE_ENTERPRISES = 40
SUPPLYING = ("13", "17", "33", "48", "51", "54")
"""Divisions of industry whose firms may supply a core enterprise."""
_SUPPLIER_SHARE = 0.2
_LAGS = (1, 2)
_LOSS = 0.45
"""How the log of a dependent firm's sales to a core enterprise follows the latter's weakness."""


@dataclass(frozen=True)
class SupplyChain:
    """By firm: whether it supplies a core enterprise, which (`core`), and the part of its sales (`share`).

    `health` of core enterprises is over (enterprise, emitted month), in the units of a firm's.
    """

    supplies: Flags
    core: Ints
    share: Floats
    health: Floats


def build_supply_chain(firms: Firms, line: Timeline, streams: Streams) -> SupplyChain:
    """Draw who supplies whom, and how the core enterprises fare."""
    rng = streams.stream("supply chain")
    able = np.array([entry.code in SUPPLYING for entry in INDUSTRIES])[firms.industry]
    return SupplyChain(
        supplies=able & (rng.random(firms.count) < _SUPPLIER_SHARE),
        core=rng.integers(0, CORE_ENTERPRISES, firms.count),
        share=rng.uniform(0.2, 0.7, firms.count),
        health=autoregressive(
            streams.common("core enterprises"),
            CORE_ENTERPRISES,
            line.months,
            spread=0.8,
            persistence=0.95,
        ),
    )


def kept_sales(chain: SupplyChain) -> Floats:
    """Over (firm, emitted month): the part of its sales that a firm keeps; 1 where nobody upstream is weak."""
    weak = np.maximum(-chain.health, 0.0)
    lagged = np.zeros_like(weak)
    for lag in _LAGS:
        lagged[:, lag:] += weak[:, :-lag] / len(_LAGS)
    lost = chain.share[:, None] * (1 - np.exp(-_LOSS * lagged[chain.core]))
    return np.asarray(np.where(chain.supplies[:, None], 1.0 - lost, 1.0))


def with_upstream(trade: Trade, chain: SupplyChain) -> Trade:
    """Trade with the sales that core enterprises left their suppliers."""
    kept = kept_sales(chain)
    return replace(trade, sales=trade.sales * kept, cash_drawn=trade.cash_drawn * kept)
