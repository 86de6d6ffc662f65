"""Charts of reports: Altair specifications rendered to SVG on the server, in one style."""

from __future__ import annotations

from typing import Any

import altair as alt
import vl_convert

GOOD, BAD, ACCENT, QUIET = "#2a78b5", "#c8553d", "#1f4e79", "#b9c4cf"
SERIES = ("#1f4e79", "#c8553d", "#3f8f6b", "#8a6bb1", "#b58a2a", "#5a6876")
"""Colours of up to six series, told apart by people who see red and green alike."""
_FONT = "system-ui, 'Noto Sans SC', 'Microsoft YaHei', sans-serif"


def to_svg(chart: alt.Chart | alt.LayerChart | alt.FacetChart) -> str:
    """The chart as an SVG element that scales with the page."""
    styled = (
        chart.configure(font=_FONT, background="transparent")
        .configure_view(stroke=None)
        .configure_axis(
            gridColor="#e5e9ee", labelFontSize=11, titleFontSize=12, domainColor="#8895a3"
        )
        .configure_legend(orient="top", title=None, labelFontSize=12)
    )
    # room at the left for fonts wider than the one the server measures labels with
    room = {"left": 36, "right": 12, "top": 5, "bottom": 5}
    svg: str = vl_convert.vegalite_to_svg({**styled.to_dict(), "padding": room})
    return svg


def series_colour(field: str, names: list[str], colours: list[str]) -> Any:
    """The colour of each series by its name, with a legend that leaves long names room."""
    return alt.Color(
        f"{field}:N",
        scale=alt.Scale(domain=names, range=colours),
        legend=alt.Legend(labelLimit=320, columns=1 if max(map(len, names)) > 12 else 2),
    )
