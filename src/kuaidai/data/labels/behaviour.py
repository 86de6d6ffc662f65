"""Labels for a behaviour card: firms that repay well on a day, and what became of them after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import ibis
import pyarrow as pa

from kuaidai.data.labels.definition import LabelDefinition
from kuaidai.data.labels.errors import WrongLabelSetting
from kuaidai.data.labels.outcomes import LABEL_SCHEMA, connect, label_rows
from kuaidai.data.labels.panel import LOAN_COLUMNS, MONTH_COLUMNS, require_columns
from kuaidai.data.lake import Lake


def behaviour_rows(
    loans: ibis.Table,
    loan_months: ibis.Table,
    days: Sequence[date],
    definition: LabelDefinition | None = None,
    *,
    as_of: date | None = None,
) -> ibis.Table:
    """One row per firm and day of `days` on which it owes something and is not late.

    `days` are month ends of the panel. A firm is left out on a day on which any of its loans is
    `indeterminate_dpd` days past due or more (`dpd_threshold` where that is not set): it is known to
    be in trouble and no card need say so. What it owed on the day is then judged over the window
    after the day as `label_rows` judges a grant; loans granted later do not count. Columns and
    further parameters as in `label_rows`; a definition that looks at the grant is not applied.
    Raises `LabelColumnMissing`.
    """
    chosen = definition or LabelDefinition()
    require_columns(loans, LOAN_COLUMNS, "loans")
    require_columns(loan_months, MONTH_COLUMNS, "loan_months")
    limit = chosen.indeterminate_dpd or chosen.dpd_threshold
    months = loan_months.select(*MONTH_COLUMNS)
    live = months.filter(months.outstanding > 0, months.month_end.isin(list(days)))
    live = live.join(loans.select("loan_no", "uscc"), "loan_no")
    worst = live.group_by("uscc", "month_end").aggregate(worst=live.days_past_due.max())
    sound = worst.filter(worst.worst < limit).select("uscc", "month_end")
    observed = live.join(sound, ["uscc", "month_end"]).select(
        "loan_no", "uscc", granted_on=live.month_end
    )
    # A loan observed twice is judged twice: number and day together name what is judged.
    key = observed.loan_no + "@" + observed.granted_on.cast("string")
    panel = months.join(observed.select("loan_no", "granted_on", key=key), "loan_no")
    after = panel.filter(panel.month_end > panel.granted_on)
    after = after.select("month_end", "outstanding", "days_past_due", loan_no=after.key)
    plain = LabelDefinition(
        window_months=chosen.window_months,
        dpd_threshold=chosen.dpd_threshold,
        indeterminate_dpd=chosen.indeterminate_dpd,
    )
    judged = observed.select("uscc", "granted_on", loan_no=key)
    return label_rows(judged, after, plain, as_of=as_of)


def behaviour(
    lake: Lake,
    days: Sequence[date],
    definition: LabelDefinition | None = None,
    *,
    as_of: date | None = None,
) -> pa.Table:
    """The labels of the lake's borrowers on `days`, by day and firm; `as_of` as for `outcomes`.

    Raises `NoLoans`, and `WrongLabelSetting` for a day that is no month end of the lake's loans.
    """
    backend = connect(lake, as_of)
    loans, months = backend.table("loans"), backend.table("loan_months")
    held = set(backend.to_pyarrow(months.select("month_end").distinct())["month_end"].to_pylist())
    for day in days:
        if day not in held:
            rule = f"a month end of the lake's loans ({min(held)} to {max(held)})"
            raise WrongLabelSetting(name="on", value=day, rule=rule)
    closes = as_of or max(held)
    expression = behaviour_rows(loans, months, days, definition, as_of=closes)
    rows = backend.to_pyarrow(expression).select(LABEL_SCHEMA.names).cast(LABEL_SCHEMA)
    return rows.sort_by([("observed_on", "ascending"), ("uscc", "ascending")])
