"""Binning, weight of evidence, logistic fit, points, reasons, validation.

Conventions, stated once: a target of 1 is bad; WOE = ln(% of goods / % of bads), so a higher WOE is
better; the fit models the log-odds of bad on WOE, so coefficients are expected below zero; a higher
score is better. No Django and no database: notebooks and batch jobs import this room directly.
"""

from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.config import (
    DEFAULT_BANDS,
    FeatureConfig,
    GradeBand,
    Infeasible,
    Kind,
    MissingPolicy,
    ScorecardConfig,
    Trend,
    UnseenPolicy,
)
from kuaidai.risk.scorecards.results import AttributePoints, Reason, ScoreResult

__all__ = [
    "DEFAULT_BANDS",
    "AttributePoints",
    "FeatureConfig",
    "GradeBand",
    "Infeasible",
    "Kind",
    "MissingPolicy",
    "Reason",
    "ScoreResult",
    "Scorecard",
    "ScorecardConfig",
    "Trend",
    "UnseenPolicy",
]
