"""Developing the application card: lake → outcomes → features → fit → validation, in one call."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kuaidai.data.features import catalog, compute_batch
from kuaidai.data.features.subjects import with_owner
from kuaidai.data.labels import LABELS, LabelDefinition, outcomes
from kuaidai.data.labels.outcomes import known_outcomes
from kuaidai.data.lake import Lake
from kuaidai.data.lake.datasets import PLATFORM_DATASETS
from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.config import FeatureConfig, Kind, ScorecardConfig, Trend
from kuaidai.risk.scorecards.cross_validation import cross_validate
from kuaidai.risk.scorecards.errors import BadSetting, SampleTooSmall
from kuaidai.risk.scorecards.fitting import fit_scorecard
from kuaidai.risk.scorecards.validation import ValidationReport, validate

TARGET = "bad"
LEAST_ROWS = 50
# Never points. Age: attested in the trade, but an automated decision must treat people alike, so it is
# a legal check of the policy. Industry: a few hundred firms hold too few of each; it led the card out of
# time (AUC down by 0.02 and more) and belongs to the policy, where it can be argued about.
NEVER_POINTS = ("owner_age_years", "industry_code")
CREDIT_PLATFORMS = (
    "registry",
    "tax",
    "courts",
    "bureau_enterprise",
    "bureau_owner",
    "bank_core",
)
"""The platforms that are asked about an applicant for credit without collateral."""
_TRENDS = {
    "higher_is_riskier": Trend.ASCENDING,
    "lower_is_riskier": Trend.DESCENDING,
    "none": Trend.AUTO,
}


@dataclass(frozen=True)
class DevelopmentSample:
    """Labelled rows with their features: development and out-of-time part, and how rows were judged."""

    train: pa.Table
    oot: pa.Table | None
    outcomes: tuple[tuple[str, int], ...]
    split_on: date | None


@dataclass(frozen=True)
class DevelopmentResult:
    """The card with its validation, the sample it came from, and seconds per stage."""

    scorecard: Scorecard
    validation: ValidationReport
    sample: DevelopmentSample
    seconds: tuple[tuple[str, float], ...]

    def summary(self) -> dict[str, Any]:
        """The figures to print: plain values."""
        train, oot = self.validation.train, self.validation.oot
        checked = self.validation.cross_validation
        return {
            "name": self.scorecard.name,
            "version_hash": self.scorecard.version_hash,
            "features": list(self.scorecard.features),
            "rows": train.rows,
            "bads": train.bads,
            "oot_rows": oot.rows if oot else 0,
            "oot_bads": oot.bads if oot else 0,
            "oot_from": self.sample.split_on.isoformat() if self.sample.split_on else None,
            "outcomes": dict(self.sample.outcomes),
            "auc_development": round(train.auc.auc, 4),
            "auc_out_of_time": round(oot.auc.auc, 4) if oot else None,
            "auc_out_of_time_interval": [round(oot.auc.low, 4), round(oot.auc.high, 4)]
            if oot
            else None,
            "auc_cross_validated": round(checked.auc, 4) if checked else None,
            "ks_out_of_time": round(oot.separation.ks, 4) if oot else None,
            "psi": round(self.validation.psi.index, 4) if self.validation.psi else None,
            "findings": list(self.validation.findings),
            "seconds": {stage: round(spent, 2) for stage, spent in self.seconds},
        }


def develop_application_card(
    lake: Lake,
    *,
    name: str = "application-card",
    outcome_months: int = 12,
    dpd_threshold: int = 60,
    oot_share: float = 0.3,
    oot_from: date | None = None,
    folds: int = 0,
    config: ScorecardConfig | None = None,
    notes: tuple[tuple[str, str], ...] = (),
    progress: Callable[[str], None] | None = None,
) -> DevelopmentResult:
    """Develop an application card on the loans of `lake`.

    Bad is `dpd_threshold` days past due or more within `outcome_months` of the grant. Loans granted
    from `oot_from` on (default: the last `oot_share` of them) are kept out of the fit and judge the
    card out of time; `oot_share` 0 keeps none. `folds` adds cross-validation (0: none). `config`
    replaces `application_config`. `notes` go into the card's provenance before what is noted of the
    sample. `progress` is told each stage. Raises `SampleTooSmall`,
    `OneClassTarget`, `NoFeatureLeft` and what `fit_scorecard` raises.
    """
    clock = _Clock(progress)
    clock.start("outcomes")
    definition = LabelDefinition(window_months=outcome_months, dpd_threshold=dpd_threshold)
    labels = outcomes(lake, definition)
    subjects = with_owner(known_outcomes(labels), lake.arrow("owners"))
    _require_rows(
        subjects, "The labelled sample", "Ingest more loans or shorten the outcome window."
    )
    clock.start("features")
    table = compute_batch(lake, subjects).append_column(TARGET, subjects[TARGET])
    sample = split_by_time(table, labels, oot_share=oot_share, oot_from=oot_from)
    clock.start("fit")
    chosen = config or application_config(name, table)
    told = (*notes, *_notes(sample, definition))
    card = fit_scorecard(sample.train, target=TARGET, config=chosen, notes=told)
    checked = None
    if folds:
        clock.start("cross-validation")
        checked = cross_validate(sample.train, target=TARGET, config=chosen, folds=folds)
    clock.start("validation")
    report = validate(card, sample.train, sample.oot, TARGET, cross_validation=checked)
    return DevelopmentResult(card, report, sample, clock.stop())


def application_config(
    name: str, table: pa.Table, *, platforms: tuple[str, ...] = CREDIT_PLATFORMS
) -> ScorecardConfig:
    """The catalogue's features as candidates, their trends fixed by their expected directions.

    Only features whose datasets the `platforms` report: a card must never rest on what is always missing
    when an applicant is decided on. Text columns of `table` are categorical. Features in `NEVER_POINTS`
    are left out.
    """
    collected = {dataset for platform in platforms for dataset in PLATFORM_DATASETS[platform]}
    features = []
    for spec in catalog():
        if spec.name in NEVER_POINTS or spec.name not in table.column_names:
            continue
        if not collected.issuperset(spec.sources):
            continue
        column = table.schema.field(spec.name).type
        text = pa.types.is_string(column) or pa.types.is_large_string(column)
        features.append(
            FeatureConfig(
                name=spec.name,
                title_en=spec.title_en,
                title_zh=spec.title_zh,
                kind=Kind.CATEGORICAL if text else Kind.NUMERIC,
                trend=Trend.AUTO if text else _TRENDS[spec.direction],
                family=spec.family,
                unit=spec.unit,
            )
        )
    return ScorecardConfig(
        name=name,
        features=tuple(features),
        max_bins=5,
        min_bin_bads=8,
        association_p_max=0.05,
    )


def split_by_time(
    table: pa.Table, labels: pa.Table, *, oot_share: float, oot_from: date | None
) -> DevelopmentSample:
    """Cut by observed_on: a day is never on both sides.

    Raises `BadSetting` for a share outside [0, 0.9], `SampleTooSmall` where a side is left too thin.
    """
    if not 0 <= oot_share <= 0.9:
        raise BadSetting(name="oot_share", value=oot_share, rule="between 0 and 0.9")
    counted = Counter(labels["label"].to_pylist())
    outcomes = tuple((label, counted[label]) for label in LABELS)
    days = sorted(table["observed_on"].to_pylist())
    if oot_from is None and oot_share == 0:
        return DevelopmentSample(table, None, outcomes, None)
    cut = oot_from or days[min(int(np.ceil(len(days) * (1 - oot_share))), len(days) - 1)]
    late = pc.greater_equal(table["observed_on"], pa.scalar(cut, pa.date32()))
    train, oot = table.filter(pc.invert(late)), table.filter(late)
    remedy = f"Loans run from {days[0]} to {days[-1]}; choose another out-of-time start than {cut}."
    _require_rows(train, "The development sample", remedy)
    if oot.num_rows == 0:
        raise SampleTooSmall(sample="The out-of-time sample", rows=0, least=1, remedy=remedy)
    return DevelopmentSample(train, oot, outcomes, cut)


def _require_rows(table: pa.Table, sample: str, remedy: str) -> None:
    if table.num_rows < LEAST_ROWS:
        raise SampleTooSmall(sample=sample, rows=table.num_rows, least=LEAST_ROWS, remedy=remedy)


def _notes(sample: DevelopmentSample, definition: LabelDefinition) -> tuple[tuple[str, str], ...]:
    days = sample.train["observed_on"].to_pylist()
    outcomes = ", ".join(f"{label} {count}" for label, count in sample.outcomes)
    return (
        ("definition of bad", definition.text_en),
        ("outcomes", outcomes),
        ("development period", f"{min(days)} to {max(days)}"),
        ("out of time from", str(sample.split_on or "none")),
        ("kept out of points", ", ".join(NEVER_POINTS)),
    )


class _Clock:
    """Times stages and announces them."""

    def __init__(self, progress: Callable[[str], None] | None) -> None:
        self._progress = progress
        self._began: list[tuple[str, float]] = []

    def start(self, stage: str) -> None:
        self._began.append((stage, time.perf_counter()))
        if self._progress is not None:
            self._progress(stage)

    def stop(self) -> tuple[tuple[str, float], ...]:
        ends = [began for _, began in self._began[1:]] + [time.perf_counter()]
        return tuple(
            (stage, end - began) for (stage, began), end in zip(self._began, ends, strict=True)
        )
