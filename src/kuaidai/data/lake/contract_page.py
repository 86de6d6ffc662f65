"""The data contracts as a page of Markdown: what a bank's engineers deliver by."""

from __future__ import annotations

from collections.abc import Iterable

from kuaidai.data.lake.contract import Column, Dataset

_INTRODUCTION = """# Data contracts

Printed by `kuaidai lake contracts`.

A file is CSV (UTF-8 with or without BOM, or GB18030; cells separated by commas; a header with exactly
the columns below, in any order) or Parquet. Money has at most two decimals, dates are YYYY-MM-DD or
YYYY/MM/DD, an empty cell is a missing value. Every column is in the file; those marked optional may be
empty. Rows of the same key replace each other: the later received counts. "Fresh" is how old the
newest row may be before the dataset counts as stale. Of personal columns the lake keeps a keyed hash."""


def contract_page(datasets: Iterable[Dataset]) -> str:
    """All contracts as Markdown."""
    return "\n\n".join([_INTRODUCTION, *map(_section, datasets)])


def _section(dataset: Dataset) -> str:
    head = (
        f"## {dataset.name}\n\n{dataset.title_en} ({dataset.title_zh}). "
        f"Key: {', '.join(dataset.key)}. Dated by {dataset.event_date}. "
        f"Fresh: {dataset.freshness_days} days.\n\n"
    )
    table = ["| column | type | title | 中文 | values | unit |", "|---|---|---|---|---|---|"]
    return head + "\n".join([*table, *map(_row, dataset.columns)])


def _row(column: Column) -> str:
    kind = [column.type.value]
    kind += [] if column.required else ["optional"]
    kind += ["personal"] if column.personal else []
    cells = (column.name, ", ".join(kind), column.title_en, column.title_zh, _values(column))
    return f"| {' | '.join([*cells, column.unit])} |"


def _values(column: Column) -> str:
    if column.allowed:
        return ", ".join(column.allowed)
    bounds = [f"≥ {column.least:g}"] if column.least is not None else []
    bounds += [f"≤ {column.most:g}"] if column.most is not None else []
    if column.form:
        pattern = column.form.replace("|", "\\|")
        bounds.append(f"form `{pattern}`")
    return " ".join(bounds)
