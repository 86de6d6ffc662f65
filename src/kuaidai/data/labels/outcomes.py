"""Good, bad, indeterminate, immature or excluded: one row per firm and day of grant."""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from kuaidai.data.labels.definition import LABELS, LabelDefinition
from kuaidai.data.labels.errors import NoLoans
from kuaidai.data.labels.panel import (
    LOAN_COLUMNS,
    after_months,
    joined,
    last_day,
    require_columns,
)
from kuaidai.data.lake import Lake

_RANKS = ("excluded", "good", "immature", "indeterminate", "bad")
"""Of several loans on one day the one that stands last here names the row."""
assert set(_RANKS) == set(LABELS)
LABEL_SCHEMA = pa.schema(
    [
        ("uscc", pa.string()),
        ("observed_on", pa.date32()),
        ("label", pa.string()),
        ("bad", pa.int64()),
        ("loans", pa.int64()),
        ("months_seen", pa.int64()),
        ("max_dpd", pa.int64()),
        ("exclusion", pa.string()),
    ]
)


def label_rows(
    loans: ibis.Table,
    loan_months: ibis.Table,
    definition: LabelDefinition | None = None,
    *,
    as_of: date | None = None,
    excluded: ibis.Table | None = None,
) -> ibis.Table:
    """One row per firm and grant date: the outcome of what was granted, in the window after it.

    `loans`: loan_no, uscc, granted_on, and matures_on, principal where the definition asks for them;
    `loan_months`: loan_no, month_end, outstanding, days_past_due. The window is the month ends after
    `granted_on` up to `window_months` later. `excluded` lists loans to leave out: loan_no or uscc
    (either may be null) and reason.

    - excluded: the definition or the list leaves the loan out, whatever became of it;
    - immature: the window was not over on `as_of` (default: the panel's last month end), whatever is
      known so far (keeping only the early bads of young loans would overstate risk), or the panel has
      a gap and the loan was not repaid;
    - bad: `dpd_threshold` days past due or more at any month end of the window;
    - indeterminate: never that, but `indeterminate_dpd` or more;
    - good: neither, and seen for the whole window or until repaid in full.

    Gives uscc, observed_on (= granted_on), label, bad (1, 0, or null unless good or bad), loans,
    months_seen, max_dpd, exclusion (the reason of an excluded row). Several loans on one day give one
    row, bad if any is; excluded ones count only where all are. Two hash joins and two groupings: time
    grows with the panel's rows. Raises `LabelColumnMissing`.
    """
    chosen = definition or LabelDefinition()
    judged = _judged_loans(loans, loan_months, chosen, as_of, excluded)
    rows = judged.group_by("uscc", "granted_on").aggregate(
        rank=judged["rank"].max(),
        loans=judged.count(),
        months_seen=judged.months_seen.max(),
        max_dpd=judged.max_dpd.max(),
        exclusion=judged.exclusion.max(),
    )
    rank = rows["rank"]
    named = [(rank == place, name) for place, name in enumerate(_RANKS)]
    bad = [(rank == _RANKS.index("good"), 0), (rank == _RANKS.index("bad"), 1)]
    return rows.select(
        "uscc",
        observed_on=rows.granted_on,
        label=ibis.cases(*named, else_=None),
        bad=ibis.cases(*bad, else_=None).cast("int64"),
        loans=rows.loans.cast("int64"),
        months_seen=rows.months_seen.cast("int64"),
        max_dpd=rows.max_dpd.cast("int64"),
        exclusion=ibis.cases((rank == 0, rows.exclusion), else_=None),
    )


def outcomes(
    lake: Lake,
    definition: LabelDefinition | None = None,
    *,
    as_of: date | None = None,
    excluded: pa.Table | None = None,
) -> pa.Table:
    """The labels of the lake's loans, by observed_on and uscc; `as_of`: as the bank knew them then.

    `excluded` as in `label_rows`. Raises `NoLoans`.
    """
    backend = connect(lake, as_of)
    listed = ibis.memtable(excluded) if excluded is not None else None
    expression = label_rows(
        backend.table("loans"),
        backend.table("loan_months"),
        definition,
        as_of=as_of,
        excluded=listed,
    )
    rows = backend.to_pyarrow(expression).select(LABEL_SCHEMA.names).cast(LABEL_SCHEMA)
    return rows.sort_by([("observed_on", "ascending"), ("uscc", "ascending")])


def known_outcomes(labels: pa.Table) -> pa.Table:
    """The rows that are known to be good or bad."""
    return labels.filter(pc.is_valid(labels["bad"]))


def connect(lake: Lake, as_of: date | None) -> ibis.BaseBackend:
    """The lake's `loans` and `loan_months` as known on `as_of`; raises `NoLoans` where one is empty."""
    backend = lake.connect(["loans", "loan_months"], as_of=as_of)
    counts = [
        int(backend.to_pyarrow(backend.table(name).count()).as_py())
        for name in ("loans", "loan_months")
    ]
    if not all(counts):
        raise NoLoans(loans=counts[0], months=counts[1], on=as_of or "any day")
    return backend


def _judged_loans(
    loans: ibis.Table,
    loan_months: ibis.Table,
    definition: LabelDefinition,
    as_of: date | None,
    excluded: ibis.Table | None,
) -> ibis.Table:
    """One row per loan: its firm, grant, `rank` (a place in `_RANKS`), what was seen, and why it is out."""
    needed: tuple[str, ...] = ("matures_on",) if definition.least_tenor_months else ()
    needed += ("principal",) if definition.least_principal else ()
    require_columns(loans, (*LOAN_COLUMNS, *needed), "loans")
    grants = loans.select(
        *LOAN_COLUMNS,
        *needed,
        window_end=after_months(loans.granted_on, definition.window_months),
    )
    seen = _performance(loans, loan_months, definition, as_of)
    outcome = grants.left_join(seen, "loan_no").drop("loan_no_right")
    outcome = outcome.cross_join(_closing_day(loans, loan_months, as_of))
    outcome = outcome.mutate(
        max_dpd=outcome.max_dpd.fill_null(0), months_seen=outcome.months_seen.fill_null(0)
    )
    reasons = _reasons(outcome, definition)
    outcome = outcome.mutate(exclusion=ibis.cases(*reasons, else_=None) if reasons else None)
    outcome = outcome.mutate(exclusion=outcome.exclusion.cast("string"))
    if excluded is not None:
        outcome = _with_list(outcome, excluded)
    return outcome.mutate(rank=_rank(outcome, definition))


def _closing_day(loans: ibis.Table, loan_months: ibis.Table, as_of: date | None) -> ibis.Table:
    """One row with `closes`, the day on which windows must be over."""
    if as_of is None:
        return last_day(loans, loan_months)
    return last_day(loans, loan_months).select(closes=ibis.date(as_of.isoformat()))


def _performance(
    loans: ibis.Table, loan_months: ibis.Table, definition: LabelDefinition, as_of: date | None
) -> ibis.Table:
    """Per loan, over its window: worst days past due, months seen, last and highest balance, turns."""
    panel = joined(loans, loan_months)
    window_end = after_months(panel.granted_on, definition.window_months)
    inside = [panel.month_end > panel.granted_on, panel.month_end <= window_end]
    if as_of is not None:
        inside.append(panel.month_end <= ibis.date(as_of.isoformat()))
    panel = panel.filter(*inside)
    late = panel.days_past_due >= definition.dpd_threshold
    return panel.group_by("loan_no").aggregate(
        max_dpd=panel.days_past_due.max(),
        months_seen=panel.count(),
        last_outstanding=panel.outstanding.argmax(panel.month_end),
        most_outstanding=panel.outstanding.max(),
        first_bad=panel.month_end.min(where=late),
        first_zero=panel.month_end.min(where=panel.outstanding == 0),
    )


def _reasons(outcome: ibis.Table, definition: LabelDefinition) -> list[tuple[Any, str]]:
    """Conditions that leave a loan out, with their names; the first that holds names it."""
    granted = outcome.granted_on
    reasons: list[tuple[Any, str]] = []
    if definition.least_tenor_months:
        tenor_end = after_months(granted, definition.least_tenor_months)
        reasons.append((outcome.matures_on < tenor_end, "short_tenor"))
    if definition.least_principal:
        reasons.append((outcome.principal < definition.least_principal, "small"))
    if definition.without_use:
        reasons.append((outcome.most_outstanding == 0, "unused"))
    if definition.fraud_within_months:
        soon = after_months(granted, definition.fraud_within_months)
        reasons.append((outcome.first_bad <= soon, "early_default"))
    if definition.closed_within_months:
        soon = after_months(granted, definition.closed_within_months)
        clean = outcome.max_dpd < 30
        reasons.append(((outcome.first_zero <= soon) & clean, "closed_early"))
    return reasons


def _with_list(outcome: ibis.Table, excluded: ibis.Table) -> ibis.Table:
    """Mark the loans that the list names, by loan or by firm; the list's reason goes first."""
    for key in ("loan_no", "uscc"):
        if key not in excluded.columns:
            continue
        named = excluded.filter(excluded[key].notnull())
        reason = named.group_by(_listed=named[key]).aggregate(listed_reason=named.reason.max())
        outcome = outcome.left_join(reason, outcome[key] == reason["_listed"])
        outcome = outcome.mutate(
            exclusion=ibis.coalesce(outcome.listed_reason, outcome.exclusion)
        ).drop("_listed", "listed_reason")
    return outcome


def _rank(outcome: ibis.Table, definition: LabelDefinition) -> Any:
    """The loan's place in `_RANKS`."""
    whole = (outcome.months_seen >= definition.window_months - 1) | (outcome.last_outstanding == 0)
    cases = [
        (outcome.exclusion.notnull(), _RANKS.index("excluded")),
        (outcome.window_end > outcome.closes, _RANKS.index("immature")),
        (outcome.max_dpd >= definition.dpd_threshold, _RANKS.index("bad")),
    ]
    if definition.indeterminate_dpd is not None:
        late = outcome.max_dpd >= definition.indeterminate_dpd
        cases.append((late, _RANKS.index("indeterminate")))
    cases.append((whole.fill_null(False), _RANKS.index("good")))
    return ibis.cases(*cases, else_=_RANKS.index("immature")).cast("int64")
