"""The charts of the validation report."""

from __future__ import annotations

import altair as alt
import pandas as pd

from kuaidai.kernel.charts import ACCENT, BAD, GOOD, QUIET, series_colour, to_svg
from kuaidai.risk.scorecards.characteristics import Characteristic
from kuaidai.risk.scorecards.validation import SampleReport

_WIDTH, _HEIGHT = 460, 240


def score_distribution(sample: SampleReport) -> str:
    """Share of all goods and of all bads per score band."""
    goods, bads = sample.rows - sample.bads, sample.bads
    rows = [
        {"score": band.low, "next": band.high, "share": count / total, "outcome": name}
        for band in sample.distribution
        for name, count, total in (("good 好", band.goods, goods), ("bad 坏", band.bads, bads))
    ]
    chart = alt.Chart(pd.DataFrame(rows), width=_WIDTH, height=_HEIGHT)
    return to_svg(
        chart.mark_bar(opacity=0.55, stroke="white").encode(
            x=alt.X("score:Q", bin="binned", title="Score 分数", scale=alt.Scale(zero=False)),
            x2="next:Q",
            y=alt.Y("share:Q", stack=None, title="Share of class 占比", axis=alt.Axis(format="%")),
            color=series_colour("outcome", ["good 好", "bad 坏"], [GOOD, BAD]),
        )
    )


def roc_curve(samples: tuple[SampleReport, ...]) -> str:
    """Bads caught against goods turned away, as the cut-off rises; the diagonal is chance."""
    rows = [
        {"order": order, "goods": good, "bads": bad, "sample": f"{s.name} (AUC {s.auc.auc:.3f})"}
        for s in samples
        for order, (good, bad) in enumerate(
            zip((0.0, *s.separation.goods), (0.0, *s.separation.bads), strict=True)
        )
    ]
    names = [f"{s.name} (AUC {s.auc.auc:.3f})" for s in samples]
    chance = alt.Chart(pd.DataFrame({"goods": [0, 1], "bads": [0, 1]})).mark_line(
        color=QUIET, strokeDash=[4, 4]
    )
    lines = alt.Chart(pd.DataFrame(rows)).mark_line(strokeWidth=2)
    x = alt.X("goods:Q", title="Goods below cut-off 误伤率", axis=alt.Axis(format="%"))
    y = alt.Y("bads:Q", title="Bads below cut-off 捕获率", axis=alt.Axis(format="%"))
    colours = [QUIET if len(samples) > 1 and i == 0 else ACCENT for i in range(len(samples))]
    colour = series_colour("sample", names, colours)
    layers = alt.layer(
        chance.encode(x=x, y=y), lines.encode(x=x, y=y, order="order:Q", color=colour)
    )
    return to_svg(layers.properties(width=300, height=300))


def ks_curve(sample: SampleReport) -> str:
    """Cumulative shares of goods and bads by score, and where they lie furthest apart."""
    curve = sample.separation
    rows = [
        {"score": score, "share": share, "outcome": name}
        for name, shares in (("good 好", curve.goods), ("bad 坏", curve.bads))
        for score, share in zip(curve.scores, shares, strict=True)
    ]
    lines = (
        alt.Chart(pd.DataFrame(rows))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X("score:Q", title="Score 分数", scale=alt.Scale(zero=False)),
            y=alt.Y("share:Q", title="Cumulative share 累计占比", axis=alt.Axis(format="%")),
            color=series_colour("outcome", ["good 好", "bad 坏"], [GOOD, BAD]),
        )
    )
    widest = (
        alt.Chart(pd.DataFrame({"score": [curve.ks_score]}))
        .mark_rule(color="#555", strokeDash=[3, 3])
        .encode(x="score:Q")
    )
    return to_svg(alt.layer(lines, widest).properties(width=_WIDTH, height=_HEIGHT))


def cap_curve(sample: SampleReport) -> str:
    """Share of the bads among the worst scores, with a perfect order and chance for comparison."""
    base = sample.bad_rate
    lines = {
        "card 评分卡": [(0.0, 0.0), *((r.share_of_rows, r.share_of_bads) for r in sample.lift)],
        "perfect 完美": [(0.0, 0.0), (base, 1.0), (1.0, 1.0)],
        "chance 随机": [(0.0, 0.0), (1.0, 1.0)],
    }
    rows = [
        {"order": order, "rows": x, "bads": y, "line": name}
        for name, points in lines.items()
        for order, (x, y) in enumerate(points)
    ]
    chart = alt.Chart(pd.DataFrame(rows), width=300, height=300).mark_line(strokeWidth=2)
    return to_svg(
        chart.encode(
            x=alt.X(
                "rows:Q", title="Share of rows, worst first 样本占比", axis=alt.Axis(format="%")
            ),
            y=alt.Y("bads:Q", title="Share of bads 坏样本占比", axis=alt.Axis(format="%")),
            order="order:Q",
            color=series_colour("line", list(lines), [ACCENT, GOOD, QUIET]),
        )
    )


def calibration_chart(sample: SampleReport) -> str:
    """Observed bad rate with its interval against the mean PD of each score band."""
    frame = pd.DataFrame(
        [
            {"pd": row.mean_pd, "rate": row.bad_rate, "low": row.low, "high": row.high}
            for row in sample.calibration
        ]
    )
    top = float(max(frame["high"].max(), frame["pd"].max()))
    line = alt.Chart(pd.DataFrame({"pd": [0, top], "rate": [0, top]})).mark_line(
        color=QUIET, strokeDash=[4, 4]
    )
    x = alt.X("pd:Q", title="Mean PD 平均违约概率", axis=alt.Axis(format="%"))
    y = alt.Y("rate:Q", title="Observed bad rate 实际坏账率", axis=alt.Axis(format="%"))
    base = alt.Chart(frame)
    span = base.mark_rule(color=ACCENT, opacity=0.5).encode(x=x, y=alt.Y("low:Q"), y2="high:Q")
    dots = base.mark_circle(size=60, color=ACCENT).encode(x=x, y=y)
    layers = alt.layer(line.encode(x=x, y=y), span, dots)
    return to_svg(layers.properties(width=300, height=300))


def bad_rate_chart(c: Characteristic) -> str:
    """Share of rows per bin as bars, bad rate as a line over the ordinary bins and dots elsewhere."""
    whole = max(sum(a.count for a in c.attributes), 1e-300)
    rows = [
        {
            "bin": a.bin.label,
            "share": a.count / whole,
            "rate": a.bad_rate,
            "ordinary": a in c.regular,
        }
        for a in c.attributes
        if a.count
    ]
    frame = pd.DataFrame(rows)
    x = alt.X("bin:N", sort=frame["bin"].tolist(), title=None, axis=alt.Axis(labelLimit=160))
    rate = alt.Y("rate:Q", title="Bad rate 坏账率", axis=alt.Axis(format="%"))
    bars = (
        alt.Chart(frame)
        .mark_bar(color=QUIET, opacity=0.6)
        .encode(x=x, y=alt.Y("share:Q", title="Share of rows 样本占比", axis=alt.Axis(format="%")))
    )
    line = alt.Chart(frame[frame["ordinary"]]).mark_line(color=BAD, strokeWidth=2)
    dots = alt.Chart(frame).mark_circle(color=BAD, size=60)
    layers = alt.layer(bars, alt.layer(line.encode(x=x, y=rate), dots.encode(x=x, y=rate)))
    return to_svg(layers.resolve_scale(y="independent").properties(width=_WIDTH, height=_HEIGHT))


def bins_chart(c: Characteristic) -> str:
    """WOE per bin in the card's order: right of zero is better than average."""
    rows = [
        {"bin": a.bin.label, "order": place, "woe": a.woe, "side": "good" if a.woe >= 0 else "bad"}
        for place, a in enumerate(c.attributes)
        if a.count
    ]
    labels = [str(row["bin"]) for row in rows]
    chart = alt.Chart(pd.DataFrame(rows), width=320, height=26 * len(rows))
    return to_svg(
        chart.mark_bar(height=14).encode(
            x=alt.X("woe:Q", title="WOE 证据权重"),
            y=alt.Y("bin:N", sort=labels, title=None, axis=alt.Axis(labelLimit=220)),
            color=alt.Color(
                "side:N",
                legend=None,
                scale=alt.Scale(domain=["good", "bad"], range=[GOOD, BAD]),
            ),
        )
    )
