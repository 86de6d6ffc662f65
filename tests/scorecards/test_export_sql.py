"""The SELECT gives what the scorer gives, on the engines themselves, to the point and to the bit."""

from __future__ import annotations

import itertools
import math
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import psycopg
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kuaidai.foundation import postgres
from kuaidai.risk.scorecards import FeatureConfig, Kind, Scorecard, UnseenPolicy
from kuaidai.risk.scorecards.characteristics import (
    Attribute,
    Bin,
    BinKind,
    BinningRecord,
    Characteristic,
)
from kuaidai.risk.scorecards.columns import steady
from kuaidai.risk.scorecards.errors import (
    BadSetting,
    CannotExport,
    RepeatedColumn,
    UnseenCategory,
)
from kuaidai.risk.scorecards.export import SqlDialect, segmented_sql, to_sql
from kuaidai.risk.scorecards.export.conditions import greatest_within, least_reaching
from kuaidai.risk.scorecards.segments import Segment, Segmentation, fit_segments

CUTS = (-2.5e9, -0.1, 0.0, 1 / 3, 1.0, 7e11)
CODES = (("none", -999.0), ("refused", 0.05), ("refused again", 0.06), ("too much", 1e30))
CATEGORIES = (
    ("it's", 'a "quoted" one'),
    ("back\\slash", "${spark.app.name}", ""),
    ("纳税A级", "50% --"),
)


def _attribute(kind: BinKind, points: int, **bounds: Any) -> Attribute:
    return Attribute(Bin(kind, "", "", **bounds), goods=10, bads=1, woe=0.0, iv=0.0, points=points)


def numeric(name: str) -> Characteristic:
    """Cuts on both sides of nought, special codes inside and outside the bins."""
    bounds = itertools.pairwise((None, *CUTS, None))
    attributes = [
        _attribute(BinKind.INTERVAL, 7 * place - 20, low=low, high=high)
        for place, (low, high) in enumerate(bounds)
    ]
    attributes += [
        _attribute(BinKind.SPECIAL, 101 + place, special=code)
        for place, (_, code) in enumerate(CODES)
    ]
    attributes.append(_attribute(BinKind.MISSING, -33))
    feature = FeatureConfig(name, special=CODES)
    return Characteristic(feature, tuple(attributes), BinningRecord("", ""), iv=0.1)


def categorical(name: str, unseen: UnseenPolicy) -> Characteristic:
    """Categories that must be escaped, and one that stands in two bins."""
    attributes = [
        _attribute(BinKind.CATEGORIES, 11 * place, categories=(*names, "twice"))
        for place, names in enumerate(CATEGORIES)
    ]
    attributes += [_attribute(BinKind.MISSING, -5), _attribute(BinKind.UNSEEN, -50)]
    feature = FeatureConfig(name, kind=Kind.CATEGORICAL, unseen=unseen)
    return Characteristic(feature, tuple(attributes), BinningRecord("", ""), iv=0.1)


def awkward(card: Scorecard, unseen: UnseenPolicy = UnseenPolicy.WORST) -> Scorecard:
    """A card whose names and bins are as unkind to SQL as they can be."""
    characteristics = (numeric('say "x" `y`'), categorical("it's 税", unseen), numeric("select"))
    return replace(card, characteristics=characteristics)


def edge_numbers() -> list[float | None]:
    """Around every cut and code: the last number on either side, and what rounds to the cut."""
    numbers: list[float | None] = [None, math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -5e-324]
    for cut in (*CUTS, *(code for _, code in CODES)):
        for edge in (cut, least_reaching(cut), greatest_within(cut)):
            numbers += [edge, math.nextafter(edge, -math.inf), math.nextafter(edge, math.inf)]
    return numbers


def awkward_rows(*, unseen: bool = True) -> pa.Table:
    numbers = edge_numbers()
    names = [None, "twice", *(name for group in CATEGORIES for name in group)]
    if unseen:
        names += ["It's", " ", "nan", "back\\\\slash"]
    rows = max(len(numbers), 60)
    return pa.table(
        {
            "row \"id\" '1'": pa.array(range(rows), pa.int64()),
            'say "x" `y`': pa.array([numbers[n % len(numbers)] for n in range(rows)], pa.float64()),
            "it's 税": pa.array([names[n % len(names)] for n in range(rows)], pa.string()),
            "select": pa.array([numbers[-n % len(numbers)] for n in range(rows)], pa.float64()),
        }
    )


def applicants(card: Scorecard, frame: Any) -> pa.Table:
    """The development sample with holes, NaN and strange categories, and each bin with each other."""
    table = pa.Table.from_pandas(frame[list(card.features)], preserve_index=False)
    cells = []
    for c in card.characteristics:
        if c.feature.kind is Kind.CATEGORICAL:
            cells.append([*(n for a in c.attributes for n in a.bin.categories), None, "Z", ""])
            continue
        lows = [a.bin.low for a in c.attributes if a.bin.low is not None]
        cells.append([-1e12, *lows, *(code for _, code in c.feature.special), None, math.nan])
    columns = zip(*itertools.product(*cells), strict=True)
    every = pa.table(
        {
            name: pa.array(list(column), table.schema.field(name).type, from_pandas=False)
            for name, column in zip(card.features, columns, strict=True)
        }
    )
    both = pa.concat_tables([table, every])
    return both.append_column("id", pa.array(range(both.num_rows), pa.int64()))


def expected(card: Scorecard, table: pa.Table, key: str) -> list[dict[str, Any]]:
    scored = card.score_table(table, keep=[key])
    points = [f"points_{name}" for name in card.features]
    return list(scored.select([key, "score", "grade", "pd", *points]).to_pylist())


def in_duckdb(statement: str, table: pa.Table, *, name: str = "applicants") -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        connection.register("arrow", table)
        connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM arrow')
        return list(connection.sql(statement).to_arrow_table().to_pylist())


def by(key: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: row[key])


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(0.0)
@example(-0.0)
@example(5e-324)
@example(-5e-324)
@example(1.7976931348623157e308)
@example(-1.7976931348623157e308)
def test_the_bounds_are_the_outermost_doubles_that_round_to_the_cut(cut: float) -> None:
    least, most = least_reaching(cut), greatest_within(cut)
    around = [least, math.nextafter(least, -math.inf), most, math.nextafter(most, math.inf)]
    at_least, below, at_most, above = steady(np.array(around))
    rounded = steady(np.array([cut]))[0]

    assert at_least >= rounded
    assert below < rounded or math.isinf(below)
    assert at_most <= rounded
    assert above > rounded or math.isinf(above)


def test_no_cut_is_not_a_number() -> None:
    with pytest.raises(ValueError, match="must be a number"):
        least_reaching(math.nan)


def test_duckdb_scores_as_the_scorer_does(card, frame) -> None:
    table = applicants(card, frame)
    statement = to_sql(card, table="applicants", dialect=SqlDialect.DUCKDB, keep=["id"])

    found = by("id", in_duckdb(statement, table))

    assert len(found) > 4000
    assert found == expected(card, table, "id")


def test_duckdb_agrees_at_every_edge_and_with_every_name(card) -> None:
    awkward_card, table = awkward(card), awkward_rows()
    key = table.column_names[0]
    statement = to_sql(awkward_card, table='the "table"', dialect=SqlDialect.DUCKDB, keep=[key])

    found = by(key, in_duckdb(statement, table, name='the ""table""'))

    assert found == expected(awkward_card, table, key)
    earned = {row['points_say "x" `y`'] for row in found}
    assert earned == {a.points for a in awkward_card.characteristics[0].attributes}


def test_numbers_of_every_type_are_read_alike(card) -> None:
    one = replace(card, characteristics=(numeric("x"),))
    values = [-999, 0, 1, 2, 700000000000, None]
    types = (pa.int64(), pa.float32(), pa.decimal128(22, 3))
    for kind in types:
        table = pa.table({"x": pa.array(values, pa.int64()).cast(kind, safe=False)})
        statement = to_sql(one, table="applicants", dialect=SqlDialect.DUCKDB, keep=["x"])

        assert in_duckdb(statement, table) == expected(one, table, "x")


def test_a_view_of_the_statement_can_be_asked_further(card, frame) -> None:
    table = applicants(card, frame)
    statement = to_sql(card, table="memory.main.applicants", dialect=SqlDialect.DUCKDB)
    further = f"SELECT grade, count(*) AS firms FROM (\n{statement}) AS s GROUP BY grade"

    found = {row["grade"]: row["firms"] for row in in_duckdb(further, table)}

    graded = card.score_table(table)["grade"].value_counts().to_pylist()
    assert found == {pair["values"]: pair["counts"] for pair in graded}


@pytest.mark.parametrize("policy", list(UnseenPolicy))
def test_an_unknown_category_earns_or_is_refused_as_the_card_says(policy, card) -> None:
    strict = awkward(card, policy)
    known, strange = awkward_rows(unseen=False), awkward_rows()
    key = known.column_names[0]
    statement = to_sql(strict, table="applicants", dialect=SqlDialect.DUCKDB, keep=[key])

    assert by(key, in_duckdb(statement, known)) == expected(strict, known, key)
    if policy is not UnseenPolicy.ERROR:
        assert by(key, in_duckdb(statement, strange)) == expected(strict, strange, key)
        return
    with pytest.raises(UnseenCategory):
        strict.score_table(strange)
    with pytest.raises(duckdb.Error, match="it's 税 has unknown category"):
        in_duckdb(statement, strange)


@pytest.mark.parametrize("dialect", list(SqlDialect))
def test_columns_that_would_share_a_name_are_refused(dialect, card) -> None:
    with pytest.raises(RepeatedColumn, match="score"):
        to_sql(card, table="applicants", dialect=dialect, keep=["score"])


def test_only_postgres_tells_capitals_from_small_letters(card) -> None:
    assert "Grade" in to_sql(card, table="t", dialect=SqlDialect.POSTGRES, keep=["Grade"])
    for dialect in (SqlDialect.DUCKDB, SqlDialect.SPARK):
        with pytest.raises(RepeatedColumn, match="grade"):
            to_sql(card, table="t", dialect=dialect, keep=["Grade"])


def test_a_name_that_postgres_would_cut_is_refused(card) -> None:
    long = replace(card, characteristics=(numeric("税" * 20),))
    assert "税" * 20 in to_sql(long, table="t", dialect=SqlDialect.DUCKDB)
    with pytest.raises(CannotExport, match="63 bytes") as refusal:
        to_sql(long, table="t", dialect=SqlDialect.POSTGRES)
    assert "税" * 20 in refusal.value.text("zh")


@pytest.mark.parametrize("table", ["", "risk.", ".applicants"])
def test_a_table_needs_a_name(table, card) -> None:
    with pytest.raises(BadSetting, match="names separated by dots"):
        to_sql(card, table=table, dialect=SqlDialect.DUCKDB)


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """A PostgreSQL of these tests' own."""
    parent = Path(tempfile.mkdtemp(prefix="kd-pg-"))
    address = postgres.start(parent / "pg")
    try:
        with psycopg.connect(
            host=address.host,
            port=address.port,
            user="postgres",
            dbname="postgres",
            autocommit=True,
        ) as connection:
            yield connection
    finally:
        postgres.stop(parent / "pg")
        shutil.rmtree(parent)


def in_postgres(server: Any, statement: str, table: pa.Table) -> list[dict[str, Any]]:
    kinds = {pa.int64(): "bigint", pa.float64(): "double precision", pa.string(): "text"}
    kinds[pa.large_string()] = "text"
    columns = [
        psycopg.sql.SQL("{} {}").format(
            psycopg.sql.Identifier(field.name), psycopg.sql.SQL(kinds[field.type])
        )
        for field in table.schema
    ]
    listed = psycopg.sql.SQL(", ").join(columns)
    server.execute("DROP TABLE IF EXISTS applicants")
    server.execute(psycopg.sql.SQL("CREATE TABLE applicants ({})").format(listed))
    cursor = server.cursor(row_factory=psycopg.rows.dict_row)
    with cursor.copy("COPY applicants FROM STDIN") as copy:
        for row in table.to_pylist():
            copy.write_row(list(row.values()))
    return list(cursor.execute(statement).fetchall())


@pytest.mark.slow
def test_postgres_scores_as_the_scorer_does(server, card, frame) -> None:
    table = applicants(card, frame)
    statement = to_sql(card, table="public.applicants", dialect=SqlDialect.POSTGRES, keep=["id"])

    assert by("id", in_postgres(server, statement, table)) == expected(card, table, "id")


@pytest.mark.slow
def test_postgres_finds_segments_as_the_scorer_does(server, frame, config) -> None:
    rule = Segmentation(
        "turnover", (Segment("small", below=400_000.0), Segment("large", least=400_000.0)), "small"
    )
    segmented = fit_segments(frame, target="bad", config=config, segmentation=rule)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.append_column("id", pa.array(range(table.num_rows), pa.int64()))
    statement = segmented_sql(
        segmented, table="applicants", dialect=SqlDialect.POSTGRES, keep=["id"]
    )

    found = by("id", in_postgres(server, statement, table))

    scored = segmented.score_table(table, keep=["id"])
    names = ["id", "segment", "score", "grade", "pd", "points_queries"]
    assert [[row[name] for name in names] for row in found] == [
        list(row.values()) for row in scored.select(names).to_pylist()
    ]


@pytest.mark.slow
@pytest.mark.parametrize("standard", ["on", "off"])
def test_postgres_agrees_at_every_edge_and_with_every_name(server, standard, card) -> None:
    awkward_card, table = awkward(card), awkward_rows()
    key = table.column_names[0]
    statement = to_sql(awkward_card, table="applicants", dialect=SqlDialect.POSTGRES, keep=[key])
    server.execute(f"SET standard_conforming_strings = {standard}")

    found = by(key, in_postgres(server, statement, table))

    server.execute("RESET standard_conforming_strings")
    assert found == expected(awkward_card, table, key)


@pytest.mark.slow
def test_postgres_fails_on_a_category_that_is_to_be_refused(server, card) -> None:
    strict, known = awkward(card, UnseenPolicy.ERROR), awkward_rows(unseen=False)
    key = known.column_names[0]
    statement = to_sql(strict, table="applicants", dialect=SqlDialect.POSTGRES, keep=[key])

    assert by(key, in_postgres(server, statement, known)) == expected(strict, known, key)
    with pytest.raises(psycopg.DataError, match="it's 税 has unknown category"):
        in_postgres(server, statement, awkward_rows())


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql", reason="the extra kuaidai[spark] is not installed")
    from pyspark.errors import PySparkException

    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    try:
        session = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()
    except PySparkException as error:
        pytest.skip(f"Spark does not start without Java: {error}")
    yield session
    session.stop()


def in_spark(spark: Any, statement: str, table: pa.Table) -> list[dict[str, Any]]:
    spark.createDataFrame(table).createOrReplaceTempView("applicants")
    return [row.asDict() for row in spark.sql(statement).collect()]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_spark_scores_as_the_scorer_does(spark, card, frame) -> None:
    table = applicants(card, frame)
    statement = to_sql(card, table="applicants", dialect=SqlDialect.SPARK, keep=["id"])

    assert by("id", in_spark(spark, statement, table)) == expected(card, table, "id")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_spark_agrees_at_every_edge_and_with_every_name(spark, card) -> None:
    awkward_card, table = awkward(card), awkward_rows()
    key = table.column_names[0]
    statement = to_sql(awkward_card, table="applicants", dialect=SqlDialect.SPARK, keep=[key])

    assert by(key, in_spark(spark, statement, table)) == expected(awkward_card, table, key)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_spark_fails_on_a_category_that_is_to_be_refused(spark, card) -> None:
    from pyspark.errors import PySparkException

    strict, known = awkward(card, UnseenPolicy.ERROR), awkward_rows(unseen=False)
    key = known.column_names[0]
    statement = to_sql(strict, table="applicants", dialect=SqlDialect.SPARK, keep=[key])

    assert by(key, in_spark(spark, statement, known)) == expected(strict, known, key)
    with pytest.raises(PySparkException, match="it's 税 has unknown category"):
        in_spark(spark, statement, awkward_rows())
