"""A card looked at group by group: segments of the business, or groups that fairness asks about."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kuaidai.risk.scorecards.card import Scoring
from kuaidai.risk.scorecards.columns import Floats, Table, read_column, read_target
from kuaidai.risk.scorecards.config import Kind
from kuaidai.risk.scorecards.errors import BadSetting
from kuaidai.risk.scorecards.metrics import auc_with_interval

MOST_GROUPS = 50
FOUR_FIFTHS = 0.8
"""Below this ratio of approval rates a group counts as disadvantaged (29 CFR 1607.4 D, 1978)."""

_ABSENT = "–"


@dataclass(frozen=True)
class GroupRow:
    """One group: its size and outcome, what the card says, and what a cut-off would do to it.

    The AUC is NaN where a group has only goods or only bads. `approved` and `goods_declined` are
    shares of the group's rows and of its goods; `ratio` is `approved` over the largest of any group
    with at least `least_rows` rows; all three are None without a cut-off.
    """

    group: str
    rows: int
    bads: int
    bad_rate: float
    mean_pd: float
    mean_score: float
    auc: float
    auc_low: float
    auc_high: float
    approved: float | None
    goods_declined: float | None
    ratio: float | None


@dataclass(frozen=True)
class GroupTable:
    """The groups of one column, largest first, and the least score approved (None: no cut-off)."""

    column: str
    approve_from: int | None
    groups: tuple[GroupRow, ...]

    def findings(self, *, least_rows: int = 30) -> tuple[str, ...]:
        """In words: groups that the four-fifths rule names; smaller groups are not judged."""
        return tuple(
            f"{self.column} {row.group}: approved {row.approved:.1%}, only {row.ratio:.2f} of the "
            f"most approved group (four-fifths rule)."
            for row in self.groups
            if row.ratio is not None and row.ratio < FOUR_FIFTHS and row.rows >= least_rows
        )


def group_table(
    card: Scoring,
    table: Table,
    target: str,
    column: str,
    *,
    approve_from: int | None = None,
    least_rows: int = 30,
) -> GroupTable:
    """Measure `card` in every group of `column`, which need not be one of its features.

    Raises `MissingColumn`, `TargetNotBinary`, and `BadSetting` for more than 50 groups.
    """
    bad = read_target(table, target)
    cells = read_column(table, column, Kind.CATEGORICAL)
    names = np.array([_ABSENT if cell is None else cell for cell in cells], dtype=object)
    distinct = sorted(set(names.tolist()))
    if len(distinct) > MOST_GROUPS:
        raise BadSetting(
            name="by", value=column, rule=f"a column of at most {MOST_GROUPS} different values"
        )
    scores = card.scores(table)
    rows = [_measure(card, g, scores[names == g], bad[names == g], approve_from) for g in distinct]
    best = max((r.approved or 0.0 for r in rows if r.rows >= least_rows), default=0.0)
    told = [_with_ratio(row, best) for row in rows]
    return GroupTable(column, approve_from, tuple(sorted(told, key=lambda row: -row.rows)))


def _measure(
    card: Scoring, group: str, scores: npt.NDArray[np.int64], bad: Floats, cut: int | None
) -> GroupRow:
    bads = int(bad.sum())
    auc = low = high = math.nan
    if 0 < bads < len(bad):
        found = auc_with_interval(scores.astype(np.float64), bad)
        auc, low, high = found.auc, found.low, found.high
    approved = declined = None
    if cut is not None:
        approved = float((scores >= cut).mean())
        goods = scores[bad == 0]
        declined = float((goods < cut).mean()) if goods.size else 0.0
    return GroupRow(
        group=group,
        rows=len(bad),
        bads=bads,
        bad_rate=bads / len(bad),
        mean_pd=float(card.probabilities(scores).mean()),
        mean_score=float(scores.mean()),
        auc=auc,
        auc_low=low,
        auc_high=high,
        approved=approved,
        goods_declined=declined,
        ratio=None,
    )


def _with_ratio(row: GroupRow, best: float) -> GroupRow:
    return row if row.approved is None or best == 0 else replace(row, ratio=row.approved / best)
