"""Which candidates make it onto the card, and a line of reason for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kuaidai.risk.scorecards.card import SelectionStep
from kuaidai.risk.scorecards.characteristics import Characteristic
from kuaidai.risk.scorecards.columns import Floats
from kuaidai.risk.scorecards.config import ScorecardConfig
from kuaidai.risk.scorecards.errors import NoFeatureLeft
from kuaidai.risk.scorecards.regression import LogisticFit, fit_logistic, variance_inflation


@dataclass(frozen=True)
class Selection:
    """Positions of the chosen candidates (strongest first), their fit, and the log."""

    chosen: tuple[int, ...]
    fit: LogisticFit
    vif: Floats
    steps: tuple[SelectionStep, ...]


def select_features(
    candidates: Sequence[Characteristic],
    woe: Floats,
    target: Floats,
    weights: Floats,
    config: ScorecardConfig,
    association: Sequence[float] = (),
) -> Selection:
    """Choose features and fit them.

    Order: information value, association of the raw values where `association` gives its p-values and
    the configuration a limit, correlation (the stronger of a pair stays), variance inflation, number
    of features, then backwards: a coefficient of the wrong sign leaves first, then the largest
    p-value above the limit. `woe` has a column per candidate. Raises `NoFeatureLeft`.
    """
    log: list[SelectionStep] = []
    chosen = _by_information_value(candidates, config, log)
    if config.association_p_max is not None and association:
        chosen = _by_association(candidates, association, chosen, config.association_p_max, log)
    chosen = _by_correlation(candidates, woe, chosen, config, log)
    chosen = _by_inflation(candidates, woe, chosen, config, log)
    for place in chosen[config.max_features :]:
        _drop(log, candidates[place], "count", f"weaker than {config.max_features} others", None)
    chosen = chosen[: config.max_features]
    fit = None
    while chosen:
        fit = fit_logistic(woe[:, chosen], target, weights, l2=config.l2)
        victim = _weakest(fit, chosen, candidates, config, log)
        if victim is None:
            break
        chosen = [place for place in chosen if place != victim]
    if fit is None or not chosen:
        reasons = "; ".join(f"{step.feature}: {step.reason}" for step in log[-3:])
        raise NoFeatureLeft(count=len(candidates), reasons=reasons)
    for place, p in zip(chosen, fit.p_values[1:], strict=True):
        kept = candidates[place]
        reason = f"IV {kept.iv:.3f}, expected sign, p-value {p:.3g}"
        log.append(SelectionStep(kept.name, True, "kept", reason, kept.iv))
    return Selection(tuple(chosen), fit, variance_inflation(woe[:, chosen]), tuple(log))


def _drop(
    log: list[SelectionStep], c: Characteristic, stage: str, reason: str, value: float | None
) -> None:
    log.append(SelectionStep(c.name, False, stage, reason, value))


def _by_information_value(
    candidates: Sequence[Characteristic], config: ScorecardConfig, log: list[SelectionStep]
) -> list[int]:
    kept = []
    for place, c in enumerate(candidates):
        if len(c.regular) < 2:
            _drop(log, c, "binning", f"one bin: {'; '.join(c.binning.relaxed)}", c.iv)
        elif c.iv < config.iv_min:
            reason = f"information value {c.iv:.4f} below {config.iv_min:g}"
            _drop(log, c, "information_value", reason, c.iv)
        else:
            kept.append(place)
    return sorted(kept, key=lambda place: (-candidates[place].iv, candidates[place].name))


def _by_association(
    candidates: Sequence[Characteristic],
    association: Sequence[float],
    ranked: list[int],
    limit: float,
    log: list[SelectionStep],
) -> list[int]:
    kept = []
    for place in ranked:
        p = association[place]
        if p > limit:
            reason = f"raw values hardly related to the outcome: p-value {p:.3f} above {limit:g}"
            _drop(log, candidates[place], "association", reason, p)
        else:
            kept.append(place)
    return kept


def _by_correlation(
    candidates: Sequence[Characteristic],
    woe: Floats,
    ranked: list[int],
    config: ScorecardConfig,
    log: list[SelectionStep],
) -> list[int]:
    kept: list[int] = []
    if len(ranked) < 2:
        return ranked
    correlation = np.atleast_2d(np.corrcoef(woe[:, ranked], rowvar=False))
    for row, place in enumerate(ranked):
        rivals = [(abs(float(correlation[row, ranked.index(k)])), k) for k in kept]
        closest, rival = max(rivals, default=(0.0, -1))
        if closest > config.corr_max:
            name = candidates[rival].name
            reason = (
                f"correlation {closest:.2f} with the stronger {name}, above {config.corr_max:g}"
            )
            _drop(log, candidates[place], "correlation", reason, closest)
        else:
            kept.append(place)
    return kept


def _by_inflation(
    candidates: Sequence[Characteristic],
    woe: Floats,
    chosen: list[int],
    config: ScorecardConfig,
    log: list[SelectionStep],
) -> list[int]:
    while len(chosen) > 1:
        factors = variance_inflation(woe[:, chosen])
        worst = int(np.argmax(factors))
        if factors[worst] <= config.vif_max:
            break
        reason = f"variance inflation {factors[worst]:.2f} above {config.vif_max:g}"
        _drop(log, candidates[chosen[worst]], "vif", reason, float(factors[worst]))
        chosen = [place for position, place in enumerate(chosen) if position != worst]
    return chosen


def _weakest(
    fit: LogisticFit,
    chosen: list[int],
    candidates: Sequence[Characteristic],
    config: ScorecardConfig,
    log: list[SelectionStep],
) -> int | None:
    """The candidate to leave next, logged; None where all have the sign and the strength asked."""
    coefficients, p_values = fit.coefficients[1:], fit.p_values[1:]
    worst = int(np.argmax(coefficients))
    if coefficients[worst] >= 0:
        value = float(coefficients[worst])
        reason = f"coefficient {value:+.3f}: WOE must lower the log-odds of bad"
        _drop(log, candidates[chosen[worst]], "sign", reason, value)
        return chosen[worst]
    weakest = int(np.argmax(p_values))
    if config.p_max is not None and p_values[weakest] > config.p_max:
        reason = f"p-value {p_values[weakest]:.3f} above {config.p_max:g}"
        _drop(log, candidates[chosen[weakest]], "p_value", reason, float(p_values[weakest]))
        return chosen[weakest]
    return None
