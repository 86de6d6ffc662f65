"""Tests of a master scale: do the PDs of the grades hold, and do the borrowers crowd into a few."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats


@dataclass(frozen=True)
class GradeTest:
    """One grade's PD against the bads seen, by exact binomial tests in both directions.

    `too_low_p` is the chance of so many bads or more were the PD right: small means that the PD is
    too low. `too_high_p` is the chance of so few or fewer. Both are NaN for an empty grade.
    """

    grade: str
    rows: int
    bads: int
    pd: float
    too_low_p: float
    too_high_p: float


def judge_grade(grade: str, rows: int, bads: int, pd: float) -> GradeTest:
    """Binomial test of one grade (Basel Committee, Working Paper 14, 2005: independent defaults).

    >>> found = judge_grade("C", rows=100, bads=9, pd=0.04)
    >>> round(found.too_low_p, 4), round(found.too_high_p, 4)
    (0.019, 0.9932)
    """
    if rows == 0:
        return GradeTest(grade, 0, 0, pd, math.nan, math.nan)
    return GradeTest(
        grade,
        rows,
        bads,
        pd,
        too_low_p=float(stats.binom.sf(bads - 1, rows, pd)),
        too_high_p=float(stats.binom.cdf(bads, rows, pd)),
    )


@dataclass(frozen=True)
class Concentration:
    """How rows spread over grades.

    `index` is Herfindahl's (1/k when spread evenly over k grades, 1 when all stand in one);
    `adjusted` is the same laid out from 0 to 1; `largest` is the fullest grade with its share.
    """

    index: float
    adjusted: float
    largest: str
    share: float


def concentration(rows: Sequence[tuple[str, int]]) -> Concentration:
    """Concentration of `(grade, rows)` pairs, at least one row in all.

    >>> concentration([("A", 50), ("B", 50)]).adjusted
    0.0
    """
    total = sum(count for _, count in rows)
    index = sum((count / total) ** 2 for _, count in rows)
    even = 1 / len(rows)
    adjusted = 1.0 if len(rows) == 1 else (index - even) / (1 - even)
    largest, most = max(rows, key=lambda each: each[1])
    return Concentration(index, adjusted, largest, most / total)
