"""Segmented scorecards: one card for each segment of a column, on one scale of points and PDs.

A score means the same whatever the segment: scaling, grades and calibration are common. What becomes
of a row that no segment takes is part of the segmentation, never left to chance.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from kuaidai.risk.scorecards.segments.card import AnyScorecard, SegmentedScorecard
from kuaidai.risk.scorecards.segments.rule import Segment, Segmentation, segments_by_value

if TYPE_CHECKING:
    from kuaidai.risk.scorecards.segments.fitting import fit_segments
    from kuaidai.risk.scorecards.segments.validation import SegmentedValidation, validate_segments

_LATER = {
    "SegmentedValidation": "validation",
    "fit_segments": "fitting",
    "validate_segments": "validation",
}
"""What is imported when it is first asked for: a server that only scores need not load what fits."""

__all__ = [
    "AnyScorecard",
    "Segment",
    "Segmentation",
    "SegmentedScorecard",
    "SegmentedValidation",
    "fit_segments",
    "segments_by_value",
    "validate_segments",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
