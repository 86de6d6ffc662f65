"""The realism report: figures for programs, and one HTML file for people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kuaidai.kernel.pages import chart, render_page
from kuaidai.simulator.realism import charts
from kuaidai.simulator.realism.facts import Finding, find, sizes
from kuaidai.simulator.realism.trading import (
    QUANTILES,
    Comparison,
    Sales,
    compare,
    drop_sales,
    real_sales,
)
from kuaidai.simulator.realism.wording import in_chinese


@dataclass(frozen=True)
class Realism:
    """All that was compared; `real` and `comparisons` are empty without real invoices."""

    drop: str
    findings: tuple[Finding, ...]
    sizes: tuple[int, ...]
    ours: Sales
    real: Sales | None
    comparisons: tuple[Comparison, ...]


def study(drop: Path, real_invoices: Path | None = None) -> Realism:
    """Compare a drop. Raises `DropNotUsable` and `RealInvoicesNotUsable`."""
    findings, counts = find(drop), sizes(drop)
    ours = drop_sales(drop)
    real = real_sales(real_invoices) if real_invoices is not None else None
    comparisons = compare(real, ours) if real is not None else ()
    return Realism(drop.name, findings, counts, ours, real, comparisons)


def as_json(found: Realism) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "drop": found.drop,
        "firms": found.ours.firms,
        "real_firms": found.real.firms if found.real else None,
        "sales_from": found.ours.source,
        "facts": [
            {
                "key": finding.fact.key,
                "what": finding.fact.en,
                "published": finding.fact.published,
                "source": finding.fact.source,
                "grade": finding.fact.grade,
                "ours": finding.ours,
                "verdict": finding.verdict,
            }
            for finding in found.findings
        ],
        "quantiles": list(QUANTILES),
        "trading": [
            {
                "measure": row.measure.name,
                "real": list(row.real),
                "ours": list(row.ours),
                "ks": row.ks,
                "ks_by_chance": row.chance,
                "verdict": row.verdict,
            }
            for row in found.comparisons
        ],
        "season": {
            "ours": list(found.ours.season),
            "real": list(found.real.season) if found.real else None,
        },
    }


def render_html(found: Realism) -> str:
    """The report as HTML: charts as inline SVG, each with its table."""
    real = found.real
    drawn = []
    if real is not None:
        for row in found.comparisons:
            name = row.measure.name
            svg = charts.distribution_chart(row.measure, real.values[name], found.ours.values[name])
            drawn.append((row, chart(svg)))
    return render_page(
        "kuaidai.simulator.realism",
        "realism.html.j2",
        study=found,
        quantiles=QUANTILES,
        in_chinese=in_chinese,
        drawn=drawn,
        season=chart(charts.season_chart(real.season, found.ours.season)) if real else None,
        size_svg=chart(charts.size_chart(found.sizes)),
        bands=list(zip(charts.size_bands(), found.sizes, strict=True)),
    )
