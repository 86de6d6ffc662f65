"""From counted fine classes to the bins of a characteristic and the weight of evidence of every code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kuaidai.risk.scorecards.columns import Floats
from kuaidai.risk.scorecards.config import Kind
from kuaidai.risk.scorecards.engine.fine_classes import CLASSES, MISSING, OTHER, FineClasses
from kuaidai.risk.scorecards.engine.merging import MergeRules, Shape, merge
from kuaidai.risk.scorecards.engine.scan import Scan
from kuaidai.risk.scorecards.woe import information_value, weight_of_evidence


@dataclass(frozen=True)
class CoarseClasses:
    """A feature's bins as groups of fine classes: merged ones first, then specials, other, missing.

    `woe` gives every one of the 256 codes its weight of evidence: 0 where no row fell. `merged` is
    False where the rules admitted no two bins; all ordinary classes then share one.
    """

    classes: FineClasses
    groups: tuple[tuple[int, ...], ...]
    woe: Floats
    information_value: float
    shape: Shape
    merged: bool


def merge_classes(scan: Scan, rules: MergeRules, *, epsilon: float) -> tuple[CoarseClasses, ...]:
    """Merge the fine classes of every feature of the scan by `rules`.

    Categories are put in the order of their bad rates first, so that neighbours are alike.
    """
    return tuple(
        _merged(classes, counts, rules, epsilon)
        for classes, counts in zip(scan.classes, scan.counts, strict=True)
    )


def _merged(
    classes: FineClasses, counts: Floats, rules: MergeRules, epsilon: float
) -> CoarseClasses:
    seen = counts.sum(axis=1) > 0
    order = [place for place in classes.ordinary_classes().tolist() if seen[place]]
    if classes.feature.kind is Kind.CATEGORICAL:
        order.sort(key=lambda place: counts[place, 1] / counts[place].sum())
    goods, bads = counts[order].T
    totals = float(counts[:, 0].sum()), float(counts[:, 1].sum())
    found = merge(goods, bads, rules, epsilon=epsilon, totals=totals)
    ends = (len(order),) if found is None else found.ends
    starts = (0, *ends[:-1])
    groups = [tuple(order[at:end]) for at, end in zip(starts, ends, strict=True) if end > at]
    own = [place for _, place in classes.special_classes()]
    groups += [(place,) for place in (*own, OTHER, MISSING) if seen[place]]
    sums = np.array([counts[list(group)].sum(axis=0) for group in groups])
    woe: Floats = np.zeros(CLASSES)
    for group, value in zip(
        groups, weight_of_evidence(sums[:, 0], sums[:, 1], epsilon=epsilon), strict=True
    ):
        woe[list(group)] = value
    return CoarseClasses(
        classes,
        tuple(groups),
        woe,
        float(information_value(sums[:, 0], sums[:, 1], epsilon=epsilon).sum()),
        rules.shape if found is None else found.shape,
        found is not None and len(found.ends) > 1,
    )
