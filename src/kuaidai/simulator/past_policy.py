"""How the bank decided in the past: on what it could see then, and on its officers' moods.

An officer's impression adds up: the trend of receipts over half a year, months without receipts, tax in
arrears, tax filed late, the firm's age, and a mood that has to do with nothing else. Whoever asks is
approved if the impression passes `CUT_OFF` and nothing of theirs is overdue on the day. So the approved are
better than those turned down, but not by as much as the firms differ, and some good firms are
turned down: what became of the approved says too little about everybody, which is the problem that
reject inference has to solve. What would have become of the others is in the truth.
"""

from __future__ import annotations

import numpy as np

from kuaidai.simulator.arrays import Floats, rolling_sum
from kuaidai.simulator.population import Firms
from kuaidai.simulator.timeline import Timeline
from kuaidai.simulator.trade import Tax, Trade

CUT_OFF = -0.9
_MOOD = 0.45


def impression(
    firms: Firms, trade: Trade, tax: Tax, line: Timeline, rng: np.random.Generator
) -> Floats:
    """Over (firm, emitted month): what the officer thinks, from months that had ended by then."""
    receipts = rolling_sum(trade.sales, 6)
    before = np.roll(receipts, 6, axis=1)
    before[:, :6] = receipts[:, :6]
    trend = np.clip(np.log((receipts + 1_000.0) / (before + 1_000.0)), -1.0, 0.7)
    empty = rolling_sum((trade.active & (trade.sales == 0)).astype(np.int64), 12)
    late = rolling_sum((tax.exists & (tax.filed > tax.due)).astype(np.int64), 12)
    owing = tax.exists & (tax.arrears > 0)
    age = (line.month_last[None, :] - firms.established[:, None]).astype(np.int64) / 365.25
    settled = np.clip(np.log(np.maximum(age, 0.5) / 5.0), -1.5, 0.8)
    seen = 0.9 * trend - 0.4 * empty - 0.8 * owing - 0.3 * late + 0.3 * settled
    known = np.roll(seen, 2, axis=1)  # a month's tax is filed in the next
    known[:, :2] = seen[:, :2]
    return np.asarray(known + rng.normal(0.0, _MOOD, known.shape))
