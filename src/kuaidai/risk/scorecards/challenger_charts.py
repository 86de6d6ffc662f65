"""The charts of a card and a challenger side by side."""

from __future__ import annotations

import altair as alt
import pandas as pd

from kuaidai.kernel.charts import BAD, GOOD, QUIET, series_colour, to_svg
from kuaidai.risk.scorecards.challenger_comparison import ChallengerComparison, FeatureWeight

_CARD, _TREES = "card 评分卡", "challenger 挑战者"
_CHANCE = "chance 随机"
_SIZE = 300


def roc_curves(found: ChallengerComparison) -> str:
    """Bads caught against goods turned away, by either model."""
    return _curves(
        {_CARD: list(found.card.roc), _TREES: list(found.challenger.roc)},
        "Goods below cut-off 误伤率",
        "Bads below cut-off 捕获率",
    )


def cap_curves(found: ChallengerComparison) -> str:
    """Share of the bads among the worst rows, by either model and by a perfect order."""
    lines = {
        name: [(0.0, 0.0), *((r.share_of_rows, r.share_of_bads) for r in model.lift)]
        for name, model in ((_CARD, found.card), (_TREES, found.challenger))
    }
    lines["perfect 完美"] = [(0.0, 0.0), (found.bads / found.rows, 1.0), (1.0, 1.0)]
    return _curves(lines, "Share of rows, worst first 样本占比", "Share of bads 坏样本占比")


def calibrations(found: ChallengerComparison) -> str:
    """Observed bad rate with its interval against the mean PD of each band, of either model."""
    frame = pd.DataFrame(
        [
            {"pd": r.mean_pd, "rate": r.bad_rate, "low": r.low, "high": r.high, "model": name}
            for name, model in ((_CARD, found.card), (_TREES, found.challenger))
            for r in model.calibration
        ]
    )
    top = float(max(frame["high"].max(), frame["pd"].max()))
    line = alt.Chart(pd.DataFrame({"pd": [0, top], "rate": [0, top]})).mark_line(
        color=QUIET, strokeDash=[4, 4]
    )
    x = alt.X("pd:Q", title="Mean PD 平均违约概率", axis=alt.Axis(format="%"))
    y = alt.Y("rate:Q", title="Observed bad rate 实际坏账率", axis=alt.Axis(format="%"))
    colour = series_colour("model", [_CARD, _TREES], [GOOD, BAD])
    base = alt.Chart(frame)
    spans = base.mark_rule(opacity=0.45).encode(x=x, y="low:Q", y2="high:Q", color=colour)
    dots = base.mark_circle(size=60).encode(x=x, y=y, color=colour)
    layers = alt.layer(line.encode(x=x, y=y), spans, dots)
    return to_svg(layers.properties(width=_SIZE, height=_SIZE))


def weights_chart(weights: tuple[FeatureWeight, ...]) -> str:
    """Mean absolute Shapley value of each feature; features without a place on the card stand out."""
    names = ["on the card 入模", "not on the card 未入模"]
    rows = [
        {"feature": w.feature, "size": w.mean_size, "place": names[w.iv is None]} for w in weights
    ]
    chart = alt.Chart(pd.DataFrame(rows), width=320, height=24 * len(rows))
    return to_svg(
        chart.mark_bar(height=14).encode(
            x=alt.X("size:Q", title="Mean |SHAP|, log-odds 平均绝对贡献"),
            y=alt.Y(
                "feature:N",
                sort=[w.feature for w in weights],
                title=None,
                axis=alt.Axis(labelLimit=220),
            ),
            color=series_colour("place", names, [GOOD, BAD]),
        )
    )


def _curves(lines: dict[str, list[tuple[float, float]]], x: str, y: str) -> str:
    every = {**lines, _CHANCE: [(0.0, 0.0), (1.0, 1.0)]}
    rows = [
        {"order": order, "x": across, "y": up, "line": name}
        for name, points in every.items()
        for order, (across, up) in enumerate(points)
    ]
    colours = [GOOD, BAD, "#3f8f6b"][: len(lines)]
    chart = alt.Chart(pd.DataFrame(rows), width=_SIZE, height=_SIZE).mark_line(strokeWidth=2)
    return to_svg(
        chart.encode(
            x=alt.X("x:Q", title=x, axis=alt.Axis(format="%")),
            y=alt.Y("y:Q", title=y, axis=alt.Axis(format="%")),
            order="order:Q",
            color=series_colour("line", list(every), [*colours, QUIET]),
        )
    )
