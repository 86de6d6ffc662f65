"""The bins of a characteristic before anything is counted: intervals, categories, and the bins of their own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from kuaidai.risk.scorecards.characteristics import Bin, BinKind
from kuaidai.risk.scorecards.config import FeatureConfig, Kind

_NAMED = 5
"""Of the rare categories so many are named; they can be hundreds."""


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


def category_bins(groups: Sequence[Sequence[str]], *, rare: int | None = None) -> tuple[Bin, ...]:
    """One bin per group of categories; that at the place `rare` is called the bin of rare ones."""
    return tuple(
        Bin(BinKind.CATEGORIES, *_category_label(group, place == rare), categories=tuple(group))
        for place, group in enumerate(groups)
    )


def _category_label(group: Sequence[str], rare: bool) -> tuple[str, str]:
    if not rare:
        return ", ".join(group), "、".join(group)
    more = len(group) - _NAMED
    shown = list(group[:_NAMED])
    return (
        "rare: " + ", ".join([*shown, *([f"{more} more"] if more > 0 else [])]),
        "少见类别：" + "、".join([*shown, *([f"另 {more} 类"] if more > 0 else [])]),
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
