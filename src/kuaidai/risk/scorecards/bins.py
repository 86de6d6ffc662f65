"""The bins of a characteristic before anything is counted: intervals, categories, and the bins of their own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from kuaidai.risk.scorecards.characteristics import Bin, BinKind
from kuaidai.risk.scorecards.config import FeatureConfig, Kind


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


def own_bins(feature: FeatureConfig) -> tuple[Bin, ...]:
    """The bins behind the ordinary ones: each special code, missing, and unseen for categories."""
    numeric = feature.kind is Kind.NUMERIC
    specials = feature.special if numeric else ()
    own = [Bin(BinKind.SPECIAL, label, label, special=code) for label, code in specials]
    own.append(Bin(BinKind.MISSING, "no data", "无数据"))
    if not numeric:
        own.append(Bin(BinKind.UNSEEN, "other category", "其他类别"))
    return tuple(own)
