"""A card as a PMML 4.4 `Scorecard` document, for engines that score from PMML.

Source: the Data Mining Group's specification, PMML 4.4, "Scorecard": a row's score is the initial
score plus, of each characteristic, the partial score of the first attribute whose predicate is
true; with `pointsBelow` a characteristic counts as a reason by its baseline less its partial score.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from kuaidai.risk.scorecards.card import REASON_COUNT, Scorecard
from kuaidai.risk.scorecards.characteristics import Attribute, BinKind, Characteristic
from kuaidai.risk.scorecards.config import Kind, UnseenPolicy
from kuaidai.risk.scorecards.errors import CannotExport
from kuaidai.risk.scorecards.export.conditions import (
    attribute_of,
    category_groups,
    intervals,
    special_codes,
)

NAMESPACE = "http://www.dmg.org/PMML-4_4"
_QUOTED = frozenset('"\\')


def to_pmml(card: Scorecard) -> str:
    """The document that gives `score` and `reason_1` … `reason_4` (fewer on a shorter card).

    The score equals `card.score_table` to the point, missing values, NaN, special codes and unseen
    categories included; numbers are to be given as doubles. A category that the card refuses is an
    invalid value there, which the engine turns down. Reasons are feature names by points lost against
    the feature's best bin; unlike the scorer's they may name a feature that lost none, and the order
    of equal losses is the engine's. Raises `CannotExport` (a name with a character XML cannot hold).
    """
    root = _element("PMML", version="4.4")
    try:
        root.extend([_header(card), _dictionary(card), _model(card)])
    except ValueError as error:  # lxml names neither the text nor its place
        raise CannotExport(form="PMML", why=f"a name is not possible in XML ({error})") from error
    etree.indent(root)
    text: str = etree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _element(tag: str, *children: etree._Element, **attributes: str) -> etree._Element:
    element = etree.Element(f"{{{NAMESPACE}}}{tag}", attributes, nsmap={None: NAMESPACE})
    element.extend(children)
    return element


def _header(card: Scorecard) -> etree._Element:
    application = _element("Application", name="kuaidai")
    return _element("Header", application, description=card.name, modelVersion=card.version_hash)


def _dictionary(card: Scorecard) -> etree._Element:
    fields = [_data_field(c) for c in card.characteristics]
    return _element("DataDictionary", *fields, numberOfFields=str(len(fields)))


def _data_field(c: Characteristic) -> etree._Element:
    names = {"name": c.name, "displayName": c.feature.title("en")}
    if c.feature.kind is Kind.NUMERIC:
        not_a_number = _element("Value", value="NaN", property="missing")
        return _element("DataField", not_a_number, optype="continuous", dataType="double", **names)
    known = [name for group in category_groups(c) for name in group.categories]
    values = [_element("Value", value=name) for name in known]
    return _element("DataField", *values, optype="categorical", dataType="string", **names)


def _model(card: Scorecard) -> etree._Element:
    return _element(
        "Scorecard",
        _element("MiningSchema", *(_mining_field(c) for c in card.characteristics)),
        _output(card),
        _element("Characteristics", *(_characteristic(c) for c in card.characteristics)),
        modelName=card.name,
        functionName="regression",
        algorithmName="points from weight of evidence",
        initialScore=str(card.base_points),
        useReasonCodes="true",
        reasonCodeAlgorithm="pointsBelow",
        baselineMethod="max",
    )


def _mining_field(c: Characteristic) -> etree._Element:
    # The dictionary lists the categories known, so any other is invalid; it is let through unless the
    # card is to refuse it.
    refused = c.feature.kind is Kind.NUMERIC or c.feature.unseen is UnseenPolicy.ERROR
    treatment = "returnInvalid" if refused else "asIs"
    return _element("MiningField", name=c.name, usageType="active", invalidValueTreatment=treatment)


def _output(card: Scorecard) -> etree._Element:
    score = _element(
        "OutputField",
        name="score",
        feature="predictedValue",
        optype="continuous",
        dataType="double",
    )
    reasons = [
        _element(
            "OutputField",
            name=f"reason_{rank}",
            feature="reasonCode",
            rank=str(rank),
            optype="categorical",
            dataType="string",
        )
        for rank in range(1, min(REASON_COUNT, len(card.features)) + 1)
    ]
    return _element("Output", score, *reasons)


def _characteristic(c: Characteristic) -> etree._Element:
    numeric = c.feature.kind is Kind.NUMERIC
    return _element(
        "Characteristic",
        *(_numeric_attributes(c) if numeric else _categorical_attributes(c)),
        name=c.name,
        reasonCode=c.name,
        baselineScore=str(c.max_points),
    )


def _attribute(attribute: Attribute, predicate: etree._Element) -> etree._Element:
    return _element("Attribute", predicate, partialScore=str(attribute.points))


def _missing(c: Characteristic) -> etree._Element:
    predicate = _element("SimplePredicate", field=c.name, operator="isMissing")
    return _attribute(attribute_of(c, BinKind.MISSING), predicate)


def _numeric_attributes(c: Characteristic) -> Iterator[etree._Element]:
    """Missing, special codes, then bins: the codes lie within bins and must be asked for first."""
    yield _missing(c)
    for code in special_codes(c):
        bounds = (("greaterOrEqual", code.least), ("lessOrEqual", code.most))
        yield _attribute(code.attribute, _between(c, bounds))
    for interval in intervals(c):
        bounds = (("greaterOrEqual", interval.least), ("lessThan", interval.below))
        yield _attribute(interval.attribute, _between(c, bounds))


def _between(c: Characteristic, bounds: tuple[tuple[str, float | None], ...]) -> etree._Element:
    asked = [
        _element("SimplePredicate", field=c.name, operator=operator, value=repr(bound))
        for operator, bound in bounds
        if bound is not None
    ]
    return _combined("and", asked) if asked else _element("True")


def _categorical_attributes(c: Characteristic) -> Iterator[etree._Element]:
    yield _missing(c)
    for group in category_groups(c):
        yield _attribute(group.attribute, _among(c, group.categories))
    if c.feature.unseen is not UnseenPolicy.ERROR:
        yield _attribute(attribute_of(c, BinKind.UNSEEN), _element("True"))


def _among(c: Characteristic, categories: tuple[str, ...]) -> etree._Element:
    # How an array's text writes a backslash, a line break or nothing at all is not settled among
    # engines; the value of a simple predicate stands for itself.
    plain = all(name and name.isprintable() and not _QUOTED & set(name) for name in categories)
    if plain and len(categories) > 1:
        array = _element("Array", n=str(len(categories)), type="string")
        array.text = " ".join(f'"{name}"' for name in categories)
        return _element("SimpleSetPredicate", array, field=c.name, booleanOperator="isIn")
    equal = [
        _element("SimplePredicate", field=c.name, operator="equal", value=name)
        for name in categories
    ]
    return _combined("or", equal)


def _combined(operator: str, predicates: list[etree._Element]) -> etree._Element:
    """One predicate stands alone: a compound one needs two."""
    if len(predicates) == 1:
        return predicates[0]
    return _element("CompoundPredicate", *predicates, booleanOperator=operator)
