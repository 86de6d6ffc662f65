"""Develop an application card from the lake: labels, features at grant, split by time, fit, validate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kuaidai.data.features import catalog, compute_batch
from kuaidai.data.features.spec import FeatureSpec
from kuaidai.data.lake import Lake
from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.config import FeatureConfig, ScorecardConfig, Trend
from kuaidai.risk.scorecards.errors import SampleTooSmall
from kuaidai.risk.scorecards.fitting import fit_scorecard
from kuaidai.risk.scorecards.labels import build_labels
from kuaidai.risk.scorecards.validation import ValidationReport, validate

LEAST_BADS = 20
UNFAIR = frozenset({"owner_age_years"})
"""Known features that must not earn points: age serves legal checks only (PIPL art. 24)."""

_REMEDY = "Ingest more loans whose outcome is known."

_TRENDS = {
    "higher_is_riskier": Trend.ASCENDING,
    "lower_is_riskier": Trend.DESCENDING,
}


@dataclass(frozen=True)
class DevelopmentResult:
    """A card with its validation, and the samples' sizes."""

    scorecard: Scorecard
    validation: ValidationReport
    train_rows: int
    oot_rows: int
    oot_from: date

    def summary(self) -> dict[str, Any]:
        """The figures a reader asks for first."""
        oot = self.validation.oot
        return {
            "name": self.scorecard.config.name,
            "features": len(self.scorecard.features),
            "train_rows": self.train_rows,
            "oot_rows": self.oot_rows,
            "oot_from": self.oot_from.isoformat(),
            "auc_train": round(self.validation.train.auc.auc, 4),
            "auc_oot": round(oot.auc.auc, 4) if oot else None,
            "ks_oot": round(oot.separation.ks, 4) if oot else None,
        }


def candidate(spec: FeatureSpec) -> FeatureConfig:
    """The candidate of a catalogue feature, its trend as the catalogue expects it."""
    return FeatureConfig(
        name=spec.name,
        title_en=spec.title_en,
        title_zh=spec.title_zh,
        trend=_TRENDS[spec.direction],
        family=spec.family,
        unit=spec.unit,
    )


def application_config(name: str = "application") -> ScorecardConfig:
    """Every catalogue feature with an expected direction is a candidate."""
    candidates = tuple(
        candidate(spec)
        for spec in catalog()
        if spec.direction in _TRENDS and spec.name not in UNFAIR
    )
    return ScorecardConfig(name=name, features=candidates)


def development_sample(
    lake: Lake, *, outcome_months: int = 12, dpd_threshold: int = 60
) -> pa.Table:
    """Features and outcome (`bad`) of every past grant whose outcome is known, by observation day."""
    labels = build_labels(
        lake.arrow("loans"),
        lake.arrow("loan_months"),
        window_months=outcome_months,
        dpd_threshold=dpd_threshold,
    ).to_pandas()
    # of grants too young to be judged good, the bad ones would be all that is left: leave both out
    newest = pd.Timestamp(lake.table("loan_months").month_end.max().execute())
    matured = pd.to_datetime(labels["observed_on"]) + pd.DateOffset(months=outcome_months) <= newest
    labels = labels[labels["bad"].notna() & matured]
    owners = lake.arrow("owners").select(["uscc", "person_id", "role", "share"]).to_pandas()
    owners["chief"] = owners["role"].eq("legal_representative")
    owners = owners.sort_values(["uscc", "chief", "share"]).drop_duplicates("uscc", keep="last")
    sample = labels.merge(owners[["uscc", "person_id"]], on="uscc").sort_values(["observed_on", "uscc"])
    observed = pa.array(pd.to_datetime(sample["observed_on"]).dt.date.tolist(), pa.date32())
    subjects = pa.table(
        {
            "uscc": sample["uscc"].tolist(),
            "person_id": sample["person_id"].tolist(),
            "observed_on": observed,
        }
    )
    features = compute_batch(lake, subjects)
    return features.append_column("bad", pa.array(sample["bad"].astype(int).tolist(), pa.int64()))


def develop_application_card(
    lake: Lake,
    *,
    config: ScorecardConfig | None = None,
    outcome_months: int = 12,
    oot_share: float = 0.3,
    oot_from: date | None = None,
) -> DevelopmentResult:
    """Fit on the older grants, validate on the newer ones.

    The newest `oot_share` of the sample, or everything from `oot_from`, is out of time. Raises
    `SampleTooSmall` when either side has fewer than `LEAST_BADS` bads.
    """
    sample = development_sample(lake, outcome_months=outcome_months)
    if len(sample) == 0:
        raise SampleTooSmall(sample="The lake", rows=0, least=2 * LEAST_BADS, remedy=_REMEDY)
    days = sample["observed_on"].to_pylist()
    split = oot_from or days[int(len(days) * (1 - oot_share))]
    before = pc.less(sample["observed_on"], pa.scalar(split, pa.date32()))
    train, oot = sample.filter(before), sample.filter(pc.invert(before))
    for name, part in (("development", train), ("out-of-time", oot)):
        bads = int(pc.sum(part["bad"]).as_py() or 0)
        if bads < LEAST_BADS:
            raise SampleTooSmall(sample=f"The {name} sample (bads)", rows=bads, least=LEAST_BADS, remedy=_REMEDY)
    card = fit_scorecard(train, target="bad", config=config or application_config())
    report = validate(card, train, oot, "bad")
    return DevelopmentResult(card, report, len(train), len(oot), split)
