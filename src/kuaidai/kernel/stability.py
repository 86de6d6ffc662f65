"""The population stability index: how far a distribution moved between two counts over the same bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

WATCH, ACT = 0.10, 0.25
"""The trade's reading of the index: below the first stable, from the second on act."""


@dataclass(frozen=True)
class Stability:
    """A stability index with the level the trade gives it and what chance alone would show.

    `p_value` is the chance of an index as large in two samples of one population.
    """

    index: float
    level: str
    expected_by_chance: float
    p_value: float

    @property
    def beyond_chance(self) -> bool:
        """Whether the index is past its first limit and more than twice what chance would show."""
        return self.level != "stable" and self.index > 2 * self.expected_by_chance


def stability_index(before: npt.ArrayLike, after: npt.ArrayLike) -> Stability:
    """Population stability index of two count vectors over the same bins.

    PSI = Σ (share after − share before) · ln(share after / share before); a zero count is read as
    half a row. Level: stable below 0.10, watch below 0.25, act from 0.25. Two samples of one
    population show about (bins − 1)·(1/n + 1/m), which small samples must be held against: divided by
    (1/n + 1/m) the index is about chi-squared with bins − 1 degrees of freedom. Neither count may be all zero.
    Sources: Siddiqi, "Credit Risk Scorecards" (2006), for index and
    levels; Yurdakul, "Statistical Properties of Population Stability Index" (2018), for chance.

    >>> round(stability_index([50, 50], [60, 40]).index, 4)
    0.0405
    """
    old, new = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    used = (old + new) > 0
    old, new = old[used], new[used]
    noise = 1 / old.sum() + 1 / new.sum()
    old_share = np.where(old > 0, old, 0.5) / old.sum()
    new_share = np.where(new > 0, new, 0.5) / new.sum()
    index = float(np.sum((new_share - old_share) * np.log(new_share / old_share)))
    freedom = len(old) - 1
    p_value = float(stats.chi2.sf(index / noise, freedom)) if freedom else 1.0
    return Stability(index, level_of(index), float(freedom * noise), p_value)


def level_of(index: float) -> str:
    """The trade's word for a stability index: stable, watch or act."""
    return "stable" if index < WATCH else "watch" if index < ACT else "act"
