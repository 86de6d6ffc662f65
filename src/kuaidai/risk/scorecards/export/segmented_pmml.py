"""A segmented card as a PMML 4.4 `MiningModel`: of its scorecards the first whose segment takes the row.

Source: the Data Mining Group's specification, PMML 4.4, "Multiple Models": of a `Segmentation` by
`selectFirst` the result is that of the first segment whose predicate is true.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from kuaidai.risk.scorecards.characteristics import Characteristic
from kuaidai.risk.scorecards.config import Kind
from kuaidai.risk.scorecards.errors import CannotExport
from kuaidai.risk.scorecards.export.conditions import least_reaching
from kuaidai.risk.scorecards.export.pmml import (
    among,
    between,
    categories,
    data_field,
    dictionary,
    document,
    element,
    header,
    number_field,
    score_and_reasons,
    scorecard,
    text_field,
)
from kuaidai.risk.scorecards.segments import Segment, SegmentedScorecard
from kuaidai.risk.scorecards.segments.rule import REFUSED


def segmented_pmml(card: SegmentedScorecard) -> str:
    """The document that gives `score`, `segment` and `reason_1` … `reason_4`.

    Score and reasons are as in `to_pmml`, by the card of the row's segment. Where the segmentation refuses
    rows of no segment, such a value, or none, is invalid; where it names a segment for them, that one
    stands last and takes what is left. A category that the row's own card refuses finds no attribute
    there, which makes the result invalid too. Raises `CannotExport` (also for a column that is a number
    in one place and a category in another).
    """
    characteristics = _by_name(card)
    fields = [*_column_field(card, characteristics), *_feature_fields(card, characteristics)]
    return document(header(card.name, card.version_hash), dictionary(fields), _model(card))


def _by_name(card: SegmentedScorecard) -> dict[str, list[Characteristic]]:
    """What each feature is on the cards that have it; raises `CannotExport` where kinds differ."""
    found: dict[str, list[Characteristic]] = {}
    for each in card.cards:
        for c in each.characteristics:
            found.setdefault(c.name, []).append(c)
    for name, places in found.items():
        kinds = {c.feature.kind for c in places}
        if name == card.segmentation.column:
            kinds.add(card.segmentation.kind)
        if len(kinds) > 1:
            why = f"{name} is a number in one place and a category in another"
            raise CannotExport(form="PMML", why=why)
    return found


def _column_field(
    card: SegmentedScorecard, characteristics: dict[str, list[Characteristic]]
) -> Iterator[etree._Element]:
    """The column that decides: with the values that segments take, where any other is refused."""
    rule = card.segmentation
    if rule.unknown != REFUSED and rule.column in characteristics:
        return  # a feature like any other
    valid = rule.segments if rule.unknown == REFUSED else ()
    if rule.kind is Kind.NUMERIC:
        yield number_field(rule.column, *map(_interval, valid))
    else:
        yield text_field(rule.column, [value for segment in valid for value in segment.values])


def _interval(segment: Segment) -> etree._Element:
    margins = {"leftMargin": segment.least, "rightMargin": segment.below}
    known = {name: repr(least_reaching(at)) for name, at in margins.items() if at is not None}
    return element("Interval", closure="closedOpen", **known)


def _feature_fields(
    card: SegmentedScorecard, characteristics: dict[str, list[Characteristic]]
) -> Iterator[etree._Element]:
    rule = card.segmentation
    for name, places in characteristics.items():
        if name != rule.column or rule.unknown != REFUSED:
            known = (value for c in places for value in categories(c))
            yield data_field(places[0], list(dict.fromkeys(known)))


def _model(card: SegmentedScorecard) -> etree._Element:
    names = dict.fromkeys([card.segmentation.column, *card.features])
    segment = {"feature": "entityId", "optype": "categorical", "dataType": "string"}
    most = max(len(each.features) for each in card.cards)
    score, *reasons = score_and_reasons(most)
    return element(
        "MiningModel",
        element("MiningSchema", *(_mining_field(card, name) for name in names)),
        element("Output", score, element("OutputField", name="segment", **segment), *reasons),
        element("Segmentation", *_segments(card), multipleModelMethod="selectFirst"),
        modelName=card.name,
        functionName="regression",
    )


def _mining_field(card: SegmentedScorecard, name: str) -> etree._Element:
    """What the column decides may be refused here; a feature's values are judged by the row's card."""
    refused = name == card.segmentation.column and card.segmentation.unknown == REFUSED
    treatment = {"invalidValueTreatment": "returnInvalid" if refused else "asIs"}
    if refused:
        treatment["missingValueTreatment"] = "returnInvalid"
    return element("MiningField", name=name, usageType="active", **treatment)


def _segments(card: SegmentedScorecard) -> Iterator[etree._Element]:
    rule = card.segmentation
    pairs = list(zip(rule.segments, card.cards, strict=True))
    pairs.sort(key=lambda pair: pair[0].name == rule.unknown)
    for segment, each in pairs:
        rest = segment.name == rule.unknown
        predicate = element("True") if rest else _inside(rule.column, segment)
        yield element("Segment", predicate, scorecard(each), id=segment.name)


def _inside(column: str, segment: Segment) -> etree._Element:
    if segment.values:
        return among(column, segment.values)
    bounds = (("greaterOrEqual", segment.least), ("lessThan", segment.below))
    reaching = [(how, None if at is None else least_reaching(at)) for how, at in bounds]
    return between(column, reaching)
