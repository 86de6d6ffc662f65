"""A segmented scorecard fitted on a Spark frame: each segment's rows to a card where they lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from kuaidai.kernel.errors import Refusal
from kuaidai.risk.scorecards.columns import require_names, require_present
from kuaidai.risk.scorecards.config import ScorecardConfig
from kuaidai.risk.scorecards.errors import SegmentNotFitted
from kuaidai.risk.scorecards.segments.card import SegmentedScorecard
from kuaidai.risk.scorecards.segments.fitting import (
    config_of,
    fit_and_count,
    notes_of,
    on_one_scale,
)
from kuaidai.risk.scorecards.segments.rule import Segmentation
from kuaidai.risk.scorecards.spark.fitting import bin_frame
from kuaidai.risk.scorecards.spark.frames import Batches, numbered, open_frame
from kuaidai.risk.scorecards.spark.scan import packed, unpacked

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_PLACED = "counts binary, refused binary"


def fit_segments_frame(
    data: DataFrame | Path | str | Sequence[Path],
    *,
    target: str,
    config: ScorecardConfig,
    segmentation: Segmentation,
    weight: str | None = None,
    offset: str | None = None,
    recent: DataFrame | Path | str | Sequence[Path] | None = None,
    notes: tuple[tuple[str, str], ...] = (),
) -> SegmentedScorecard:
    """`fit_segments` on a Spark frame; the frame is read once for the segments, then for each segment.

    Raises what `fit_segments` raises, and `UnknownEngine` where Spark is missing.
    """
    configs = [config_of(config, segment) for segment in segmentation.segments]
    others = [name for name in (weight, offset, config.stable_over) if name]
    wanted = [target, *others, *(feature.name for feature in config.features)]
    rows = open_frame(data)
    _counted(rows, segmentation)
    later = None if recent is None else open_frame(recent)
    known = None if later is None else _counted(later, segmentation)
    fits = []
    for place, (segment, own) in enumerate(zip(segmentation.names, configs, strict=True)):
        part = _inside(rows, segmentation, place, wanted)
        after = None
        if later is not None and known is not None and known[place]:
            after = _inside(later, segmentation, place, wanted)
        try:
            with bin_frame(
                part, target=target, config=own, weight=weight, offset=offset, recent=after
            ) as binning:
                fits.append(fit_and_count(binning, notes_of(notes, segmentation, segment)))
        except Refusal as refusal:
            raise SegmentNotFitted(segment=segment, why=str(refusal).rstrip(".")) from refusal
    return on_one_scale(config.name, segmentation, fits)


def _counted(frame: DataFrame, segmentation: Segmentation) -> list[int]:
    """The rows of each segment; raises `MissingColumn`, `UnknownSegment`, `NotANumber`."""
    column, size = segmentation.column, len(segmentation.segments)
    require_names(frame.columns)
    require_present(frame.columns, [column])

    def work(batches: Batches) -> Batches:
        counts, refused = np.zeros(size, dtype=np.int64), None
        try:
            for batch in batches:
                table = pa.Table.from_batches([batch]).rename_columns([column])
                counts += np.bincount(segmentation.places(table), minlength=size)
        except Refusal as refusal:
            refused = packed(refusal)
        cells = {
            "counts": pa.array([counts.tobytes()]),
            "refused": pa.array([refused], pa.binary()),
        }
        yield pa.RecordBatch.from_pydict(cells)

    total = np.zeros(size, dtype=np.int64)
    for row in numbered(frame, [column]).mapInArrow(work, _PLACED).collect():
        if row["refused"] is not None:
            raise unpacked(bytes(row["refused"]))
        total += np.frombuffer(bytes(row["counts"]), np.int64)
    return [int(rows) for rows in total]


def _inside(
    frame: DataFrame, segmentation: Segmentation, place: int, wanted: Sequence[str]
) -> DataFrame:
    """The rows of one segment, the wanted columns; raises `MissingColumn`."""
    columns = list(dict.fromkeys([*wanted, segmentation.column]))
    require_present(frame.columns, columns)
    given = numbered(frame, columns)
    kept = given.mapInArrow(_keeping(segmentation, place, columns), given.schema)
    return kept.toDF(*columns)


def _keeping(
    segmentation: Segmentation, place: int, columns: list[str]
) -> Callable[[Batches], Batches]:
    def work(batches: Batches) -> Batches:
        for batch in batches:
            table = pa.Table.from_batches([batch]).rename_columns(columns)
            inside = np.flatnonzero(segmentation.places(table) == place)
            yield batch.take(pa.array(inside))

    return work
