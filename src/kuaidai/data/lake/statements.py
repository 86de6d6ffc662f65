"""The SQL of ingest, built from contracts: typed values, the first fault of each row.

Identifiers come from contracts only, never from files; values of files are never part of SQL text.
"""

from __future__ import annotations

from kuaidai.data.lake.contract import Column, ColumnType, Dataset
from kuaidai.data.lake.mapping import Mapping

SQL_TYPE = {
    ColumnType.TEXT: "VARCHAR",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.NUMBER: "DOUBLE",
    ColumnType.MONEY: "DECIMAL(18, 2)",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
}


def _source(column: Column, mapping: Mapping | None) -> str:
    name = mapping.columns.get(column.name, column.name) if mapping else column.name
    return f'"{name}"'


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def typed_select(dataset: Dataset, mapping: Mapping | None) -> str:
    """Select every contract column from `raw`, cast where possible, with its text beside it."""
    parts = ["row_number() OVER () AS _row"]
    for column in dataset.columns:
        if mapping and column.name in mapping.line_numbers:
            keys = ", ".join(f'"{key}"' for key in mapping.line_numbers[column.name])
            value = f"row_number() OVER (PARTITION BY {keys} ORDER BY _order)"
        else:
            value = _source(column, mapping)
        parts.append(f"nullif(trim(CAST({value} AS VARCHAR)), '') AS \"_text_{column.name}\"")
        parts.append(
            f'TRY_CAST({_cast_from(value, column)} AS {SQL_TYPE[column.type]}) AS "{column.name}"'
        )
    return f"SELECT {', '.join(parts)} FROM (SELECT *, row_number() OVER () AS _order FROM raw)"


def _cast_from(value: str, column: Column) -> str:
    if column.type is ColumnType.TEXT:
        return f"nullif(trim(CAST({value} AS VARCHAR)), '')"
    if column.type is ColumnType.DATE:
        return f"nullif(left(trim(CAST({value} AS VARCHAR)), 10), '')"
    return f"nullif(trim(CAST({value} AS VARCHAR)), '')"


def _column_faults(column: Column) -> list[tuple[str, str]]:
    """(condition, reason) pairs for one column."""
    name, text = f'"{column.name}"', f'"_text_{column.name}"'
    faults = [(f"{text} IS NOT NULL AND {name} IS NULL", f"is not {column.type.value}")]
    if column.required:
        faults.append((f"{text} IS NULL", "is missing"))
    if column.allowed:
        allowed = ", ".join(map(_quoted, column.allowed))
        faults.append((f"{name} NOT IN ({allowed})", "is not an allowed value"))
    if column.least is not None:
        faults.append((f"{name} < {column.least}", f"is below {column.least:g}"))
    if column.most is not None:
        faults.append((f"{name} > {column.most}", f"is above {column.most:g}"))
    if column.type is ColumnType.NUMBER:
        faults.append((f"NOT isfinite({name})", "is not a finite number"))
    return faults


def fault_select(dataset: Dataset) -> str:
    """Select `typed` with the first fault of each row: its column, value and reason (or NULLs)."""
    columns, values, reasons = [], [], []
    for column in dataset.columns:
        for condition, reason in _column_faults(column):
            columns.append(f"WHEN {condition} THEN {_quoted(column.name)}")
            shown = "'(personal)'" if column.personal else f'"_text_{column.name}"'
            values.append(f"WHEN {condition} THEN {shown}")
            reasons.append(f"WHEN {condition} THEN {_quoted(reason)}")
    keys = ", ".join(f'"{key}"' for key in dataset.key)
    repeated = f"row_number() OVER (PARTITION BY {keys} ORDER BY _row) > 1"
    first_key = f'"_text_{dataset.key[0]}"'
    return (
        f"SELECT *, CASE {' '.join(columns)} WHEN _repeated THEN {_quoted(', '.join(dataset.key))} END AS _column, "
        f"CASE {' '.join(values)} WHEN _repeated THEN {first_key} END AS _value, "
        f"CASE {' '.join(reasons)} WHEN _repeated THEN 'repeats the key of an earlier row' END AS _reason "
        f"FROM (SELECT *, {repeated} AS _repeated FROM typed)"
    )


def good_select(dataset: Dataset) -> str:
    """Select the rows without fault, personal columns as keyed hashes."""
    parts = []
    for column in dataset.columns:
        if column.personal:
            parts.append(f'sha256(? || "{column.name}") AS "{column.name}"')
        else:
            parts.append(f'"{column.name}"')
    month = f"strftime(\"{dataset.event_date}\", '%Y-%m') AS _month"
    return f"SELECT {', '.join(parts)}, {month} FROM checked WHERE _reason IS NULL"
