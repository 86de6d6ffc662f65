"""Binning, weight of evidence, logistic fit, points, reasons, validation.

Conventions, stated once: a target of 1 is bad; WOE = ln(% of goods / % of bads), so a higher WOE is
better; the fit models the log-odds of bad on WOE, so coefficients are expected below zero; a higher
score is better. No Django and no database: notebooks and batch jobs import this room directly.

A card in five lines:

    from kuaidai.risk.scorecards import FeatureConfig, ScorecardConfig, fit_scorecard, validate

    config = ScorecardConfig("card", (FeatureConfig("turnover", trend="descending"), ...))
    card = fit_scorecard(train, target="bad", config=config)
    card.summary(), card.table("turnover"), card.score({"turnover": 120_000.0, ...}).reasons
    validate(card, train, later, "bad").write_html_report(Path("report.html"))

`ScorecardClassifier` does the same in scikit-learn's manner; `bin_data` and `fit_card` are its two
halves, with edits by hand (`merge_bins`, `split_bin`, …) in between.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.config import (
    DEFAULT_BANDS,
    CalibrationMethod,
    Criterion,
    FeatureConfig,
    GradeBand,
    Infeasible,
    Kind,
    MissingPolicy,
    ScorecardConfig,
    Stepwise,
    Trend,
    UnseenPolicy,
)
from kuaidai.risk.scorecards.results import AttributePoints, Reason, ScoreResult

if TYPE_CHECKING:
    from kuaidai.risk.scorecards.editing import (
        assign_missing,
        assign_special,
        merge_bins,
        set_woe,
        split_bin,
    )
    from kuaidai.risk.scorecards.estimators import ScorecardClassifier, WoeTransformer
    from kuaidai.risk.scorecards.fitting import bin_data, fit_card, fit_scorecard
    from kuaidai.risk.scorecards.plan import read_plan
    from kuaidai.risk.scorecards.segments import (
        Segment,
        Segmentation,
        SegmentedScorecard,
        fit_segments,
        segments_by_value,
        validate_segments,
    )
    from kuaidai.risk.scorecards.swap_sets import swap_set
    from kuaidai.risk.scorecards.validation import validate

_LATER = {
    "ScorecardClassifier": "estimators",
    "Segment": "segments",
    "Segmentation": "segments",
    "SegmentedScorecard": "segments",
    "WoeTransformer": "estimators",
    "assign_missing": "editing",
    "assign_special": "editing",
    "bin_data": "fitting",
    "fit_card": "fitting",
    "fit_scorecard": "fitting",
    "fit_segments": "segments",
    "merge_bins": "editing",
    "read_plan": "plan",
    "segments_by_value": "segments",
    "set_woe": "editing",
    "split_bin": "editing",
    "swap_set": "swap_sets",
    "validate": "validation",
    "validate_segments": "segments",
}
"""What is imported when it is first asked for: a server that only scores need not load scikit-learn."""

__all__ = [
    "DEFAULT_BANDS",
    "AttributePoints",
    "CalibrationMethod",
    "Criterion",
    "FeatureConfig",
    "GradeBand",
    "Infeasible",
    "Kind",
    "MissingPolicy",
    "Reason",
    "ScoreResult",
    "Scorecard",
    "ScorecardClassifier",
    "ScorecardConfig",
    "Segment",
    "Segmentation",
    "SegmentedScorecard",
    "Stepwise",
    "Trend",
    "UnseenPolicy",
    "WoeTransformer",
    "assign_missing",
    "assign_special",
    "bin_data",
    "fit_card",
    "fit_scorecard",
    "fit_segments",
    "merge_bins",
    "read_plan",
    "segments_by_value",
    "set_woe",
    "split_bin",
    "swap_set",
    "validate",
    "validate_segments",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_LATER[name]}")
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
