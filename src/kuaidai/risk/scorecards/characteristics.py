"""A feature on a card: its bins, what they earn, and which bin a value falls into."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from kuaidai.risk.scorecards.columns import Values, steady
from kuaidai.risk.scorecards.config import FeatureConfig, Kind, UnseenPolicy
from kuaidai.risk.scorecards.errors import UnseenCategory


class BinKind(StrEnum):
    """What a bin holds."""

    INTERVAL = "interval"
    CATEGORIES = "categories"
    SPECIAL = "special"
    MISSING = "missing"
    UNSEEN = "unseen"


@dataclass(frozen=True)
class Bin:
    """A bin before anything is counted: interval `[low, high)`, categories, special code, …"""

    kind: BinKind
    label: str
    label_zh: str
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] = ()
    special: float | None = None


@dataclass(frozen=True)
class Attribute:
    """A bin with its development counts, weight of evidence and points.

    `woe` is the value used in the fit (policy applied), `iv` the bin's part of the information value.
    """

    bin: Bin
    goods: float
    bads: float
    woe: float
    iv: float
    points: int = 0
    note: str = ""

    @property
    def count(self) -> float:
        """Rows (or weight) in the bin."""
        return self.goods + self.bads

    @property
    def bad_rate(self) -> float | None:
        """Share of bads in the bin; None where it is empty."""
        return self.bads / self.count if self.count else None


@dataclass(frozen=True)
class BinningEdit:
    """A change a modeller made by hand: what was done, by whom and why, and the information value it left."""

    action: str
    detail: str
    by: str
    why: str
    iv_before: float
    iv_after: float


@dataclass(frozen=True)
class BinningRecord:
    """How the bins came about: by search or given, the trend found, what was given up, edits by hand.

    `status`: `optimal`, `given`, or `one_bin` where the rules admitted no two bins.
    """

    status: str
    trend: str
    relaxed: tuple[str, ...] = ()
    edits: tuple[BinningEdit, ...] = ()


@dataclass(frozen=True)
class Characteristic:
    """A binned feature. Attributes stand in the order: regular bins, specials, missing, unseen.

    Coefficient figures are None until the feature has been through the fit.
    """

    feature: FeatureConfig
    attributes: tuple[Attribute, ...]
    binning: BinningRecord
    iv: float
    coefficient: float | None = None
    standard_error: float | None = None
    z: float | None = None
    p_value: float | None = None
    vif: float | None = None

    @property
    def name(self) -> str:
        """The feature's name."""
        return self.feature.name

    def interval(self, level: float = 0.95) -> tuple[float, float] | None:
        """Wald interval of the coefficient; None before the fit and where it has no standard error."""
        return wald_interval(self.coefficient, self.standard_error, level)

    @cached_property
    def regular(self) -> tuple[Attribute, ...]:
        """The bins of ordinary values."""
        kinds = (BinKind.INTERVAL, BinKind.CATEGORIES)
        return tuple(a for a in self.attributes if a.bin.kind in kinds)

    @cached_property
    def max_points(self) -> int:
        """The most points the feature can earn."""
        return max(attribute.points for attribute in self.attributes)

    @cached_property
    def woe(self) -> npt.NDArray[np.float64]:
        """WOE per attribute."""
        return np.array([attribute.woe for attribute in self.attributes], dtype=np.float64)

    @cached_property
    def points(self) -> npt.NDArray[np.int64]:
        """Points per attribute."""
        return np.array([attribute.points for attribute in self.attributes], dtype=np.int64)

    @cached_property
    def _bins(self) -> tuple[Bin, ...]:
        return tuple(attribute.bin for attribute in self.attributes)

    def codes(self, values: Values) -> npt.NDArray[np.int64]:
        """Position of each value's attribute; raises `UnseenCategory` where the policy says so."""
        found = bin_codes(self._bins, self.feature.kind, values)
        if self.feature.unseen is UnseenPolicy.ERROR and self.feature.kind is Kind.CATEGORICAL:
            strange = np.flatnonzero(found == len(self._bins) - 1)
            if strange.size:
                known = ", ".join(c for b in self._bins for c in b.categories)
                raise UnseenCategory(feature=self.name, value=repr(values[strange[0]]), known=known)
        return found


def wald_interval(
    estimate: float | None, error: float | None, level: float = 0.95
) -> tuple[float, float] | None:
    """Estimate ± normal quantile × standard error; None where either is not known.

    >>> low, high = wald_interval(-1.0, 0.1)
    >>> round(low, 3), round(high, 3)
    (-1.196, -0.804)
    """
    if estimate is None or error is None or not math.isfinite(error):
        return None
    reach = NormalDist().inv_cdf(0.5 + level / 2) * error
    return estimate - reach, estimate + reach


def bin_codes(bins: tuple[Bin, ...], kind: Kind, values: Values) -> npt.NDArray[np.int64]:
    """Position of each value's bin among `bins` (regular, specials, missing, unseen)."""
    if kind is Kind.CATEGORICAL:
        places = {c: place for place, b in enumerate(bins) for c in b.categories}
        missing, unseen = len(bins) - 2, len(bins) - 1
        codes = [missing if v is None else places.get(v, unseen) for v in values]
        return np.array(codes, dtype=np.int64)
    cuts = [b.low for b in bins if b.kind is BinKind.INTERVAL and b.low is not None]
    values = steady(values)
    edges = steady(np.array(cuts, dtype=np.float64))
    found = np.searchsorted(edges, values, side="right").astype(np.int64)
    for place, b in enumerate(bins):
        if b.kind is BinKind.SPECIAL:
            found[values == steady(np.array(b.special))] = place
    found[np.isnan(values)] = len(bins) - 1
    return found
