"""The two tables that labels are read from, joined once: a loan's months with its grant."""

from __future__ import annotations

from typing import Any

import ibis

from kuaidai.data.labels.errors import LabelColumnMissing

LOAN_COLUMNS = ("loan_no", "uscc", "granted_on")
MONTH_COLUMNS = ("loan_no", "month_end", "outstanding", "days_past_due")


def require_columns(table: ibis.Table, names: tuple[str, ...], title: str) -> None:
    """Raise `LabelColumnMissing` for the first of `names` that the table lacks."""
    for name in names:
        if name not in table.columns:
            present = ", ".join(table.columns) or "no column"
            raise LabelColumnMissing(table=title, column=name, present=present)


def month_number(day: Any) -> Any:
    """Months since year 0: two calendar months lie as far apart as their numbers."""
    return day.year() * 12 + day.month()


def after_months(day: Any, months: int) -> Any:
    """`day` moved by `months`, cut to the month's end, as `kernel.calendars.add_months` does."""
    return (day + ibis.interval(months=months)).cast("date")


def joined(loans: ibis.Table, loan_months: ibis.Table) -> ibis.Table:
    """Every month end of the panel with the loan's `granted_on` and months on book (`age`).

    `age` counts calendar months from the grant's: the month end of the month of the grant is 0.
    """
    require_columns(loans, LOAN_COLUMNS, "loans")
    require_columns(loan_months, MONTH_COLUMNS, "loan_months")
    months = loan_months.select(*MONTH_COLUMNS)
    grants = loans.select("loan_no", "granted_on")
    panel = months.join(grants, "loan_no")
    age = month_number(panel.month_end) - month_number(panel.granted_on)
    return panel.mutate(age=age.cast("int64"))


def last_day(loans: ibis.Table, loan_months: ibis.Table) -> ibis.Table:
    """One row, one column `closes`: the last month end of the panel's loans."""
    return joined(loans, loan_months).aggregate(closes=ibis._.month_end.max())
