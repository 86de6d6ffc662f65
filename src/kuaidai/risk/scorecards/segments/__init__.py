"""Segmented scorecards: one card for each segment of a column, on one scale of points and PDs.

A score means the same whatever the segment: scaling, grades and calibration are common. What becomes
of a row that no segment takes is part of the segmentation, never left to chance.
"""

from kuaidai.risk.scorecards.segments.card import SegmentedScorecard
from kuaidai.risk.scorecards.segments.fitting import fit_segments
from kuaidai.risk.scorecards.segments.rule import Segment, Segmentation, segments_by_value
from kuaidai.risk.scorecards.segments.validation import SegmentedValidation, validate_segments

__all__ = [
    "Segment",
    "Segmentation",
    "SegmentedScorecard",
    "SegmentedValidation",
    "fit_segments",
    "segments_by_value",
    "validate_segments",
]
