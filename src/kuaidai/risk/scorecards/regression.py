"""Logistic regression of bad on WOE: exact maximum likelihood, or its ridge-penalised form."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from kuaidai.risk.scorecards.columns import Floats
from kuaidai.risk.scorecards.errors import FitNotConverged

_MAX_STEPS = 100
_LARGEST = 50.0


@dataclass(frozen=True)
class LogisticFit:
    """Coefficients (intercept first) with standard errors, z, two-sided p-values, and how it ended.

    With a penalty the errors come from the penalised Hessian and are recorded as such by `method`.
    """

    coefficients: Floats
    errors: Floats
    log_likelihood: float
    null_log_likelihood: float
    iterations: int
    gradient_norm: float
    method: str

    @property
    def z(self) -> Floats:
        """Wald statistics."""
        return np.asarray(self.coefficients / self.errors, dtype=np.float64)

    @property
    def p_values(self) -> Floats:
        """Two-sided p-values of the Wald statistics."""
        return np.asarray(2 * stats.norm.sf(np.abs(self.z)), dtype=np.float64)


def fit_logistic(woe: Floats, target: Floats, weights: Floats, *, l2: float = 0.0) -> LogisticFit:
    """Fit log-odds of bad = intercept + woe · coefficients.

    `l2` penalises ½·l2·Σ coefficient² (never the intercept). Raises `FitNotConverged` on separation
    or collinearity.
    """
    design = np.column_stack([np.ones(len(woe)), woe])
    if l2 == 0:
        return _maximum_likelihood(design, target, weights)
    return _ridge(design, target, weights, l2)


def _maximum_likelihood(design: Floats, target: Floats, weights: Floats) -> LogisticFit:
    import statsmodels.api as sm

    model = sm.GLM(target, design, family=sm.families.Binomial(), freq_weights=weights)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = model.fit(maxiter=_MAX_STEPS, tol=1e-12, tol_criterion="deviance")
    except (np.linalg.LinAlgError, ValueError) as error:
        raise FitNotConverged(why=str(error)) from error
    coefficients = np.asarray(result.params, dtype=np.float64)
    errors = np.asarray(result.bse, dtype=np.float64)
    gradient = _gradient(design, target, weights, coefficients)
    _require_sound(coefficients, errors, gradient, weights)
    return LogisticFit(
        coefficients=coefficients,
        errors=errors,
        log_likelihood=_log_likelihood(design, target, weights, coefficients),
        null_log_likelihood=_null_log_likelihood(target, weights),
        iterations=int(result.fit_history["iteration"]),
        gradient_norm=float(np.abs(gradient).max()),
        method="maximum likelihood (statsmodels GLM, iteratively reweighted least squares)",
    )


def _ridge(design: Floats, target: Floats, weights: Floats, l2: float) -> LogisticFit:
    penalty = np.full(design.shape[1], l2)
    penalty[0] = 0.0
    beta: Floats = np.zeros(design.shape[1])
    beta[0] = special.logit(np.average(target, weights=weights))
    steps = 0
    step: Floats = np.ones(design.shape[1])
    while np.abs(step).max() > 1e-11 and steps < _MAX_STEPS:
        gradient = _gradient(design, target, weights, beta) - penalty * beta
        whole = np.linalg.solve(_hessian(design, weights, beta) + np.diag(penalty), gradient)
        step = np.asarray(whole / max(1.0, float(np.abs(whole).max()) / 2.0), dtype=np.float64)
        beta, steps = beta + step, steps + 1
    gradient = _gradient(design, target, weights, beta) - penalty * beta
    covariance = np.linalg.inv(_hessian(design, weights, beta) + np.diag(penalty))
    errors: Floats = np.asarray(np.sqrt(np.diag(covariance)), dtype=np.float64)
    _require_sound(beta, errors, gradient, weights)
    return LogisticFit(
        coefficients=beta,
        errors=errors,
        log_likelihood=_log_likelihood(design, target, weights, beta),
        null_log_likelihood=_null_log_likelihood(target, weights),
        iterations=steps,
        gradient_norm=float(np.abs(gradient).max()),
        method=f"ridge-penalised likelihood (Newton), l2 = {l2:g}; errors from the penalised Hessian",
    )


def _require_sound(beta: Floats, errors: Floats, gradient: Floats, weights: Floats) -> None:
    if not (np.isfinite(beta).all() and np.isfinite(errors).all()):
        raise FitNotConverged(why="coefficients or standard errors are not finite")
    if max(np.abs(beta).max(), errors.max()) > _LARGEST:
        raise FitNotConverged(why="the classes are perfectly separated")
    if np.abs(gradient).max() > 1e-6 * max(1.0, float(weights.sum())):
        raise FitNotConverged(why=f"gradient {np.abs(gradient).max():.2g} after the last step")


def _gradient(design: Floats, target: Floats, weights: Floats, beta: Floats) -> Floats:
    residual = weights * (target - special.expit(design @ beta))
    return np.asarray(design.T @ residual, dtype=np.float64)


def _hessian(design: Floats, weights: Floats, beta: Floats) -> Floats:
    mean = special.expit(design @ beta)
    return np.asarray((design.T * (weights * mean * (1 - mean))) @ design, dtype=np.float64)


def _log_likelihood(design: Floats, target: Floats, weights: Floats, beta: Floats) -> float:
    eta = design @ beta
    return float(np.sum(weights * (target * eta - np.logaddexp(0.0, eta))))


def _null_log_likelihood(target: Floats, weights: Floats) -> float:
    rate = float(np.average(target, weights=weights))
    return float(weights.sum() * (rate * np.log(rate) + (1 - rate) * np.log(1 - rate)))
