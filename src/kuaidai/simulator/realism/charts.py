"""The charts of the realism report."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import altair as alt
import numpy as np
import pandas as pd

from kuaidai.kernel.charts import GOOD, SERIES, series_colour, to_svg
from kuaidai.simulator.realism.facts import SIZES
from kuaidai.simulator.realism.trading import Measure, Values

_WIDTH, _HEIGHT = 380, 180
REAL, OURS = "real firms 真实企业", "simulated firms 模拟企业"
_COLOURS = [SERIES[0], SERIES[1]]
_PERCENT = alt.Axis(format="%")
_STEPS = 101


def distribution_chart(measure: Measure, real: Values, ours: Values) -> str:
    """The share of firms at or below each value, on both sides; the widest twentieths are cut off."""
    places = np.linspace(0.0, 0.95, _STEPS)
    frame = pd.concat(
        [
            pd.DataFrame(
                {"value": np.quantile(values[~np.isnan(values)], places), "share": places, "of": of}
            )
            for of, values in ((REAL, real), (OURS, ours))
            if not np.isnan(values).all()
        ]
    )
    wide = measure.unit == "count"
    scale = alt.Scale(type="symlog") if wide else alt.Scale()
    names = list(dict.fromkeys(frame["of"]))
    chart = alt.Chart(frame, width=_WIDTH, height=_HEIGHT)
    return to_svg(
        chart.mark_line(strokeWidth=2).encode(
            x=alt.X("value:Q", title=f"{measure.en} {measure.zh}", scale=scale),
            y=alt.Y("share:Q", title="Share of firms 企业累计占比", axis=_PERCENT),
            color=series_colour("of", names, _COLOURS[: len(names)]),
        )
    )


def season_chart(real: Sequence[float], ours: Sequence[float]) -> str:
    """Each calendar month's share of a year's sales, on both sides."""
    frame = pd.DataFrame(
        [
            {"month": month + 1, "share": share, "of": of}
            for of, shares in ((REAL, real), (OURS, ours))
            for month, share in enumerate(shares)
        ]
    )
    chart = alt.Chart(frame, width=560, height=_HEIGHT)
    return to_svg(
        chart.mark_line(strokeWidth=2, point=True).encode(
            x=alt.X("month:O", title="Calendar month 月份", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("share:Q", title="Share of the year's sales 占全年销售", axis=_PERCENT),
            color=series_colour("of", [REAL, OURS], _COLOURS),
        )
    )


def size_bands() -> list[str]:
    """The name of each band of loan sizes, in thousands of yuan."""
    edges = [limit // 1000 for limit in SIZES]
    middle = [f"{low}–{high}" for low, high in pairwise(edges)]
    return [f"< {edges[0]}", *middle, f"≥ {edges[-1]}"]


def size_chart(counts: Sequence[int]) -> str:
    """Loans by size."""
    names = size_bands()
    frame = pd.DataFrame({"band": names, "loans": list(counts)})
    chart = alt.Chart(frame, width=560, height=_HEIGHT)
    return to_svg(
        chart.mark_bar(color=GOOD).encode(
            x=alt.X("band:N", sort=names, title="Thousand yuan 千元", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("loans:Q", title="Loans 笔数"),
        )
    )
