"""The SQL of ingest, built from contracts: typed values, the first fault of each row.

Identifiers come from contracts only, never from files; values of files are never part of SQL text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from datetime import date

from kuaidai.data.lake.contract import KNOWN_FROM, Column, ColumnType, Dataset

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

NOT_TYPE = {
    ColumnType.TEXT: "has no value under the mapping",
    ColumnType.INTEGER: "is not a whole number",
    ColumnType.NUMBER: "is not a number",
    ColumnType.MONEY: "is not an amount with at most two decimals",
    ColumnType.BOOLEAN: "is not true or false",
    ColumnType.DATE: "is not a date",
}
"""What is said of a value that has not its column's type."""

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_UNTYPABLE = re.compile(r"STRUCT|MAP|UNION|BLOB|BIT\b|.*\[\d*\]$")

FAULT = "_fault"
"""The number of a row's first fault among `_faults`, NULL for a good row."""


def quoted_name(name: str) -> str:
    """An identifier inside SQL."""
    return '"' + name.replace('"', '""') + '"'


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def can_be_typed(kind: str) -> bool:
    """Whether a column of DuckDB type `kind` can hold values of any contract column."""
    return _UNTYPABLE.match(kind) is None


def checked_select(
    dataset: Dataset,
    source: Map[str, str],
    kinds: Map[str, str],
    origins: Map[str, str] | None = None,
) -> str:
    """Select from `raw` every contract column's value as it came and typed, and the row's first fault.

    `source` names the column of the file for each contract column, `kinds` its DuckDB type. Where a
    mapping made that column from others, `origins` names the column of what it was made from.
    """
    origins = origins or {}
    raw, typed = [], []
    for column in dataset.columns:
        name = column.name
        value = _stripped(source[name], kinds[name])
        if name in origins:
            made = quoted_name(f"_value_{name}")
            raw += [f"{quoted_name(origins[name])} AS {_raw(column)}", f"{value} AS {made}"]
        else:
            made = _raw(column)
            raw.append(f"{value} AS {made}")
        typed.append(f"{_typed(column, kinds[name], made)} AS {quoted_name(name)}")
    cases = " ".join(
        f"WHEN {condition} THEN {place}" for place, (_, condition, _) in enumerate(_faults(dataset))
    )
    return (
        f"SELECT *, CASE {cases} END AS {FAULT} FROM "
        f"(SELECT *, {', '.join(typed)} FROM (SELECT _row, {', '.join(raw)} FROM raw))"
    )


def _raw(column: Column) -> str:
    return quoted_name(f"_raw_{column.name}")


def _stripped(name: str, kind: str) -> str:
    """A value without blanks around it; text is trimmed only where that changes it, for speed."""
    value = quoted_name(name)
    if kind != "VARCHAR":
        return value
    blank = f"{value} = '' OR starts_with({value}, ' ') OR ends_with({value}, ' ')"
    return f"CASE WHEN {blank} THEN nullif(trim({value}), '') ELSE {value} END"


def _text(value: str) -> str:
    return f"CAST({value} AS VARCHAR)"


def _typed(column: Column, kind: str, value: str) -> str:
    """A column's typed value, NULL where it has none. What has the right type is not read as text."""
    if column.type is ColumnType.TEXT:
        return _text(value)
    if column.type is ColumnType.DATE and kind == "DATE":
        return f"CASE WHEN {value} BETWEEN DATE '1000-01-01' AND DATE '9999-12-31' THEN {value} END"
    if _is_exact(column.type, kind):
        return f"TRY_CAST({value} AS {SQL_TYPE[column.type]})"
    text = _text(value)
    written = f"regexp_extract({text}, '^[^ T]+')" if column.type is ColumnType.DATE else text
    cast = f"TRY_CAST({written} AS {SQL_TYPE[column.type]})"
    if column.type not in _FORM:
        return cast
    return f"CASE WHEN regexp_full_match({text}, '{_FORM[column.type]}') THEN {cast} END"


def _is_exact(wanted: ColumnType, kind: str) -> bool:
    """Whether a cast from `kind` loses nothing, or fails."""
    decimal = _DECIMAL.fullmatch(kind)
    match wanted:
        case ColumnType.MONEY:
            return kind in _WHOLE or (decimal is not None and int(decimal[2]) <= 2)
        case ColumnType.INTEGER:
            return kind in _WHOLE
        case ColumnType.NUMBER:
            return kind in (*_WHOLE, "DOUBLE", "FLOAT") or decimal is not None
        case ColumnType.BOOLEAN:
            return kind == "BOOLEAN"
        case _:
            return False


def _column_faults(column: Column) -> list[tuple[str, str]]:
    """(condition, reason) pairs for one column."""
    name, raw = quoted_name(column.name), _raw(column)
    faults = [(f"{raw} IS NOT NULL AND {name} IS NULL", NOT_TYPE[column.type])]
    if column.required:
        faults.append((f"{raw} IS NULL AND {name} IS NULL", "is missing"))
    if column.allowed:
        allowed = ", ".join(map(_quoted, column.allowed))
        faults.append((f"{name} NOT IN ({allowed})", "is not an allowed value"))
    elif column.type is ColumnType.TEXT:
        faults.append((f"contains({name}, chr(0))", "holds a NUL character"))
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


def _faults(dataset: Dataset) -> list[tuple[Column, str, str]]:
    """(column, condition, reason) of every fault a row can have, in the order of their weight."""
    return [
        (column, condition, reason)
        for column in dataset.columns
        for condition, reason in _column_faults(column)
    ]


def key_columns(dataset: Dataset) -> str:
    """The key's columns inside SQL."""
    return ", ".join(map(quoted_name, dataset.key))


def key_hash(dataset: Dataset) -> str:
    """A number of 64 bits that equal keys share."""
    return f"hash({key_columns(dataset)})"


def suspects_select(dataset: Dataset) -> str:
    """Select the hashes that more than one row's key has: nearly always none."""
    return f"SELECT {key_hash(dataset)} AS _hash FROM checked GROUP BY _hash HAVING count(*) > 1"


def repeated_select(dataset: Dataset) -> str:
    """Select the good rows that repeat the key of an earlier good row, from those in `suspects`.

    Only rows without another fault count: a faulty row must not shadow a good one.
    """
    keys = key_columns(dataset)
    return (
        f"SELECT _row FROM (SELECT _row, {keys} FROM checked WHERE {FAULT} IS NULL "
        f"AND {key_hash(dataset)} IN (SELECT _hash FROM suspects)) "
        f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY _row) > 1"
    )


def good_select(dataset: Dataset, number: int, known_from: date) -> str:
    """Select the rows without fault: personal columns as keyed hashes, the run, the month."""
    parts = []
    for column in dataset.columns:
        name = quoted_name(column.name)
        if column.personal:
            parts.append(f"sha256(getvariable('personal_key') || {name}) AS {name}")
        else:
            parts.append(name)
    return (
        f"SELECT {', '.join(parts)}, CAST({number} AS INTEGER) AS _run, "
        f"DATE '{known_from.isoformat()}' AS {KNOWN_FROM}, "
        f"strftime({quoted_name(dataset.event_date)}, '%Y-%m') AS _month "
        f"FROM checked WHERE {FAULT} IS NULL AND _row NOT IN (SELECT _row FROM repeated)"
    )


def quarantine_select(dataset: Dataset) -> str:
    """Select the faulty rows: number, column, value and reason; personal values are not shown."""
    columns, values, reasons = [], [], []
    for place, (column, _, reason) in enumerate(_faults(dataset)):
        shown = "'(personal)'" if column.personal else _text(_raw(column))
        columns.append(f"WHEN {place} THEN {_quoted(column.name)}")
        values.append(f"WHEN {place} THEN {shown}")
        reasons.append(f"WHEN {place} THEN {_quoted(reason)}")
    key = " || ', ' || ".join(_text(_raw(dataset.column(name))) for name in dataset.key)
    return (
        f'SELECT _row AS row, CASE {FAULT} {" ".join(columns)} END AS "column", '
        f"CASE {FAULT} {' '.join(values)} END AS value, "
        f"CASE {FAULT} {' '.join(reasons)} END AS reason FROM checked WHERE {FAULT} IS NOT NULL "
        f"UNION ALL SELECT _row, {_quoted(', '.join(dataset.key))}, {key}, "
        f"'repeats the key of an earlier row' FROM checked "
        f"WHERE {FAULT} IS NULL AND _row IN (SELECT _row FROM repeated)"
    )
