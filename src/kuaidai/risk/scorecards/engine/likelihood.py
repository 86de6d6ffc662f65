"""Compiled sums of the logistic likelihood over a block of codes; they release the interpreter's lock.

All is done in double precision, a few hundred rows at a time so that what one loop writes the next finds in
the processor's nearest cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from kuaidai.risk.scorecards.columns import Floats

_ROWS = 256
_SIDE = 4
_FARTHEST = 700.0
_LOG2_E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10


def room(features: int) -> Floats:
    """Zeros for the Hessian of so many features and the intercept, with the margin the loops need."""
    side = -(-(features + 1) // _SIDE) * _SIDE
    return np.zeros((side, side))


@njit(cache=True, nogil=True, fastmath={"contract", "nsz"})
def falling_powers(distances: Any, powers: Any, size: Any) -> None:
    """Write e to the minus `distances` (0 or more; beyond 700 as at 700) to `powers`, to the last bit or two.

    The argument is brought to |r| ≤ ½ ln 2 by a multiple of ln 2 in two parts (Cody and Waite), where the
    Taylor series to r¹³ is exact in double precision. No branch, no call: the loop runs in vectors.
    """
    scales = powers.view(np.int64)
    for i in range(size):
        x = -min(distances[i], _FARTHEST)
        n = np.floor(x * _LOG2_E + 0.5)
        r = (x - n * _LN2_HIGH) - n * _LN2_LOW
        q = 1 / 6227020800
        q = q * r + 1 / 479001600
        q = q * r + 1 / 39916800
        q = q * r + 1 / 3628800
        q = q * r + 1 / 362880
        q = q * r + 1 / 40320
        q = q * r + 1 / 5040
        q = q * r + 1 / 720
        q = q * r + 1 / 120
        q = q * r + 1 / 24
        q = q * r + 1 / 6
        q = q * r + 0.5
        distances[i] = q * r * r + r + 1.0
        scales[i] = (np.int64(n) + 1023) << 52
    for i in range(size):
        powers[i] *= distances[i]


@njit(cache=True, nogil=True, fastmath=True)
def _look_up(
    codes: Any,
    places: Any,
    offsets: Any,
    lookup: Any,
    beta: Any,
    at: Any,
    size: Any,
    design: Any,
    eta: Any,
) -> None:
    """Fill the design's rows behind the first with WOE, and the log-odds they make."""
    eta[:size] = beta[0]
    if offsets.size:
        for i in range(size):
            eta[i] += offsets[at + i]
    for k in range(places.size):
        value, code, row = lookup[k], codes[places[k], at : at + size], design[k + 1]
        slope = beta[k + 1]
        for i in range(size):
            woe = value[code[i]]
            row[i] = woe
            eta[i] += slope * woe


@njit(cache=True, nogil=True, fastmath=True)
def _weigh(
    target: Any, weights: Any, at: Any, size: Any, eta: Any, power: Any, root: Any, rest: Any
) -> Any:
    """Root of the binomial weight and residual of each row, both by weight; gives the log-likelihood."""
    total = 0.0
    for i in range(size):
        rest[i] = abs(eta[i])
    falling_powers(rest, power, size)
    for i in range(size):
        more = 1 + power[i]
        chance = (1.0 if eta[i] >= 0 else power[i]) / more
        root[i] = power[i] / (more * more)
        rest[i] = target[at + i] - chance
    if weights.size:
        for i in range(size):
            root[i] *= weights[at + i]
            rest[i] *= weights[at + i]
            gain = target[at + i] * eta[i] - max(eta[i], 0.0) - np.log1p(power[i])
            total += weights[at + i] * gain
    else:
        product = 1.0  # of at most 256 factors up to 2 each: one logarithm serves them all
        for i in range(size):
            product *= 1 + power[i]
            total += target[at + i] * eta[i] - max(eta[i], 0.0)
        total -= np.log(product)
    for i in range(size):
        root[i] = np.sqrt(root[i])
    return total


@njit(cache=True, nogil=True, fastmath=True)
def _scale(size: Any, design: Any, rest: Any, gradient: Any) -> None:
    """Add to the gradient, and multiply the design's rows by the first (the roots of the weights)."""
    root = design[0]
    own = 0.0
    for i in range(size):
        own += rest[i]
    gradient[0] += own
    for k in range(1, gradient.size):
        row = design[k]
        part = 0.0
        for i in range(size):
            part += row[i] * rest[i]
            row[i] *= root[i]
        gradient[k] += part


@njit(cache=True, nogil=True, fastmath=True)
def _multiply(design: Any, size: Any, hessian: Any) -> None:
    """Add the upper triangle of design · designᵀ, two rows by four at a time."""
    side = hessian.shape[0]
    for a in range(0, side, 2):
        p, q = design[a], design[a + 1]
        for b in range(a - a % 4, side, 4):
            r, s, t, u = design[b], design[b + 1], design[b + 2], design[b + 3]
            pr = ps = pt = pu = 0.0
            qr = qs = qt = qu = 0.0
            for i in range(size):
                pr += p[i] * r[i]
                ps += p[i] * s[i]
                pt += p[i] * t[i]
                pu += p[i] * u[i]
                qr += q[i] * r[i]
                qs += q[i] * s[i]
                qt += q[i] * t[i]
                qu += q[i] * u[i]
            hessian[a, b] += pr
            hessian[a, b + 1] += ps
            hessian[a, b + 2] += pt
            hessian[a, b + 3] += pu
            hessian[a + 1, b] += qr
            hessian[a + 1, b + 1] += qs
            hessian[a + 1, b + 2] += qt
            hessian[a + 1, b + 3] += qu


@njit(cache=True, nogil=True)
def add_sums(
    codes: Any,
    places: Any,
    target: Any,
    weights: Any,
    offsets: Any,
    lookup: Any,
    beta: Any,
    gradient: Any,
    hessian: Any,
) -> Any:
    """Add the rows' part of a Newton step at `beta` to `gradient` and `hessian`; gives their log-likelihood.

    `codes` has a row per feature of the scan; feature k of the regression is `codes[places[k]]`, its WOE
    per class `lookup[k]`. Intercept first; of `hessian` (see `room`) only the upper triangle is meant.
    Empty `weights`: every row counts once; empty `offsets`: the log-odds have no fixed part.
    """
    rows = target.size
    design = np.zeros((hessian.shape[0], _ROWS))
    eta, power, rest = np.empty(_ROWS), np.empty(_ROWS), np.empty(_ROWS)
    total = 0.0
    for at in range(0, rows, _ROWS):
        size = min(_ROWS, rows - at)
        _look_up(codes, places, offsets, lookup, beta, at, size, design, eta)
        total += _weigh(target, weights, at, size, eta, power, design[0], rest)
        _scale(size, design, rest, gradient)
        _multiply(design, size, hessian)
    return total
