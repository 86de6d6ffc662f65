"""A card as one SELECT: score, grade, PD and points where the data are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum

from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.characteristics import BinKind, Characteristic
from kuaidai.risk.scorecards.columns import require_names
from kuaidai.risk.scorecards.config import Kind, UnseenPolicy
from kuaidai.risk.scorecards.errors import BadSetting, CannotExport
from kuaidai.risk.scorecards.export.conditions import (
    attribute_of,
    category_groups,
    intervals,
    special_codes,
)

_POSTGRES_NAME_BYTES = 63


class SqlDialect(StrEnum):
    """The engine that is to read the statement."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"
    SPARK = "spark"


_DOUBLE = {
    SqlDialect.DUCKDB: "DOUBLE",
    SqlDialect.POSTGRES: "DOUBLE PRECISION",
    SqlDialect.SPARK: "DOUBLE",
}
_TEXT = {SqlDialect.DUCKDB: "VARCHAR", SqlDialect.POSTGRES: "TEXT", SqlDialect.SPARK: "STRING"}


def to_sql(card: Scorecard, *, table: str, dialect: SqlDialect, keep: Sequence[str] = ()) -> str:
    """One SELECT that scores each row of `table` as `card.score_table` does.

    Columns: those of `keep`, then score, grade, pd (decimal, six places) and points_<feature> each.
    `table` may be qualified (`schema.table`: dots separate names); it must hold a column of every
    feature. Numeric features may be of any number type, NULL and NaN being missing; categorical
    ones must be text, whole numbers or dates, for engines spell other types each in its own way.
    A category that the card does not know and is to refuse makes the statement fail when it runs.
    Raises `BadSetting` (a table without a name), `RepeatedColumn` (two columns of the result would
    share a name), `CannotExport` (a name that PostgreSQL would cut short).
    """
    writer = StatementWriter(card, dialect)
    return writer.statement(table, tuple(keep))


class StatementWriter:
    """The statement, from the inside out: values read, points earned, points summed, score judged."""

    def __init__(self, card: Scorecard, dialect: SqlDialect) -> None:
        self._card = card
        self._dialect = dialect

    def statement(self, table: str, keep: tuple[str, ...]) -> str:
        points = tuple(f"points_{name}" for name in self._card.features)
        self._check_names((*keep, "score", "grade", "pd", *points))
        # Inside, columns go by number: k1 … kept, v1 … values, p1 … points. No name of the table's
        # can then be taken for one of ours.
        kept = [(f"k{place}", name) for place, name in enumerate(keep, start=1)]
        earned = [(f"p{place}", name) for place, name in enumerate(points, start=1)]
        columns = [f"scored.{short} AS {self._name(name)}" for short, name in kept]
        columns.append(f"scored.s AS {self._name('score')}")
        columns.append(f"{self._grade()} AS {self._name('grade')}")
        columns.append(f"{self._pd()} AS {self._name('pd')}")
        columns += [f"scored.{short} AS {self._name(name)}" for short, name in earned]
        return (
            f"-- scorecard {self._card.version_hash}\n"
            f"SELECT\n{listed(columns)}\n"
            f"FROM (\n{indented(self._summed(table, keep))}\n) AS scored\n"
        )

    def _summed(self, table: str, keep: tuple[str, ...]) -> str:
        total = self._total()
        # PostgreSQL would write the sum out anew wherever the score is compared; this stops it.
        fence = "\nOFFSET 0" if self._dialect is SqlDialect.POSTGRES else ""
        earned = indented(self._earned(table, keep))
        return f"SELECT earned.*, {total} AS s\nFROM (\n{earned}\n) AS earned{fence}"

    def _total(self) -> str:
        places = range(1, len(self._card.features) + 1)
        return " + ".join([str(self._card.base_points), *(f"earned.p{place}" for place in places)])

    def _earned(self, table: str, keep: tuple[str, ...]) -> str:
        columns = [f"known.k{place}" for place in range(1, len(keep) + 1)]
        columns += [
            f"{self._points(c, f'known.v{place}')} AS p{place}"
            for place, c in enumerate(self._card.characteristics, start=1)
        ]
        known = indented(self._known(table, keep))
        return f"SELECT\n{listed(columns)}\nFROM (\n{known}\n) AS known"

    def _known(self, table: str, keep: tuple[str, ...]) -> str:
        columns = [f"given.{self._name(name)} AS k{place}" for place, name in enumerate(keep, 1)]
        columns += [
            f"CAST(given.{self._name(c.name)} AS {self._type(c)}) AS v{place}"
            for place, c in enumerate(self._card.characteristics, start=1)
        ]
        return f"SELECT\n{listed(columns)}\nFROM {self._table(table)} AS given"

    def _points(self, c: Characteristic, value: str) -> str:
        numeric = c.feature.kind is Kind.NUMERIC
        return as_case(self._numeric(c, value) if numeric else self._categorical(c, value))

    def _numeric(self, c: Characteristic, value: str) -> Iterator[str]:
        """Missing, then special codes, then bins from the top: the first that holds, counts."""
        # All three engines hold that NaN equals NaN and is above every number: it must go first.
        missing = attribute_of(c, BinKind.MISSING).points
        yield f"WHEN {value} IS NULL OR {value} = {self._number(math.nan)} THEN {missing}"
        for code in special_codes(c):
            bounds = []
            if code.least is not None:
                bounds.append(f"{value} >= {self._number(code.least)}")
            if code.most is not None:
                bounds.append(f"{value} <= {self._number(code.most)}")
            yield f"WHEN {' AND '.join(bounds)} THEN {code.attribute.points}"
        lowest, *higher = intervals(c)
        for interval in reversed(higher):
            assert interval.least is not None  # only the lowest bin is open below
            yield f"WHEN {value} >= {self._number(interval.least)} THEN {interval.attribute.points}"
        yield f"ELSE {lowest.attribute.points}"

    def _categorical(self, c: Characteristic, value: str) -> Iterator[str]:
        yield f"WHEN {value} IS NULL THEN {attribute_of(c, BinKind.MISSING).points}"
        for group in category_groups(c):
            names = ", ".join(self._literal(name) for name in group.categories)
            yield f"WHEN {value} IN ({names}) THEN {group.attribute.points}"
        if c.feature.unseen is UnseenPolicy.ERROR:
            yield f"ELSE {self._refusal(c, value)}"
        else:
            yield f"ELSE {attribute_of(c, BinKind.UNSEEN).points}"

    def _refusal(self, c: Characteristic, value: str) -> str:
        """An expression that fails, with the feature and the value in the engine's message."""
        said = self._literal(f"Scorecard: feature {c.name} has unknown category ")
        return self._failure(f"{said} || {value}")

    def _failure(self, message: str) -> str:
        """An expression that fails when it is worked out, with `message` (an expression of text)."""
        if self._dialect is SqlDialect.DUCKDB:
            return f"error({message})"
        if self._dialect is SqlDialect.SPARK:
            return f"CAST(raise_error({message}) AS INT)"
        # PostgreSQL has no function that fails at will; a text that is no number does it as well.
        return f"CAST({message} AS INTEGER)"

    def _grade(self) -> str:
        branches = [
            f"WHEN scored.s >= {grade.min_score} THEN {self._literal(grade.grade)}"
            for grade in self._card.grades
            if grade.min_score is not None
        ]
        return as_case([*branches, f"ELSE {self._literal(self._card.grades[-1].grade)}"])

    def _bounds(self) -> tuple[int, int]:
        """The least and the greatest score that can be."""
        return score_bounds(self._card)

    def _pd(self) -> str:
        """The PD of every score the card can give, written out: engines differ in the last bit of exp."""
        least, most = self._bounds()
        branches, reached = [], self._card.pd_of(most)
        for score in range(most - 1, least - 1, -1):
            pd = self._card.pd_of(score)
            if pd != reached:
                branches.append(f"WHEN scored.s >= {score + 1} THEN {reached}")
                reached = pd
        return f"CAST({as_case([*branches, f'ELSE {reached}'])} AS DECIMAL(9, 6))"

    def _type(self, c: Characteristic) -> str:
        return self._type_of(c.feature.kind)

    def _type_of(self, kind: Kind) -> str:
        return (_DOUBLE if kind is Kind.NUMERIC else _TEXT)[self._dialect]

    def _number(self, number: float) -> str:
        # From text, since a bare literal is a decimal in some engines; repr comes back exactly.
        text = "NaN" if math.isnan(number) else repr(number)
        return f"CAST('{text}' AS {_DOUBLE[self._dialect]})"

    def _literal(self, text: str) -> str:
        if self._dialect is SqlDialect.SPARK:
            # The dollar: Spark puts its settings in the place of ${name} before it reads a statement.
            escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("$", "\\u0024")
            return f"'{escaped}'"
        doubled = text.replace("'", "''")
        if self._dialect is SqlDialect.POSTGRES and "\\" in text:
            # In an E-string a backslash means the same whatever standard_conforming_strings says.
            return "E'" + doubled.replace("\\", "\\\\") + "'"
        return f"'{doubled}'"

    def _name(self, name: str) -> str:
        quote = "`" if self._dialect is SqlDialect.SPARK else '"'
        return quote + name.replace(quote, quote * 2) + quote

    def _table(self, table: str) -> str:
        parts = table.split(".")
        if not all(parts):
            raise BadSetting(name="table", value=repr(table), rule="names separated by dots")
        return ".".join(self._name(part) for part in parts)

    def _check_names(self, names: tuple[str, ...]) -> None:
        if self._dialect is SqlDialect.POSTGRES:
            require_names(names)
            for name in names:
                if len(name.encode()) > _POSTGRES_NAME_BYTES:
                    why = f"PostgreSQL cuts the column name {name} at {_POSTGRES_NAME_BYTES} bytes"
                    raise CannotExport(form="SQL", why=why)
        else:  # DuckDB and Spark do not tell capitals from small letters, quoted or not
            require_names([name.casefold() for name in names])


def score_bounds(card: Scorecard) -> tuple[int, int]:
    """The least and the greatest score a card can give."""
    least = sum(min(a.points for a in c.attributes) for c in card.characteristics)
    most = sum(c.max_points for c in card.characteristics)
    return card.base_points + least, card.base_points + most


def as_case(branches: Iterator[str] | Sequence[str]) -> str:
    """A CASE of WHEN branches with an ELSE at the end; the ELSE alone where there is no other."""
    *conditions, otherwise = branches
    if not conditions:
        return otherwise.removeprefix("ELSE ")
    return "CASE\n" + indented("\n".join([*conditions, otherwise])) + "\nEND"


def listed(columns: Sequence[str]) -> str:
    """Columns one a line."""
    return indented(",\n".join(columns))


def indented(text: str) -> str:
    """The text moved in by two."""
    return "\n".join("  " + line for line in text.split("\n"))
