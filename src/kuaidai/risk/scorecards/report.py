"""The validation report: one HTML file that needs nothing else, in both languages."""

from __future__ import annotations

from typing import Any

from kuaidai.kernel.pages import chart, render_page
from kuaidai.risk.scorecards import charts
from kuaidai.risk.scorecards.validation import SampleReport, ValidationReport


def render_html(report: ValidationReport) -> str:
    """The report as HTML: charts as inline SVG, each with its table behind it."""
    return render_page(
        "kuaidai.risk.scorecards",
        "report.html.j2",
        report=report,
        card=report.scorecard,
        samples=_samples(report),
        judged=report.oot or report.train,
        svg=_charts(report),
    )


def _samples(report: ValidationReport) -> tuple[SampleReport, ...]:
    return (report.train,) if report.oot is None else (report.train, report.oot)


def _charts(report: ValidationReport) -> dict[str, Any]:
    judged = report.oot or report.train
    return {
        "distribution": chart(charts.score_distribution(judged)),
        "roc": chart(charts.roc_curve(_samples(report))),
        "cap": chart(charts.cap_curve(judged)),
        "ks": chart(charts.ks_curve(judged)),
        "calibration": chart(charts.calibration_chart(judged)),
        "bins": {c.name: chart(charts.bins_chart(c)) for c in report.scorecard.characteristics},
    }
