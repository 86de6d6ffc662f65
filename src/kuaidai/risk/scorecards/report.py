"""The validation report: one HTML file that needs nothing else, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kuaidai.kernel.pages import chart, render_page
from kuaidai.risk.scorecards import charts
from kuaidai.risk.scorecards.binning_table import binning_table
from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.characteristics import Characteristic
from kuaidai.risk.scorecards.errors import BadSetting
from kuaidai.risk.scorecards.validation import SampleReport, ValidationReport

if TYPE_CHECKING:
    from kuaidai.risk.scorecards.segments.validation import SegmentedValidation


def render_segmented_html(whole: SegmentedValidation) -> str:
    """The report of a segmented scorecard: the whole, then what `render_html` shows of every segment."""
    samples = (whole.train,) if whole.oot is None else (whole.train, whole.oot)
    pages = {each.segment: _charts(each.report) for each in whole.segments if each.report}
    return render_page(
        "kuaidai.risk.scorecards",
        "segmented_report.html.j2",
        whole=whole,
        svg={
            "roc": chart(charts.roc_curve(samples)),
            "calibration": chart(charts.calibration_chart(samples[-1])),
        },
        pages=pages,
    )


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


def render_bins(card: Scorecard, features: Sequence[str] = ()) -> str:
    """The binning tables and charts of a card as a page: of `features`, or of all, those left out last.

    Raises `BadSetting` for a name that was no candidate.
    """
    chosen = chosen_features(card, features)
    drawn = {c.name: _pair(c) for c in chosen}
    tables = {c.name: binning_table(c) for c in chosen}
    return render_page(
        "kuaidai.risk.scorecards",
        "bins.html.j2",
        card=card,
        chosen=chosen,
        tables=tables,
        svg=drawn,
    )


def chosen_features(card: Scorecard, features: Sequence[str]) -> tuple[Characteristic, ...]:
    """The candidates of those names, in their order; all for none. Raises `BadSetting`."""
    known = {c.name: c for c in (*card.characteristics, *card.rejected)}
    for name in features:
        if name not in known:
            raise BadSetting(name="feature", value=name, rule=f"one of {', '.join(known)}")
    return tuple(known[name] for name in features or known)


def _pair(c: Characteristic) -> tuple[Any, Any] | None:
    if not any(a.count for a in c.attributes):
        return None
    return chart(charts.bad_rate_chart(c)), chart(charts.bins_chart(c))


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
