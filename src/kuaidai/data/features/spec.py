"""What a feature is, and the words that describe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import ibis
import pyarrow as pa

from kuaidai.data.lake.datasets import DATASETS

Direction = Literal["higher_is_riskier", "lower_is_riskier", "none"]
Tables = Mapping[str, ibis.Table]

RISKIER: Direction = "higher_is_riskier"
SAFER: Direction = "lower_is_riskier"
NEUTRAL: Direction = "none"

FEATURE_DATASETS = tuple(DATASETS)
"""The datasets that features are computed from."""
SUBJECTS = pa.schema(
    [
        ("subject", pa.int64()),
        ("uscc", pa.string()),
        ("person_id", pa.string()),
        ("observed_on", pa.date32()),
    ]
)
"""Whom features are about: a firm and its owner on a day, numbered."""


@dataclass(frozen=True)
class FeatureSpec:
    """One feature. `direction` says whether a higher value is expected to mean more risk."""

    name: str
    title_en: str
    title_zh: str
    family: str
    sources: tuple[str, ...]
    window: str
    unit: str
    missing_en: str
    missing_zh: str
    direction: Direction


@dataclass(frozen=True)
class Family:
    """Builds the specs of one family without repeating what they share."""

    name: str
    sources: tuple[str, ...]
    missing_en: str
    missing_zh: str

    def spec(
        self, name: str, title_en: str, title_zh: str, window: str, unit: str, direction: Direction
    ) -> FeatureSpec:
        """A feature of this family."""
        return FeatureSpec(
            name, title_en, title_zh, self.name, self.sources, window, unit,
            self.missing_en, self.missing_zh, direction,
        )  # fmt: skip
