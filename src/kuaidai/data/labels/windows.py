"""How the bad rate grows with the length of the window: where it flattens, a window is long enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis

from kuaidai.data.labels.definition import LONGEST_WINDOW
from kuaidai.data.labels.errors import WrongLabelSetting
from kuaidai.data.labels.panel import after_months, joined, last_day
from kuaidai.data.labels.vintage import THRESHOLDS

WINDOWS = (3, 6, 9, 12, 15, 18, 24)


@dataclass(frozen=True)
class WindowRate:
    """Bad within `months` of the grant: `bad` of the `loans` whose window is over, and `same_bad` of
    those `same_loans` that are old enough for the longest window, whose rate can only grow."""

    threshold: int
    months: int
    loans: int
    bad: int
    same_loans: int
    same_bad: int

    @property
    def rate(self) -> float | None:
        """Bad rate of all loans whose window is over; None without any."""
        return self.bad / self.loans if self.loans else None

    @property
    def same_rate(self) -> float | None:
        """Bad rate of the loans that every window has in common; None without any."""
        return self.same_bad / self.same_loans if self.same_loans else None


def window_table(
    loans: ibis.Table,
    loan_months: ibis.Table,
    *,
    windows: tuple[int, ...] = WINDOWS,
    thresholds: tuple[int, ...] = THRESHOLDS,
) -> tuple[WindowRate, ...]:
    """Bad rates by threshold and window, in that order, over one row per loan made in one grouping.

    A loan's window is over when the panel's last month end lies on or after its end; the longest
    window that any loan completes is the common one. Raises `WrongLabelSetting`,
    `LabelColumnMissing`.
    """
    if not windows or any(not 1 <= months <= LONGEST_WINDOW for months in windows):
        rule = f"months between 1 and {LONGEST_WINDOW}"
        raise WrongLabelSetting(name="windows", value=list(windows), rule=rule)
    panel = joined(loans, loan_months)
    counted_months = panel.month_end > panel.granted_on
    firsts: dict[str, Any] = {
        f"first_{days}": panel.month_end.min(where=counted_months & (panel.days_past_due >= days))
        for days in thresholds
    }
    seen = panel.group_by("loan_no").aggregate(**firsts)
    lives = loans.select("loan_no", "granted_on").left_join(seen, "loan_no")
    lives = lives.cross_join(last_day(loans, loan_months))
    row = lives.aggregate(**_counts(lives, windows, thresholds)).to_pyarrow().to_pylist()[0]
    complete = [months for months in sorted(windows) if row[f"loans_{months}"]]
    common = complete[-1] if complete else max(windows)
    same = lives.filter(after_months(lives.granted_on, common) <= lives.closes)
    fixed = same.aggregate(**_counts(same, windows, thresholds)).to_pyarrow().to_pylist()[0]
    return tuple(
        WindowRate(
            days,
            months,
            row[f"loans_{months}"] or 0,
            row[f"bad_{days}_{months}"] or 0,
            (fixed[f"loans_{months}"] or 0) if months <= common else 0,
            (fixed[f"bad_{days}_{months}"] or 0) if months <= common else 0,
        )
        for days in thresholds
        for months in sorted(windows)
    )


def _counts(
    lives: ibis.Table, windows: tuple[int, ...], thresholds: tuple[int, ...]
) -> dict[str, Any]:
    """Loans whose window is over, and the bad ones among them, as columns of one row."""
    counts: dict[str, Any] = {}
    for months in windows:
        end = after_months(lives.granted_on, months)
        over = end <= lives.closes
        counts[f"loans_{months}"] = over.cast("int64").sum()
        for days in thresholds:
            late = (lives[f"first_{days}"] <= end).fill_null(False)
            counts[f"bad_{days}_{months}"] = (over & late).cast("int64").sum()
    return counts
