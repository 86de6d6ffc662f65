"""Spark as the lake's engine: the same listings, the same expressions, on as many machines as there are.

Needs the extra `kuaidai[spark]` and a Java runtime. A session that runs already is taken as it is, so a
cluster is configured the way Spark is; without one a local session is started.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

import ibis
import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name all of Spark's own documents use

from kuaidai.data.lake.contract import END, KNOWN_FROM, KNOWN_UNTIL
from kuaidai.data.lake.errors import UnknownEngine
from kuaidai.data.lake.listing import MONTH, RUN, FilePart, Listing
from kuaidai.data.lake.messages import arrow_schema
from kuaidai.data.lake.reading import CURRENT, Reading, wanted_parts
from kuaidai.data.lake.storage import LocalFolder, Storage

_KINDS = {
    pa.string(): "string",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.decimal128(18, 2): "decimal(18,2)",
    pa.bool_(): "boolean",
    pa.date32(): "date",
}


def session() -> SparkSession:
    """The running session, or a local one. Raises `UnknownEngine` where Java is missing."""
    running = SparkSession.getActiveSession()
    if running is not None:
        return running
    # Spark's own default is whatever `python3` the path names, which need not have this package
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder: Any = SparkSession.builder
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    try:
        started: SparkSession = (
            builder.appName("kuaidai")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.execution.arrow.pyspark.enabled", "true")
            .getOrCreate()
        )
    except PySparkException as error:
        why = (
            f"Spark does not start ({error}); it needs Java 17 or newer on the path or in JAVA_HOME"
        )
        raise UnknownEngine(value="spark", why=why) from None
    return started


class SparkEngine:
    """Spark, local or on a cluster."""

    name = "spark"

    def __init__(self) -> None:
        self._session = session()

    def connect(
        self, listings: Mapping[str, Listing], reading: Reading, storage: Storage
    ) -> ibis.BaseBackend:
        """A connection with a temporary view per listing; datasets without data are empty."""
        if not isinstance(storage, LocalFolder) and storage.base.startswith("memory://"):
            why = "a lake in the memory of one process cannot be read by another"
            raise UnknownEngine(value="spark", why=why)
        backend = ibis.pyspark.connect(self._session)
        for name, listing in listings.items():
            self._frame(listing, reading).createOrReplaceTempView(name)
        return backend

    def register(self, backend: Any, name: str, rows: pa.Table) -> ibis.Table:
        """Rows as a temporary view."""
        self._session.createDataFrame(rows).createOrReplaceTempView(name)
        return backend.table(name)

    def select(self, listing: Listing, reading: Reading) -> str:
        """SQL of a listing's rows: of a temporary view made for them."""
        view = f"rows_of_{listing.contract.name}_{abs(hash((listing.parts, reading))):x}"
        self._frame(listing, reading).createOrReplaceTempView(view)
        return f"SELECT * FROM `{view}`"

    def _frame(self, listing: Listing, reading: Reading) -> DataFrame:
        alike: dict[tuple[bool, tuple[str, ...]], list[FilePart]] = {}
        for part in wanted_parts(listing, reading):
            alike.setdefault((part.touched, part.columns), []).append(part)
        frames = [self._rows(listing, reading, parts) for parts in alike.values()]
        return reduce(DataFrame.unionByName, frames) if frames else self._empty(listing, reading)

    def _empty(self, listing: Listing, reading: Reading) -> DataFrame:
        fields = [
            f"`{field.name}` {_KINDS[field.type]}" for field in arrow_schema(listing.contract)
        ]
        if reading.versions:
            fields += [f"`{KNOWN_FROM}` date", f"`{KNOWN_UNTIL}` date"]
        return self._session.createDataFrame([], ", ".join(fields))

    def _read(self, files: Iterable[str]) -> DataFrame:
        return self._session.read.parquet(*(_address(file) for file in files))

    def _rows(self, listing: Listing, reading: Reading, parts: list[FilePart]) -> DataFrame:
        """Rows of parts that hold the same columns and are alike in being touched by corrections."""
        rows = self._read(file for part in parts for file in part.files)
        until = F.lit(END)
        if parts[0].touched:
            ended = self._ended(listing, parts).withColumnRenamed(KNOWN_UNTIL, "_ended")
            keys = [*listing.contract.key, RUN]
            rows = rows.join(F.broadcast(ended), keys, "left")
            until = F.coalesce(F.col("_ended"), until)
            rows = rows.filter(
                F.col("_ended").isNull() if reading == CURRENT else until > F.col(KNOWN_FROM)
            )
        if reading.as_of is not None:
            day = F.lit(reading.as_of)
            event = F.col(listing.contract.event_date)
            rows = rows.filter((event <= day) & (F.col(KNOWN_FROM) <= day) & (until > day))
        columns = [
            F.col(field.name) if field.name in parts[0].columns
            else F.lit(None).cast(_KINDS[field.type]).alias(field.name)
            for field in arrow_schema(listing.contract)
        ]  # fmt: skip
        if reading.versions:
            columns += [F.col(KNOWN_FROM), until.alias(KNOWN_UNTIL)]
        return rows.select(*columns)

    def _ended(self, listing: Listing, parts: list[FilePart]) -> DataFrame:
        months = {part.month for part in parts}
        lists = self._read(found.file for found in listing.lists if found.months & months)
        named = lists.filter(F.col(MONTH).isin(*sorted(months)))
        return named.groupBy(*listing.contract.key, RUN).agg(F.min(KNOWN_UNTIL).alias(KNOWN_UNTIL))


def _address(file: str) -> str:
    """A path as Spark's file systems write it."""
    if file.startswith("s3://"):
        return "s3a://" + file.removeprefix("s3://")
    return file if "://" in file else f"file://{file}"
