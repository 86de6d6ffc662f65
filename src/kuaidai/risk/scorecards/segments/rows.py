"""The rows of one segment, out of core: parts are read whole and the segment's rows handed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kuaidai.risk.scorecards.columns import require_present
from kuaidai.risk.scorecards.engine.rows import Rows
from kuaidai.risk.scorecards.segments.rule import Segmentation


@dataclass(frozen=True)
class SegmentRows:
    """The rows of `rows` that belong to the segment at `place`; `parts`: (part, its rows there)."""

    rows: Rows
    segmentation: Segmentation
    place: int
    parts: tuple[tuple[int, int], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names."""
        return self.rows.names

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each part that has any."""
        return tuple(size for _, size in self.parts)

    def read(self, part: int, columns: Sequence[str]) -> pa.Table:
        """The segment's rows of one part, the named columns."""
        wanted = list(dict.fromkeys([*columns, self.segmentation.column]))
        table = self.rows.read(self.parts[part][0], wanted)
        inside = np.flatnonzero(self.segmentation.places(table) == self.place)
        return table.take(pa.array(inside)).select(list(columns))


def split_rows(rows: Rows, segmentation: Segmentation) -> tuple[SegmentRows, ...]:
    """The rows of every segment, after one pass over the segment's column.

    Raises `MissingColumn`, `UnknownSegment` where the segmentation refuses rows of no segment.
    """
    column = segmentation.column
    require_present(rows.names, [column])
    size = len(segmentation.segments)
    counts = [
        np.bincount(segmentation.places(rows.read(part, [column])), minlength=size).tolist()
        for part in range(len(rows.sizes))
    ]
    return tuple(
        SegmentRows(
            rows,
            segmentation,
            place,
            tuple((part, own[place]) for part, own in enumerate(counts) if own[place]),
        )
        for place in range(size)
    )
