"""The binning table: what a modeller looks at before deciding on a bin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import stats

from kuaidai.risk.scorecards.characteristics import Attribute, Characteristic
from kuaidai.risk.scorecards.columns import Floats


@dataclass(frozen=True)
class BinRow:
    """One bin: its counts, share of all rows, bad rate (None: empty), WOE, parts of IV and of JS.

    `p_value`: of the two-proportion z-test against the next ordinary bin; None at the last one and for
    special, missing and unseen values.
    """

    label: str
    label_zh: str
    goods: float
    bads: float
    share: float
    bad_rate: float | None
    woe: float
    iv: float
    js: float
    p_value: float | None
    note: str


def binning_table(c: Characteristic) -> tuple[BinRow, ...]:
    """A row per attribute, in the card's order."""
    whole = max(sum(a.count for a in c.attributes), 1e-300)
    parts = jensen_shannon(
        np.array([a.goods for a in c.attributes]), np.array([a.bads for a in c.attributes])
    )
    p_values: list[float | None] = [
        neighbour_p_value(left, right) for left, right in pairwise(c.regular)
    ]
    p_values += [None] * (len(c.attributes) - len(p_values))
    return tuple(
        BinRow(
            a.bin.label,
            a.bin.label_zh,
            a.goods,
            a.bads,
            a.count / whole,
            a.bad_rate,
            a.woe,
            a.iv,
            float(js),
            p_value,
            a.note,
        )
        for a, js, p_value in zip(c.attributes, parts, p_values, strict=True)
    )


def neighbour_p_value(left: Attribute, right: Attribute) -> float:
    """Two-sided p-value that two bins share one bad rate (pooled z-test); 1 where nothing differs."""
    rows, bads = left.count + right.count, left.bads + right.bads
    if not (left.count and right.count and 0 < bads < rows):
        return 1.0
    rate = bads / rows
    spread = rate * (1 - rate) * (1 / left.count + 1 / right.count)
    gap = left.bads / left.count - right.bads / right.count
    return float(2 * stats.norm.sf(abs(gap) / math.sqrt(spread)))


def jensen_shannon(goods: Floats, bads: Floats) -> Floats:
    """Each bin's part of the Jensen-Shannon divergence (natural logarithm) of goods and bads.

    The sum is between 0 and ln 2. Source: Lin, "Divergence measures based on the Shannon entropy",
    IEEE Transactions on Information Theory 37 (1991).
    """
    good, bad = goods / max(goods.sum(), 1e-300), bads / max(bads.sum(), 1e-300)
    middle = (good + bad) / 2
    parts = np.zeros(len(goods))
    for share in (good, bad):
        held = share > 0
        parts[held] += share[held] * np.log(share[held] / middle[held]) / 2
    return np.asarray(parts, dtype=np.float64)
