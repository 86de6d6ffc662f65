"""Swap sets: whom a new card approves that the old one declines, and the reverse, and how they turned out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kuaidai.risk.scorecards.card import Scoring
from kuaidai.risk.scorecards.columns import Floats, Table, read_column, row_count
from kuaidai.risk.scorecards.config import Kind
from kuaidai.risk.scorecards.errors import BadSetting, TargetNotBinary
from kuaidai.risk.scorecards.metrics import auc_with_interval
from kuaidai.risk.scorecards.overrides import DecisionCell, OverrideTable, override_table


@dataclass(frozen=True)
class SwapSide:
    """One card with its cut-off: share approved, bad rate of the approved, AUC over known outcomes.

    Bad rate and AUC are NaN where nothing tells them.
    """

    name: str
    approve_from: int
    approved: float
    bad_rate: float
    auc: float


@dataclass(frozen=True)
class SwapSet:
    """Two cards on the same rows. In `table` the old card recommends and the new one decides."""

    before: SwapSide
    after: SwapSide
    table: OverrideTable

    @property
    def swapped_in(self) -> DecisionCell:
        """Rows that only the new card approves."""
        return self.table.cell(recommended=False, approved=True)

    @property
    def swapped_out(self) -> DecisionCell:
        """Rows that only the old card approves."""
        return self.table.cell(recommended=True, approved=False)

    def findings(self) -> tuple[str, ...]:
        """In words: a swap that brings in worse rows than it lets go."""
        brought, gone = self.swapped_in, self.swapped_out
        if not (brought.known and gone.known) or brought.bad_rate <= gone.bad_rate:
            return ()
        return (
            f"Those swapped in against {self.before.name} go bad more often than those swapped out: "
            f"{brought.bad_rate:.1%} of {brought.known} against {gone.bad_rate:.1%} of {gone.known}.",
        )


def swap_set(
    before: Scoring,
    after: Scoring,
    table: Table,
    target: str,
    *,
    approve_from: int,
    after_from: int | None = None,
) -> SwapSet:
    """Hold the new card `after` against `before` on rows of `table`, whoever was approved then.

    `approve_from` is the old card's least approved score; `after_from` the new one's (default: that
    which approves the share nearest to the old card's). The target is 1, 0, or missing where the
    outcome is not known. Raises `MissingColumn`, `TargetNotBinary`, `BadSetting` without rows.
    """
    bad = known_outcomes(table, target)
    if not row_count(table):
        raise BadSetting(name="rows", value=0, rule="at least 1")
    old, new = before.scores(table), after.scores(table)
    cut = (
        nearest_cut(new, float((old >= approve_from).mean())) if after_from is None else after_from
    )
    return SwapSet(
        _side(before, old, approve_from, bad),
        _side(after, new, cut, bad),
        override_table(old >= approve_from, new >= cut, bad),
    )


def known_outcomes(table: Table, target: str) -> Floats:
    """The target as 0, 1 or NaN (not known); raises `MissingColumn`, `TargetNotBinary`."""
    values = np.asarray(read_column(table, target, Kind.NUMERIC), dtype=np.float64)
    odd = values[~(np.isnan(values) | np.isin(values, (0.0, 1.0)))]
    if odd.size:
        raise TargetNotBinary(target=target, value=f"{odd[0]:g}")
    return values


def nearest_cut(scores: npt.NDArray[np.int64], share: float) -> int:
    """The least approved score at which the share approved is nearest to `share`; the higher of two.

    >>> nearest_cut(np.array([500, 520, 540, 560]), 0.5)
    540
    """
    distinct, counts = np.unique(scores, return_counts=True)
    cuts = np.append(distinct, distinct[-1] + 1)
    approved = np.append(counts[::-1].cumsum()[::-1], 0) / len(scores)
    gaps = np.abs(approved - share)
    return int(cuts[len(gaps) - 1 - int(np.argmin(gaps[::-1]))])


def decisions_table(
    card: Scoring, table: Table, decided: str, target: str, *, approve_from: int
) -> OverrideTable:
    """What people decided (column `decided`: 1 approved, 0 declined) against the card's cut-off.

    The target may be missing where nothing is known of the outcome. Raises `MissingColumn`,
    `TargetNotBinary`, `BadSetting`.
    """
    chosen = np.asarray(read_column(table, decided, Kind.NUMERIC), dtype=np.float64)
    odd = chosen[~np.isin(chosen, (0.0, 1.0))]
    if odd.size:
        shown = "missing" if math.isnan(odd[0]) else f"{odd[0]:g}"
        raise BadSetting(
            name=decided, value=shown, rule="1 (approved) or 0 (declined) on every row"
        )
    bad = known_outcomes(table, target)
    return override_table(card.scores(table) >= approve_from, chosen == 1.0, bad)


def _side(card: Scoring, scores: npt.NDArray[np.int64], cut: int, bad: Floats) -> SwapSide:
    taken = bad[scores >= cut]
    taken = taken[~np.isnan(taken)]
    known = ~np.isnan(bad)
    auc = math.nan
    if 0 < bad[known].sum() < known.sum():
        auc = auc_with_interval(scores[known].astype(np.float64), bad[known]).auc
    return SwapSide(
        card.name,
        cut,
        float((scores >= cut).mean()),
        float(taken.mean()) if taken.size else math.nan,
        auc,
    )
