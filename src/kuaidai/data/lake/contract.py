"""What a dataset promises: columns, types, keys, allowed values, freshness."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class ColumnType(StrEnum):
    """The types a column may have; money is exact, with two places."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"
    BOOLEAN = "boolean"
    DATE = "date"


@dataclass(frozen=True)
class Column:
    """One column of a dataset.

    `allowed` lists the values a text column may take; `form` is a regular expression that a text must
    match as a whole; `least` and `most` bound numbers and money. `personal` columns identify a person:
    the lake keeps only a keyed hash of them.
    """

    name: str
    type: ColumnType
    title_en: str
    title_zh: str
    required: bool = True
    allowed: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    unit: str = ""
    form: str = ""
    personal: bool = False


@dataclass(frozen=True)
class Dataset:
    """A dataset contract.

    `key` names the columns that identify a row. `event_date` is the date column that says when the
    row's fact became known: it partitions the lake by month and bounds what a feature may see.
    `freshness_days` is how old the newest row may be before the dataset counts as stale.
    """

    name: str
    title_en: str
    title_zh: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    event_date: str
    freshness_days: int

    def column(self, name: str) -> Column:
        """The column called `name`; raises `KeyError` where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"dataset {self.name} has no column {name}")


BEGINNING = date(1900, 1, 1)
"""`_known_from` of rows of a history load: each fact counts as known on its own event date."""
END = date(9999, 12, 31)
"""`_known_until` of rows that nothing has superseded."""
KNOWN_FROM, KNOWN_UNTIL = "_known_from", "_known_until"
"""The two columns that say when a version of a row was the one the bank knew: from the first day on,
until the day before the second."""
