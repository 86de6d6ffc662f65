"""The quality report: every screened table with charts and the tables behind them, in one HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from kuaidai.data.quality.profile import Profile
from kuaidai.data.quality.wording import detail_of, kind_of
from kuaidai.kernel.pages import chart, render_page

MOST_FINDINGS = 60


@dataclass(frozen=True)
class Standing:
    """How a dataset stands in the lake: its extent, whether it is stale, and its quarantine rate."""

    first: date | None
    last: date | None
    freshness_days: int
    stale: bool | None
    quarantined: int
    quarantine_rate: float | None


@dataclass(frozen=True)
class Screened:
    """A profile with its charts, and its standing where it is a dataset of the lake."""

    profile: Profile
    charts: Mapping[str, str]
    standing: Standing | None = None


def render_html(screened: Sequence[Screened], *, computed_at: datetime) -> str:
    """The report as HTML, in English and Chinese."""
    return render_page(
        "kuaidai.data.quality",
        "quality.html.j2",
        screened=[
            (
                s,
                {name: chart(svg) for name, svg in s.charts.items()},
                s.profile.findings[:MOST_FINDINGS],
            )
            for s in screened
        ],
        computed_at=f"{computed_at:%Y-%m-%d %H:%M}",
        kind_of=kind_of,
        detail_of=detail_of,
        most=MOST_FINDINGS,
    )
