"""Weight of evidence: the one definition that tables, fits, points and scores share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def weight_of_evidence(goods: npt.ArrayLike, bads: npt.ArrayLike, *, epsilon: float) -> Floats:
    """WOE per bin = ln(share of all goods / share of all bads); positive is better than average.

    A zero count is read as `epsilon` rows, so the value stays finite; other counts are untouched,
    which keeps the order of WOE equal to the order of bad rates.

    >>> weight_of_evidence([90, 10], [5, 5], epsilon=0.5).round(4).tolist()
    [0.5878, -1.6094]
    """
    good, bad = np.asarray(goods, dtype=np.float64), np.asarray(bads, dtype=np.float64)
    good_share = np.where(good > 0, good, epsilon) / good.sum()
    bad_share = np.where(bad > 0, bad, epsilon) / bad.sum()
    return np.asarray(np.log(good_share / bad_share), dtype=np.float64)


def information_value(goods: npt.ArrayLike, bads: npt.ArrayLike, *, epsilon: float) -> Floats:
    """Contribution of each bin to the information value: (share of goods − share of bads) × WOE.

    Empty bins contribute nothing. The sum over bins is the feature's information value.

    >>> information_value([90, 10], [5, 5], epsilon=0.5).sum().round(4).item()
    0.8789
    """
    good, bad = np.asarray(goods, dtype=np.float64), np.asarray(bads, dtype=np.float64)
    woe = weight_of_evidence(good, bad, epsilon=epsilon)
    parts = (good / good.sum() - bad / bad.sum()) * woe
    return np.asarray(np.where(good + bad > 0, parts, 0.0), dtype=np.float64)
