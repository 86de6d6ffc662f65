"""A screen on Spark finds what it finds on DuckDB."""

from __future__ import annotations

from decimal import Decimal

import ibis
import pyarrow as pa
import pytest
from tests.quality.conftest import PLANS, SCHEMA

from kuaidai.data.quality.profile import profile_table

pytestmark = pytest.mark.slow


def test_spark_and_duckdb_agree(rows) -> None:
    sql = pytest.importorskip("pyspark.sql", reason="the extra kuaidai[spark] is not installed")
    for place, row in enumerate(row for row in rows if f"{row['on']:%Y-%m}" == "2025-02"):
        row["amount"] = Decimal("50000000.00") if place < 12 else row["amount"]
        row["purpose"] = "barter" if place == 20 else row["purpose"]
        row["number"] = None if place % 4 == 0 else row["number"]
    rows[0]["days"] = None
    table = pa.Table.from_pylist(rows, SCHEMA)
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.driver.memory", "1g")
        .getOrCreate()
    )
    try:
        session.createDataFrame(table).createOrReplaceTempView("rows_of_the_test")
        there = screen(ibis.pyspark.connect(session).table("rows_of_the_test"))
    finally:
        session.stop()
    here = screen(ibis.memtable(table))

    def said(profile):
        return [(f.kind, f.month, f.column, f.text) for f in profile.findings if f.kind != "drift"]

    assert said(there) == said(here) != []
    assert (there.months, there.rows, there.baseline) == (here.months, here.rows, here.baseline)
    for a, b in zip(there.columns, here.columns, strict=True):
        assert (a.measure, a.missing, a.new_values) == (b.measure, b.missing, b.new_values)
        # deciles are approximate in both engines, so bins may differ by a few rows
        assert a.psi == pytest.approx(b.psi, abs=0.06)


def screen(table: ibis.Table):
    return profile_table(table, PLANS, dated="on", name="t", titles=("T", "表"))
