"""Lift and the cumulative accuracy profile: how early the bads are met when the worst come first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kuaidai.risk.scorecards.columns import Floats


@dataclass(frozen=True)
class LiftRow:
    """The worst rows down to a score: shares of all rows and of all bads, lift = bads ÷ rows."""

    score: float
    rows: int
    bads: int
    share_of_rows: float
    share_of_bads: float
    lift: float


def lift_table(scores: Floats, bad: Floats, *, bands: int = 10) -> tuple[LiftRow, ...]:
    """Cumulative bands of about equal size from the lowest score upwards; equal scores stay together.

    The points (share of rows, share of bads) are the cumulative accuracy profile; the area between
    it and the diagonal, over that of a perfect order, is the accuracy ratio, which equals the Gini
    coefficient (Engelmann, Hayden, Tasche 2003).

    >>> row = lift_table(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 0.0, 0.0, 0.0]), bands=2)[0]
    >>> row.share_of_rows, row.share_of_bads, row.lift
    (0.5, 1.0, 2.0)
    """
    distinct, place = np.unique(scores, return_inverse=True)
    rows = np.cumsum(np.bincount(place))
    bads = np.cumsum(np.bincount(place, bad))
    wanted = np.arange(1, bands + 1) * len(scores) / bands
    ends = np.unique(np.minimum(np.searchsorted(rows, wanted - 1e-9), len(rows) - 1))
    table = []
    for end in ends.tolist():
        of_rows, of_bads = rows[end] / rows[-1], bads[end] / bads[-1]
        table.append(
            LiftRow(
                score=float(distinct[end]),
                rows=int(rows[end]),
                bads=int(bads[end]),
                share_of_rows=float(of_rows),
                share_of_bads=float(of_bads),
                lift=float(of_bads / of_rows),
            )
        )
    return tuple(table)
