"""Rows into a table by COPY, many at a time."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.db import connection

_ROWS_AT_ONCE = 20_000


def copy_rows(table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows that all have the same columns."""
    left = iter(rows)
    while batch := list(islice(left, _ROWS_AT_ONCE)):
        names = list(batch[0])
        columns = ", ".join(f'"{name}"' for name in names)
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
        ):
            for row in batch:
                copy.write_row([row[name] for name in names])
