"""The few statements that run thousands of times a second, as prepared statements.

They run on Django's own connection and in its transaction, but are parsed and planned by PostgreSQL
once per connection instead of every time, which is most of what a statement on one row costs.
(Behind PgBouncer in transaction mode this needs `max_prepared_statements` and PgBouncer 1.22 or later.)
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

_ONLY_WHEN_ASKED = sys.maxsize
"""Django turns preparing off on its connections (None), and then psycopg ignores `prepare=True`; with
this many runs before a statement is prepared by itself, only those that ask for it are.
"""
Values = Sequence[Any] | Mapping[str, Any]


def fetch_one(statement: str, values: Values) -> tuple[Any, ...] | None:
    """The first row of the statement's result, or None."""
    with _run(statement, values) as cursor:
        return cursor.fetchone()


def insert(table: str, values: Mapping[str, Any]) -> None:
    """Insert one row; `values` by column. Names are the code's own, never a caller's text."""
    columns = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(["%s"] * len(values))
    execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", list(values.values()))


def execute(statement: str, values: Values) -> int:
    """Run the statement; how many rows it changed."""
    with _run(statement, values) as cursor:
        return cursor.rowcount


def _run(statement: str, values: Values) -> psycopg.Cursor[tuple[Any, ...]]:
    django = connections[DEFAULT_DB_ALIAS]  # once: `django.db.connection` looks it up at every dot
    django.ensure_connection()
    raw = django.connection
    raw.prepare_threshold = _ONLY_WHEN_ASKED
    with django.wrap_database_errors:
        cursor: psycopg.Cursor[tuple[Any, ...]] = psycopg.Cursor(raw)
        return cursor.execute(statement, values, prepare=True)
