"""Parameters of expected credit losses: one TOML file per product, `default.toml` for the others.

The figures are the project's own starting values, not any bank's: replace them by estimates from the
bank's defaults and recoveries before relying on them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

ONE = Decimal(1)


@dataclass(frozen=True)
class Scenario:
    """A course of the economy: its weight, and what it makes of PD and LGD (factors, capped at 1)."""

    name: str
    weight: Decimal
    pd_factor: Decimal
    lgd_factor: Decimal


@dataclass(frozen=True)
class LossParameters:
    """What the expected loss of a product rests on.

    `cumulative_pd` gives, by grade, the probability of default within 1, 2, … years. A stage 2 claim
    takes `stage_two_pd_factor` times that. `loss_given_default` is by class of the claim: `performing`,
    `substandard`, `doubtful`, `loss`. `credit_conversion` is the share of the undrawn line taken as
    drawn at default. `discount_rate` is annual, compounded monthly. `contagion` says whether one
    debtor's claims are classified together, as non-retail claims must be.
    """

    version: str
    contagion: bool
    significant_days_past_due: int
    probation_days: int
    fallback_grade: str
    discount_rate: Decimal
    credit_conversion: Decimal
    stage_two_pd_factor: Decimal
    cumulative_pd: Mapping[str, tuple[Decimal, ...]]
    loss_given_default: Mapping[str, Decimal]
    scenarios: tuple[Scenario, ...]

    def __post_init__(self) -> None:
        """Refuse, with `ValueError`, figures that cannot be."""
        if sum(scenario.weight for scenario in self.scenarios) != ONE:
            raise ValueError("the weights of the scenarios must add up to 1")
        if self.fallback_grade not in self.cumulative_pd:
            raise ValueError(f"no probabilities for the fallback grade {self.fallback_grade}")
        for grade, years in self.cumulative_pd.items():
            if not years or list(years) != sorted(years) or not 0 <= years[0] <= years[-1] <= 1:
                raise ValueError(f"the probabilities of grade {grade} must rise from 0 to 1")
        for name, share in self.loss_given_default.items():
            if not 0 <= share <= 1:
                raise ValueError(f"the loss given default of {name} must lie between 0 and 1")


def _parameters(raw: Mapping[str, Any]) -> LossParameters:
    return LossParameters(
        version=raw["version"],
        contagion=raw["contagion"],
        significant_days_past_due=raw["significant_days_past_due"],
        probation_days=raw["probation_days"],
        fallback_grade=raw["fallback_grade"],
        discount_rate=Decimal(raw["discount_rate"]),
        credit_conversion=Decimal(raw["credit_conversion"]),
        stage_two_pd_factor=Decimal(raw["stage_two_pd_factor"]),
        cumulative_pd={g: tuple(map(Decimal, years)) for g, years in raw["cumulative_pd"].items()},
        loss_given_default={n: Decimal(v) for n, v in raw["loss_given_default"].items()},
        scenarios=tuple(
            Scenario(
                s["name"], Decimal(s["weight"]), Decimal(s["pd_factor"]), Decimal(s["lgd_factor"])
            )
            for s in raw["scenarios"]
        ),
    )


@cache
def loss_parameters(product_code: str) -> LossParameters:
    """The parameters of that product, or the default ones where it has no file of its own."""
    folder = files(__name__)
    own = folder / f"{product_code}.toml"
    found = own if own.is_file() else folder / "default.toml"
    return _parameters(tomllib.loads(found.read_text(encoding="utf-8")))
