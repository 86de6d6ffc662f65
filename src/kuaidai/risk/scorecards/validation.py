"""Validation of a card: on its development sample, out of time, and by cross-validation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kuaidai.kernel.stability import Stability, stability_index
from kuaidai.risk.scorecards.card import Scorecard, Scoring
from kuaidai.risk.scorecards.columns import Floats, Table, read_column, read_target
from kuaidai.risk.scorecards.cross_validation import CrossValidation
from kuaidai.risk.scorecards.errors import BadSetting
from kuaidai.risk.scorecards.fitting import require_both_classes
from kuaidai.risk.scorecards.grading import Concentration, GradeTest, concentration, judge_grade
from kuaidai.risk.scorecards.groups import GroupTable, group_table
from kuaidai.risk.scorecards.lift import LiftRow, lift_table
from kuaidai.risk.scorecards.metrics import (
    AucInterval,
    CalibrationRow,
    Separation,
    auc_with_interval,
    brier_score,
    calibration_row,
    calibration_table,
    hosmer_lemeshow,
    separation,
)
from kuaidai.risk.scorecards.overrides import OverrideTable
from kuaidai.risk.scorecards.swap_sets import SwapSet, decisions_table, swap_set


@dataclass(frozen=True)
class ScoreBand:
    """A band `[low, high)` of scores with its goods and bads."""

    low: int
    high: int
    goods: int
    bads: int


@dataclass(frozen=True)
class SampleReport:
    """The card measured on one sample."""

    name: str
    rows: int
    bads: int
    bad_rate: float
    mean_pd: float
    mean_score: float
    auc: AucInterval
    separation: Separation
    brier: float
    brier_of_base_rate: float
    calibration: tuple[CalibrationRow, ...]
    hosmer_lemeshow_p: float
    grades: tuple[CalibrationRow, ...]
    distribution: tuple[ScoreBand, ...]
    lift: tuple[LiftRow, ...]
    grade_tests: tuple[GradeTest, ...]
    concentration: Concentration


@dataclass(frozen=True)
class FeatureStability:
    """How far a feature's distribution over its bins moved (characteristic stability index)."""

    feature: str
    stability: Stability


@dataclass(frozen=True)
class ValidationReport:
    """Everything measured about a card. `oot` and the stability figures are None without OOT rows.

    `groups` and `swap` are of the out-of-time sample where there is one, else of the development sample;
    `overrides` of the decisions given.
    """

    scorecard: Scorecard
    train: SampleReport
    oot: SampleReport | None
    psi: Stability | None
    csi: tuple[FeatureStability, ...]
    cross_validation: CrossValidation | None
    groups: tuple[GroupTable, ...]
    findings: tuple[str, ...]
    swap: SwapSet | None = None
    overrides: OverrideTable | None = None

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values, without the card itself; NaN becomes None."""
        figures = {
            name: getattr(self, name)
            for name in (
                "train",
                "oot",
                "psi",
                "csi",
                "cross_validation",
                "groups",
                "swap",
                "overrides",
                "findings",
            )
        }
        plain = {name: plain_figures(value) for name, value in figures.items()}
        return {
            "scorecard": self.scorecard.name,
            "version_hash": self.scorecard.version_hash,
            **plain,
        }

    def write_html_report(self, path: Path | str) -> None:
        """Write the report as one self-contained HTML file (charts as SVG, a table behind each)."""
        from kuaidai.risk.scorecards.report import render_html

        Path(path).write_text(render_html(self), encoding="utf-8")


def validate(
    scorecard: Scorecard,
    train: Table,
    oot: Table | None,
    target: str,
    *,
    by: Sequence[str] = (),
    approve_from: int | None = None,
    cross_validation: CrossValidation | None = None,
    against: Scoring | None = None,
    against_from: int | None = None,
    decisions: Table | None = None,
    decided: str = "approved",
) -> ValidationReport:
    """Measure `scorecard` on its development sample and, where there is one, out of time.

    `by` names columns whose groups are measured one by one; with the cut-off `approve_from`, the
    least score that is approved, also for equal treatment. `against`: the card in use, for the swap set
    of its cut-off `against_from` and this card's `approve_from` (default: the cut-off that approves as
    many). `decisions`: applications with their features, the column `decided` (1 approved, 0 declined) and
    the target where it is known, for the overrides at `approve_from`. Raises `MissingColumn`,
    `TargetNotBinary`, `OneClassTarget` for either sample, `BadSetting` for a column of `by` with too many
    values and where a cut-off is missing.
    """
    _require_cuts(against, against_from, decisions, approve_from)
    train_report = measure_sample(scorecard, train, target, "development")
    oot_report = None if oot is None else measure_sample(scorecard, oot, target, "out of time")
    psi: Stability | None = None
    csi: tuple[FeatureStability, ...] = ()
    if oot is not None:
        psi = score_stability(scorecard.scores(train), scorecard.scores(oot))
        csi = _feature_stability(scorecard, train, oot)
    judged = train if oot is None else oot
    groups = tuple(
        group_table(scorecard, judged, target, column, approve_from=approve_from) for column in by
    )
    swap = overrides = None
    if against is not None and against_from is not None:
        swap = swap_set(
            against,
            scorecard,
            judged,
            target,
            approve_from=against_from,
            after_from=approve_from,
        )
    if decisions is not None and approve_from is not None:
        overrides = decisions_table(
            scorecard, decisions, decided, target, approve_from=approve_from
        )
    return ValidationReport(
        scorecard=scorecard,
        train=train_report,
        oot=oot_report,
        psi=psi,
        csi=csi,
        cross_validation=cross_validation,
        groups=groups,
        findings=(
            *sample_findings(train_report, oot_report, psi, csi),
            *(finding for table in groups for finding in table.findings()),
            *(swap.findings() if swap else ()),
        ),
        swap=swap,
        overrides=overrides,
    )


def _require_cuts(
    against: Scoring | None,
    against_from: int | None,
    decisions: Table | None,
    approve_from: int | None,
) -> None:
    if against is not None and against_from is None:
        rule = "the least score approved of the card in use"
        raise BadSetting(name="against_from", value="missing", rule=rule)
    if decisions is not None and approve_from is None:
        rule = "the least score approved, to tell overrides"
        raise BadSetting(name="approve_from", value="missing", rule=rule)


def measure_sample(card: Scoring, table: Table, target: str, name: str) -> SampleReport:
    """Measure whatever scores on one sample; raises `MissingColumn`, `TargetNotBinary`, `OneClassTarget`."""
    bad = read_target(table, target)
    require_both_classes(bad, target, sample=f"the {name} sample")
    whole = card.scores(table)
    scores, pds = whole.astype(np.float64), card.probabilities(whole)
    bands = calibration_table(scores, pds, bad, bands=10 if len(bad) >= 200 else 5)
    rate = float(bad.mean())
    grades = _grade_rows(card, whole, pds, bad)
    return SampleReport(
        name=name,
        rows=len(bad),
        bads=int(bad.sum()),
        bad_rate=rate,
        mean_pd=float(pds.mean()),
        mean_score=float(scores.mean()),
        auc=auc_with_interval(scores, bad),
        separation=separation(scores, bad),
        brier=brier_score(pds, bad),
        brier_of_base_rate=rate * (1 - rate),
        calibration=bands,
        hosmer_lemeshow_p=hosmer_lemeshow(bands),
        grades=grades,
        distribution=_distribution(whole, bad),
        lift=lift_table(scores, bad),
        grade_tests=tuple(
            judge_grade(grade.grade, row.rows, row.bads, float(grade.pd))
            for grade, row in zip(card.grades, grades, strict=True)
        ),
        concentration=concentration([(row.label, row.rows) for row in grades]),
    )


def _grade_rows(
    card: Scoring, scores: npt.NDArray[np.int64], pds: Floats, bad: Floats
) -> tuple[CalibrationRow, ...]:
    names = np.array([card.grade_of(int(s)).grade for s in scores])
    return tuple(
        calibration_row(grade.grade, pds[names == grade.grade], bad[names == grade.grade])
        for grade in card.grades
    )


def _distribution(
    scores: npt.NDArray[np.int64], bad: Floats, *, width: int = 20
) -> tuple[ScoreBand, ...]:
    low = math.floor(scores.min() / width) * width
    bands = []
    for start in range(low, int(scores.max()) + 1, width):
        inside = (scores >= start) & (scores < start + width)
        bads = int(bad[inside].sum())
        bands.append(ScoreBand(start, start + width, int(inside.sum()) - bads, bads))
    return tuple(bands)


def score_stability(before: npt.NDArray[np.int64], after: npt.NDArray[np.int64]) -> Stability:
    """PSI of two samples' scores over the tenths of the first."""
    edges = np.unique(np.quantile(before, np.linspace(0, 1, 11)[1:-1]))
    size = len(edges) + 1
    counts = [
        np.bincount(np.searchsorted(edges, scores, side="right"), minlength=size)
        for scores in (before, after)
    ]
    return stability_index(*counts)


def _feature_stability(card: Scorecard, train: Table, oot: Table) -> tuple[FeatureStability, ...]:
    rows = []
    for c in card.characteristics:
        counts = [
            np.bincount(
                c.codes(read_column(table, c.name, c.feature.kind)), minlength=len(c.attributes)
            )
            for table in (train, oot)
        ]
        rows.append(FeatureStability(c.name, stability_index(*counts)))
    return tuple(rows)


def sample_findings(
    train: SampleReport,
    oot: SampleReport | None,
    psi: Stability | None,
    csi: tuple[FeatureStability, ...],
) -> tuple[str, ...]:
    """In words: what is beyond its limit."""
    found = []
    if oot is None:
        found.append("No out-of-time sample: the development figures are optimistic.")
    else:
        drop = train.auc.auc - oot.auc.auc
        if drop > 0.05:
            found.append(f"AUC falls by {drop:.3f} out of time (limit 0.05): look for overfitting.")
        if oot.auc.low <= 0.5:
            found.append("The out-of-time AUC interval includes 0.5: no proof of discrimination.")
        if oot.hosmer_lemeshow_p < 0.05:
            found.append(
                f"PDs do not fit out of time (Hosmer-Lemeshow p = {oot.hosmer_lemeshow_p:.3f}): "
                f"mean PD {oot.mean_pd:.4f}, bad rate {oot.bad_rate:.4f}."
            )
    if psi is not None and psi.level != "stable":
        found.append(
            f"Score distribution moved: PSI {psi.index:.3f} ({psi.level}); "
            f"chance alone gives about {psi.expected_by_chance:.3f} here."
        )
    for row in csi:
        if row.stability.beyond_chance:
            found.append(f"{row.feature} moved: CSI {row.stability.index:.3f}.")
    if min(train.bads, train.rows - train.bads) < 50:
        found.append(f"Only {train.bads} bads in development: every figure is uncertain.")
    return (*found, *_grade_findings(oot or train))


def _grade_findings(sample: SampleReport) -> tuple[str, ...]:
    found = [
        f"Grade {test.grade}: {test.bads} bads of {test.rows} {sample.name}, more than its PD of "
        f"{test.pd:.2%} explains (binomial p = {test.too_low_p:.4f})."
        for test in sample.grade_tests
        if test.too_low_p < 0.01
    ]
    crowd = sample.concentration
    if crowd.share > 0.5 and len(sample.grades) > 2:
        found.append(f"Grade {crowd.largest} holds {crowd.share:.0%} of the rows {sample.name}.")
    return tuple(found)


def plain_figures(value: Any) -> Any:
    """Dataclasses, tuples and figures as JSON takes them; NaN becomes None."""
    if hasattr(value, "__dataclass_fields__"):
        value = asdict(value)
    if isinstance(value, dict):
        return {key: plain_figures(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_figures(item) for item in value]
    if isinstance(value, float) and math.isnan(value):
        return None
    return value
