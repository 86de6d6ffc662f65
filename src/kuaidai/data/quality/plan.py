"""What is measured of each column: numbers, money, categories, or only whether a value is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import ibis

from kuaidai.data.lake.contract import Column, ColumnType, Dataset


class Measure(StrEnum):
    """How a column's distribution is told: on a linear or a logarithmic scale, by value, or not at all."""

    NUMBER = "number"
    MONEY = "money"
    CATEGORY = "category"
    PRESENCE = "presence"


@dataclass(frozen=True)
class ColumnPlan:
    """A column to screen. A category with too many values in the baseline is screened for presence."""

    name: str
    measure: Measure
    title_en: str
    title_zh: str


_MEASURES = {
    ColumnType.MONEY: Measure.MONEY,
    ColumnType.NUMBER: Measure.NUMBER,
    ColumnType.INTEGER: Measure.NUMBER,
    ColumnType.BOOLEAN: Measure.CATEGORY,
    ColumnType.TEXT: Measure.CATEGORY,
    ColumnType.DATE: Measure.PRESENCE,
}


def dataset_plan(contract: Dataset) -> tuple[ColumnPlan, ...]:
    """The columns of a dataset in the contract's order, without the date that its months come from."""
    return tuple(
        ColumnPlan(column.name, _measure(contract, column), column.title_en, column.title_zh)
        for column in contract.columns
        if column.name != contract.event_date
    )


def _measure(contract: Dataset, column: Column) -> Measure:
    """Personal columns and keys tell nothing by their values."""
    if column.personal or (column.name in contract.key and not column.allowed):
        return Measure.PRESENCE
    return _MEASURES[column.type]


def table_plan(
    table: ibis.Table,
    skipped: tuple[str, ...],
    titles: Mapping[str, tuple[str, str]],
    money: frozenset[str],
) -> tuple[ColumnPlan, ...]:
    """The columns of any table by their types; `titles` in English and Chinese; `money` names money."""
    plans = []
    for name, kind in table.schema().items():
        if name in skipped:
            continue
        measure = Measure.PRESENCE
        if kind.is_numeric():
            measure = Measure.MONEY if name in money else Measure.NUMBER
        elif kind.is_string() or kind.is_boolean():
            measure = Measure.CATEGORY
        plans.append(ColumnPlan(name, measure, *titles.get(name, (name, name))))
    return tuple(plans)
