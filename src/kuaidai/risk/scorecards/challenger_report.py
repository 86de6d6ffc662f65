"""The side-by-side report: one HTML file that needs nothing else, in both languages."""

from __future__ import annotations

from pathlib import Path

from kuaidai.kernel.pages import chart, render_page
from kuaidai.risk.scorecards import challenger_charts as charts
from kuaidai.risk.scorecards.challenger_comparison import ChallengerComparison


def render_comparison(found: ChallengerComparison) -> str:
    """The comparison as HTML: charts as inline SVG, each with its table behind it."""
    return render_page(
        "kuaidai.risk.scorecards",
        "challenger.html.j2",
        found=found,
        card=found.scorecard,
        model=found.model,
        sides=((("card", "评分卡"), found.card), (("challenger", "挑战者"), found.challenger)),
        svg={
            "roc": chart(charts.roc_curves(found)),
            "cap": chart(charts.cap_curves(found)),
            "calibration": chart(charts.calibrations(found)),
            "weights": chart(charts.weights_chart(found.weights)),
        },
    )


def write_comparison(found: ChallengerComparison, path: Path) -> None:
    """Write the report to `path`."""
    path.write_text(render_comparison(found), encoding="utf-8")
