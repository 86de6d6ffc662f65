"""Labels and their tables on Spark are those on DuckDB."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest
from tests.labels.conftest import LOANS, PANEL, loan, months

from kuaidai.data.labels import LabelDefinition, label_rows
from kuaidai.data.labels.roll_rates import roll_rates, worst_states
from kuaidai.data.labels.vintage import vintage_table
from kuaidai.data.labels.windows import window_table

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def spark_backend():
    sql = pytest.importorskip("pyspark.sql", reason="the extra kuaidai[spark] is not installed")
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.driver.memory", "1g")
        .getOrCreate()
    )
    yield ibis.pyspark.connect(session)
    session.stop()


def book(seed: int = 5) -> tuple[pa.Table, pa.Table]:
    """120 loans of two years, some late, some repaid, some with a gap."""
    draw = random.Random(seed)
    loans, panel = [], []
    for place in range(120):
        granted = date(2023, 1, 31) if place == 0 else date(2023, 1 + place % 12, 1 + place % 28)
        number, firm = f"L{place}", f"F{place // 2}"
        loans.append(loan(number, firm, granted, tenor=draw.choice([6, 12, 24])))
        late = draw.choice([0, 0, 15, 30, 60])
        dpd = {month: late + 30 * (month - 4) for month in range(4, 4 + draw.randint(1, 6))}
        panel += months(
            number,
            dpd if late else {},
            count=draw.randint(8, 22),
            granted=granted,
            repaid=draw.choice([None, None, 2, 15]),
            unseen=draw.choice([(), (), (6,)]),
        )
    return pa.Table.from_pylist(loans, LOANS), pa.Table.from_pylist(panel, PANEL)


def results(backend: ibis.BaseBackend, tables: tuple[pa.Table, pa.Table]) -> dict:
    loans, panel = (backend.table(name) for name in ("loans", "loan_months"))
    definition = LabelDefinition(
        least_tenor_months=12, closed_within_months=4, least_principal=Decimal("50.00")
    )
    listed = ibis.memtable(pa.table({"uscc": ["F3"], "reason": ["staff"]}))
    labels = [
        backend.to_pyarrow(label_rows(loans, panel, chosen, as_of=as_of, excluded=excluded))
        for chosen, as_of, excluded in (
            (None, None, None),
            (definition, date(2024, 6, 30), listed),
        )
    ]
    return {
        "labels": [
            sorted(map(tuple, (row.values() for row in table.to_pylist())), key=str)
            for table in labels
        ],
        "vintage": vintage_table(loans, panel, cohorts="month"),
        "rolls": roll_rates(loans, panel),
        "worst": worst_states(loans, panel, window_months=6),
        "windows": window_table(loans, panel),
    }


def test_spark_and_duckdb_agree_row_for_row(spark_backend) -> None:
    tables = book()
    duck = ibis.duckdb.connect()
    for name, table in zip(("loans", "loan_months"), tables, strict=True):
        duck.con.register(name, table)
        spark_backend._session.createDataFrame(table).createOrReplaceTempView(name)

    here, there = results(duck, tables), results(spark_backend, tables)

    assert {row[2] for row in here["labels"][1]} >= {"good", "bad", "excluded"}
    for part in here:
        assert here[part] == there[part], part
