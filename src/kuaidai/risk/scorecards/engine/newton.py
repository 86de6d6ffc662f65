"""Exact maximum likelihood of the WOE logistic regression by Newton steps over blocks of codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import optimize

from kuaidai.risk.scorecards.columns import Floats
from kuaidai.risk.scorecards.engine.fine_classes import CLASSES
from kuaidai.risk.scorecards.engine.likelihood import add_sums, room
from kuaidai.risk.scorecards.engine.scan import Block, Coded
from kuaidai.risk.scorecards.errors import FitNotConverged
from kuaidai.risk.scorecards.regression import LogisticFit

_ENOUGH = 1e-10
_ENOUGH_PER_BAD = 1e-15
"""Errors read off the Hessian of a pass are out by about the root of its gain over the bads: 3e-8 here."""
_WARM = 1e-2
_PASSES = 30
_LARGEST = 30.0
_SEPARATED = 1e-6


@dataclass(frozen=True)
class Sums:
    """What a pass over some rows adds up to: log-likelihood, its gradient and (negative) Hessian; sums merge by +."""

    gradient: Floats
    hessian: Floats
    likelihood: float

    def __add__(self, other: Sums) -> Sums:
        """The sums over both sets of rows."""
        return Sums(
            self.gradient + other.gradient,
            self.hessian + other.hessian,
            self.likelihood + other.likelihood,
        )

    def likelihood_after(self, step: Floats) -> float:
        """The log-likelihood a short `step` away, to second order."""
        return self.likelihood + float(self.gradient @ step - step @ self.hessian @ step / 2)


def newton_sums(block: Block, *, places: Sequence[int], woe: Floats, beta: Floats) -> Sums:
    """The sums (intercept first) at `beta` over one block.

    `woe`: the weight of evidence of each class (256) of the features at `places` of the block.
    """
    count = len(places)
    gradient: Floats = np.zeros(count + 1)
    hessian = room(count)
    where = np.array(places, dtype=np.int64)
    likelihood = add_sums(
        block.codes,
        where,
        block.target,
        block.weights,
        block.offsets,
        woe,
        beta,
        gradient,
        hessian,
    )
    upper = np.triu(hessian[: count + 1, : count + 1])
    return Sums(gradient, upper + np.triu(upper, 1).T, float(likelihood))


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
    for sample in scan.warm_samples():
        try:
            warm = _maximise(sample, places, lookup, beta, l2, signed, enough=_WARM)
        except FitNotConverged:  # a part may be separated where the whole is not
            continue
        beta, passes = warm.beta, passes + warm.passes
    enough = max(_ENOUGH, _ENOUGH_PER_BAD * min(scan.bads, scan.goods))
    top = _maximise(scan, places, lookup, beta, l2, signed, enough=enough)
    errors = _errors(top.sums, top.beta, l2, signed)
    if top.likelihood > -_SEPARATED * (scan.goods + scan.bads):
        raise FitNotConverged(why="the classes are perfectly separated")
    return LogisticFit(
        coefficients=top.beta,
        errors=errors,
        log_likelihood=top.likelihood,
        null_log_likelihood=_null_likelihood(scan, offset),
        iterations=passes + top.passes,
        gradient_norm=float(np.abs(top.sums.gradient).max()),
        method="maximum likelihood (streaming Newton steps)"
        if l2 == 0
        else f"ridge-penalised likelihood (streaming Newton steps), l2 = {l2:g}",
    )


def _null_intercept(scan: Coded, offset: bool) -> Floats:
    """The intercept of a fit without features; with offsets it takes Newton steps to find."""
    return _null(scan).beta if offset else np.array([np.log(scan.bads / scan.goods)])


def _null_likelihood(scan: Coded, offset: bool) -> float:
    """The log-likelihood of the intercept (and the offsets) alone."""
    if offset:
        return _null(scan).likelihood
    bads, everyone = scan.bads, scan.bads + scan.goods
    return float(bads * np.log(bads / everyone) + scan.goods * np.log(scan.goods / everyone))


def _null(scan: Coded) -> _Maximum:
    start: Floats = np.array([np.log(scan.bads / scan.goods)])
    return _maximise(scan, [], np.empty((0, CLASSES)), start, 0.0, False, enough=_ENOUGH)


def cross_products(scan: Coded, woe: Floats, chosen: Sequence[int]) -> Floats:
    """Σ weight × x xᵀ over all rows, x being 1 and the WOE of the chosen features."""
    places = list(chosen)
    lookup = np.ascontiguousarray(woe[places])
    # At coefficients of nought every row has the binomial weight one quarter.
    work = partial(_plain_sums, places=places, woe=lookup, beta=np.zeros(len(places) + 1))
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
    sums = scan.added(partial(newton_sums, places=places, woe=lookup, beta=beta))
    inside = len(chosen) + 1
    known = sums.hessian[:inside, :inside]
    across = sums.hessian[:inside, inside:]
    own = np.diag(sums.hessian)[inside:]
    left = own - np.einsum("ij,ij->j", across, np.linalg.solve(known, across))
    apart = left > 1e-9 * own
    return np.where(apart, sums.gradient[inside:] ** 2 / np.where(apart, left, 1.0), 0.0)


def _plain_sums(block: Block, *, places: list[int], woe: Floats, beta: Floats) -> Sums:
    """The sums without the offsets."""
    return newton_sums(replace(block, offsets=np.empty(0)), places=places, woe=woe, beta=beta)


@dataclass(frozen=True)
class _Maximum:
    """Where the Newton steps ended, with the (penalised) sums of the pass before the last, minute step."""

    beta: Floats
    sums: Sums
    likelihood: float
    passes: int


def _maximise(
    scan: Coded,
    places: list[int],
    woe: Floats,
    beta: Floats,
    l2: float,
    signed: bool,
    *,
    enough: float,
) -> _Maximum:
    """Newton steps until one gains less than `enough` (twice the log-likelihood)."""
    penalty = np.full(len(beta), l2)
    penalty[0] = 0.0
    for passes in range(1, _PASSES + 1):
        plain = scan.added(partial(newton_sums, places=places, woe=woe, beta=beta))
        sums = Sums(
            plain.gradient - penalty * beta, plain.hessian + np.diag(penalty), plain.likelihood
        )
        whole = _step(sums, beta, signed)
        step = whole / max(1.0, float(np.abs(whole).max()) / 2.0)
        beta = np.asarray(beta + step)
        if np.abs(beta[1:]).max(initial=0.0) > _LARGEST or not np.isfinite(beta).all():
            raise FitNotConverged(why="the classes are perfectly separated")
        if float(whole @ sums.hessian @ whole) < enough:
            return _Maximum(beta, sums, plain.likelihood_after(step), passes)
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
