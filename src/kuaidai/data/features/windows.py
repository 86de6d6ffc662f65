"""Time: closed calendar months before the observation, and the latest fact known before it.

A subject is a firm and its owner on a day. `age` counts months back from the observation's own
month: 1 is the last closed month. Nothing dated on or after the observation is ever seen, nor, of
rows that say when they were known, any version but the one in force on that day.
"""

from __future__ import annotations

from typing import Any

import ibis

from kuaidai.data.features.rollups import visible


def with_cut(subjects: ibis.Table) -> ibis.Table:
    """Subjects with `cut`, the first day of the observation's month."""
    return subjects.mutate(cut=subjects.observed_on.truncate("M"))


def months_back(month: Any, cut: Any) -> Any:
    """How many months `month` lies before `cut`: 1 for the last closed month."""
    return (cut.year() - month.year()) * 12 + cut.month() - month.month()


def whole_months(start: Any, end: Any) -> Any:
    """Whole months from `start` to `end`, as `kernel.calendars.whole_months_between` counts them."""
    months_end = (end + ibis.interval(days=1)).day() == 1
    return months_back(start, end) - ibis.cases(
        ((end.day() < start.day()) & ~months_end, 1), else_=0
    )


def aged(
    subjects: ibis.Table, monthly: ibis.Table, *, key: str, on: str = "uscc", oldest: int = 24
) -> ibis.Table:
    """Monthly rows (column `month`) of each subject with their `age`, 1 to `oldest`; `key` joins `on`."""
    rows = monthly.rename({"_link": key})
    slim = subjects.select("subject", "observed_on", "cut", _on=subjects[on])
    joined = slim.join(rows, slim["_on"] == rows["_link"])
    joined = joined.mutate(age=months_back(joined.month, joined.cut))
    return visible(joined.filter(joined.age >= 1, joined.age <= oldest))


def known_before(
    subjects: ibis.Table, facts: ibis.Table, *, key: str, dated: str, on: str = "uscc"
) -> ibis.Table:
    """Every fact of each subject that was known before its observation."""
    rows = facts.rename({"_link": key})
    slim = subjects.select("subject", "observed_on", "cut", _on=subjects[on])
    joined = slim.join(rows, slim["_on"] == rows["_link"])
    return visible(joined.filter(joined[dated] < joined.observed_on))


def latest(
    subjects: ibis.Table,
    facts: ibis.Table,
    *,
    key: str,
    dated: str,
    on: str = "uscc",
    then: str | None = None,
) -> ibis.Table:
    """The newest fact of each subject that was known before its observation.

    Where several facts may become known on one day, `then` names the column whose highest value wins.
    """
    known = known_before(subjects, facts, key=key, dated=dated, on=on)
    order = [ibis.desc(known[name]) for name in (dated, then) if name is not None]
    place = ibis.row_number().over(ibis.window(group_by=known.subject, order_by=order))
    ranked = known.mutate(_place=place)
    return ranked.filter(ranked["_place"] == 0).drop("_place")


def number(column: Any) -> Any:
    """A column as a double: money leaves exact arithmetic here, where statistics begin."""
    return column.cast("float64")


def ratio(part: Any, whole: Any) -> Any:
    """part / whole, missing where the whole is not positive."""
    return ibis.cases((whole > 0, part / whole), else_=None)
