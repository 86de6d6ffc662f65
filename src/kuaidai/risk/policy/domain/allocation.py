"""Share a lending budget among candidates so that the expected profit is the greatest.

Each candidate takes nothing, or a whole number of steps between a least and a most amount. Profit is
linear in the amount and the budget counts amounts, so the best rate of a candidate does not depend on
what the others get: it is chosen first. What is left is a knapsack with semi-continuous items, solved
exactly as a mixed-integer programme (HiGHS); its linear relaxation gives the bound that proves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack

from kuaidai.risk.policy.errors import AllocationFailed

_TINY = 1e-9


@dataclass(frozen=True)
class Candidate:
    """Somebody to lend to: at most `most` yuan, with `margin` of expected profit per yuan granted."""

    key: str
    most: Decimal
    margin: Decimal


@dataclass(frozen=True)
class Allocation:
    """Amounts by key (absent: nothing), their expected profit, and the relaxation's upper bound."""

    amounts: Mapping[str, Decimal]
    profit: Decimal
    bound: float

    @property
    def total(self) -> Decimal:
        """What is granted in all."""
        return sum(self.amounts.values(), Decimal(0))


def expected_margin(
    *, rate: Decimal, pd: Decimal, loss_given_default: Decimal, cost: Decimal, churn: Decimal
) -> Decimal:
    """Expected profit of one year per yuan offered at `rate`, all arguments fractions.

    A share `churn` walks away and earns nothing. Of the rest, those who pay bring the interest and those
    who default cost `loss_given_default`; `cost` (funds, operations) falls on every yuan lent.
    """
    return (1 - churn) * ((1 - pd) * rate - pd * loss_given_default - cost)


def best_rate(margins: Mapping[Decimal, Decimal]) -> tuple[Decimal, Decimal]:
    """The rate with the greatest margin, and that margin; the lower rate on a tie."""
    rate = min(margins, key=lambda offered: (-margins[offered], offered))
    return rate, margins[rate]


def allocate(
    candidates: Sequence[Candidate], *, budget: Decimal, least: Decimal, step: Decimal
) -> Allocation:
    """The most profitable amounts: multiples of `step`, `least` or more each, `budget` at most in all.

    Candidates without profit or with room for less than `least` get nothing. Raises
    `AllocationFailed` if the solver ends without an optimum.
    """
    fit = [c for c in candidates if c.margin > 0 and c.most >= least and least <= budget]
    if not fit:
        return Allocation({}, Decimal(0), 0.0)
    steps = _solve(fit, budget=budget, least=least, step=step, whole=True)
    amounts = {
        c.key: round(float(count)) * step
        for c, count in zip(fit, steps, strict=True)
        if round(float(count)) > 0
    }
    profit = sum((c.margin * amounts.get(c.key, Decimal(0)) for c in fit), Decimal(0))
    relaxed = _solve(fit, budget=budget, least=least, step=step, whole=False)
    worth = np.array([float(c.margin * step) for c in fit])
    return Allocation(amounts, profit, float(worth @ relaxed))


def _solve(
    fit: Sequence[Candidate], *, budget: Decimal, least: Decimal, step: Decimal, whole: bool
) -> np.ndarray:
    """Steps granted to each candidate; variables are the steps and whether anything is granted."""
    size = len(fit)
    most = np.array([float(c.most // step) for c in fit])
    worth = np.array([float(c.margin * step) for c in fit])
    lowest = float(-(-least // step))
    steps, granted = eye_array(size), eye_array(size)
    spent = csr_array(np.concatenate([np.ones(size), np.zeros(size)])[None, :])
    rows = vstack(
        [
            hstack([steps, -granted * lowest]),  # granted → at least the least amount
            hstack([steps, -granted.multiply(most[:, None])]),  # not granted → nothing
            spent,
        ]
    )
    low = np.concatenate([np.zeros(size), np.full(size, -np.inf), [0.0]])
    high = np.concatenate([np.full(size, np.inf), np.zeros(size), [float(budget // step)]])
    answer = milp(
        np.concatenate([-worth, np.zeros(size)]),
        constraints=LinearConstraint(rows, low, high),
        bounds=Bounds(0, np.concatenate([most, np.ones(size)])),
        integrality=np.full(2 * size, 1 if whole else 0),
        options={"mip_rel_gap": 0.0},
    )
    if answer.status != 0 or answer.x is None:
        raise AllocationFailed(why=answer.message)
    found: np.ndarray = answer.x[:size]
    return found
