"""Counting a table's months against the baseline, in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import ibis

from kuaidai.data.quality.baseline import ColumnBaseline, number
from kuaidai.data.quality.plan import Measure

MOST_NEW_VALUES = 20


@dataclass(frozen=True)
class Cell:
    """A column in a month: values there, distinct values (approximate), outliers, and rows per bin.

    The bins of a number are its baseline's; a category has one per known value and one for all others;
    the last bin counts missing values. `outliers` is None where no bounds are fixed.
    """

    valid: int
    distinct: int
    outliers: int | None
    bins: tuple[int, ...]


@dataclass(frozen=True)
class NewValue:
    """A category that the baseline did not know: since which month, and how many rows."""

    value: str
    since: str
    rows: int


def month_rows(table: ibis.Table) -> dict[str, int]:
    """Rows by month (`2024-03`), oldest first; rows without a date are not counted."""
    dated = table.filter(table["_month"].notnull())
    counted = dated.group_by("_month").aggregate(rows=dated.count())
    found = {_name(r["_month"]): int(r["rows"]) for r in counted.to_pyarrow().to_pylist()}
    return dict(sorted(found.items()))


def count_months(
    table: ibis.Table, baselines: tuple[ColumnBaseline, ...]
) -> dict[str, tuple[Cell, ...]]:
    """Every column of every month of `table` (column `_month`), in one query."""
    asked: dict[str, Any] = {"rows": table.count()}
    for place, baseline in enumerate(baselines):
        asked |= _expressions(table, baseline, f"c{place}")
    counted = table.group_by("_month").aggregate(**asked).to_pyarrow().to_pylist()
    return {
        _name(row["_month"]): tuple(
            _cell(row, baseline, f"c{place}") for place, baseline in enumerate(baselines)
        )
        for row in counted
    }


def _name(month: Any) -> str:
    return f"{month:%Y-%m}"


def _expressions(table: ibis.Table, baseline: ColumnBaseline, prefix: str) -> dict[str, Any]:
    column = table[baseline.plan.name]
    if baseline.measure in (Measure.NUMBER, Measure.MONEY):
        column = number(column)
        asked = {f"{prefix}_b{i}": (column <= edge) for i, edge in enumerate(baseline.edges)}
        if baseline.low is not None and baseline.high is not None:
            asked[f"{prefix}_out"] = (column < baseline.low) | (column > baseline.high)
    elif baseline.measure is Measure.CATEGORY:
        text = column.cast("string")
        asked = {f"{prefix}_b{i}": text == value for i, value in enumerate(baseline.values)}
    else:
        asked = {}
    counts = {name: table.count(where=condition) for name, condition in asked.items()}
    return {
        **counts,
        f"{prefix}_valid": table.count(where=column.notnull()),
        f"{prefix}_distinct": column.approx_nunique(),
    }


def _cell(row: dict[str, Any], baseline: ColumnBaseline, prefix: str) -> Cell:
    valid = int(row[f"{prefix}_valid"])
    missing = int(row["rows"]) - valid
    counts = [int(row[f"{prefix}_b{i}"]) for i in range(_counted(baseline))]
    if baseline.measure is Measure.CATEGORY:
        bins = [*counts, valid - sum(counts)]
    else:  # counted up to each edge, and told apart here
        upto = [*counts, valid]
        bins = [upto[0], *(b - a for a, b in pairwise(upto))]
    outliers = row.get(f"{prefix}_out")
    return Cell(
        valid,
        int(row[f"{prefix}_distinct"] or 0),
        None if outliers is None else int(outliers),
        (*bins, missing),
    )


def _counted(baseline: ColumnBaseline) -> int:
    numeric = baseline.measure in (Measure.NUMBER, Measure.MONEY)
    return len(baseline.edges) if numeric else len(baseline.values)


def new_values(table: ibis.Table, baseline: ColumnBaseline) -> tuple[NewValue, ...]:
    """Values of a category that the baseline did not know, by their first month; at most 20."""
    text = table[baseline.plan.name].cast("string")
    odd = table.select("_month", value=text)
    unknown = odd.value.notnull()
    if baseline.values:
        unknown &= ~odd.value.isin(list(baseline.values))
    odd = odd.filter(unknown)
    counted = odd.group_by("value").aggregate(since=odd["_month"].min(), rows=odd.count())
    first = counted.order_by("since", ibis.desc("rows"), "value").limit(MOST_NEW_VALUES)
    return tuple(
        NewValue(row["value"], _name(row["since"]), int(row["rows"]))
        for row in first.to_pyarrow().to_pylist()
    )
