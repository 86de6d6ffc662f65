"""Reading scikit-learn's histogram gradient boosting trees: from nodes to leaves and their conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kuaidai.risk.scorecards.engine.leaves import Condition, Leaf


@dataclass(frozen=True)
class Tree:
    """The nodes of one tree (a structured array), and which categories its splits send left (bit sets)."""

    nodes: Any
    left_levels: Any


def leaves_of(tree: Tree, number: int, levels: Sequence[int]) -> Iterator[Leaf]:
    """The leaves of `tree`, left to right; `levels`: how many categories each column has, 0 for numbers."""
    start: dict[int, Condition] = {}
    waiting = [(0, start)]
    while waiting:
        place, conditions = waiting.pop()
        node = tree.nodes[place]
        if node["is_leaf"]:
            yield Leaf(number, float(node["value"]), tuple(conditions.values()))
            continue
        column = int(node["feature_idx"])
        everything = Condition(column, None, None, tuple(range(levels[column])), True, 1.0)
        before = conditions.get(column, everything)
        for side in ("right", "left"):  # the last one in is the first one out
            child = int(node[side])
            share = float(tree.nodes[child]["count"]) / float(node["count"])
            narrowed = _narrowed(before, tree, node, left=side == "left")
            after = replace(narrowed, share=before.share * share)
            waiting.append((child, {**conditions, column: after}))


def _narrowed(before: Condition, tree: Tree, node: Mapping[str, Any], *, left: bool) -> Condition:
    missing = before.missing and bool(node["missing_go_to_left"]) == left
    if node["is_categorical"]:
        bits = tree.left_levels[node["bitset_idx"]]
        kept = tuple(n for n in before.levels if bool(bits[n // 32] >> (n % 32) & 1) == left)
        return replace(before, levels=kept, missing=missing)
    cut = float(node["num_threshold"])
    if not np.isfinite(cut):  # all numbers go left, missing ones right
        return _only(before, numbers=left, missing=missing)
    if left:
        high = cut if before.high is None else min(before.high, cut)
        return replace(before, high=high, missing=missing)
    low = cut if before.low is None else max(before.low, cut)
    return replace(before, low=low, missing=missing)


def _only(before: Condition, *, numbers: bool, missing: bool) -> Condition:
    """`before` without its missing values, or with nothing else: an interval that holds no number."""
    if numbers:
        return replace(before, missing=missing)
    edge = 0.0 if before.low is None else before.low
    return replace(before, low=edge, high=edge, missing=missing)
