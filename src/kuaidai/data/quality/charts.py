"""The charts of a profile: rows by month, and matrices of columns by month."""

from __future__ import annotations

import altair as alt
import pandas as pd

from kuaidai.data.quality.profile import Profile
from kuaidai.kernel.charts import ACCENT, BAD, QUIET, to_svg
from kuaidai.kernel.stability import ACT, WATCH

_WIDTH = 520
_MOST_LABELS = 13


def draw(profile: Profile) -> dict[str, str]:
    """The profile's charts by name (rows, missing, outliers, drift), those that would show something."""
    if not profile.months:
        return {}
    charts = {"rows": rows_chart(profile)}
    shares = {
        name: [
            (column.name, month, value)
            for column in profile.columns
            for month, value in zip(profile.months, getattr(column, name), strict=True)
            if value is not None
        ]
        for name in ("missing", "outliers", "psi")
    }
    for name in ("missing", "outliers"):
        if any(value for _, _, value in shares[name]):
            charts[name] = share_matrix(profile, shares[name])
    told = {c.name for c in profile.columns if c.measure != "presence"}
    drifting = [cell for cell in shares["psi"] if cell[0] in told]
    if drifting and len(profile.months) > 1:
        charts["drift"] = drift_matrix(profile, drifting)
    return charts


def rows_chart(profile: Profile) -> str:
    """Rows per month; the baseline's months are darker, a month without rows is marked."""
    base = set(profile.baseline)
    most = max(profile.rows)
    frame = pd.DataFrame(
        [
            {"month": month, "rows": rows, "part": "baseline" if month in base else "month"}
            for month, rows in zip(profile.months, profile.rows, strict=True)
        ]
    )
    bars = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=_month_axis(profile),
            y=alt.Y("rows:Q", title="Rows 行数", axis=alt.Axis(format="~s", tickCount=4)),
            color=alt.Color(
                "part:N",
                legend=None,
                scale=alt.Scale(domain=["baseline", "month"], range=[ACCENT, "#7da3c4"]),
            ),
        )
    )
    gaps = [month for month, rows in zip(profile.months, profile.rows, strict=True) if not rows]
    marks = (
        alt.Chart(pd.DataFrame({"month": gaps, "rows": [most * 0.06] * len(gaps)}))
        .mark_text(text="✕", color=BAD, fontSize=13)
        .encode(x=_month_axis(profile), y="rows:Q")
    )
    layers = alt.layer(bars, marks) if gaps else alt.layer(bars)
    return to_svg(layers.properties(width=_WIDTH, height=150))


def share_matrix(profile: Profile, cells: list[tuple[str, str, float]]) -> str:
    """Columns by months, the darker the higher the share; columns without any are left out."""
    loud = {name for name, _, value in cells if value}
    frame = pd.DataFrame(
        [
            {"column": name, "month": month, "share": value}
            for name, month, value in cells
            if name in loud
        ]
    )
    colour = alt.Color(
        "share:Q",
        title=None,
        scale=alt.Scale(
            domain=[0, max(float(frame["share"].max()), 0.05)],
            range=["#eef2f6", "#c8553d"],
            interpolate="rgb",
        ),
        legend=alt.Legend(format=".0%", gradientLength=180, tickCount=4),
    )
    return _matrix(profile, frame, colour)


def drift_matrix(profile: Profile, cells: list[tuple[str, str, float]]) -> str:
    """Columns by months by the trade's three readings of the stability index."""
    words = [f"< {WATCH:.2f}", f"{WATCH:.2f} – {ACT:.2f}", f"≥ {ACT:.2f}"]
    level = {
        (column.name, month): found
        for column in profile.columns
        for month, found in zip(profile.months, column.level, strict=True)
    }
    place = {"stable": 0, "watch": 1, "act": 2}
    frame = pd.DataFrame(
        [
            {"column": name, "month": month, "psi": words[place[level[name, month] or "stable"]]}
            for name, month, _ in cells
        ]
    )
    colour = alt.Color(
        "psi:N",
        title=None,
        scale=alt.Scale(domain=words, range=["#eef2f6", "#e0b84c", "#c8553d"]),
        legend=alt.Legend(columns=3),
    )
    return _matrix(profile, frame, colour)


def _matrix(profile: Profile, frame: pd.DataFrame, colour: alt.Color) -> str:
    names = list(dict.fromkeys(frame["column"]))
    return to_svg(
        alt.Chart(frame, width=_WIDTH - 60, height=max(20 * len(names), 24))
        .mark_rect(stroke="white", strokeWidth=1)
        .encode(
            x=_month_axis(profile),
            y=alt.Y("column:N", sort=names, title=None, axis=alt.Axis(labelLimit=170)),
            color=colour,
        )
    )


def _month_axis(profile: Profile) -> alt.X:
    """All months, of which as many are named as fit."""
    step = -(-len(profile.months) // _MOST_LABELS)
    named = list(profile.months[::step])
    return alt.X(
        "month:O",
        title=None,
        scale=alt.Scale(domain=list(profile.months)),
        axis=alt.Axis(values=named, labelAngle=-45, domainColor=QUIET),
    )
