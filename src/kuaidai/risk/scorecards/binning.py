"""Binning: optbinning finds the cuts, this module counts what falls between them.

optbinning gives only the boundaries. Counts, WOE and policies for missing, special and unseen values
are worked out here from the same encoding that the scorer uses, so that they cannot disagree.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kuaidai.risk.scorecards.characteristics import (
    Attribute,
    Bin,
    BinKind,
    BinningRecord,
    Characteristic,
    bin_codes,
)
from kuaidai.risk.scorecards.columns import Floats, Values, steady
from kuaidai.risk.scorecards.config import (
    FeatureConfig,
    Infeasible,
    Kind,
    MissingPolicy,
    ScorecardConfig,
    Trend,
    UnseenPolicy,
)
from kuaidai.risk.scorecards.errors import InfeasibleBins
from kuaidai.risk.scorecards.woe import information_value, weight_of_evidence

_CART_ROWS = 100_000
_RARE = "\0rare"


@dataclass(frozen=True)
class _Attempt:
    """One set of constraints to try; `given_up` says what it relaxes (empty: as configured)."""

    min_share: float
    min_bads: int
    given_up: str = ""


def bin_feature(
    values: Values,
    target: Floats,
    weights: Floats,
    feature: FeatureConfig,
    config: ScorecardConfig,
) -> Characteristic:
    """Bin one feature on the development sample.

    `values` as read by `read_column`; `target` 1 = bad. Where the constraints admit no two bins,
    `config.on_infeasible` says whether the minimum share and the minimum bads are relaxed (the trend
    never is); every step is recorded. A feature left with one bin has status `one_bin`, and selection
    turns it down. Raises `InfeasibleBins` where the configuration says to stop.
    """
    if feature.kind is Kind.NUMERIC:
        values = steady(values)
    ordinary = ordinary_rows(values, feature)
    bins, record = _solve(values[ordinary], target[ordinary], weights[ordinary], feature, config)
    return count_bins(bins, record, values, target, weights, feature, config)


def ordinary_rows(values: Values, feature: FeatureConfig) -> npt.NDArray[np.bool_]:
    """Rows whose value is neither missing nor a special code."""
    if feature.kind is Kind.CATEGORICAL:
        return np.array([value is not None for value in values], dtype=np.bool_)
    plain = ~np.isnan(values)
    for _, code in feature.special:
        plain &= values != code
    return np.asarray(plain, dtype=np.bool_)


def _solve(
    values: Values, target: Floats, weights: Floats, feature: FeatureConfig, config: ScorecardConfig
) -> tuple[tuple[Bin, ...], BinningRecord]:
    why = _hopeless(values, target)
    attempts = [] if why else _attempts(config)
    relaxed: list[str] = []
    for attempt in attempts:
        status, bins = _optimal_bins(values, target, weights, feature, config, attempt)
        if attempt.given_up:
            relaxed.append(attempt.given_up)
        if len(bins) >= 2:
            trend = "" if feature.kind is Kind.CATEGORICAL else feature.trend.value
            return bins, BinningRecord(status.lower(), trend, tuple(relaxed))
        why = f"no two bins satisfy trend {feature.trend.value}, share and bads ({status.lower()})"
    if config.on_infeasible is Infeasible.ERROR:
        raise InfeasibleBins(feature=feature.name, why=why)
    return _one_bin(values, feature), BinningRecord("one_bin", "", (*relaxed, why))


def _hopeless(values: Values, target: Floats) -> str:
    """Why no split can exist, or an empty text."""
    if len(values) == 0:
        return "every value is missing or special"
    if target.sum() == 0 or target.sum() == len(target):
        return "ordinary values hold only one class"
    if len(set(values.tolist())) == 1:
        return "ordinary values are all equal"
    return ""


def _attempts(config: ScorecardConfig) -> list[_Attempt]:
    asked = _Attempt(config.min_bin_share, config.min_bin_bads)
    if config.on_infeasible is not Infeasible.RELAX:
        return [asked]
    share = config.min_bin_share / 2
    attempts = [asked, _Attempt(share, config.min_bin_bads, f"minimum share to {share:g}")]
    if config.min_bin_bads > 1:
        attempts.append(_Attempt(share, 1, "minimum bads to 1"))
    return attempts


def _optimal_bins(
    values: Values,
    target: Floats,
    weights: Floats,
    feature: FeatureConfig,
    config: ScorecardConfig,
    attempt: _Attempt,
) -> tuple[str, tuple[Bin, ...]]:
    from optbinning import OptimalBinning  # takes seconds to load: scoring never needs it

    numeric = feature.kind is Kind.NUMERIC
    rare = frozenset() if numeric else _rare_categories(values, attempt.min_share)
    if rare:
        values = np.array([_RARE if v in rare else v for v in values], dtype=object)
    trends = {Trend.AUTO: "auto_asc_desc", Trend.NONE: None}
    rows = len(values)
    solver = OptimalBinning(
        name=feature.name,
        dtype="numerical" if numeric else "categorical",
        prebinning_method="cart" if rows <= _CART_ROWS else "quantile",
        solver="cp",
        max_n_prebins=20,
        min_prebin_size=min(0.05, attempt.min_share / 2),
        min_n_bins=2,
        max_n_bins=feature.max_bins or config.max_bins,
        min_bin_size=min(0.5, attempt.min_share),
        min_bin_n_event=attempt.min_bads,
        min_bin_n_nonevent=attempt.min_bads,
        max_pvalue=config.max_bin_p_value,
        monotonic_trend=trends.get(feature.trend, feature.trend.value) if numeric else None,
        time_limit=10,
    )
    flat = bool((weights == weights[0]).all())
    solver.fit(values, target.astype(np.int64), sample_weight=None if flat else weights)
    status = str(solver.status)
    if status not in ("OPTIMAL", "FEASIBLE"):
        return status, ()
    if numeric:
        return status, interval_bins(_tidy_cuts([float(c) for c in solver.splits], values))
    groups = [[str(c) for c in group] for group in solver.splits]
    if rare:
        groups = [
            [c for name in g for c in (sorted(rare) if name == _RARE else [name])] for g in groups
        ]
    return status, category_bins(groups)


def _rare_categories(values: Values, min_share: float) -> frozenset[str]:
    """Categories below the minimum share: pooled before the search, lest their chance rates lead it."""
    names, counts = np.unique(values.astype(str), return_counts=True)
    return frozenset(names[counts < min_share * len(values)].tolist())


def _tidy_cuts(cuts: Sequence[float], values: Values) -> list[float]:
    """Each cut with as few digits as leave every development row in its bin."""
    known = np.unique(values)
    return [_shortest_between(cut, known) for cut in cuts]


def _shortest_between(cut: float, known: Floats) -> float:
    place = int(np.searchsorted(known, cut, side="left"))
    above = float(known[place]) if place < len(known) else math.inf
    below = float(known[place - 1]) if place else -math.inf
    for digits in range(1, 17):
        short = float(f"{cut:.{digits}g}")
        if below < float(steady(np.array(short))) <= above:
            return short
    return cut


def interval_bins(cuts: Sequence[float]) -> tuple[Bin, ...]:
    """Bins `[low, high)` between the rising `cuts`, open at both ends."""
    edges: list[float | None] = [None, *cuts, None]
    return tuple(
        Bin(BinKind.INTERVAL, *_interval_label(low, high), low=low, high=high)
        for low, high in itertools.pairwise(edges)
    )


def _interval_label(low: float | None, high: float | None) -> tuple[str, str]:
    if low is None and high is None:
        return "any value", "任意值"
    if low is None:
        return f"< {_number(high)}", f"小于 {_number(high)}"
    if high is None:
        return f"≥ {_number(low)}", f"不低于 {_number(low)}"
    both = f"{_number(low)} – < {_number(high)}"
    return both, both


def _number(value: float | None) -> str:
    text = f"{value:,.6f}" if value is not None and abs(value) < 1e15 else f"{value:g}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def category_bins(groups: Sequence[Sequence[str]]) -> tuple[Bin, ...]:
    """One bin per group of categories."""
    return tuple(
        Bin(BinKind.CATEGORIES, ", ".join(group), "、".join(group), categories=tuple(group))
        for group in groups
    )


def _one_bin(values: Values, feature: FeatureConfig) -> tuple[Bin, ...]:
    if feature.kind is Kind.CATEGORICAL:
        return category_bins([sorted(set(values.tolist()))]) if len(values) else ()
    return interval_bins([])


def count_bins(
    bins: Sequence[Bin],
    record: BinningRecord,
    values: Values,
    target: Floats,
    weights: Floats,
    feature: FeatureConfig,
    config: ScorecardConfig,
) -> Characteristic:
    """Count goods and bads per bin (special, missing and unseen bins added) and give each its WOE."""
    everything = (*bins, *_own_bins(feature))
    codes = bin_codes(everything, feature.kind, values)
    size = len(everything)
    bads = np.bincount(codes, weights * target, minlength=size)
    goods = np.bincount(codes, weights * (1 - target), minlength=size)
    rows = np.bincount(codes, minlength=size)
    woe = weight_of_evidence(goods, bads, epsilon=config.epsilon)
    parts = information_value(goods, bads, epsilon=config.epsilon)
    attributes = tuple(
        Attribute(b, float(goods[i]), float(bads[i]), float(woe[i]), float(parts[i]))
        for i, b in enumerate(everything)
    )
    settled = _apply_policies(attributes, rows, feature, config)
    trend = record.trend
    if trend == Trend.AUTO.value:
        regular = [a.woe for a in settled if a.bin.kind is BinKind.INTERVAL]
        trend = (Trend.DESCENDING if regular[-1] > regular[0] else Trend.ASCENDING).value
    iv = sum(a.iv for a in settled)
    return Characteristic(feature, settled, replace(record, trend=trend), iv)


def _own_bins(feature: FeatureConfig) -> tuple[Bin, ...]:
    numeric = feature.kind is Kind.NUMERIC
    specials = feature.special if numeric else ()
    own = [Bin(BinKind.SPECIAL, label, label, special=code) for label, code in specials]
    own.append(Bin(BinKind.MISSING, "no data", "无数据"))
    if not numeric:
        own.append(Bin(BinKind.UNSEEN, "other category", "其他类别"))
    return tuple(own)


def _apply_policies(
    attributes: tuple[Attribute, ...],
    rows: npt.NDArray[np.int64],
    feature: FeatureConfig,
    config: ScorecardConfig,
) -> tuple[Attribute, ...]:
    """Settle the WOE of special, missing and unseen bins; every departure from the count is noted."""
    regular = (BinKind.INTERVAL, BinKind.CATEGORIES)
    worst = min((a.woe for a in attributes if a.bin.kind in regular), default=0.0)
    settled: list[Attribute] = []
    missing_woe = 0.0
    for attribute, seen in zip(attributes, rows, strict=True):
        kind = attribute.bin.kind
        if kind in regular:
            settled.append(attribute)
            continue
        woe, note = attribute.woe, ""
        if kind is BinKind.UNSEEN:
            choice = {UnseenPolicy.MISSING: missing_woe, UnseenPolicy.WORST: worst}
            woe, note = choice.get(feature.unseen, 0.0), f"unseen: {feature.unseen.value}"
        elif kind is BinKind.MISSING and feature.missing is not MissingPolicy.SEPARATE:
            woe = worst if feature.missing is MissingPolicy.WORST else 0.0
            note = f"missing: {feature.missing.value}"
        elif seen < config.min_own_bin_rows:
            woe, note = 0.0, f"neutral: {int(seen)} rows, fewer than {config.min_own_bin_rows}"
        elif not (attribute.goods and attribute.bads):
            woe, note = 0.0, "neutral: only one class seen"
        if kind is BinKind.MISSING:
            missing_woe = woe
        iv = attribute.iv if woe == attribute.woe else 0.0
        settled.append(replace(attribute, woe=woe, note=note, iv=iv))
    return tuple(settled)
