"""Roll rates: where loans of each state stand a month later, and how often the late ones come back.

The state of a month end is its days past due in buckets of 30 (M0 to M3+ of the trade), or repaid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis

from kuaidai.data.labels.definition import LONGEST_WINDOW
from kuaidai.data.labels.errors import WrongLabelSetting
from kuaidai.data.labels.panel import after_months, joined, month_number

STATES = ("current", "1-29", "30-59", "60-89", "90+")
"""States that a loan may roll from, from good to bad."""
REPAID, MISSING = "repaid", "missing"
NEXT_STATES = (*STATES, REPAID, MISSING)
"""States a month later; missing: the panel has no such month though it goes on."""
_COUNTS = ("loans", "ever_90", "cured", "settled")
_FLOORS = ((90, "90+"), (60, "60-89"), (30, "30-59"), (1, "1-29"))


@dataclass(frozen=True)
class Roll:
    """`count` loan months in `state` stood in `following` a month later: `share` of all in `state`."""

    state: str
    following: str
    count: int
    share: float


@dataclass(frozen=True)
class WorstState:
    """Of `loans` whose worst state in the window was `state`, by the end of the follow-up: how many had
    been 90 days past due, how many stood current or repaid in time (`cured`), and how many had left the
    book while 30 days late or more (`settled`: paid off late, sold or written off)."""

    state: str
    loans: int
    ever_90: int
    cured: int
    settled: int

    @property
    def ever_90_share(self) -> float | None:
        """Share that reached 90 days past due; None without loans."""
        return self.ever_90 / self.loans if self.loans else None

    @property
    def cured_share(self) -> float | None:
        """Share that stood current or repaid in time; None without loans."""
        return self.cured / self.loans if self.loans else None


def roll_rates(loans: ibis.Table, loan_months: ibis.Table) -> tuple[Roll, ...]:
    """Every state's roll to every state of the next month; shares of a state sum to 1.

    The panel's last month rolls nowhere yet and is left out. One hash join of the panel with itself.
    Raises `LabelColumnMissing`.
    """
    panel = joined(loans, loan_months)
    stated = panel.select("loan_no", month=month_number(panel.month_end), state=_state(panel))
    closing = stated.aggregate(closing=stated.month.max())
    after = stated.select(_loan=stated.loan_no, _month=stated.month - 1, following=stated.state)
    rolled = stated.left_join(
        after, [stated.loan_no == after["_loan"], stated.month == after["_month"]]
    ).cross_join(closing)
    rolled = rolled.filter(rolled.state != REPAID, rolled.month < rolled.closing)
    counted = rolled.group_by("state", following=rolled.following.fill_null(MISSING)).aggregate(
        count=rolled.count()
    )
    found = {(r["state"], r["following"]): r["count"] for r in counted.to_pyarrow().to_pylist()}
    totals = {state: sum(found.get((state, n), 0) for n in NEXT_STATES) for state in STATES}
    return tuple(
        Roll(state, following, count, count / totals[state])
        for state in STATES
        if totals[state]
        for following in NEXT_STATES
        for count in (found.get((state, following), 0),)
    )


def worst_states(
    loans: ibis.Table, loan_months: ibis.Table, *, window_months: int = 12, follow_months: int = 6
) -> tuple[WorstState, ...]:
    """The worst state within the window after the grant against what became of the loan.

    The usual test of a definition of bad: the threshold belongs where most loans that reach it go on
    to 90 days and few come back. Only loans granted long enough ago to be seen `follow_months` beyond
    the window count. Raises `WrongLabelSetting`, `LabelColumnMissing`.
    """
    if not 1 <= window_months <= LONGEST_WINDOW:
        raise WrongLabelSetting(
            name="window_months", value=window_months, rule=f"between 1 and {LONGEST_WINDOW}"
        )
    if not 0 <= follow_months <= LONGEST_WINDOW:
        raise WrongLabelSetting(
            name="follow_months", value=follow_months, rule=f"between 0 and {LONGEST_WINDOW}"
        )
    panel = joined(loans, loan_months)
    closing = panel.aggregate(closes=panel.month_end.max())
    watched = after_months(panel.granted_on, window_months + follow_months)
    panel = panel.filter(panel.month_end > panel.granted_on, panel.month_end <= watched)
    inside = panel.month_end <= after_months(panel.granted_on, window_months)
    lives = panel.group_by("loan_no", "granted_on").aggregate(
        worst=panel.days_past_due.max(where=inside),
        ever=panel.days_past_due.max(),
        last_balance=panel.outstanding.argmax(panel.month_end),
        last_dpd=panel.days_past_due.argmax(panel.month_end, where=panel.outstanding > 0),
    )
    lives = lives.cross_join(closing)
    followed = after_months(lives.granted_on, window_months + follow_months)
    lives = lives.filter(followed <= lives.closes, lives.worst.notnull())
    late, gone = lives.last_dpd.fill_null(0), lives.last_balance == 0
    lives = lives.mutate(
        state=_bucket(lives.worst),
        cured=(gone & (late < 30)) | (~gone & (late == 0)),
        settled=gone & (late >= 30),
    )
    counted = lives.group_by("state").aggregate(
        loans=lives.count(),
        ever_90=(lives.ever >= 90).cast("int64").sum(),
        cured=lives.cured.cast("int64").sum(),
        settled=lives.settled.cast("int64").sum(),
    )
    found = {row["state"]: row for row in counted.to_pyarrow().to_pylist()}
    return tuple(
        WorstState(state, *(int(found[state][name]) for name in _COUNTS))
        if state in found
        else WorstState(state, 0, 0, 0, 0)
        for state in STATES
    )


def beyond(rows: Sequence[WorstState], state: str) -> WorstState:
    """All loans whose worst state was `state` or worse, in one row named `30+`, `60+`, `90+`."""
    worse = [row for row in rows if STATES.index(row.state) >= STATES.index(state)]
    return WorstState(
        state.split("-")[0].rstrip("+") + "+",
        sum(row.loans for row in worse),
        sum(row.ever_90 for row in worse),
        sum(row.cured for row in worse),
        sum(row.settled for row in worse),
    )


def _bucket(days: Any) -> Any:
    return ibis.cases(*((days >= floor, name) for floor, name in _FLOORS), else_="current")


def _state(panel: ibis.Table) -> Any:
    """The month end's state."""
    return ibis.cases((panel.outstanding == 0, REPAID), else_=_bucket(panel.days_past_due))
