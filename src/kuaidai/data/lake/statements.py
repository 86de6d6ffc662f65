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


_FORM = {
    ColumnType.INTEGER: r"[+-]?[0-9]+([.]0*)?",
    ColumnType.MONEY: r"[+-]?[0-9]+([.][0-9]{0,2}0*)?",
    ColumnType.DATE: r"[1-9][0-9]{3}([-/])[0-9]{1,2}([-/])[0-9]{1,2}([ T][0-9:.+Z ]*)?",
}
"""How a value must be written: a cast alone would round 1.5 to 2 and 0.005 to 0.01."""

_NOT_TYPE = {
    ColumnType.TEXT: "is not text",
    ColumnType.INTEGER: "is not a whole number",
    ColumnType.NUMBER: "is not a number",
    ColumnType.MONEY: "is not an amount with at most two decimals",
    ColumnType.BOOLEAN: "is not true or false",
    ColumnType.DATE: "is not a date",
}

QUARANTINE_SELECT = (
    'SELECT _row AS row, _column AS "column", _value AS value, _reason AS reason '
    "FROM checked WHERE _reason IS NOT NULL"
)


def quoted_name(name: str) -> str:
    """An identifier inside SQL."""
    return '"' + name.replace('"', '""') + '"'


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def text_select(dataset: Dataset, mapping: Mapping | None) -> str:
    """Select every contract column from `raw` as text, trimmed, with the row's number in the file."""
    parts = ["_row"]
    for column in dataset.columns:
        if mapping and column.name in mapping.line_numbers:
            keys = ", ".join(map(quoted_name, mapping.line_numbers[column.name]))
            value = f"row_number() OVER (PARTITION BY {keys} ORDER BY _row)"
        else:
            name = mapping.columns.get(column.name, column.name) if mapping else column.name
            value = quoted_name(name)
        parts.append(f"nullif(trim(CAST({value} AS VARCHAR)), '') AS \"_text_{column.name}\"")
    return f"SELECT {', '.join(parts)} FROM (SELECT row_number() OVER () AS _row, * FROM raw)"


def typed_select(dataset: Dataset) -> str:
    """Select `texts` with every column's typed value beside its text; NULL where it has none."""
    parts = [f'{_typed(column)} AS "{column.name}"' for column in dataset.columns]
    return f"SELECT *, {', '.join(parts)} FROM texts"


def _typed(column: Column) -> str:
    text = f'"_text_{column.name}"'
    if column.type is ColumnType.TEXT:
        return text
    written = f"regexp_extract({text}, '^[^ T]+')" if column.type is ColumnType.DATE else text
    cast = f"TRY_CAST({written} AS {SQL_TYPE[column.type]})"
    if column.type not in _FORM:
        return cast
    return f"CASE WHEN regexp_full_match({text}, '{_FORM[column.type]}') THEN {cast} END"


def _column_faults(column: Column) -> list[tuple[str, str]]:
    """(condition, reason) pairs for one column."""
    name, text = f'"{column.name}"', f'"_text_{column.name}"'
    faults = [(f"{text} IS NOT NULL AND {name} IS NULL", _NOT_TYPE[column.type])]
    if column.required:
        faults.append((f"{text} IS NULL", "is missing"))
    if column.allowed:
        allowed = ", ".join(map(_quoted, column.allowed))
        faults.append((f"{name} NOT IN ({allowed})", "is not an allowed value"))
    if column.form:
        fits = f"regexp_full_match({name}, {_quoted(column.form)})"
        faults.append((f"NOT {fits}", "is not written as it must be"))
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
    repeated = (  # only among rows without another fault: a faulty row must not shadow a good one
        f"_fault IS NULL AND row_number() OVER (PARTITION BY _fault IS NULL, {keys} ORDER BY _row) > 1"
    )
    shown = " || ', ' || ".join(f'"_text_{key}"' for key in dataset.key)
    return (
        f"SELECT *, CASE WHEN _repeated THEN {_quoted(', '.join(dataset.key))} ELSE _faulty END AS _column, "
        f"CASE WHEN _repeated THEN {shown} ELSE _shown END AS _value, "
        f"CASE WHEN _repeated THEN 'repeats the key of an earlier row' ELSE _fault END AS _reason "
        f"FROM (SELECT *, {repeated} AS _repeated FROM (SELECT *, "
        f"CASE {' '.join(columns)} END AS _faulty, CASE {' '.join(values)} END AS _shown, "
        f"CASE {' '.join(reasons)} END AS _fault FROM typed))"
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
