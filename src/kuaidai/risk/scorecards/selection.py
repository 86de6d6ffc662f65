"""Which candidates make it onto the card, and a line of reason for each of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from kuaidai.risk.scorecards.card import SelectionStep
from kuaidai.risk.scorecards.characteristics import Characteristic
from kuaidai.risk.scorecards.columns import Floats
from kuaidai.risk.scorecards.config import Criterion, ScorecardConfig, Stepwise
from kuaidai.risk.scorecards.engine.newton import cross_products, fit_codes, score_statistics
from kuaidai.risk.scorecards.engine.scan import Coded
from kuaidai.risk.scorecards.errors import NoFeatureLeft
from kuaidai.risk.scorecards.regression import LogisticFit

_MOST_MOVES = 500


@dataclass(frozen=True)
class Selection:
    """Positions of the chosen candidates (strongest first), their fit, and the log."""

    chosen: tuple[int, ...]
    fit: LogisticFit
    vif: Floats
    steps: tuple[SelectionStep, ...]


@dataclass(frozen=True)
class Candidates:
    """What selection looks at, one entry a feature of the scan.

    `woe` (features × 256) gives each code its weight of evidence. `association`: p-values of the raw
    values, `stability`: PSI against the recent sample; either empty where it was not asked for. `offset`:
    whether the scan holds offsets.
    """

    scan: Coded
    characteristics: Sequence[Characteristic]
    woe: Floats
    association: Sequence[float] = ()
    stability: Sequence[float] = ()
    offset: bool = False


def select_features(candidates: Candidates, config: ScorecardConfig) -> Selection:
    """Choose features and fit them.

    Order: information value, association of the raw values, stability against the recent sample (each
    where figures and a limit are given), correlation (the stronger of a pair stays), variance inflation,
    number of features; then the regression's own choice by `config.stepwise` and `config.criterion`, in
    which a coefficient of the wrong sign leaves first. Raises `NoFeatureLeft`, `FitNotConverged`.
    """
    log = _Log(candidates.characteristics)
    chosen = _by_information_value(candidates, config, log)
    chosen = _by_limit(
        candidates.association, config.association_p_max, chosen, log, "association",
        "raw values hardly related to the outcome: p-value",
    )  # fmt: skip
    chosen = _by_limit(
        candidates.stability, config.psi_max, chosen, log, "stability",
        "moved against the recent sample: stability index",
    )  # fmt: skip
    if chosen:
        products = cross_products(candidates.scan, candidates.woe, chosen)
        chosen = _by_correlation(correlations(products), chosen, config, log)
    chosen = _by_inflation(candidates, chosen, config, log)
    for place in chosen[config.max_features :]:
        log.drop(place, "count", f"weaker than {config.max_features} others", None)
    chosen, fit = _regress(candidates, chosen[: config.max_features], config, log)
    if fit is None:
        raise NoFeatureLeft(count=len(candidates.characteristics), reasons=log.last(3))
    inflation = _inflation(candidates, chosen)
    related = _closest(candidates, chosen)
    for at, place in enumerate(chosen):
        words = [
            *_passed(candidates, place, config),
            related[at],
            f"variance inflation {inflation[at]:.2f}, at most {config.vif_max:g}",
            f"coefficient {fit.coefficients[at + 1]:+.3f} of the expected sign",
            _proved(candidates, fit, at, config),
        ]
        reason = "; ".join(word for word in words if word)
        log.keep(place, reason, candidates.characteristics[place].iv)
    return Selection(tuple(chosen), fit, inflation, tuple(log.steps))


def _passed(candidates: Candidates, place: int, config: ScorecardConfig) -> list[str]:
    """What a feature had to show before any other was looked at."""
    iv = candidates.characteristics[place].iv
    words = [f"information value {iv:.3f}, at least {config.iv_min:g}"]
    for values, limit, what in (
        (candidates.association, config.association_p_max, "p-value of raw values"),
        (candidates.stability, config.psi_max, "stability index"),
    ):
        if limit is not None and len(values):
            words.append(f"{what} {values[place]:.3g}, at most {limit:g}")
    return words


def _closest(candidates: Candidates, chosen: Sequence[int]) -> list[str]:
    """For each of the chosen: the one that its WOE is most correlated with."""
    if len(chosen) < 2:
        return [""] * len(chosen)
    found = np.abs(correlations(cross_products(candidates.scan, candidates.woe, chosen)))
    np.fill_diagonal(found, -1.0)
    names = [candidates.characteristics[place].name for place in chosen]
    return [
        f"highest correlation {row.max():.2f}, with {names[int(row.argmax())]}" for row in found
    ]


def _proved(candidates: Candidates, fit: LogisticFit, at: int, config: ScorecardConfig) -> str:
    """What the regression's own criterion says of a feature that stayed."""
    p = f"p-value {fit.p_values[at + 1]:.2g}"
    if config.criterion is Criterion.P_VALUE:
        return p if config.p_max is None else f"{p}, at most {config.p_max:g}"
    price = _price(candidates, config)
    name = config.criterion.value.upper()
    return f"{p}; {name}: chi-square {fit.z[at + 1] ** 2:.1f}, at least {price:.2f}"


class _Log:
    """The reasons, as they come."""

    def __init__(self, characteristics: Sequence[Characteristic]) -> None:
        self.names = [c.name for c in characteristics]
        self.steps: list[SelectionStep] = []

    def drop(self, place: int, stage: str, reason: str, value: float | None) -> None:
        self.steps.append(SelectionStep(self.names[place], False, stage, reason, value))

    def keep(self, place: int, reason: str, value: float) -> None:
        self.steps.append(SelectionStep(self.names[place], True, "kept", reason, value))

    def last(self, count: int) -> str:
        return "; ".join(f"{step.feature}: {step.reason}" for step in self.steps[-count:])


def _by_information_value(candidates: Candidates, config: ScorecardConfig, log: _Log) -> list[int]:
    kept = []
    for place, c in enumerate(candidates.characteristics):
        if len(c.regular) < 2:
            log.drop(place, "binning", f"one bin: {'; '.join(c.binning.relaxed)}", c.iv)
        elif c.iv < config.iv_min:
            reason = f"information value {c.iv:.4f} below {config.iv_min:g}"
            log.drop(place, "information_value", reason, c.iv)
        elif np.ptp(_seen_woe(candidates, place)) == 0:
            log.drop(place, "binning", "every row has the same weight of evidence", c.iv)
        else:
            kept.append(place)
    by_name = {place: c.name for place, c in enumerate(candidates.characteristics)}
    return sorted(kept, key=lambda p: (-candidates.characteristics[p].iv, by_name[p]))


def _seen_woe(candidates: Candidates, place: int) -> Floats:
    return np.asarray(candidates.woe[place][candidates.scan.seen[place] > 0], dtype=np.float64)


def _by_limit(
    values: Sequence[float],
    limit: float | None,
    ranked: list[int],
    log: _Log,
    stage: str,
    what: str,
) -> list[int]:
    if limit is None or not len(values):
        return ranked
    kept = []
    for place in ranked:
        if values[place] > limit:
            reason = f"{what} {values[place]:.3f} above {limit:g}"
            log.drop(place, stage, reason, values[place])
        else:
            kept.append(place)
    return kept


def correlations(products: Floats) -> Floats:
    """Correlation matrix from the cross-products of (1, columns): Σ w x xᵀ, intercept first."""
    means = products[0, 1:] / products[0, 0]
    covariance = products[1:, 1:] / products[0, 0] - np.outer(means, means)
    spread = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(spread, spread), dtype=np.float64)


def _by_correlation(
    correlation: Floats, ranked: list[int], config: ScorecardConfig, log: _Log
) -> list[int]:
    kept: list[int] = []
    for row, place in enumerate(ranked):
        rivals = [(abs(float(correlation[row, other])), other) for other in kept]
        closest, rival = max(rivals, default=(0.0, -1))
        if closest > config.corr_max:
            name = log.names[ranked[rival]]
            reason = (
                f"correlation {closest:.2f} with the stronger {name}, above {config.corr_max:g}"
            )
            log.drop(place, "correlation", reason, closest)
        else:
            kept.append(row)
    return [ranked[row] for row in kept]


def _inflation(candidates: Candidates, chosen: Sequence[int]) -> Floats:
    """Variance inflation factor of each: the diagonal of the inverse correlation matrix."""
    if len(chosen) < 2:
        return np.ones(len(chosen))
    products = cross_products(candidates.scan, candidates.woe, list(chosen))
    return np.asarray(np.diag(np.linalg.pinv(correlations(products))), dtype=np.float64)


def _by_inflation(
    candidates: Candidates, chosen: list[int], config: ScorecardConfig, log: _Log
) -> list[int]:
    while len(chosen) > 1:
        factors = _inflation(candidates, chosen)
        worst = int(np.argmax(factors))
        if factors[worst] <= config.vif_max:
            break
        reason = f"variance inflation {factors[worst]:.2f} above {config.vif_max:g}"
        log.drop(chosen[worst], "vif", reason, float(factors[worst]))
        chosen = [place for position, place in enumerate(chosen) if position != worst]
    return chosen


def _regress(
    candidates: Candidates, pool: list[int], config: ScorecardConfig, log: _Log
) -> tuple[list[int], LogisticFit | None]:
    """Add and drop until nothing moves. A feature that was dropped is not added again."""
    adds = config.stepwise in (Stepwise.FORWARD, Stepwise.BOTH)
    chosen, waiting = ([], list(pool)) if adds else (list(pool), [])
    fit = _fitted(candidates, chosen, config)
    for _ in range(_MOST_MOVES):
        victim = _weakest(fit, chosen, candidates, config, log)
        if victim is not None:
            chosen = [place for place in chosen if place != victim]
        else:
            entrant = _strongest(candidates, fit, chosen, waiting, config, log)
            if entrant is None:
                break
            waiting.remove(entrant)
            chosen = [*chosen, entrant]
        fit = _fitted(candidates, chosen, config)
    return chosen, fit


def _fitted(
    candidates: Candidates, chosen: list[int], config: ScorecardConfig
) -> LogisticFit | None:
    if not chosen:
        return None
    return fit_codes(
        candidates.scan,
        candidates.woe,
        chosen=chosen,
        l2=config.l2,
        signed=config.signed,
        offset=candidates.offset,
    )


def _price(candidates: Candidates, config: ScorecardConfig) -> float:
    """The least χ² (one degree of freedom) that a feature must be worth."""
    if config.criterion is Criterion.AIC:
        return 2.0
    if config.criterion is Criterion.BIC:
        return math.log(candidates.scan.rows)
    return 0.0 if config.p_max is None else float(stats.chi2.isf(config.p_max, 1))


def _worth(statistic: float, price: float, config: ScorecardConfig) -> str:
    """The shortfall in the criterion's own words."""
    if config.criterion is Criterion.P_VALUE:
        return f"p-value {stats.chi2.sf(statistic, 1):.3f} above {config.p_max or 0:g}"
    name = config.criterion.value.upper()
    return f"{name} gets worse: chi-square {statistic:.2f} below {price:.2f}"


def _weakest(
    fit: LogisticFit | None,
    chosen: list[int],
    candidates: Candidates,
    config: ScorecardConfig,
    log: _Log,
) -> int | None:
    """The candidate to leave next, logged; None where all have the sign and the strength asked."""
    if fit is None:
        return None
    coefficients = fit.coefficients[1:]
    worst = int(np.argmax(coefficients))
    if coefficients[worst] >= -1e-12:
        value = float(coefficients[worst])
        reason = f"coefficient {value:+.3f}: WOE must lower the log-odds of bad"
        log.drop(chosen[worst], "sign", reason, value)
        return chosen[worst]
    if config.stepwise in (Stepwise.NONE, Stepwise.FORWARD):
        return None
    squares = fit.z[1:] ** 2
    weakest = int(np.argmin(squares))
    price = _price(candidates, config)
    if squares[weakest] < price:
        words = _worth(float(squares[weakest]), price, config)
        log.drop(chosen[weakest], config.criterion.value, words, float(fit.p_values[weakest + 1]))
        return chosen[weakest]
    return None


def _strongest(
    candidates: Candidates,
    fit: LogisticFit | None,
    chosen: list[int],
    waiting: list[int],
    config: ScorecardConfig,
    log: _Log,
) -> int | None:
    """The candidate to come in next, by its score statistic; the last look logs those left outside."""
    if not waiting:
        return None
    statistics = score_statistics(
        candidates.scan, candidates.woe, chosen, waiting, fit, offset=candidates.offset
    )
    best = int(np.argmax(statistics))
    price = _price(candidates, config)
    if statistics[best] >= price:
        return waiting[best]
    for place, statistic in zip(waiting, statistics, strict=True):
        words = _worth(float(statistic), price, config)
        log.drop(place, config.criterion.value, words, float(statistic))
    waiting.clear()
    return None
