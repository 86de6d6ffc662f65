"""Scoring Parquet to Parquet by a segmented scorecard, one part at a time, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kuaidai.risk.scorecards.columns import require_present
from kuaidai.risk.scorecards.engine.rows import Rows
from kuaidai.risk.scorecards.engine.scan import in_order
from kuaidai.risk.scorecards.engine.score_files import stamp
from kuaidai.risk.scorecards.segments.card import SegmentedScorecard


def score_segment_rows(
    card: SegmentedScorecard,
    rows: Rows,
    target: Path,
    *,
    keep: Sequence[str] = (),
    version: str = "",
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Score every row into one Parquet file (the columns of `brief_table`) and give their number.

    The file appears under its name when it is whole; its metadata say which card scored it and under which
    `version`. Raises as `SegmentedScorecard.score` does.
    """
    wanted = list(dict.fromkeys([*keep, *card.features]))
    require_present(rows.names, wanted)
    unfinished = target.with_name(f".{target.name}.part")
    nothing = pa.table({name: pa.array([], pa.string()) for name in wanted})
    done = 0

    def work(part: int) -> pa.Table:
        return card.brief_table(rows.read(part, wanted), keep=keep)

    parts = range(len(rows.sizes))
    writer: pq.ParquetWriter | None = None
    try:
        for table in in_order(work, parts, threads or os.cpu_count() or 1):
            if writer is None:
                schema = table.schema.with_metadata(stamp(card, version))
                writer = pq.ParquetWriter(unfinished, schema, compression="zstd")
            writer.write_table(table)
            done += table.num_rows
            if progress is not None:
                progress(done)
        if writer is None:
            empty = card.brief_table(nothing, keep=keep)
            pq.write_table(empty.replace_schema_metadata(stamp(card, version)), unfinished)
        else:
            writer.close()
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return done
