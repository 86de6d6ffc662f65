"""Scoring Parquet to Parquet: bins and points fused, one part at a time, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.characteristics import BinKind, Characteristic
from kuaidai.risk.scorecards.columns import require_present, steady
from kuaidai.risk.scorecards.config import Kind, UnseenPolicy
from kuaidai.risk.scorecards.engine.encoding import Encoder
from kuaidai.risk.scorecards.engine.fine_classes import (
    CLASSES,
    MISSING,
    OTHER,
    FineClasses,
    numeric_cuts,
)
from kuaidai.risk.scorecards.engine.kernels import add_points
from kuaidai.risk.scorecards.engine.rows import Rows
from kuaidai.risk.scorecards.engine.scan import in_order
from kuaidai.risk.scorecards.errors import UnseenCategory

if TYPE_CHECKING:
    from kuaidai.risk.scorecards.segments.card import SegmentedScorecard

Points = npt.NDArray[np.int64]
_REPEATED = ("score", "grade", "pd", "grade_pd")
_PROBABILITY = pa.decimal128(9, 6)


@dataclass(frozen=True)
class _Scorer:
    """One characteristic: its encoder, and the points of each code."""

    characteristic: Characteristic
    encoder: Encoder
    points: Points

    @staticmethod
    def of(c: Characteristic) -> _Scorer:
        points = np.zeros(CLASSES, dtype=np.int64)
        by_kind = {a.bin.kind: a.points for a in c.attributes}
        points[MISSING] = by_kind[BinKind.MISSING]
        if c.feature.kind is Kind.CATEGORICAL:
            points[OTHER] = by_kind[BinKind.UNSEEN]
            points[: len(c.regular)] = [a.points for a in c.regular]
            places = {level: at for at, a in enumerate(c.regular) for level in a.bin.categories}
            return _Scorer(c, Encoder.make(c.name, c.feature.kind, np.empty(0), places), points)
        lows = [a.bin.low for a in c.regular if a.bin.low is not None]
        cuts = numeric_cuts(steady(np.array(lows, dtype=np.float64)), c.feature)
        classes = FineClasses(c.feature, cuts=cuts)
        inside = np.array([-np.inf, *cuts])
        points[: classes.size] = c.points[c.codes(inside)]
        return _Scorer(c, Encoder.of(classes), points)

    def add(self, table: pa.Table, scores: Points) -> None:
        codes = np.empty(table.num_rows, dtype=np.uint8)
        self.encoder.write(table, codes)
        if self.characteristic.feature.unseen is UnseenPolicy.ERROR and (codes == OTHER).any():
            row = table[self.characteristic.name][int(np.argmax(codes == OTHER))]
            known = ", ".join(self.encoder.places)
            name = self.characteristic.name
            raise UnseenCategory(feature=name, value=repr(row.as_py()), known=known)
        add_points(codes, self.points, scores)


@dataclass(frozen=True)
class _Outcomes:
    """Grade and PDs of every score the card can give, from `least` on."""

    least: int
    grades: pa.Array
    pds: pa.Array
    grade_pds: pa.Array

    @staticmethod
    def of(card: Scorecard) -> _Outcomes:
        worst = [min(a.points for a in c.attributes) for c in card.characteristics]
        least = card.base_points + sum(worst)
        most = card.base_points + sum(c.max_points for c in card.characteristics)
        scores = range(least, most + 1)
        grades = [card.grade_of(score) for score in scores]
        return _Outcomes(
            least,
            pa.array([grade.grade for grade in grades]),
            pa.array([card.pd_of(score) for score in scores], _PROBABILITY),
            pa.array([grade.pd for grade in grades], _PROBABILITY),
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
    scorers = [_Scorer.of(c) for c in card.characteristics]
    outcomes = _Outcomes.of(card)
    work = partial(_score_part, card, rows, wanted, tuple(keep), scorers, outcomes)
    unfinished = target.with_name(f".{target.name}.part")
    writer: pq.ParquetWriter | None = None
    done = 0
    try:
        for table in in_order(work, range(len(rows.sizes)), threads or os.cpu_count() or 1):
            if writer is None:
                schema = table.schema.with_metadata(stamp(card, version))
                writer = _writer(unfinished, schema)
            writer.write_table(table)
            done += table.num_rows
            if progress is not None:
                progress(done)
        if writer is None:
            empty = _assemble(pa.table({}), np.empty(0, np.int64), outcomes)
            pq.write_table(empty.replace_schema_metadata(stamp(card, version)), unfinished)
        else:
            writer.close()
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return done


def _writer(target: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Whole numbers, as keys are, by their differences; what repeats by dictionary; decimals as integers."""
    keys = [f.name for f in schema if pa.types.is_integer(f.type) and f.name not in _REPEATED]
    keys = [name for name in keys if schema.field(name).type.bit_width >= 32]
    return pq.ParquetWriter(
        target,
        schema,
        compression="zstd",
        use_dictionary=[name for name in schema.names if name not in keys],
        column_encoding=dict.fromkeys(keys, "DELTA_BINARY_PACKED"),
        store_decimal_as_integer=True,
    )


def _score_part(
    card: Scorecard,
    rows: Rows,
    wanted: list[str],
    keep: tuple[str, ...],
    scorers: list[_Scorer],
    outcomes: _Outcomes,
    part: int,
) -> pa.Table:
    table = rows.read(part, wanted)
    scores = np.full(table.num_rows, card.base_points, dtype=np.int64)
    for scorer in scorers:
        scorer.add(table, scores)
    return _assemble(table.select(list(keep)), scores, outcomes)


def _assemble(kept: pa.Table, scores: Points, outcomes: _Outcomes) -> pa.Table:
    places = pa.array(scores - outcomes.least)
    columns = {name: kept[name] for name in kept.column_names}
    columns["score"] = pa.array(scores)
    columns["grade"] = outcomes.grades.take(places)
    columns["pd"] = outcomes.pds.take(places)
    columns["grade_pd"] = outcomes.grade_pds.take(places)
    return pa.table(columns)
