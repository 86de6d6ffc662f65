"""A segmented card as one SELECT: each row's segment by a CASE, and its points by its segment's card."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from kuaidai.risk.scorecards.characteristics import Characteristic
from kuaidai.risk.scorecards.config import Kind
from kuaidai.risk.scorecards.errors import CannotExport
from kuaidai.risk.scorecards.export.conditions import least_reaching
from kuaidai.risk.scorecards.export.sql import (
    SqlDialect,
    StatementWriter,
    as_case,
    indented,
    listed,
    score_bounds,
)
from kuaidai.risk.scorecards.segments import Segment, SegmentedScorecard
from kuaidai.risk.scorecards.segments.rule import REFUSED


def segmented_sql(
    card: SegmentedScorecard, *, table: str, dialect: SqlDialect, keep: Sequence[str] = ()
) -> str:
    """One SELECT that scores each row of `table` as `card.score_table` does.

    Columns: those of `keep`, then segment, score, grade, pd (decimal, six places) and points_<feature>
    each, null where the segment's card does not have the feature. Where the segmentation refuses rows
    of no segment, the statement fails on one when it runs. Types and refusals as in `to_sql`.
    """
    return _Writer(card, dialect).statement(table, tuple(keep))


class _Writer(StatementWriter):
    """Values read, the segment found, points earned on its card, points summed, score judged."""

    def __init__(self, card: SegmentedScorecard, dialect: SqlDialect) -> None:
        super().__init__(card.cards[0], dialect)
        self._whole = card
        self._places = self._by_feature()

    def _by_feature(self) -> dict[str, dict[int, Characteristic]]:
        """For each feature the cards (by place) that have it."""
        found: dict[str, dict[int, Characteristic]] = {}
        for place, card in enumerate(self._whole.cards):
            for c in card.characteristics:
                found.setdefault(c.name, {})[place] = c
        for name, cards in found.items():
            if len({c.feature.kind for c in cards.values()}) > 1:
                raise CannotExport(
                    form="SQL", why=f"{name} is a number on one card and a category on another"
                )
        return found

    def statement(self, table: str, keep: tuple[str, ...]) -> str:
        points = tuple(f"points_{name}" for name in self._places)
        self._check_names((*keep, "segment", "score", "grade", "pd", *points))
        names = [
            f"WHEN scored.seg = {place} THEN {self._literal(name)}"
            for place, name in enumerate(self._whole.segmentation.names)
        ]
        columns = [f"scored.k{place} AS {self._name(name)}" for place, name in enumerate(keep, 1)]
        columns.append(f"{as_case([*names, 'ELSE NULL'])} AS {self._name('segment')}")
        columns.append(f"scored.s AS {self._name('score')}")
        columns.append(f"{self._grade()} AS {self._name('grade')}")
        columns.append(f"{self._pd()} AS {self._name('pd')}")
        columns += [f"scored.p{at} AS {self._name(name)}" for at, name in enumerate(points, 1)]
        return (
            f"-- segmented scorecard {self._whole.version_hash}\n"
            f"SELECT\n{listed(columns)}\n"
            f"FROM (\n{indented(self._summed(table, keep))}\n) AS scored\n"
        )

    def _total(self) -> str:
        bases = [
            f"WHEN earned.seg = {place} THEN {card.base_points}"
            for place, card in enumerate(self._whole.cards)
        ]
        earned = [f"COALESCE(earned.p{at}, 0)" for at in range(1, len(self._places) + 1)]
        return " + ".join([as_case([*bases, "ELSE NULL"]), *earned])

    def _bounds(self) -> tuple[int, int]:
        bounds = [score_bounds(card) for card in self._whole.cards]
        return min(least for least, _ in bounds), max(most for _, most in bounds)

    def _earned(self, table: str, keep: tuple[str, ...]) -> str:
        columns = [f"placed.k{place}" for place in range(1, len(keep) + 1)]
        columns.append("placed.seg")
        for at, cards in enumerate(self._places.values(), start=1):
            branches = [
                f"WHEN placed.seg = {place} THEN {self._points(c, f'placed.v{at}')}"
                for place, c in cards.items()
            ]
            columns.append(f"{as_case([*branches, 'ELSE NULL'])} AS p{at}")
        placed = indented(self._placed(table, keep))
        return f"SELECT\n{listed(columns)}\nFROM (\n{placed}\n) AS placed"

    def _placed(self, table: str, keep: tuple[str, ...]) -> str:
        known = indented(self._known(table, keep))
        fence = "\nOFFSET 0" if self._dialect is SqlDialect.POSTGRES else ""
        segment = as_case([*self._segments("known.g"), f"ELSE {self._unknown('known.g')}"])
        return f"SELECT known.*, {segment} AS seg\nFROM (\n{known}\n) AS known{fence}"

    def _known(self, table: str, keep: tuple[str, ...]) -> str:
        columns = [f"given.{self._name(name)} AS k{place}" for place, name in enumerate(keep, 1)]
        rule = self._whole.segmentation
        columns.append(f"CAST(given.{self._name(rule.column)} AS {self._type_of(rule.kind)}) AS g")
        for at, (name, cards) in enumerate(self._places.items(), start=1):
            kind = next(iter(cards.values())).feature.kind
            columns.append(f"CAST(given.{self._name(name)} AS {self._type_of(kind)}) AS v{at}")
        return f"SELECT\n{listed(columns)}\nFROM {self._table(table)} AS given"

    def _segments(self, value: str) -> Iterator[str]:
        rule = self._whole.segmentation
        if rule.kind is Kind.NUMERIC:  # NaN is above every number to all three engines
            yield (
                f"WHEN {value} IS NULL OR {value} = {self._number(math.nan)} "
                f"THEN {self._unknown(value)}"
            )
        for place, segment in enumerate(rule.segments):
            yield f"WHEN {self._inside(segment, value)} THEN {place}"

    def _inside(self, segment: Segment, value: str) -> str:
        if segment.values:
            return f"{value} IN ({', '.join(self._literal(name) for name in segment.values)})"
        bounds = []
        if segment.least is not None:
            bounds.append(f"{value} >= {self._number(least_reaching(segment.least))}")
        if segment.below is not None:
            bounds.append(f"{value} < {self._number(least_reaching(segment.below))}")
        return " AND ".join(bounds)

    def _unknown(self, value: str) -> str:
        rule = self._whole.segmentation
        if rule.unknown != REFUSED:
            return str(rule.names.index(rule.unknown))
        said = self._literal(f"Scorecard: no segment takes {rule.column} ")
        text = self._type_of(Kind.CATEGORICAL)
        return self._failure(
            f"{said} || COALESCE(CAST({value} AS {text}), {self._literal('without a value')})"
        )
