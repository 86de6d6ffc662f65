"""Edits of bins by hand: merge, split, move missing or special values, set a weight of evidence.

Each gives a new binning whose figures come from the counts at once, and writes who did what and why, with
the information value before and after, into the record that the card keeps. A bin is named by its place
among the ordinary ones, from 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from kuaidai.risk.scorecards.binning import FeatureBinning
from kuaidai.risk.scorecards.characteristics import BinningEdit
from kuaidai.risk.scorecards.columns import steady
from kuaidai.risk.scorecards.config import Kind
from kuaidai.risk.scorecards.errors import BadSetting


def merge_bins(
    binning: FeatureBinning, first: int, last: int, *, by: str, why: str
) -> FeatureBinning:
    """Bins `first` to `last` become one. Categorical bins may be any two: all from one to the other join.

    Raises `BadSetting` for places that are not there.
    """
    _require_place(binning, first)
    _require_place(binning, last)
    if first >= last:
        raise BadSetting(name="merge", value=(first, last), rule="two places, the lower first")
    labels = [b.label for b in binning.bins()[first : last + 1]]
    joined = tuple(place for group in binning.groups[first : last + 1] for place in group)
    groups = (*binning.groups[:first], joined, *binning.groups[last + 1 :])
    changed = _regrouped(binning, groups, lambda place: _after_merge(place, first, last))
    return _logged(binning, changed, "merge", " | ".join(labels), by, why)


def split_bin(
    binning: FeatureBinning, place: int, at: float | Sequence[str], *, by: str, why: str
) -> FeatureBinning:
    """Cut a bin in two: a numeric one at the fine cut nearest to `at`, a categorical one by taking `at` out.

    The record names the cut that was made. Raises `BadSetting` where the bin has no cut inside or where
    the categories are not some, but not all, of the bin's.
    """
    _require_place(binning, place)
    inside = binning.groups[place]
    if binning.feature.kind is Kind.CATEGORICAL:
        if isinstance(at, float | int):
            raise BadSetting(name="split", value=at, rule="categories of the bin")
        low, high, detail = _without(binning, place, tuple(at))
    else:
        if not isinstance(at, float | int) or not math.isfinite(at):
            raise BadSetting(name="split", value=at, rule="a finite number")
        cuts = {code: binning.counts.classes.cuts[code - 1] for code in inside[1:]}
        if not cuts:
            raise BadSetting(
                name="split", value=at, rule="inside a bin of two fine classes or more"
            )
        wanted = float(steady(np.array(float(at))))
        start = min(cuts, key=lambda code: (abs(cuts[code] - wanted), code))
        low = tuple(code for code in inside if code < start)
        high = tuple(code for code in inside if code >= start)
        detail = f"{binning.bins()[place].label} at {cuts[start]:g}"
    groups = (*binning.groups[:place], low, high, *binning.groups[place + 1 :])
    changed = _regrouped(binning, groups, lambda other: other + (1 if other > place else 0))
    return _logged(binning, changed, "split", detail, by, why)


def assign_missing(
    binning: FeatureBinning, place: int | None, *, by: str, why: str
) -> FeatureBinning:
    """Count missing values with an ordinary bin, or (None) in their own again; raises `BadSetting`."""
    if place is not None:
        _require_place(binning, place)
    detail = "own bin" if place is None else binning.bins()[place].label
    return _logged(binning, replace(binning, missing_with=place), "assign missing", detail, by, why)


def assign_special(
    binning: FeatureBinning, label: str, place: int | None, *, by: str, why: str
) -> FeatureBinning:
    """Count a special code with an ordinary bin, or (None) in its own again; raises `BadSetting`."""
    known = [name for name, _ in binning.feature.special]
    if label not in known:
        rule = (
            f"one of {', '.join(known)}" if known else "left out: the feature has no special code"
        )
        raise BadSetting(name=f"special code of {binning.name}", value=label, rule=rule)
    if place is not None:
        _require_place(binning, place)
    detail = f"{label} to {'its own bin' if place is None else binning.bins()[place].label}"
    others = [(name, at) for name, at in binning.special_with if name != label]
    joined = tuple(others) if place is None else (*others, (label, place))
    changed = replace(binning, special_with=joined)
    return _logged(binning, changed, "assign special", detail, by, why)


def set_woe(
    binning: FeatureBinning, place: int, woe: float, *, by: str, why: str
) -> FeatureBinning:
    """Give the attribute at `place` (ordinary bins, specials, missing, unseen) a weight of evidence.

    Counts stay what they are. An edit that moves bins afterwards drops the value. Raises `BadSetting`.
    """
    bins = binning.bins()
    if not 0 <= place < len(bins):
        raise BadSetting(name="bin", value=place, rule=f"between 0 and {len(bins) - 1}")
    if not math.isfinite(woe):
        raise BadSetting(name="WOE", value=woe, rule="a finite number")
    given = {**dict(binning.set_woe), place: float(woe)}
    changed = replace(binning, set_woe=tuple(sorted(given.items())))
    return _logged(binning, changed, "set WOE", f"{bins[place].label} to {woe:g}", by, why)


def _require_place(binning: FeatureBinning, place: int) -> None:
    if not 0 <= place < len(binning.groups):
        rule = f"between 0 and {len(binning.groups) - 1}"
        raise BadSetting(name=f"bin of {binning.name}", value=place, rule=rule)


def _without(
    binning: FeatureBinning, place: int, names: tuple[str, ...]
) -> tuple[tuple[int, ...], tuple[int, ...], str]:
    levels = binning.counts.classes.levels
    held = {levels[code]: code for code in binning.groups[place]}
    if not names or not set(names) < set(held):
        raise BadSetting(name="split", value=names, rule=f"some, not all, of {', '.join(held)}")
    out = tuple(held[name] for name in names)
    rest = tuple(code for code in binning.groups[place] if code not in out)
    return rest, out, f"{', '.join(names)} out of {binning.bins()[place].label}"


def _after_merge(place: int, first: int, last: int) -> int:
    if place <= first:
        return place
    return first if place <= last else place - (last - first)


def _regrouped(
    binning: FeatureBinning, groups: tuple[tuple[int, ...], ...], moved: Callable[[int], int]
) -> FeatureBinning:
    """New groups; `moved` tells where an ordinary bin that own bins are counted with has gone."""
    missing = None if binning.missing_with is None else moved(binning.missing_with)
    special = tuple((label, moved(place)) for label, place in binning.special_with)
    return replace(binning, groups=groups, missing_with=missing, special_with=special, set_woe=())


def _logged(
    before: FeatureBinning, after: FeatureBinning, action: str, detail: str, by: str, why: str
) -> FeatureBinning:
    if not by.strip() or not why.strip():
        raise BadSetting(name="edit", value=action, rule="signed with who makes it and why")
    edit = BinningEdit(
        action,
        detail,
        by,
        why,
        iv_before=before.characteristic().iv,
        iv_after=after.characteristic().iv,
    )
    return replace(after, record=replace(before.record, edits=(*before.record.edits, edit)))
