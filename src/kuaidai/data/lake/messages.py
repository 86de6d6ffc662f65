"""The form a platform's report takes: rows of dataset contracts in JSON, and their Arrow tables.

Money is a string with two decimals, dates are ISO, an absent optional value is null. Personal
columns may be left out of a report, since the asker already knows whom it asked about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from kuaidai.data.lake.contract import Column, ColumnType, Dataset
from kuaidai.data.lake.datasets import DATASETS, PLATFORM_DATASETS

_ARROW: dict[ColumnType, pa.DataType] = {
    ColumnType.TEXT: pa.string(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.MONEY: pa.decimal128(18, 2),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
}
_JSON: dict[ColumnType, dict[str, Any]] = {
    ColumnType.TEXT: {"type": "string", "minLength": 1, "maxLength": 500},
    ColumnType.INTEGER: {"type": "integer"},
    ColumnType.NUMBER: {"type": "number"},
    ColumnType.MONEY: {"type": "string", "pattern": r"^-?[0-9]{1,16}\.[0-9]{2}$"},
    ColumnType.BOOLEAN: {"type": "boolean"},
    ColumnType.DATE: {"type": "string", "pattern": r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$"},
}
MOST_ROWS = 200_000
"""More rows than this in one dataset of a report are refused."""


def arrow_schema(dataset: Dataset) -> pa.Schema:
    """The Arrow schema of a dataset: money is decimal128(18, 2), dates are date32."""
    return pa.schema([pa.field(column.name, _ARROW[column.type]) for column in dataset.columns])


def _column_schema(column: Column) -> dict[str, Any]:
    schema = dict(_JSON[column.type])
    if column.allowed:
        schema = {"type": "string", "enum": list(column.allowed)}
    if column.form:
        schema["pattern"] = f"^(?:{column.form})$"
    if column.type in (ColumnType.INTEGER, ColumnType.NUMBER):
        if column.least is not None:
            schema["minimum"] = column.least
        if column.most is not None:
            schema["maximum"] = column.most
    if column.type is ColumnType.MONEY and column.least is not None:
        schema["pattern"] = r"^[0-9]{1,16}\.[0-9]{2}$"
    return schema if column.required else {"anyOf": [schema, {"type": "null"}]}


def _row_schema(dataset: Dataset) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {column.name: _column_schema(column) for column in dataset.columns},
        "required": [
            column.name for column in dataset.columns if column.required and not column.personal
        ],
        "additionalProperties": False,
    }


def report_schema(platform: str) -> dict[str, Any]:
    """The JSON Schema of a platform's report. Raises `KeyError` for an unknown platform."""
    names = PLATFORM_DATASETS[platform]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Report of the {platform} platform",
        "type": "object",
        "properties": {
            "platform": {"const": platform},
            "subject": {
                "type": "object",
                "properties": {
                    "uscc": {"type": "string"},
                    "person_id": {"type": ["string", "null"]},
                },
                "required": ["uscc"],
            },
            "as_of": _JSON[ColumnType.DATE],
            "datasets": {
                "type": "object",
                "properties": {
                    name: {
                        "type": "array",
                        "maxItems": MOST_ROWS,
                        "items": _row_schema(DATASETS[name]),
                    }
                    for name in names
                },
                "required": list(names),
                "additionalProperties": False,
            },
        },
        "required": ["platform", "subject", "as_of", "datasets"],
        "additionalProperties": False,
    }


def rows_to_tables(datasets: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, pa.Table]:
    """Arrow tables of a report's rows; every dataset named is there, empty ones included.

    Raises `ValueError` for a date or amount that the schema let through but that does not exist.
    """
    tables = {}
    for name, rows in datasets.items():
        contract = DATASETS[name]
        schema = arrow_schema(contract)
        arrays = [
            _array([row.get(column.name) for row in rows], column) for column in contract.columns
        ]
        tables[name] = pa.Table.from_arrays(arrays, schema=schema)
    return tables


def _array(values: list[Any], column: Column) -> pa.Array:
    """A column's values as a report carries them, typed."""
    if column.type in (ColumnType.MONEY, ColumnType.DATE):
        return pa.array(values, pa.string()).cast(_ARROW[column.type])
    return pa.array(values, _ARROW[column.type])


def row_to_json(dataset: Dataset, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a report carries it: personal columns left out, money and dates as text."""
    out: dict[str, Any] = {}
    for column in dataset.columns:
        value = row.get(column.name)
        if column.personal:
            continue
        if value is not None and column.type is ColumnType.MONEY:
            value = f"{value:.2f}"
        if value is not None and column.type is ColumnType.DATE:
            value = value.isoformat()
        out[column.name] = value
    return out
