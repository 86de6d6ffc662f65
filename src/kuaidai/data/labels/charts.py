"""The charts of the labels report."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from kuaidai.data.labels.roll_rates import NEXT_STATES, STATES, Roll, WorstState
from kuaidai.data.labels.vintage import Cohorts, VintagePoint, cohort_name
from kuaidai.data.labels.windows import WindowRate
from kuaidai.kernel.charts import SERIES, series_colour, to_svg

_WIDTH, _HEIGHT = 460, 240
_PERCENT = alt.Axis(format="%")


def vintage_chart(points: Sequence[VintagePoint], cohorts: Cohorts) -> str:
    """One curve per cohort, `points` are of one threshold."""
    rows = [
        {"cohort": cohort_name(p.cohort, cohorts), "age": p.age, "rate": p.rate} for p in points
    ]
    chart = alt.Chart(pd.DataFrame(rows), width=_WIDTH, height=_HEIGHT)
    return to_svg(
        chart.mark_line(strokeWidth=1.6, point=alt.OverlayMarkDef(size=14)).encode(
            x=alt.X("age:Q", title="Months on book 账龄（月）", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("rate:Q", title="Cumulative bad rate 累计坏账率", axis=_PERCENT),
            color=alt.Color(
                "cohort:O",
                scale=alt.Scale(scheme="viridis"),
                legend=alt.Legend(columns=6, symbolLimit=48),
            ),
        )
    )


def roll_chart(rolls: Sequence[Roll]) -> str:
    """Each state's shares of the next month's states, as a matrix."""
    frame = pd.DataFrame(
        [{"state": r.state, "following": r.following, "share": r.share} for r in rolls]
    )
    base = alt.Chart(frame, width=_WIDTH, height=190).encode(
        x=alt.X(
            "following:N",
            sort=list(NEXT_STATES),
            title="Next month 次月",
            axis=alt.Axis(labelAngle=0, orient="top"),
        ),
        y=alt.Y("state:N", sort=list(STATES), title="This month 本月"),
    )
    cells = base.mark_rect(stroke="white").encode(
        color=alt.Color(
            "share:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=["#f5f7fa", "#1f4e79"])
        )
    )
    figures = base.mark_text(fontSize=11).encode(
        text=alt.Text("share:Q", format=".1%"),
        color=alt.condition("datum.share > 0.5", alt.value("white"), alt.value("#1b2733")),
    )
    return to_svg(alt.layer(cells, figures))


def worst_chart(rows: Sequence[WorstState]) -> str:
    """Per worst state of the window: the share that ever reached 90 days, and that came back."""
    words = {"ever": "ever 90+ 曾逾期90+", "cured": "came back 已恢复"}
    frame = pd.DataFrame(
        [
            {"state": row.state, "share": share, "what": words[what]}
            for row in rows
            for what, share in (("ever", row.ever_90_share), ("cured", row.cured_share))
            if share is not None
        ]
    )
    chart = alt.Chart(frame, width=_WIDTH, height=_HEIGHT)
    return to_svg(
        chart.mark_bar().encode(
            x=alt.X(
                "state:N",
                sort=list(STATES),
                title="Worst state in the window 观察期内最差状态",
                axis=alt.Axis(labelAngle=0),
            ),
            xOffset=alt.XOffset("what:N", sort=list(words.values())),
            y=alt.Y("share:Q", title="Share of loans 占比", axis=_PERCENT),
            color=series_colour("what", list(words.values()), [SERIES[1], SERIES[2]]),
        )
    )


def window_chart(rates: Sequence[WindowRate]) -> str:
    """Bad rate by window on the loans that every window has in common, a line per threshold."""
    frame = pd.DataFrame(
        [
            {"months": r.months, "rate": r.same_rate, "threshold": f"{r.threshold}+"}
            for r in rates
            if r.same_rate is not None
        ]
    )
    names = list(dict.fromkeys(frame["threshold"]))
    chart = alt.Chart(frame, width=_WIDTH, height=_HEIGHT)
    return to_svg(
        chart.mark_line(strokeWidth=2, point=True).encode(
            x=alt.X("months:Q", title="Window, months 表现期（月）", axis=alt.Axis(tickMinStep=3)),
            y=alt.Y("rate:Q", title="Bad rate 坏账率", axis=_PERCENT),
            color=series_colour("threshold", names, list(SERIES[: len(names)])),
        )
    )
