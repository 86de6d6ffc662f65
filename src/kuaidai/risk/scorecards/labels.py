"""Who was good and who was bad: outcomes of past loans over a performance window."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pyarrow as pa

from kuaidai.kernel.calendars import add_months
from kuaidai.risk.scorecards.columns import require_columns
from kuaidai.risk.scorecards.errors import BadSetting

LABELS = ("good", "immature", "indeterminate", "bad")


def build_labels(
    loans: pa.Table,
    loan_months: pa.Table,
    *,
    window_months: int = 12,
    dpd_threshold: int = 60,
    indeterminate_dpd: int | None = 30,
    as_of: date | None = None,
) -> pa.Table:
    """One row per firm and grant date: the outcome of what was granted, in the window after it.

    `loans`: loan_no, uscc, granted_on, matures_on; `loan_months`: loan_no, month_end, outstanding,
    days_past_due. The window is the month ends after `granted_on` up to `window_months` later.

    - immature: the window was not over on `as_of` (default: the panel's last month end), whatever is
      known so far (keeping only the early bads of young loans would overstate risk), or the panel has
      a gap and the loan was not repaid;
    - bad: `dpd_threshold` days past due or more at any month end of the window;
    - indeterminate: never that, but `indeterminate_dpd` or more (`None`: counted as good);
    - good: neither, and seen for the whole window or until repaid in full.

    Gives uscc, observed_on (= granted_on), label, bad (1, 0, or null unless good or bad), loans,
    months_seen, max_dpd; sorted by observed_on and uscc. Several loans on one day give one row, bad
    if any is. Raises `MissingColumn`, `BadSetting`.
    """
    if window_months < 1:
        raise BadSetting(name="window_months", value=window_months, rule="at least 1")
    if dpd_threshold < 1:
        raise BadSetting(name="dpd_threshold", value=dpd_threshold, rule="at least 1")
    require_columns(loans, ["loan_no", "uscc", "granted_on"])
    require_columns(loan_months, ["loan_no", "month_end", "outstanding", "days_past_due"])
    granted = _dates(loans, ["loan_no", "uscc", "granted_on"], ["granted_on"])
    granted["window_end"] = [
        pd.Timestamp(add_months(day.date(), window_months)) for day in granted["granted_on"]
    ]
    seen, closes = _performance(granted, loan_months, as_of)
    outcome = granted.merge(seen, on="loan_no", how="left")
    months = [name for name in ("max_dpd", "months_seen") if name in outcome]
    outcome[months] = outcome[months].fillna(0)
    whole = outcome["months_seen"] >= window_months - 1
    whole |= outcome["last_outstanding"].eq(0)
    open_window = outcome["window_end"] > closes
    outcome["rank"] = _ranks(outcome, whole, open_window, dpd_threshold, indeterminate_dpd)
    return _one_row_per_grant(outcome)


def _dates(table: pa.Table, names: list[str], days: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame({name: table[name].to_pylist() for name in names})
    for name in days:
        frame[name] = pd.to_datetime(frame[name])
    return frame


def _performance(
    granted: pd.DataFrame, loan_months: pa.Table, as_of: date | None
) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Per loan, over its window: worst days past due, months seen, last balance; and the data's end."""
    names = ["loan_no", "month_end", "outstanding", "days_past_due"]
    panel = _dates(loan_months, names, ["month_end"]).merge(granted, on="loan_no")
    inside = (panel["month_end"] > panel["granted_on"]) & (
        panel["month_end"] <= panel["window_end"]
    )
    closes = pd.Timestamp(as_of) if as_of is not None else panel["month_end"].max()
    inside &= panel["month_end"] <= closes
    panel = panel[inside].sort_values(["loan_no", "month_end"])
    grouped = panel.groupby("loan_no")
    seen = pd.DataFrame(
        {
            "max_dpd": grouped["days_past_due"].max(),
            "months_seen": grouped.size(),
            "last_outstanding": grouped["outstanding"].last().astype(float),
        }
    )
    return seen.reset_index(), closes


def _ranks(
    outcome: pd.DataFrame,
    whole: pd.Series,
    open_window: pd.Series,
    dpd_threshold: int,
    indeterminate_dpd: int | None,
) -> pd.Series:
    """Position in `LABELS`; the larger prevails where a firm got several loans on one day."""
    rank = (~whole).astype(int)
    if indeterminate_dpd is not None:
        rank = rank.mask(outcome["max_dpd"] >= indeterminate_dpd, 2)
    rank = rank.mask(outcome["max_dpd"] >= dpd_threshold, 3)
    return rank.mask(open_window, 1)


def _one_row_per_grant(outcome: pd.DataFrame) -> pa.Table:
    grouped = outcome.groupby(["granted_on", "uscc"], sort=True)
    rows = pd.DataFrame(
        {
            "rank": grouped["rank"].max(),
            "loans": grouped.size(),
            "months_seen": grouped["months_seen"].max(),
            "max_dpd": grouped["max_dpd"].max(),
        }
    ).reset_index()
    labels = [LABELS[rank] for rank in rows["rank"]]
    bad = [{"good": 0, "bad": 1}.get(label) for label in labels]
    return pa.table(
        {
            "uscc": pa.array(rows["uscc"].tolist(), pa.string()),
            "observed_on": pa.array([day.date() for day in rows["granted_on"]], pa.date32()),
            "label": pa.array(labels, pa.string()),
            "bad": pa.array(bad, pa.int64()),
            "loans": pa.array(rows["loans"].tolist(), pa.int64()),
            "months_seen": pa.array([int(m) for m in rows["months_seen"]], pa.int64()),
            "max_dpd": pa.array([int(d) for d in rows["max_dpd"]], pa.int64()),
        }
    )
