"""The binning table: what a modeller looks at before deciding on a bin."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from kuaidai.risk.scorecards.characteristics import Attribute, Characteristic
from kuaidai.risk.scorecards.columns import Floats

if TYPE_CHECKING:
    from kuaidai.risk.scorecards.card import Scorecard


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


def bins_frame(card: Scorecard, feature: str | None = None) -> pd.DataFrame:
    """`binning_table` of a card's features as a frame, with the points; see `Scorecard.table`."""
    everyone = (*card.characteristics, *card.rejected)
    chosen = [c for c in everyone if feature is None or c.name == feature]
    if not chosen:
        raise KeyError(
            f"{feature} was no candidate; there were: {', '.join(c.name for c in everyone)}"
        )
    rows = [
        {
            "feature": c.name,
            **asdict(row),
            "points": a.points if c.coefficient is not None else None,
        }
        for c in chosen
        for row, a in zip(binning_table(c), c.attributes, strict=True)
    ]
    return pd.DataFrame(rows).drop(columns="label_zh")


def coefficient_table(card: Scorecard) -> pd.DataFrame:
    """The coefficients of a card, intercept first; see `Scorecard.summary`."""
    low, high = card.fit.interval() or (math.nan, math.nan)
    first: dict[str, Any] = {
        "term": "intercept",
        "coefficient": card.fit.intercept,
        "standard_error": card.fit.intercept_error,
        "low": low,
        "high": high,
        "least_points": card.base_points,
        "most_points": card.base_points,
    }
    rows = [first]
    for c in card.characteristics:
        low, high = c.interval() or (math.nan, math.nan)
        rows.append(
            {
                "term": c.name,
                "coefficient": c.coefficient,
                "standard_error": c.standard_error,
                "low": low,
                "high": high,
                "z": c.z,
                "p_value": c.p_value,
                "vif": c.vif,
                "iv": c.iv,
                "least_points": int(c.points.min()),
                "most_points": c.max_points,
            }
        )
    return pd.DataFrame(rows).set_index("term")


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
