"""Scoring Parquet to Parquet: bins and points fused, one part at a time, in bounded memory."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.columns import require_present
from kuaidai.risk.scorecards.engine.card_points import PointsOf, points_of, score_type
from kuaidai.risk.scorecards.engine.rows import Rows
from kuaidai.risk.scorecards.engine.scan import in_order

if TYPE_CHECKING:
    from kuaidai.risk.scorecards.segments.card import SegmentedScorecard

_MILLIONTHS = 1_000_000
_PROBABILITY = pa.decimal128(9, 6)
_WRITTEN_PROBABILITY = pa.decimal32(9, 6)
_OUTCOMES = {
    "score": pa.int64(),
    "grade": pa.string(),
    "pd": _PROBABILITY,
    "grade_pd": _PROBABILITY,
}


@dataclass(frozen=True)
class _Outcomes:
    """Grade and PDs (in millionths) of every score the card can give, from `least` on."""

    least: int
    names: tuple[str, ...]
    grades: npt.NDArray[np.int8]
    pds: npt.NDArray[np.int32]
    grade_pds: npt.NDArray[np.int32]

    @staticmethod
    def of(card: Scorecard) -> _Outcomes:
        worst = [min(a.points for a in c.attributes) for c in card.characteristics]
        least = card.base_points + sum(worst)
        most = card.base_points + sum(c.max_points for c in card.characteristics)
        scores = range(least, most + 1)
        grades = [card.grade_of(score) for score in scores]
        names = tuple(dict.fromkeys(grade.grade for grade in grades))
        pds = (card.pd_of(score) for score in scores), (grade.pd for grade in grades)
        return _Outcomes(
            least,
            names,
            np.array([names.index(grade.grade) for grade in grades], dtype=np.int8),
            *(np.array([int(pd * _MILLIONTHS) for pd in each], dtype=np.int32) for each in pds),
        )


def stamp(card: Scorecard | SegmentedScorecard, version: str = "") -> dict[str, str]:
    """What a file of scores says of the card that gave them, as metadata of its schema."""
    known = {"kuaidai.scorecard": card.name, "kuaidai.version_hash": card.version_hash}
    return {**known, "kuaidai.version": version} if version else known


def score_rows(
    card: Scorecard,
    rows: Rows,
    target: Path,
    *,
    keep: Sequence[str] = (),
    version: str = "",
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Score every row into one Parquet file and give their number.

    Columns, equal to those of `Scorecard.score_table`: those in `keep`, then score, grade, pd and
    grade_pd. Infinite values fall into the outermost bins. `progress` is told the rows done. The file
    appears under its name when it is whole, its metadata say which card scored it and under which
    `version` of a register. Raises `MissingColumn`, `NotANumber`, `UnseenCategory`.
    """
    wanted = list(dict.fromkeys([*keep, *card.features]))
    require_present(rows.names, wanted)
    outcomes = _Outcomes.of(card)
    work = partial(_score_part, card, rows, wanted, tuple(keep), points_of(card), outcomes)
    unfinished = target.with_name(f".{target.name}.part")
    writer: pq.ParquetWriter | None = None
    done = 0
    try:
        for table in in_order(work, range(len(rows.sizes)), threads or os.cpu_count() or 1):
            writer = writer or _writer(unfinished, table.schema)
            writer.write_table(table)
            done += table.num_rows
            if progress is not None:
                progress(done)
        if writer is None:
            empty = _assemble(pa.table({}), np.empty(0, np.int32), outcomes)
            writer = _writer(unfinished, empty.schema)
        known = stamp(card, version)
        writer.add_key_value_metadata(known | _read_as(writer.schema, known))
        writer.close()
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return done


def _writer(target: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer that spends on each column what it gains there.

    Whole numbers, as keys and scores are, by their differences; what repeats by dictionary. What was
    worked out is packed to its bits, of which no compression takes any more, and as its order is that
    of the rows, the least and greatest of a group would tell nothing.
    """
    kept = [name for name in schema.names if name not in _OUTCOMES]
    keys = [f.name for f in schema if pa.types.is_integer(f.type) and f.type.bit_width >= 32]
    return pq.ParquetWriter(
        target,
        schema,
        compression={name: "zstd" if name in kept else "none" for name in schema.names},
        use_dictionary=[name for name in schema.names if name not in keys],
        column_encoding=dict.fromkeys(keys, "DELTA_BINARY_PACKED"),
        write_statistics=kept,
        store_decimal_as_integer=True,
        store_schema=False,  # `_read_as` says it
    )


def _read_as(written: pa.Schema, known: dict[str, str]) -> dict[str, str]:
    """The metadata that tell Arrow the types of `Scorecard.score_table`, whatever was handed to the writer.

    Arrow takes a schema's own metadata from here alone, so that what is `known` stands in it too.
    """
    fields = [pa.field(f.name, _OUTCOMES.get(f.name, f.type), f.nullable) for f in written]
    schema = pa.schema(fields, metadata=dict(known)).serialize().to_pybytes()
    return {"ARROW:schema": base64.b64encode(schema).decode("ascii")}


def _score_part(
    card: Scorecard,
    rows: Rows,
    wanted: list[str],
    keep: tuple[str, ...],
    points: Sequence[PointsOf],
    outcomes: _Outcomes,
    part: int,
) -> pa.Table:
    table = rows.read(part, wanted)
    scores = np.full(table.num_rows, card.base_points, dtype=score_type(card))
    for each in points:
        each.add(table, scores)
    return _assemble(table.select(list(keep)), scores, outcomes)


def _assemble(kept: pa.Table, scores: npt.NDArray[Any], outcomes: _Outcomes) -> pa.Table:
    """The columns, grades as a dictionary and PDs as whole millionths: what the writer would make of them."""
    places = scores - outcomes.least
    grades = pa.array(outcomes.grades.take(places))
    columns = {name: kept[name] for name in kept.column_names}
    columns["score"] = pa.array(scores, pa.int64())
    columns["grade"] = pa.DictionaryArray.from_arrays(grades, pa.array(outcomes.names, pa.string()))
    columns["pd"] = _probabilities(outcomes.pds.take(places))
    columns["grade_pd"] = _probabilities(outcomes.grade_pds.take(places))
    return pa.table(columns)


def _probabilities(millionths: npt.NDArray[np.int32]) -> pa.Array:
    data = pa.py_buffer(millionths)
    return pa.Array.from_buffers(_WRITTEN_PROBABILITY, len(millionths), [None, data])
