"""Monthly rollups: many rows become one per firm and month, once for all subjects.

Over rows with versions a rollup's row has a version interval of its own. A month is not seen before
it is closed, so whatever became known until then makes one version; a row that came later, or was
corrected later, opens another version of its firm's month.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ibis

from kuaidai.data.features.spec import Tables
from kuaidai.data.lake.contract import BEGINNING, END, KNOWN_FROM, KNOWN_UNTIL
from kuaidai.data.lake.datasets import DATASETS

VERSION = (KNOWN_FROM, KNOWN_UNTIL)


@dataclass(frozen=True)
class Rollup:
    """A rollup of a dataset. `build` groups by `grouped(rows, "uscc", "month", ...)`, where `month` is the
    first day of the month of the dataset's event date; sums of money are exact until they leave it."""

    name: str
    dataset: str
    build: Callable[[ibis.Table], ibis.Table]

    def of(self, tables: Tables) -> ibis.Table:
        """The rollup: the stored one where there is one, else built from the dataset's rows."""
        if self.name in tables:
            return tables[self.name]
        return self.over(tables[self.dataset])

    def over(self, rows: ibis.Table) -> ibis.Table:
        """The rollup of some rows; with the version columns where the rows have them."""
        month = rows[DATASETS[self.dataset].event_date].truncate("M")
        rows = rows.mutate(month=month)
        return self.build(with_intervals(rows) if has_versions(rows) else rows)

    def over_current(self, rows: ibis.Table) -> ibis.Table:
        """The rollup of rows of which none became known or was corrected after its month was closed."""
        rolled = self.over(rows.drop(*(name for name in VERSION if name in rows.columns)))
        return rolled.mutate(
            **{KNOWN_FROM: ibis.literal(BEGINNING), KNOWN_UNTIL: ibis.literal(END)}
        )


def has_versions(rows: ibis.Table) -> bool:
    """Whether rows say when each was known."""
    return KNOWN_FROM in rows.columns


def grouped(rows: ibis.Table, *keys: str) -> list[str]:
    """Columns to group by: the keys, and the version interval where there is one."""
    return [*keys, *(VERSION if has_versions(rows) else ())]


def visible(joined: ibis.Table) -> ibis.Table:
    """The versions in force on each row's `observed_on`; everything where there are no versions."""
    if not has_versions(joined):
        return joined
    return joined.filter(
        joined[KNOWN_FROM] <= joined.observed_on, joined.observed_on < joined[KNOWN_UNTIL]
    )


def with_intervals(rows: ibis.Table) -> ibis.Table:
    """Each row once for every version of its firm's month in which it counts.

    `rows` have `uscc`, `month` and the version columns, which become those of the firm's month.
    """
    closed = rows.month + ibis.interval(months=1)
    first = ibis.cases(
        (rows[KNOWN_FROM] <= closed, ibis.literal(BEGINNING)), else_=rows[KNOWN_FROM]
    )
    rows = rows.mutate(_from=first, _closed=closed).filter(rows[KNOWN_UNTIL] > closed)
    rows = rows.mutate(_until=rows[KNOWN_UNTIL]).drop(*VERSION)
    starts = rows.select("uscc", "month", _start=rows["_from"])
    ends = rows.filter(rows["_until"] < ibis.literal(END))
    ends = ends.select("uscc", "month", _start=ends["_until"])
    intervals = _intervals(starts.union(ends, distinct=True))
    joined = rows.join(
        intervals,
        [
            rows.uscc == intervals["_firm"],
            rows.month == intervals["_of"],
            rows["_from"] <= intervals[KNOWN_FROM],
            intervals[KNOWN_FROM] < rows["_until"],
        ],
    )
    return joined.drop("_firm", "_of", "_from", "_until", "_closed")


def _intervals(starts: ibis.Table) -> ibis.Table:
    """From the days on which something changed: until when each lasted."""
    order: Any = ibis.window(group_by=["uscc", "month"], order_by="_start")
    after = starts["_start"].lead().over(order)
    return starts.select(
        _firm="uscc",
        _of="month",
        **{KNOWN_FROM: starts["_start"], KNOWN_UNTIL: after.fill_null(ibis.literal(END))},
    )
