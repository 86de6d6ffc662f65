"""The labels report: everything a definition of bad is chosen by, in one HTML file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from kuaidai.data.labels import charts
from kuaidai.data.labels.definition import LABELS, LabelDefinition
from kuaidai.data.labels.outcomes import connect, outcomes
from kuaidai.data.labels.roll_rates import (
    STATES,
    Roll,
    WorstState,
    beyond,
    roll_rates,
    worst_states,
)
from kuaidai.data.labels.vintage import (
    THRESHOLDS,
    Cohorts,
    VintagePoint,
    cohort_name,
    vintage_table,
)
from kuaidai.data.labels.windows import WindowRate, window_table
from kuaidai.data.lake import Lake
from kuaidai.kernel.pages import chart, render_page


@dataclass(frozen=True)
class LabelStudy:
    """A definition with the outcomes it gives and the tables to judge it by."""

    definition: LabelDefinition
    as_of: date | None
    cohorts: Cohorts
    counts: tuple[tuple[str, int], ...]
    exclusions: tuple[tuple[str, int], ...]
    vintage: tuple[VintagePoint, ...]
    rolls: tuple[Roll, ...]
    worst: tuple[WorstState, ...]
    windows: tuple[WindowRate, ...]

    @property
    def bad_rate(self) -> float | None:
        """Bads among goods and bads; None without either."""
        counted = dict(self.counts)
        judged = counted["good"] + counted["bad"]
        return counted["bad"] / judged if judged else None


def study(
    lake: Lake,
    definition: LabelDefinition,
    *,
    as_of: date | None = None,
    cohorts: Cohorts = Cohorts.QUARTER,
    excluded: pa.Table | None = None,
    follow_months: int = 6,
) -> LabelStudy:
    """Judge the lake's loans by the definition and count the tables. Raises `NoLoans`."""
    labels = outcomes(lake, definition, as_of=as_of, excluded=excluded)
    backend = connect(lake, as_of)
    pair = backend.table("loans"), backend.table("loan_months")
    counted = Counter(labels["label"].to_pylist())
    reasons = Counter(reason for reason in labels["exclusion"].to_pylist() if reason)
    return LabelStudy(
        definition,
        as_of,
        cohorts,
        tuple((label, counted[label]) for label in LABELS),
        tuple(sorted(reasons.items())),
        vintage_table(*pair, cohorts=cohorts),
        roll_rates(*pair),
        worst_states(*pair, window_months=definition.window_months, follow_months=follow_months),
        window_table(*pair),
    )


def render_html(found: LabelStudy) -> str:
    """The study as HTML: charts as inline SVG, each with its table behind it."""
    vintages = [
        (
            days,
            _curve_rows(points, found.cohorts),
            chart(charts.vintage_chart(points, found.cohorts)),
        )
        for days in THRESHOLDS
        for points in ([p for p in found.vintage if p.threshold == days],)
        if points
    ]
    shown = any(row.loans for row in found.worst)
    return render_page(
        "kuaidai.data.labels",
        "labels.html.j2",
        study=found,
        vintages=vintages,
        ages=sorted({p.age for p in found.vintage}),
        matrix=_matrix(found.rolls),
        worst=[*found.worst, *(beyond(found.worst, state) for state in STATES[2:4])],
        rolls=chart(charts.roll_chart(found.rolls)) if found.rolls else None,
        worst_svg=chart(charts.worst_chart(found.worst)) if shown else None,
        windows_svg=chart(charts.window_chart(found.windows))
        if any(rate.same_loans for rate in found.windows)
        else None,
    )


def _curve_rows(
    points: list[VintagePoint], cohorts: Cohorts
) -> list[tuple[str, int, dict[int, int]]]:
    """One row per cohort: its name, its loans, and its bads by month on book."""
    rows: dict[date, tuple[str, int, dict[int, int]]] = {}
    for point in points:
        row = rows.setdefault(point.cohort, (cohort_name(point.cohort, cohorts), point.loans, {}))
        row[2][point.age] = point.bad
    return list(rows.values())


def _matrix(rolls: tuple[Roll, ...]) -> list[tuple[str, int, list[Roll]]]:
    """One row per state: its loan months, and its rolls."""
    rows: dict[str, list[Roll]] = {}
    for roll in rolls:
        rows.setdefault(roll.state, []).append(roll)
    return [(state, sum(r.count for r in mine), mine) for state, mine in rows.items()]
