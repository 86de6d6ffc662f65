"""A card as a PMML 4.4 `Scorecard` document, for engines that score from PMML.

Source: the Data Mining Group's specification, PMML 4.4, "Scorecard": a row's score is the initial
score plus, of each characteristic, the partial score of the first attribute whose predicate is
true; with `pointsBelow` a characteristic counts as a reason by its baseline less its partial score.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    return document(
        header(card.name, card.version_hash),
        dictionary([data_field(c, categories(c)) for c in card.characteristics]),
        scorecard(card, element("Output", *score_and_reasons(len(card.features)))),
    )


def document(*parts: etree._Element) -> str:
    """The text of a document of those parts."""
    root = element("PMML", *parts, version="4.4")
    etree.indent(root)
    text: str = etree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def element(tag: str, *children: etree._Element, **attributes: str) -> etree._Element:
    """An element of PMML's namespace; raises `CannotExport` for a character that XML cannot hold."""
    try:
        made = etree.Element(f"{{{NAMESPACE}}}{tag}", attributes, nsmap={None: NAMESPACE})
    except ValueError as error:  # lxml names neither the text nor its place
        raise CannotExport(form="PMML", why=f"a name is not possible in XML ({error})") from error
    made.extend(children)
    return made


def header(name: str, version_hash: str) -> etree._Element:
    """Which version of which card the document holds."""
    application = element("Application", name="kuaidai")
    return element("Header", application, description=name, modelVersion=version_hash)


def dictionary(fields: Sequence[etree._Element]) -> etree._Element:
    """The data dictionary of those fields."""
    return element("DataDictionary", *fields, numberOfFields=str(len(fields)))


def data_field(c: Characteristic, known: Sequence[str]) -> etree._Element:
    """The field of a characteristic; `known`: its categories, any other being invalid (none: all valid)."""
    if c.feature.kind is Kind.NUMERIC:
        return number_field(c.name, displayName=c.feature.title("en"))
    return text_field(c.name, known, displayName=c.feature.title("en"))


def number_field(name: str, *valid: etree._Element, **more: str) -> etree._Element:
    """A field of numbers, NaN missing; `valid`: the intervals that are (none: all numbers)."""
    missing = element("Value", value="NaN", property="missing")
    kind = {"optype": "continuous", "dataType": "double"}
    return element("DataField", *valid, missing, name=name, **kind, **more)


def text_field(name: str, known: Sequence[str], **more: str) -> etree._Element:
    """A field of categories."""
    values = [element("Value", value=value) for value in known]
    kind = {"optype": "categorical", "dataType": "string"}
    return element("DataField", *values, name=name, **kind, **more)


def categories(c: Characteristic) -> list[str]:
    """The categories the characteristic knows."""
    return [name for group in category_groups(c) for name in group.categories]


def scorecard(card: Scorecard, output: etree._Element | None = None) -> etree._Element:
    """The `Scorecard` element, with that output."""
    return element(
        "Scorecard",
        element("MiningSchema", *(_mining_field(c) for c in card.characteristics)),
        *([] if output is None else [output]),
        element("Characteristics", *(_characteristic(c) for c in card.characteristics)),
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
    return element("MiningField", name=c.name, usageType="active", invalidValueTreatment=treatment)


def score_and_reasons(features: int) -> list[etree._Element]:
    """The output fields of a card with so many features."""
    score = {"feature": "predictedValue", "optype": "continuous", "dataType": "double"}
    reason = {"feature": "reasonCode", "optype": "categorical", "dataType": "string"}
    return [
        element("OutputField", name="score", **score),
        *(
            element("OutputField", name=f"reason_{rank}", rank=str(rank), **reason)
            for rank in range(1, min(REASON_COUNT, features) + 1)
        ),
    ]


def _characteristic(c: Characteristic) -> etree._Element:
    numeric = c.feature.kind is Kind.NUMERIC
    return element(
        "Characteristic",
        *(_numeric_attributes(c) if numeric else _categorical_attributes(c)),
        name=c.name,
        reasonCode=c.name,
        baselineScore=str(c.max_points),
    )


def _attribute(attribute: Attribute, predicate: etree._Element) -> etree._Element:
    return element("Attribute", predicate, partialScore=str(attribute.points))


def _missing(c: Characteristic) -> etree._Element:
    predicate = element("SimplePredicate", field=c.name, operator="isMissing")
    return _attribute(attribute_of(c, BinKind.MISSING), predicate)


def _numeric_attributes(c: Characteristic) -> Iterator[etree._Element]:
    """Missing, special codes, then bins: the codes lie within bins and must be asked for first."""
    yield _missing(c)
    for code in special_codes(c):
        bounds = (("greaterOrEqual", code.least), ("lessOrEqual", code.most))
        yield _attribute(code.attribute, between(c.name, bounds))
    for interval in intervals(c):
        bounds = (("greaterOrEqual", interval.least), ("lessThan", interval.below))
        yield _attribute(interval.attribute, between(c.name, bounds))


def between(field: str, bounds: Sequence[tuple[str, float | None]]) -> etree._Element:
    """That the field meets every bound that is there: a comparison of PMML and a number."""
    asked = [
        element("SimplePredicate", field=field, operator=operator, value=repr(bound))
        for operator, bound in bounds
        if bound is not None
    ]
    return _combined("and", asked) if asked else element("True")


def _categorical_attributes(c: Characteristic) -> Iterator[etree._Element]:
    yield _missing(c)
    for group in category_groups(c):
        yield _attribute(group.attribute, among(c.name, group.categories))
    if c.feature.unseen is not UnseenPolicy.ERROR:
        yield _attribute(attribute_of(c, BinKind.UNSEEN), element("True"))


def among(field: str, categories: Sequence[str]) -> etree._Element:
    """That the field is one of the categories."""
    # How an array's text writes a backslash, a line break or nothing at all is not settled among
    # engines; the value of a simple predicate stands for itself.
    plain = all(name and name.isprintable() and not _QUOTED & set(name) for name in categories)
    if plain and len(categories) > 1:
        array = element("Array", n=str(len(categories)), type="string")
        array.text = " ".join(f'"{name}"' for name in categories)
        return element("SimpleSetPredicate", array, field=field, booleanOperator="isIn")
    equal = [
        element("SimplePredicate", field=field, operator="equal", value=name) for name in categories
    ]
    return _combined("or", equal)


def _combined(operator: str, predicates: list[etree._Element]) -> etree._Element:
    """One predicate stands alone: a compound one needs two."""
    if len(predicates) == 1:
        return predicates[0]
    return element("CompoundPredicate", *predicates, booleanOperator=operator)
