"""Overrides: where a person decided otherwise than the card, and who turned out to be right."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kuaidai.risk.scorecards.columns import Floats
from kuaidai.risk.scorecards.errors import BadSetting

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class DecisionCell:
    """Cases that the card judged one way and a person decided one way, and their outcomes.

    `known` counts the cases with an outcome (NaN outcomes are unknown: declined firms never
    borrowed); `bad_rate` is over those and NaN where there are none.
    """

    recommended: bool
    approved: bool
    rows: int
    known: int
    bads: int
    bad_rate: float


@dataclass(frozen=True)
class OverrideTable:
    """The four cells of recommendation and decision; the rates are shares of all rows.

    A low-side override approves what the card declines, a high-side override declines what the card
    approves. Low-side overrides that go bad more often than approvals in agreement cost money.
    """

    cells: tuple[DecisionCell, ...]
    low_side: float
    high_side: float

    def cell(self, *, recommended: bool, approved: bool) -> DecisionCell:
        """The cell of one recommendation and one decision."""
        place = 2 * (not recommended) + (not approved)
        return self.cells[place]


def override_table(recommended: Flags, approved: Flags, bad: Floats) -> OverrideTable:
    """Cross the card's recommendation with the decision taken; `bad` is 0, 1 or NaN (unknown).

    The same table, with two cards' approvals in place of card and person, is their swap set: rows
    that only the second approves are swapped in, rows that only the first approves swapped out.
    Raises `BadSetting` for columns of different length or for none at all.

    >>> found = override_table(np.array([True, True, False]), np.array([True, False, True]),
    ...                        np.array([0.0, np.nan, 1.0]))
    >>> found.cell(recommended=False, approved=True).bad_rate
    1.0
    """
    if not len(recommended) == len(approved) == len(bad) or not len(bad):
        sizes = f"{len(recommended)}, {len(approved)} and {len(bad)} rows"
        raise BadSetting(name="decisions", value=sizes, rule="three columns of one length, not 0")
    cells = tuple(
        _cell(said, done, bad[(recommended == said) & (approved == done)])
        for said in (True, False)
        for done in (True, False)
    )
    return OverrideTable(cells, cells[2].rows / len(bad), cells[1].rows / len(bad))


def _cell(recommended: bool, approved: bool, outcomes: Floats) -> DecisionCell:
    known = outcomes[~np.isnan(outcomes)]
    bads = int(known.sum())
    rate = bads / len(known) if len(known) else math.nan
    return DecisionCell(recommended, approved, len(outcomes), len(known), bads, rate)
