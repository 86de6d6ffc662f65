"""Exact maximum likelihood of the WOE logistic regression by Newton steps over blocks of codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import optimize

from kuaidai.risk.scorecards.columns import Floats
from kuaidai.risk.scorecards.engine import kernels
from kuaidai.risk.scorecards.engine.fine_classes import CLASSES
from kuaidai.risk.scorecards.engine.scan import Block, Coded
from kuaidai.risk.scorecards.errors import FitNotConverged
from kuaidai.risk.scorecards.regression import LogisticFit

_ROWS = 8192
_ENOUGH = 1e-10
_PASSES = 30
_LARGEST = 30.0
_SEPARATED = 1e-6


@dataclass(frozen=True)
class Sums:
    """What a pass over some rows adds up to: gradient and Hessian of the log-likelihood; sums merge by +."""

    gradient: Floats
    hessian: Floats

    def __add__(self, other: Sums) -> Sums:
        """The sums over both sets of rows."""
        return Sums(self.gradient + other.gradient, self.hessian + other.hessian)


def newton_sums(block: Block, woe: Floats, beta: Floats) -> Sums:
    """Gradient and Hessian (intercept first) at `beta` over one block.

    `woe`: features × 256, the weight of evidence of each class.
    """
    features, rows = block.codes.shape
    points = woe * beta[1:, None]
    design = np.empty((features + 1, _ROWS))
    rest = np.empty(_ROWS)
    hessian: Floats = np.zeros((features + 1, features + 1))
    gradient: Floats = np.zeros(features + 1)
    for at in range(0, rows, _ROWS):
        part = slice(at, min(at + _ROWS, rows))
        size = part.stop - at
        rest[:size] = beta[0]
        x, r = design[:, :size], rest[:size]
        weights, offsets = block.weights[part], block.offsets[part]
        kernels.weigh_rows(
            block.codes[:, part], block.target[part], weights, offsets, woe, points, x, r
        )
        if size < _ROWS:
            x = np.ascontiguousarray(x)
        hessian += x @ x.T
        gradient += x @ r
    order = [features, *range(features)]
    return Sums(gradient[order], hessian[np.ix_(order, order)])


def fit_codes(
    scan: Coded,
    woe: Floats,
    *,
    chosen: Sequence[int] | None = None,
    l2: float = 0.0,
    signed: bool = False,
    offset: bool = False,
) -> LogisticFit:
    """Fit log-odds of bad = intercept + WOE · coefficients (+ offset) over all rows of the scan.

    `woe` (features × 256) gives each class its weight of evidence; `chosen` names the features of the
    scan to use (default: all). `l2` penalises ½·l2·Σ coefficient². `signed` keeps every coefficient
    at or below 0 (WOE must lower the log-odds of bad); the error of one held at 0 is NaN. Offsets that
    the scan holds are always added; `offset` says that it does.
    Raises `FitNotConverged` on separation and collinearity.
    """
    places = list(range(len(scan.classes))) if chosen is None else list(chosen)
    lookup = np.ascontiguousarray(woe[places])
    beta: Floats = np.zeros(len(places) + 1)
    beta[0] = np.log(scan.bads / scan.goods)
    _require_spread(lookup, scan, places)
    passes = 0
    sample = scan.warm_sample()
    if sample is not None:
        beta, _, passes = _maximise(sample, places, lookup, beta, l2, signed)
    beta, sums, more = _maximise(scan, places, lookup, beta, l2, signed)
    errors = _errors(sums, beta, l2, signed)
    likelihood = scan.added(partial(_likelihood_of, places=places, woe=lookup, beta=beta))
    if likelihood > -_SEPARATED * (scan.goods + scan.bads):
        raise FitNotConverged(why="the classes are perfectly separated")
    return LogisticFit(
        coefficients=beta,
        errors=errors,
        log_likelihood=likelihood,
        null_log_likelihood=_null_likelihood(scan, offset),
        iterations=passes + more,
        gradient_norm=float(np.abs(sums.gradient).max()),
        method="maximum likelihood (streaming Newton steps)"
        if l2 == 0
        else f"ridge-penalised likelihood (streaming Newton steps), l2 = {l2:g}",
    )


def _null_intercept(scan: Coded, offset: bool) -> Floats:
    """The intercept of a fit without features; with offsets it takes Newton steps to find."""
    start: Floats = np.array([np.log(scan.bads / scan.goods)])
    if not offset:
        return start
    return _maximise(scan, [], np.empty((0, CLASSES)), start, 0.0, False)[0]


def _null_likelihood(scan: Coded, offset: bool) -> float:
    """The log-likelihood of the intercept (and the offsets) alone."""
    bads, everyone = scan.bads, scan.bads + scan.goods
    if not offset:
        return float(bads * np.log(bads / everyone) + scan.goods * np.log(scan.goods / everyone))
    beta = _null_intercept(scan, offset)
    return scan.added(partial(_likelihood_of, places=[], woe=np.empty((0, CLASSES)), beta=beta))


def cross_products(scan: Coded, woe: Floats, chosen: Sequence[int]) -> Floats:
    """Σ weight × x xᵀ over all rows, x being 1 and the WOE of the chosen features."""
    places = list(chosen)
    lookup = np.ascontiguousarray(woe[places])
    # At coefficients of nought every row has the binomial weight one quarter.
    work = partial(_plain_sums_of, places=places, woe=lookup, beta=np.zeros(len(places) + 1))
    return np.asarray(4 * scan.added(work).hessian, dtype=np.float64)


def score_statistics(
    scan: Coded,
    woe: Floats,
    chosen: Sequence[int],
    waiting: Sequence[int],
    fit: LogisticFit | None,
    *,
    offset: bool = False,
) -> Floats:
    """Rao's score statistic (χ², one degree of freedom) of adding each of `waiting` to `chosen`.

    One pass over the rows serves all. A feature that lies in the span of those chosen gets 0.
    Source: Rao, Linear Statistical Inference (1973), 6e; what forward selection commonly uses.
    """
    places = [*chosen, *waiting]
    beta: Floats = np.zeros(len(places) + 1)
    if fit is None:
        beta[:1] = _null_intercept(scan, offset)
    else:
        beta[: len(chosen) + 1] = fit.coefficients
    lookup = np.ascontiguousarray(woe[places])
    sums = scan.added(partial(_sums_of, places=places, woe=lookup, beta=beta))
    inside = len(chosen) + 1
    known = sums.hessian[:inside, :inside]
    across = sums.hessian[:inside, inside:]
    own = np.diag(sums.hessian)[inside:]
    left = own - np.einsum("ij,ij->j", across, np.linalg.solve(known, across))
    apart = left > 1e-9 * own
    return np.where(apart, sums.gradient[inside:] ** 2 / np.where(apart, left, 1.0), 0.0)


def _of(block: Block, places: list[int]) -> Block:
    if places == list(range(len(block.codes))):
        return block
    return replace(block, codes=np.ascontiguousarray(block.codes[places]))


def _sums_of(block: Block, *, places: list[int], woe: Floats, beta: Floats) -> Sums:
    return newton_sums(_of(block, places), woe, beta)


def _plain_sums_of(block: Block, *, places: list[int], woe: Floats, beta: Floats) -> Sums:
    """The sums without the offsets."""
    return newton_sums(replace(_of(block, places), offsets=np.empty(0)), woe, beta)


def _likelihood_of(block: Block, *, places: list[int], woe: Floats, beta: Floats) -> float:
    block, rates = _of(block, places), woe * beta[1:, None]
    return float(
        kernels.log_likelihood(
            block.codes, block.target, block.weights, block.offsets, rates, float(beta[0])
        )
    )


def _maximise(
    scan: Coded,
    places: list[int],
    woe: Floats,
    beta: Floats,
    l2: float,
    signed: bool,
) -> tuple[Floats, Sums, int]:
    """Newton steps until one gains next to nothing; the sums stem from the pass before that step."""
    penalty = np.full(len(beta), l2)
    penalty[0] = 0.0
    for passes in range(1, _PASSES + 1):
        work = partial(_sums_of, places=places, woe=woe, beta=beta)
        sums = scan.added(work)
        sums = Sums(sums.gradient - penalty * beta, sums.hessian + np.diag(penalty))
        step = _step(sums, beta, signed)
        beta = np.asarray(beta + step / max(1.0, float(np.abs(step).max()) / 2.0))
        if np.abs(beta[1:]).max(initial=0.0) > _LARGEST or not np.isfinite(beta).all():
            raise FitNotConverged(why="the classes are perfectly separated")
        gain = float(step @ sums.hessian @ step)
        if gain < _ENOUGH:
            return beta, sums, passes
    raise FitNotConverged(why=f"no maximum after {_PASSES} steps")


def _step(sums: Sums, beta: Floats, signed: bool) -> Floats:
    try:
        lower = np.linalg.cholesky(sums.hessian)
    except np.linalg.LinAlgError as error:
        raise FitNotConverged(why="the features are collinear: the Hessian is singular") from error
    half = np.linalg.solve(lower, sums.gradient)
    if not signed:
        return np.asarray(np.linalg.solve(lower.T, half), dtype=np.float64)
    most = np.append(np.inf, -beta[1:])
    found = optimize.lsq_linear(lower.T, half, bounds=(-np.inf, most), method="bvls", tol=1e-14)
    return np.asarray(found.x, dtype=np.float64)


def _errors(sums: Sums, beta: Floats, l2: float, signed: bool) -> Floats:
    free = np.ones(len(beta), dtype=np.bool_)
    if signed:
        free[1:] = beta[1:] < -1e-12
    errors: Floats = np.full(len(beta), np.nan)
    errors[free] = np.sqrt(np.diag(np.linalg.inv(sums.hessian[np.ix_(free, free)])))
    return errors


def _require_spread(woe: Floats, scan: Coded, places: list[int]) -> None:
    """A feature whose rows all have one WOE cannot be told from the intercept."""
    for place, row in zip(places, woe, strict=True):
        seen = scan.counts[place].sum(axis=1) > 0
        if np.ptp(row[seen]) == 0:
            name = scan.classes[place].name
            raise FitNotConverged(why=f"feature {name} has the same WOE on every row")
