"""A card's points for whole columns: bins and points fused, without a code between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.characteristics import BinKind, Characteristic
from kuaidai.risk.scorecards.columns import Floats, steady
from kuaidai.risk.scorecards.config import Kind, UnseenPolicy
from kuaidai.risk.scorecards.engine.encoding import Chunk, numbers_in, places_in
from kuaidai.risk.scorecards.engine.fine_classes import numeric_cuts
from kuaidai.risk.scorecards.engine.kernels import add_points, add_steps, least_values
from kuaidai.risk.scorecards.errors import UnseenCategory

Points = npt.NDArray[Any]
"""Whole points in the type of the scores they are added to."""
ScoreType: TypeAlias = type[np.int16] | type[np.int32] | type[np.int64]


class PointsOf(Protocol):
    """One characteristic's points."""

    def add(self, table: pa.Table, scores: Points) -> None:
        """Add the points of each of the table's rows to its score."""
        ...


def score_type(card: Scorecard) -> ScoreType:
    """The narrowest type that holds any sum and difference of the card's points; 16 bits mostly do."""
    most = sum(max(abs(a.points) for a in c.attributes) for c in card.characteristics)
    widest = 2 * (abs(card.base_points) + most)
    kinds: tuple[ScoreType, ...] = (np.int16, np.int32)
    return next((kind for kind in kinds if widest <= np.iinfo(kind).max), np.int64)


def points_of(card: Scorecard) -> list[PointsOf]:
    """The points of each of the card's characteristics."""
    kind = score_type(card)
    return [
        _Steps.of(c, kind) if c.feature.kind is Kind.NUMERIC else _Places.of(c, kind)
        for c in card.characteristics
    ]


@dataclass(frozen=True)
class _Steps:
    """Numbers: points that change by `steps` from each of `least` on; `ends` as in `add_steps`."""

    name: str
    least: Floats
    steps: Points
    ends: Points

    @staticmethod
    def of(c: Characteristic, kind: ScoreType) -> _Steps:
        lows = [a.bin.low for a in c.regular if a.bin.low is not None]
        cuts = steady(np.array(numeric_cuts(lows, c.feature), dtype=np.float64))
        points = c.points[c.codes(np.append(-np.inf, cuts))]
        missing = next(a.points for a in c.attributes if a.bin.kind is BinKind.MISSING)
        steps = np.diff(points)
        moves = steps != 0
        ends = np.array([points[0], missing], dtype=kind)
        return _Steps(c.name, least_values(cuts[moves]), steps[moves].astype(kind), ends)

    def add(self, table: pa.Table, scores: Points) -> None:
        at = 0
        for chunk in numbers_in(table, self.name):
            least = _least_singles(self.least) if chunk.values.dtype == np.float32 else self.least
            inside = scores[at : at + len(chunk.values)]
            add_steps(chunk.values, chunk.valid, chunk.offset, least, self.steps, self.ends, inside)
            at += len(inside)


def _least_singles(least: Floats) -> npt.NDArray[np.float32]:
    """The least single-precision number at or above each: such numbers compare with both alike."""
    with np.errstate(over="ignore"):  # beyond the greatest: only infinity is above
        nearest = least.astype(np.float32)
    below = nearest.astype(np.float64) < least
    return np.where(below, np.nextafter(nearest, np.float32(np.inf)), nearest)


@dataclass(frozen=True)
class _Places:
    """Categories: the points of each, those of any other, and those of none."""

    characteristic: Characteristic
    levels: Mapping[str, int]
    other: int
    missing: int
    kind: ScoreType

    @staticmethod
    def of(c: Characteristic, kind: ScoreType) -> _Places:
        levels = {level: a.points for a in c.regular for level in a.bin.categories}
        by_kind = {a.bin.kind: a.points for a in c.attributes}
        return _Places(c, levels, by_kind[BinKind.UNSEEN], by_kind[BinKind.MISSING], kind)

    def add(self, table: pa.Table, scores: Points) -> None:
        at = 0
        for places, levels in places_in(table, self.characteristic.name):
            if self.characteristic.feature.unseen is UnseenPolicy.ERROR:
                self._require_known(places, levels)
            known = [self.missing if v is None else self.levels.get(v, self.other) for v in levels]
            points = np.array([*known, self.missing], dtype=self.kind)
            inside = scores[at : at + len(places.values)]
            add_points(places.values, places.valid, places.offset, points, inside)
            at += len(inside)

    def _require_known(self, places: Chunk, levels: list[str | None]) -> None:
        """Raise `UnseenCategory` where a row holds one; that none does is seen by the dictionary alone."""
        strange = [at for at, v in enumerate(levels) if v is not None and v not in self.levels]
        held = places.values[np.isin(places.values, strange) & places.present()]
        if held.size:
            raise UnseenCategory(
                feature=self.characteristic.name,
                value=repr(levels[held[0]]),
                known=", ".join(self.levels),
            )
