"""Fine classes: the narrow bins, at most 255 a feature, that one scan counts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kuaidai.risk.scorecards.columns import Floats, Values, steady, steady_number
from kuaidai.risk.scorecards.config import FeatureConfig, Kind

Codes = npt.NDArray[np.uint8]

MISSING = 255
OTHER = 254
MOST_CLASSES = 254
CLASSES = 256
_STEADY_BITS = 30
_STEADY_SLACK = 1e-8


@dataclass(frozen=True)
class FineClasses:
    """The fine classes of one feature.

    Numeric: `cuts` rise, class i holds `[cuts[i-1], cuts[i])` as `steady` reads both; a special code stands alone in its
    class. Categorical: class i is `levels[i]`; any other category is `OTHER`. A missing value is
    `MISSING` in both.
    """

    feature: FeatureConfig
    cuts: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The feature's name."""
        return self.feature.name

    @property
    def edges(self) -> Floats:
        """The cuts as numbers are compared with them."""
        return steady(np.array(self.cuts, dtype=np.float64))

    @property
    def size(self) -> int:
        """Number of classes that ordinary and special values can fall into."""
        numeric = self.feature.kind is Kind.NUMERIC
        return len(self.cuts) + 1 if numeric else len(self.levels)

    def encode(self, values: Values) -> Codes:
        """The class of each value (as `read_column` gives them): the slow twin of the scan's kernel."""
        if self.feature.kind is Kind.CATEGORICAL:
            places = {level: place for place, level in enumerate(self.levels)}
            codes = [MISSING if v is None else places.get(v, OTHER) for v in values]
            return np.array(codes, dtype=np.uint8)
        found = np.searchsorted(self.edges, steady(values), side="right")
        return np.where(np.isnan(values), MISSING, found).astype(np.uint8)

    def special_classes(self) -> tuple[tuple[str, int], ...]:
        """Label and class of each special code."""
        codes = np.array([code for _, code in self.feature.special], dtype=np.float64)
        places = np.searchsorted(self.edges, steady(codes), side="right")
        labels = (label for label, _ in self.feature.special)
        return tuple(zip(labels, (int(p) for p in places), strict=True))

    def ordinary_classes(self) -> npt.NDArray[np.int64]:
        """Classes of ordinary values in value order (numeric) or in level order."""
        special = [place for _, place in self.special_classes()]
        return np.setdiff1d(np.arange(self.size), special).astype(np.int64)


def numeric_classes(
    sample: Floats, feature: FeatureConfig, *, most: int = MOST_CLASSES
) -> FineClasses:
    """Classes of nearly equal frequency in `sample`; every distinct value its own where they are few.

    Missing and infinite values of the sample are left out; special codes get classes of their own.
    Cuts have as few digits as the gap between neighbouring values allows, or, where values are many, a
    window half a class wide; the feature's own `splits` are always among them.
    """
    special = steady(np.array([code for _, code in feature.special], dtype=np.float64))
    ordinary = steady(np.asarray(sample, dtype=np.float64))
    ordinary = np.sort(ordinary[np.isfinite(ordinary) & ~np.isin(ordinary, special)])
    room = room_for_cuts(feature, most)
    known = ordinary[np.append(True, ordinary[1:] != ordinary[:-1])[: len(ordinary)]]
    low, high = known[:-1], known[1:]
    if len(known) > room:
        low, high = _windows(ordinary, room)
    pairs = zip(low.tolist(), high.tolist(), strict=True)
    cuts = [cut for pair in pairs if (cut := shortest(*pair)) > known[0]]
    return FineClasses(feature, cuts=numeric_cuts([*cuts, *feature.splits], feature))


def room_for_cuts(feature: FeatureConfig, most: int = MOST_CLASSES) -> int:
    """How many classes ordinary values may have, special codes and the feature's own splits apart."""
    return max(2, most - 2 * len(feature.special) - len(feature.splits))


def _windows(ordered: Floats, room: int) -> tuple[Floats, Floats]:
    """Around each quantile the values between which its cut may fall, half a class apart.

    `ordered` rises; the quantiles are those of the inverted distribution function.
    """

    def at(shares: Floats) -> Floats:
        places = np.ceil(len(ordered) * shares - 1).clip(0, len(ordered) - 1)
        return ordered[places.astype(np.int64)]

    shares = np.arange(1, room) / room
    return at(shares - 0.25 / room), at(shares + 0.25 / room)


def shortest(below: float, above: float) -> float:
    """The number with fewest digits that, as `steady` reads it, lies in (below, above]; else `above`."""
    slack = abs(above) * _STEADY_SLACK
    for digits in range(1, 17):
        for given in (above, (below + above) / 2):
            short = float(f"{given:.{digits}g}")
            if abs(short - above) > above - below + slack:  # plainly outside: most are
                continue
            if below < steady_number(short) <= above:
                return short
    return above


def numeric_cuts(cuts: Iterable[float], feature: FeatureConfig) -> tuple[float, ...]:
    """`cuts` with a fence on either side of each special code."""
    special = steady(np.array([code for _, code in feature.special], dtype=np.float64))
    fences = [edge for code in special for edge in (code, next_steady(float(code)))]
    alike: dict[float, float] = {}
    for cut in sorted([*cuts, *fences]):
        alike.setdefault(steady_number(cut), float(cut))
    return tuple(alike.values())


def next_steady(value: float) -> float:
    """The least number above `value` that `steady` tells apart from it."""
    if value == 0:
        return math.nextafter(0.0, math.inf)
    mantissa, exponent = math.frexp(value)
    if mantissa == -0.5:  # towards zero the grid is twice as fine below a power of two
        exponent -= 1
    return value + math.ldexp(1.0, exponent - _STEADY_BITS)


def categorical_classes(
    counts: Iterable[tuple[str, int]], feature: FeatureConfig, *, most: int = MOST_CLASSES
) -> FineClasses:
    """One class a category, the most frequent first; what does not fit falls into `OTHER`."""
    ranked = sorted(counts, key=lambda item: (-item[1], item[0]))
    return FineClasses(feature, levels=tuple(level for level, _ in ranked[:most]))
