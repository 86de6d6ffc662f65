"""The few statements that run thousands of times a second, as prepared statements.

They run on Django's own connection and in its transaction, but are parsed and planned by PostgreSQL
once per connection instead of every time, which is most of what a statement on one row costs.
(Behind PgBouncer in transaction mode this needs PgBouncer 1.21 or later.)
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection

_ONLY_WHEN_ASKED = sys.maxsize
"""Django turns preparing off on its connections (None), and then psycopg ignores `prepare=True`; with
this many runs before a statement is prepared by itself, only those that ask for it are.
"""
Values = Sequence[Any] | Mapping[str, Any]


def fetch_one(statement: str, values: Values) -> tuple[Any, ...] | None:
    """The first row of the statement's result, or None."""
    with _run(statement, values) as cursor:
        return cursor.fetchone()


def execute(statement: str, values: Values) -> int:
    """Run the statement; how many rows it changed."""
    with _run(statement, values) as cursor:
        return cursor.rowcount


def _run(statement: str, values: Values) -> psycopg.Cursor[tuple[Any, ...]]:
    connection.ensure_connection()
    raw = connection.connection
    raw.prepare_threshold = _ONLY_WHEN_ASKED
    with connection.wrap_database_errors:
        cursor: psycopg.Cursor[tuple[Any, ...]] = psycopg.Cursor(raw)
        return cursor.execute(statement, values, prepare=True)
