"""Which raw values a bin takes, as comparisons that any engine makes alike.

The scorer rounds a number to 30 significant bits (`columns.steady`) before it looks for its bin.
Other engines cannot, and need not: the rounding never changes the order of two numbers, so the raw
values that reach a cut once rounded are those from one certain double upwards. That double is
worked out here and compared with the raw value.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kuaidai.risk.scorecards.characteristics import Attribute, BinKind, Characteristic
from kuaidai.risk.scorecards.columns import STEADY_HALF, steady

_HALF = int(STEADY_HALF)


@dataclass(frozen=True)
class Interval:
    """Numbers from `least` up to but without `below`; None where that side is open."""

    attribute: Attribute
    least: float | None
    below: float | None


@dataclass(frozen=True)
class SpecialCode:
    """Numbers from `least` to `most`, both taken: all that round to one special code."""

    attribute: Attribute
    least: float | None
    most: float | None


@dataclass(frozen=True)
class CategoryGroup:
    """The categories that fall into one bin."""

    attribute: Attribute
    categories: tuple[str, ...]


def least_reaching(cut: float) -> float:
    """The lowest double that, rounded by `steady`, is not below the rounded `cut`.

    `steady` adds half a step to the bits of the magnitude and cuts the rest off. Above zero the
    lowest magnitude that rounds up to the cut lies half a step below it; below zero the greatest
    magnitude that still rounds down to the cut lies one bit short of half a step beyond it.
    Raises ValueError where `cut` is not a number.

    >>> least_reaching(1.0), least_reaching(-1.0)
    (0.9999999995343387, -1.0000000009313224)
    """
    rounded = float(steady(np.array([cut], dtype=np.float64))[0])
    if math.isnan(rounded):
        raise ValueError("a cut must be a number")
    if rounded == -math.inf:
        return rounded
    magnitude = _bits(abs(rounded))
    if rounded > 0:
        return _double(magnitude - _HALF)
    return -_double(magnitude + _HALF - 1)


def greatest_within(cut: float) -> float:
    """The highest double that, rounded by `steady`, is not above the rounded `cut`."""
    return -least_reaching(-cut)


def intervals(c: Characteristic) -> tuple[Interval, ...]:
    """The ordinary bins of a numeric characteristic, from the lowest up."""
    bins = [a for a in c.attributes if a.bin.kind is BinKind.INTERVAL]
    # The scorer counts the cuts a value reaches; the first bin has none and takes what is left.
    edges = [least_reaching(a.bin.low) for a in bins if a.bin.low is not None]
    bounds = pairwise([None, *edges, None])
    return tuple(Interval(a, *bound) for a, bound in zip(bins, bounds, strict=True))


def special_codes(c: Characteristic) -> tuple[SpecialCode, ...]:
    """The special codes in the order to ask for them: where two round alike the later one holds."""
    return tuple(
        SpecialCode(
            a, _finite(least_reaching(a.bin.special)), _finite(greatest_within(a.bin.special))
        )
        for a in reversed(c.attributes)
        if a.bin.special is not None and not math.isnan(a.bin.special)
    )


def category_groups(c: Characteristic) -> tuple[CategoryGroup, ...]:
    """The bins of a categorical characteristic; a category named twice belongs to the later bin."""
    places = {name: place for place, a in enumerate(c.attributes) for name in a.bin.categories}
    return tuple(
        CategoryGroup(a, taken)
        for place, a in enumerate(c.attributes)
        if (taken := tuple(name for name in a.bin.categories if places[name] == place))
    )


def attribute_of(c: Characteristic, kind: BinKind) -> Attribute:
    """The characteristic's one attribute of that kind (missing, unseen)."""
    return next(a for a in c.attributes if a.bin.kind is kind)


def _finite(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None


def _bits(number: float) -> int:
    return int(struct.unpack("<Q", struct.pack("<d", number))[0])


def _double(bits: int) -> float:
    return float(struct.unpack("<d", struct.pack("<Q", bits))[0])
