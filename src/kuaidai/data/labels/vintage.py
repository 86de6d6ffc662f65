"""Vintage curves: of the loans granted in a month or quarter, how many had gone bad by each month on book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import ibis
import numpy as np

from kuaidai.data.labels.errors import WrongLabelSetting
from kuaidai.data.labels.panel import joined, month_number

THRESHOLDS = (30, 60, 90)


class Cohorts(StrEnum):
    """Loans granted in one calendar month, or in one quarter, make a cohort."""

    MONTH = "month"
    QUARTER = "quarter"


@dataclass(frozen=True)
class VintagePoint:
    """Of `loans` granted in the cohort that begins on `cohort`, `bad` had been `threshold` days past due
    or more at some month end up to `age` months after the month of the grant."""

    cohort: date
    threshold: int
    age: int
    loans: int
    bad: int

    @property
    def rate(self) -> float:
        """Cumulative bad rate: bad / loans."""
        return self.bad / self.loans


def vintage_table(
    loans: ibis.Table,
    loan_months: ibis.Table,
    *,
    cohorts: Cohorts = Cohorts.QUARTER,
    thresholds: tuple[int, ...] = THRESHOLDS,
    longest: int = 36,
) -> tuple[VintagePoint, ...]:
    """Cumulative bad rates by cohort, threshold and months on book, in that order.

    A cohort's curve ends where its youngest loans' last known month ends, so that every point of it
    rests on all its loans and the curve never falls; months on book count calendar months, the
    month of the grant being 0. The panel is read once; what follows is small. Raises
    `WrongLabelSetting`, `LabelColumnMissing`.
    """
    _require(cohorts, thresholds, longest)
    panel = joined(loans, loan_months)
    firsts = {
        f"first_{days}": panel.age.min(where=panel.days_past_due >= days) for days in thresholds
    }
    seen = panel.group_by("loan_no").aggregate(**firsts)
    grants = loans.select("loan_no", "granted_on").left_join(seen, "loan_no")
    unit: Any = "M" if cohorts == Cohorts.MONTH else "Q"
    grants = grants.mutate(cohort=grants.granted_on.truncate(unit).cast("date"))
    counted = grants.group_by("cohort", *firsts).aggregate(
        loans=grants.count(), youngest=month_number(grants.granted_on).max()
    )
    rows = counted.to_pyarrow().to_pylist()
    last = panel.aggregate(last=month_number(panel.month_end).max()).to_pyarrow()["last"][0].as_py()
    if last is None:
        return ()
    return tuple(
        point
        for cohort in sorted({row["cohort"] for row in rows})
        for point in _curves(cohort, rows, thresholds, int(last), longest)
    )


def _curves(
    cohort: date,
    rows: list[dict[str, Any]],
    thresholds: tuple[int, ...],
    last: int,
    longest: int,
) -> list[VintagePoint]:
    """The cohort's points: counts by month of the first breach, summed up."""
    mine = [row for row in rows if row["cohort"] == cohort]
    loans = sum(row["loans"] for row in mine)
    oldest = min(last - max(row["youngest"] for row in mine), longest)
    points = []
    for days in thresholds:
        breaches = np.zeros(max(oldest, 0) + 1, dtype=np.int64)
        for row in mine:
            age = row[f"first_{days}"]
            if age is not None and max(age, 0) <= oldest:
                breaches[max(age, 0)] += row["loans"]
        points += [
            VintagePoint(cohort, days, age, loans, int(bad))
            for age, bad in enumerate(np.cumsum(breaches))
            if age <= oldest
        ]
    return points


def _require(cohorts: Cohorts, thresholds: tuple[int, ...], longest: int) -> None:
    if cohorts not in set(Cohorts):
        raise WrongLabelSetting(name="cohorts", value=cohorts, rule="month or quarter")
    if not thresholds or any(days < 1 for days in thresholds) or len(thresholds) > 6:
        raise WrongLabelSetting(
            name="thresholds",
            value=list(thresholds),
            rule="one to six numbers of days, each 1 or more",
        )
    if not 1 <= longest <= 120:
        raise WrongLabelSetting(name="longest", value=longest, rule="between 1 and 120 months")


def cohort_name(cohort: date, cohorts: Cohorts) -> str:
    """`2024-03`, or `2024 Q1`."""
    if cohorts == Cohorts.MONTH:
        return f"{cohort:%Y-%m}"
    return f"{cohort.year} Q{(cohort.month + 2) // 3}"
