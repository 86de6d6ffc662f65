"""Validation of a segmented scorecard: as a whole, and segment by segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kuaidai.kernel.stability import Stability, stability_index
from kuaidai.risk.scorecards.columns import Table, row_count, take_rows
from kuaidai.risk.scorecards.cross_validation import CrossValidation
from kuaidai.risk.scorecards.errors import OneClassTarget, SampleTooSmall
from kuaidai.risk.scorecards.groups import GroupTable, group_table
from kuaidai.risk.scorecards.segments.card import SegmentedScorecard
from kuaidai.risk.scorecards.validation import (
    SampleReport,
    ValidationReport,
    measure_sample,
    plain_figures,
    sample_findings,
    score_stability,
    validate,
)


@dataclass(frozen=True)
class SegmentReport:
    """One segment's card on the segment's rows; `report` is None where they hold goods only or bads only."""

    segment: str
    rows: int
    oot_rows: int
    report: ValidationReport | None


@dataclass(frozen=True)
class SegmentedValidation:
    """Everything measured about a segmented scorecard.

    `mix`: stability of the segments' shares between the samples. `oot`, `psi` and `mix` are None without
    out-of-time rows.
    """

    scorecard: SegmentedScorecard
    train: SampleReport
    oot: SampleReport | None
    psi: Stability | None
    mix: Stability | None
    segments: tuple[SegmentReport, ...]
    groups: tuple[GroupTable, ...]
    findings: tuple[str, ...]
    cross_validation: CrossValidation | None = None

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values, without the cards themselves; NaN becomes None."""
        names = ("train", "oot", "psi", "mix", "groups", "findings", "cross_validation")
        return {
            "scorecard": self.scorecard.name,
            "version_hash": self.scorecard.version_hash,
            **{name: plain_figures(getattr(self, name)) for name in names},
            "segments": [
                {
                    "segment": each.segment,
                    "rows": each.rows,
                    "oot_rows": each.oot_rows,
                    "report": None if each.report is None else each.report.to_dict(),
                }
                for each in self.segments
            ],
        }

    def write_html_report(self, path: Path | str) -> None:
        """Write the report as one self-contained HTML file: the whole first, then every segment."""
        from kuaidai.risk.scorecards.report import render_segmented_html

        Path(path).write_text(render_segmented_html(self), encoding="utf-8")


def validate_segments(
    scorecard: SegmentedScorecard,
    train: Table,
    oot: Table | None,
    target: str,
    *,
    by: Sequence[str] = (),
    approve_from: int | None = None,
    cross_validation: CrossValidation | None = None,
) -> SegmentedValidation:
    """Measure the scorecard over all rows and each segment's card on its own rows.

    Parameters as in `validate`. A segment whose rows hold one class only is left out with a finding;
    the whole is refused where all rows do. Raises as `validate` does, and `UnknownSegment`.
    """
    whole = measure_sample(scorecard, train, target, "development")
    later = None if oot is None else measure_sample(scorecard, oot, target, "out of time")
    psi = None if oot is None else score_stability(scorecard.scores(train), scorecard.scores(oot))
    parts = _segments(scorecard, train, oot, target)
    judged = train if oot is None else oot
    groups = tuple(
        group_table(scorecard, judged, target, column, approve_from=approve_from) for column in by
    )
    mix = None
    if oot is not None:
        mix = stability_index(
            np.array([each.rows for each in parts], dtype=np.int64),
            np.array([each.oot_rows for each in parts], dtype=np.int64),
        )
    findings = (
        *sample_findings(whole, later, psi, ()),
        *(finding for each in parts for finding in _findings(each)),
        *(finding for table in groups for finding in table.findings()),
    )
    if mix is not None and mix.beyond_chance:
        moved = f"The segments' shares moved: PSI {mix.index:.3f} ({mix.level})."
        findings = (*findings, moved)
    return SegmentedValidation(
        scorecard, whole, later, psi, mix, parts, groups, findings, cross_validation
    )


def _segments(
    scorecard: SegmentedScorecard, train: Table, oot: Table | None, target: str
) -> tuple[SegmentReport, ...]:
    homes = scorecard.segmentation.places(train)
    later = None if oot is None else scorecard.segmentation.places(oot)
    found = []
    for place, name in enumerate(scorecard.segmentation.names):
        own = take_rows(train, np.flatnonzero(homes == place))
        after = None
        if oot is not None and later is not None:
            after = take_rows(oot, np.flatnonzero(later == place))
        report = _report(scorecard, place, own, after, target)
        after_rows = 0 if after is None else row_count(after)
        found.append(SegmentReport(name, row_count(own), after_rows, report))
    return tuple(found)


def _report(
    scorecard: SegmentedScorecard, place: int, train: Table, oot: Table | None, target: str
) -> ValidationReport | None:
    """The segment's report, without its out-of-time part where that part cannot be measured."""
    card = scorecard.cards[place]
    for later in (oot, None) if oot is not None else (None,):
        try:
            if row_count(train) and (later is None or row_count(later)):
                return validate(card, train, later, target)
        except (OneClassTarget, SampleTooSmall):
            continue
    return None


def _findings(part: SegmentReport) -> tuple[str, ...]:
    if part.report is None:
        return (f"Segment {part.segment}: {part.rows} rows of one class only; not measured.",)
    found = list(part.report.findings)
    if part.report.oot is None and part.oot_rows:
        found[0] = f"{part.oot_rows} out-of-time rows of one class only; not measured."
    if part.report.oot is None and not part.oot_rows:
        found = found[1:]
    return tuple(f"Segment {part.segment}: {finding}" for finding in found)
