"""Which segment a row belongs to: by the categories of a column or by intervals of its numbers."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kuaidai.risk.scorecards.columns import Table, Values, read_column, read_value, steady
from kuaidai.risk.scorecards.config import Kind
from kuaidai.risk.scorecards.engine.rows import Data, open_rows
from kuaidai.risk.scorecards.errors import BadSetting, UnknownSegment

MOST_SEGMENTS = 20
REFUSED = "error"
"""The policy by which a row of no segment is refused; any other policy is a segment's name."""


@dataclass(frozen=True)
class Segment:
    """A segment: the categories it takes, or the numbers from `least` up to but without `below`.

    `features`: the candidates of its card (empty: all).
    """

    name: str
    values: tuple[str, ...] = ()
    least: float | None = None
    below: float | None = None
    features: tuple[str, ...] = ()


@dataclass(frozen=True)
class Segmentation:
    """The column that decides, the segments, and what becomes of a row that none of them takes.

    `unknown`: `error` (such a row, a missing value included, is refused) or the name of the segment
    whose card judges it.
    """

    column: str
    segments: tuple[Segment, ...]
    unknown: str = REFUSED

    def __post_init__(self) -> None:
        """Refuse rules that contradict themselves; raises `BadSetting`."""
        if not 1 <= len(self.segments) <= MOST_SEGMENTS:
            rule = f"from 1 to {MOST_SEGMENTS} segments"
            raise BadSetting(name="segments", value=len(self.segments), rule=rule)
        names = self.names
        if len(set(names)) != len(names) or REFUSED in names or not all(names):
            rule = f"different names, none empty, none {REFUSED!r}"
            raise BadSetting(name="segments", value=", ".join(names), rule=rule)
        if self.unknown not in (REFUSED, *names):
            rule = f"{REFUSED!r} or a segment: {', '.join(names)}"
            raise BadSetting(name="unknown segments", value=self.unknown, rule=rule)
        by_value = [bool(segment.values) for segment in self.segments]
        if any(by_value) and not all(by_value):
            rule = "categories for every segment or intervals for every segment"
            raise BadSetting(name="segments", value="a mixture", rule=rule)
        if all(by_value):
            self._check_values()
        else:
            self._check_intervals()

    def _check_values(self) -> None:
        values = [value for segment in self.segments for value in segment.values]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            rule = "in one segment only"
            raise BadSetting(name=f"segments of {self.column}", value=", ".join(twice), rule=rule)
        for segment in self.segments:
            if segment.least is not None or segment.below is not None:
                raise BadSetting(
                    name=f"segment {segment.name}", value="both", rule="categories or an interval"
                )

    def _check_intervals(self) -> None:
        bounds = []
        for segment in self.segments:
            low = -math.inf if segment.least is None else segment.least
            high = math.inf if segment.below is None else segment.below
            if not low < high or (math.isinf(low) and math.isinf(high)):
                rule = "an interval with at least one bound, the lower below the upper"
                raise BadSetting(
                    name=f"segment {segment.name}", value=f"[{low:g}, {high:g})", rule=rule
                )
            bounds.append((low, high, segment.name))
        for left, right in itertools.pairwise(sorted(bounds)):
            if left[1] > right[0]:
                raise BadSetting(
                    name=f"segments {left[2]} and {right[2]}", value="overlapping", rule="apart"
                )

    @property
    def names(self) -> tuple[str, ...]:
        """The segments' names."""
        return tuple(segment.name for segment in self.segments)

    @property
    def kind(self) -> Kind:
        """How the column is read."""
        return Kind.CATEGORICAL if self.segments[0].values else Kind.NUMERIC

    def place_of(self, value: object) -> int:
        """The place of the segment that takes one value; raises `UnknownSegment`, `NotANumber`."""
        return int(self._places(read_value(value, self.column, self.kind))[0])

    def places(self, table: Table) -> npt.NDArray[np.int64]:
        """The place of each row's segment; raises `MissingColumn`, `UnknownSegment`, `NotANumber`."""
        return self._places(read_column(table, self.column, self.kind))

    def _places(self, values: Values) -> npt.NDArray[np.int64]:
        found = self._taken(values)
        strange = np.flatnonzero(found < 0)
        if not strange.size:
            return found
        if self.unknown == REFUSED:
            first = values[strange[0]]
            absent = first is None or (isinstance(first, float) and math.isnan(first))
            shown = (
                "no value" if absent else repr(first if isinstance(first, str) else float(first))
            )
            known = ", ".join(self.names)
            raise UnknownSegment(column=self.column, value=shown, known=known)
        found[strange] = self.names.index(self.unknown)
        return found

    def _taken(self, values: Values) -> npt.NDArray[np.int64]:
        if self.kind is Kind.CATEGORICAL:
            homes = {v: place for place, s in enumerate(self.segments) for v in s.values}
            return np.array([homes.get(value, -1) for value in values], dtype=np.int64)
        found = np.full(len(values), -1, dtype=np.int64)
        for place, segment in enumerate(self.segments):
            inside = ~np.isnan(values)
            if segment.least is not None:
                inside &= values >= steady(np.array(segment.least))
            if segment.below is not None:
                inside &= values < steady(np.array(segment.below))
            found[inside] = place
        return found


def segments_by_value(data: Data, column: str, *, unknown: str = REFUSED) -> Segmentation:
    """One segment for each category that `column` holds, in the order of their names.

    Rows without a value belong to no segment. Raises `MissingColumn`, and `BadSetting` for more than 20.
    """
    rows = open_rows(data)
    known: set[str] = set()
    for part in range(len(rows.sizes)):
        cells = read_column(rows.read(part, [column]), column, Kind.CATEGORICAL)
        known.update(cell for cell in cells if cell is not None)
        if len(known) > MOST_SEGMENTS:
            rule = f"a column of at most {MOST_SEGMENTS} values"
            raise BadSetting(name="segments", value=column, rule=rule)
    segments = tuple(Segment(name, values=(name,)) for name in sorted(known))
    return Segmentation(column, segments, unknown)
