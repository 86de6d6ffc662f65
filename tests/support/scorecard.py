"""A small live scorecard on a made-up book, and the policy that ships with the package."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import pandas as pd
from tests.support.staff import staff_logins

from kuaidai.foundation.actors import Actor
from kuaidai.risk.policy.operations import publish_library_policy, publish_scorecard
from kuaidai.risk.scorecards import FeatureConfig, Scorecard, ScorecardConfig
from kuaidai.risk.scorecards.fitting import fit_scorecard

MAKER = Actor("staff", "maker", "Modeller")
CHECKER = Actor("staff", "checker", "Risk officer")


@cache
def small_card() -> Scorecard:
    """A card of one feature: the average balance, where low balances default more often."""
    rng = np.random.default_rng(7)
    balance = rng.lognormal(10.5, 1.0, 4000)
    chance = 1 / (1 + np.exp(-(7.0 - np.log(balance) * 0.95)))
    book = pd.DataFrame(
        {"balance_average_6m": balance, "bad": (rng.random(4000) < chance).astype(float)}
    )
    config = ScorecardConfig(
        name="test-card",
        features=(
            FeatureConfig(
                "balance_average_6m",
                "Average balance",
                "日均余额",
                splits=(7_370.0, 19_470.0, 31_648.0, 81_000.0),
            ),
        ),
    )
    return fit_scorecard(book, target="bad", config=config)


def publish_all(on: date) -> None:
    """Make the small card and the library policy live from `on`."""
    staff_logins()
    publish_scorecard(small_card(), report="", maker=MAKER, checker=CHECKER, on=on)
    publish_library_policy("credit-quick-loan", maker=MAKER, checker=CHECKER, on=on)
