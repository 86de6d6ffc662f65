"""A synthetic development sample with a known cause of default, and a card fitted on it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kuaidai.risk.scorecards import (
    FeatureConfig,
    Kind,
    Scorecard,
    ScorecardConfig,
    Trend,
)
from kuaidai.risk.scorecards.fitting import fit_scorecard

FEATURES = (
    FeatureConfig("turnover", "Credit turnover", "贷方发生额", trend=Trend.DESCENDING, unit="CNY"),
    FeatureConfig("queries", "Loan queries", "贷款查询次数", trend=Trend.ASCENDING),
    FeatureConfig(
        "bureau",
        "Bureau score",
        "征信评分",
        trend=Trend.DESCENDING,
        special=(("no record", -999.0),),
    ),
    FeatureConfig("grade", "Tax grade", "纳税等级", kind=Kind.CATEGORICAL),
    FeatureConfig("noise", "Noise", "噪声"),
)


def sample(rows: int = 3000, seed: int = 3) -> pd.DataFrame:
    """Firms whose log-odds of default fall with turnover and bureau score and rise with queries."""
    rng = np.random.default_rng(seed)
    turnover = rng.lognormal(13, 1, rows)
    queries = rng.poisson(2, rows).astype(float)
    bureau = rng.normal(600, 50, rows)
    grade = rng.choice(["A", "B", "M", "C"], rows, p=[0.3, 0.4, 0.2, 0.1]).astype(object)
    logit = (
        -2.4
        - 0.8 * (np.log(turnover) - 13)
        + 0.35 * (queries - 2)
        - 0.015 * (bureau - 600)
        + pd.Series(grade).map({"A": -0.6, "B": 0.0, "M": 0.3, "C": 1.2}).to_numpy()
    )
    bad = (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(int)
    turnover[rng.random(rows) < 0.06] = np.nan
    bureau[rng.random(rows) < 0.05] = -999.0
    grade[rng.random(rows) < 0.04] = None
    return pd.DataFrame(
        {
            "turnover": turnover,
            "queries": queries,
            "bureau": bureau,
            "grade": grade,
            "noise": rng.normal(size=rows),
            "bad": bad,
        }
    )


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    return sample()


@pytest.fixture(scope="session")
def config() -> ScorecardConfig:
    return ScorecardConfig(name="test-card", features=FEATURES)


@pytest.fixture(scope="session")
def card(frame: pd.DataFrame, config: ScorecardConfig) -> Scorecard:
    return fit_scorecard(frame, target="bad", config=config)
