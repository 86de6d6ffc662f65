"""The validation report: one HTML file that needs nothing else, in both languages."""

from __future__ import annotations

import math
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kuaidai.risk.scorecards import charts
from kuaidai.risk.scorecards.validation import SampleReport, ValidationReport


def render_html(report: ValidationReport) -> str:
    """The report as HTML: charts as inline SVG, each with its table behind it."""
    environment = Environment(
        loader=PackageLoader("kuaidai.risk.scorecards", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=_percent, figure=_figure, whole=_whole)
    template = environment.get_template("report.html.j2")
    return template.render(
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
        "distribution": Markup(charts.score_distribution(judged)),
        "roc": Markup(charts.roc_curve(_samples(report))),
        "ks": Markup(charts.ks_curve(judged)),
        "calibration": Markup(charts.calibration_chart(judged)),
        "bins": {c.name: Markup(charts.bins_chart(c)) for c in report.scorecard.characteristics},
    }


def _percent(value: float | None, places: int = 1) -> str:
    return "–" if value is None or math.isnan(value) else f"{float(value) * 100:.{places}f} %"


def _figure(value: float | None, places: int = 3) -> str:
    return "–" if value is None or math.isnan(value) else f"{float(value):.{places}f}"


def _whole(value: float) -> str:
    return f"{value:,.0f}"
