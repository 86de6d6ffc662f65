"""Rows of dataset contracts for tests: one valid row, files of rows, Arrow tables of rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from kuaidai.data.lake.contract import ColumnType
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.messages import arrow_schema
from kuaidai.kernel.identifiers import INDUSTRY_FORM, PROVINCE_FORM

_PLAIN: dict[ColumnType, Any] = {
    ColumnType.TEXT: "T1",
    ColumnType.INTEGER: 2020,
    ColumnType.NUMBER: 0.5,
    ColumnType.MONEY: Decimal("100.25"),
    ColumnType.BOOLEAN: True,
    ColumnType.DATE: date(2026, 1, 15),
}


_FORMED = {"[A-Z]{2}": "DE", "[A-Z]{3}": "CNY", INDUSTRY_FORM: "51", PROVINCE_FORM: "32"}


def row_of(dataset: str, **values: Any) -> dict[str, Any]:
    """A row that fits the contract, with `values` in place of the plain ones."""
    row = {}
    for column in DATASETS[dataset].columns:
        plain = column.allowed[0] if column.allowed else _PLAIN[column.type]
        plain = _FORMED.get(column.form, plain)
        if column.type is ColumnType.INTEGER and column.most is not None:
            plain = int(min(plain, column.most))
        row[column.name] = plain
    unknown = set(values) - set(row)
    assert not unknown, f"{dataset} has no column {unknown}"
    return {**row, **values}


def table_of(dataset: str, rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Rows as the Arrow table of their contract; money may be given as text."""
    contract = DATASETS[dataset]
    money = [column.name for column in contract.columns if column.type is ColumnType.MONEY]
    exact = [
        {**row, **{name: Decimal(row[name]) for name in money if row.get(name) is not None}}
        for row in rows
    ]
    return pa.Table.from_pylist(exact, schema=arrow_schema(contract))


def csv_text(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as CSV; None is an empty cell."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: "" if value is None else value for name, value in row.items()})
    return out.getvalue()


def write_csv(path: Path, rows: Sequence[dict[str, Any]], encoding: str = "utf-8") -> Path:
    """Write rows to a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(csv_text(rows).encode(encoding))
    return path
