"""The engines that read a lake: DuckDB on this machine, Spark beyond it.

An engine is given listings (which files, which superseded lists) and makes tables of them; it knows
nothing of manifests. DuckDB is here, Spark in `spark` (loaded only when asked for).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol

import duckdb
import ibis
import pyarrow as pa

from kuaidai.data.lake.errors import LakeNotReadable, UnknownEngine
from kuaidai.data.lake.listing import Listing
from kuaidai.data.lake.reading import Reading, keep_quiet, select
from kuaidai.data.lake.storage import Storage

ENGINES = ("duckdb", "spark")


class Engine(Protocol):
    """What reads listings."""

    name: str

    def connect(
        self, listings: Mapping[str, Listing], reading: Reading, storage: Storage
    ) -> ibis.BaseBackend:
        """An Ibis connection with a view per listing, named as the mapping names it."""

    def register(self, backend: Any, name: str, rows: pa.Table) -> ibis.Table:
        """Rows of this process as a table of a connection, in place of any of that name."""

    def select(self, listing: Listing, reading: Reading) -> str:
        """SQL of a listing's rows that the engine's connections understand."""


class DuckDbEngine:
    """DuckDB in this process."""

    name = "duckdb"

    def connect(
        self, listings: Mapping[str, Listing], reading: Reading, storage: Storage
    ) -> ibis.BaseBackend:
        """A DuckDB connection with a view per listing; datasets without data are empty."""
        backend: Any = ibis.duckdb.connect()
        keep_quiet(backend.con)
        storage.attach(backend.con)
        for name, listing in listings.items():
            try:
                backend.con.execute(f'CREATE VIEW "{name}" AS {select(listing, reading)}')
            except duckdb.Error as error:
                why = f"{name}: {(str(error).splitlines() or ['?'])[0]}"
                raise LakeNotReadable(value=storage.base, why=why) from None
        return backend

    def register(self, backend: Any, name: str, rows: pa.Table) -> ibis.Table:
        """Rows as a table that DuckDB reads where they stand."""
        backend.con.register(name, rows)
        return backend.table(name)

    def select(self, listing: Listing, reading: Reading) -> str:
        """SQL of a listing's rows."""
        return select(listing, reading)


def engine_of(name: str | None) -> Engine:
    """The engine called `name` (None: DuckDB). Raises `UnknownEngine`."""
    if name in (None, "duckdb"):
        return DuckDbEngine()
    if name not in ENGINES:
        raise UnknownEngine(value=name, why="there is no such engine")
    try:
        found: Engine = import_module("kuaidai.data.lake.spark").SparkEngine()
    except ImportError as error:
        why = f"{error}; install kuaidai[spark]"
        raise UnknownEngine(value=name, why=why) from None
    return found
