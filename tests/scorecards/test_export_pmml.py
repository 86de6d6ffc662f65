"""The PMML document, read by an evaluator that knows the specification and nothing of the scorer.

`score_of` follows "Scorecard", "Predicates" and "MiningSchema" of PMML 4.4: predicates know true,
false and unknown, the first attribute whose predicate is true counts, invalid values are refused.
"""

from __future__ import annotations

import itertools
import math
import operator
import re
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from lxml import etree

from kuaidai.risk.scorecards import FeatureConfig, Kind, Scorecard, UnseenPolicy
from kuaidai.risk.scorecards.characteristics import (
    Attribute,
    Bin,
    BinKind,
    BinningRecord,
    Characteristic,
)
from kuaidai.risk.scorecards.errors import CannotExport
from kuaidai.risk.scorecards.export import to_pmml
from kuaidai.risk.scorecards.export.conditions import greatest_within, least_reaching

NS = {"p": "http://www.dmg.org/PMML-4_4"}
COMPARISONS = {
    "equal": operator.eq,
    "lessThan": operator.lt,
    "lessOrEqual": operator.le,
    "greaterThan": operator.gt,
    "greaterOrEqual": operator.ge,
}
CUTS = (-2.5e9, -0.1, 0.0, 1 / 3, 7e11)
CODES = (("none", -999.0), ("refused", 0.05), ("refused again", 0.06))
CATEGORIES = (
    ("plain", "it's <&> ]]>", "纳税A级"),
    ('a "quote"', "back\\"),
    ("", " ", "two\nlines"),
    ("x",),
)


class InvalidValueError(Exception):
    """A value that the document does not admit."""


def parse(text: str) -> etree._Element:
    return etree.fromstring(text.encode())


def tag(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def admitted(root: etree._Element, row: dict[str, Any]) -> dict[str, Any]:
    """The row as the model sees it: missing values None, invalid ones refused or let through."""
    seen = {}
    for field in root.iterfind("p:Scorecard/p:MiningSchema/p:MiningField", NS):
        name = field.get("name")
        (entry,) = [e for e in root.iter(f"{{{NS['p']}}}DataField") if e.get("name") == name]
        listed = [(v.get("value"), v.get("property", "valid")) for v in entry]
        value = row[name]
        if isinstance(value, float) and math.isnan(value):
            value = None if ("NaN", "missing") in listed else value
        valid = [text for text, kind in listed if kind == "valid"]
        strict = field.get("invalidValueTreatment", "returnInvalid") != "asIs"
        if strict and value is not None and valid and value not in valid:
            raise InvalidValueError(name, value)
        seen[name] = value
    return seen


def holds(predicate: etree._Element, row: dict[str, Any]) -> bool | None:
    """True, false or, where a value is missing, None for unknown."""
    kind = tag(predicate)
    if kind == "True":
        return True
    if kind == "CompoundPredicate":
        parts = [holds(part, row) for part in predicate]
        assert len(parts) > 1
        decisive = {"and": False, "or": True}[predicate.get("booleanOperator")]
        if decisive in parts:
            return decisive
        return None if None in parts else not decisive
    value, how = row[predicate.get("field")], predicate.get("operator")
    if how == "isMissing":
        return value is None
    if value is None:
        return None
    if kind == "SimpleSetPredicate":
        assert predicate.get("booleanOperator") == "isIn"
        (array,) = predicate
        items = re.findall(r'"([^"]*)"', array.text)
        assert len(items) == int(array.get("n"))
        return value in items
    assert kind == "SimplePredicate"
    bound = predicate.get("value")
    return COMPARISONS[how](value, float(bound) if isinstance(value, float) else bound)


def score_of(root: etree._Element, row: dict[str, Any]) -> tuple[float, list[tuple[str, float]]]:
    """The score, and reason codes with the points lost, most first."""
    (model,) = root.iterfind("p:Scorecard", NS)
    assert model.get("reasonCodeAlgorithm") == "pointsBelow"
    seen, score, lost = admitted(root, row), float(model.get("initialScore")), []
    for characteristic in model.iterfind("p:Characteristics/p:Characteristic", NS):
        true = (a for a in characteristic if holds(a[0], seen) is True)
        partial = float(next(true).get("partialScore"))
        score += partial
        short = float(characteristic.get("baselineScore")) - partial
        lost.append((characteristic.get("reasonCode"), short))
    return score, sorted(lost, key=lambda reason: -reason[1])


def agree(card: Scorecard, table: pa.Table) -> None:
    root = parse(to_pmml(card))
    for row, scored in zip(table.to_pylist(), card.score_table(table).to_pylist(), strict=True):
        score, lost = score_of(root, row)
        named = [name for name, points in lost[:4] if points > 0]
        ours = [scored[f"reason_{rank}"] for rank in (1, 2, 3, 4)]
        assert (score, named) == (scored["score"], [name for name in ours if name]), row


def _attribute(kind: BinKind, points: int, **bounds: Any) -> Attribute:
    return Attribute(Bin(kind, "", "", **bounds), goods=10, bads=1, woe=0.0, iv=0.0, points=points)


def numeric(name: str, cuts: tuple[float, ...] = CUTS) -> Characteristic:
    bounds = itertools.pairwise((None, *cuts, None))
    attributes = [
        _attribute(BinKind.INTERVAL, 7 * place - 20, low=low, high=high)
        for place, (low, high) in enumerate(bounds)
    ]
    codes = CODES if cuts else ()
    attributes += [
        _attribute(BinKind.SPECIAL, 101 + place, special=code)
        for place, (_, code) in enumerate(codes)
    ]
    attributes.append(_attribute(BinKind.MISSING, -33))
    feature = FeatureConfig(name, special=codes)
    return Characteristic(feature, tuple(attributes), BinningRecord("", ""), iv=0.1)


def categorical(name: str, unseen: UnseenPolicy) -> Characteristic:
    attributes = [
        _attribute(BinKind.CATEGORIES, 11 * place, categories=(*names, "twice"))
        for place, names in enumerate(CATEGORIES)
    ]
    attributes += [_attribute(BinKind.MISSING, -5), _attribute(BinKind.UNSEEN, -50)]
    feature = FeatureConfig(name, kind=Kind.CATEGORICAL, unseen=unseen)
    return Characteristic(feature, tuple(attributes), BinningRecord("", ""), iv=0.1)


def awkward(card: Scorecard, unseen: UnseenPolicy) -> Scorecard:
    characteristics = (numeric('<"x">'), categorical("it's 税", unseen), numeric("one bin", ()))
    return replace(card, characteristics=characteristics)


def awkward_rows(*strange: str) -> pa.Table:
    numbers = [None, math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -5e-324]
    for cut in (*CUTS, *(code for _, code in CODES)):
        for edge in (cut, least_reaching(cut), greatest_within(cut)):
            numbers += [edge, math.nextafter(edge, -math.inf), math.nextafter(edge, math.inf)]
    names = [None, "twice", *(name for group in CATEGORIES for name in group), *strange]
    rows = range(len(numbers) * 3)
    return pa.table(
        {
            '<"x">': pa.array([numbers[n % len(numbers)] for n in rows], pa.float64()),
            "it's 税": pa.array([names[n % len(names)] for n in rows], pa.string()),
            "one bin": pa.array([numbers[-n % len(numbers)] for n in rows], pa.float64()),
        }
    )


def test_the_document_scores_the_development_sample_as_the_scorer_does(card, frame) -> None:
    rows = frame[list(card.features)].head(600).copy()
    rows["grade"] = rows["grade"].where(rows.index % 9 != 4, "never seen")
    table = pa.Table.from_pandas(rows, preserve_index=False)
    assert all(table[name].null_count for name in ("turnover", "grade"))
    assert -999.0 in table["bureau"].to_pylist()

    agree(card, table)


@pytest.mark.parametrize("policy", [p for p in UnseenPolicy if p is not UnseenPolicy.ERROR])
def test_the_document_agrees_at_every_edge_and_with_every_name(policy, card) -> None:
    agree(awkward(card, policy), awkward_rows("X", "nan", "back", "two lines"))


def test_a_category_that_is_to_be_refused_is_an_invalid_value(card) -> None:
    strict = awkward(card, UnseenPolicy.ERROR)
    agree(strict, awkward_rows())

    root = parse(to_pmml(strict))
    with pytest.raises(InvalidValueError, match="税"):
        score_of(root, {'<"x">': 1.0, "it's 税": "X", "one bin": 1.0})


def test_the_document_is_well_formed_and_stands_in_the_order_of_the_specification(card) -> None:
    text = to_pmml(card)
    root = parse(text)

    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>')
    assert root.get("version") == "4.4"
    assert {etree.QName(e).namespace for e in root.iter()} == {NS["p"]}
    assert [tag(e) for e in root] == ["Header", "DataDictionary", "Scorecard"]
    model = root[2]
    assert [tag(e) for e in model] == ["MiningSchema", "Output", "Characteristics"]
    assert (model.get("functionName"), model.get("useReasonCodes")) == ("regression", "true")
    assert int(root[1].get("numberOfFields")) == len(root[1]) == len(card.features)
    outputs = [(e.get("name"), e.get("feature"), e.get("rank")) for e in model[1]]
    codes = [(f"reason_{n}", "reasonCode", str(n)) for n in range(1, len(card.features) + 1)]
    assert outputs == [("score", "predictedValue", None), *codes[:4]]
    for c, element in zip(card.characteristics, model[2], strict=True):
        assert (element.get("name"), element.get("reasonCode")) == (c.name, c.name)
        assert int(element.get("baselineScore")) == c.max_points
        assert len(element) == len(c.attributes)


def test_a_document_names_the_version_of_its_card(card) -> None:
    header = parse(to_pmml(card))[0]

    assert header.get("modelVersion") == card.version_hash
    assert to_pmml(card) == to_pmml(Scorecard.from_json(card.to_json()))


def test_a_name_that_xml_cannot_hold_is_refused(card) -> None:
    with pytest.raises(CannotExport, match="PMML"):
        to_pmml(replace(card, characteristics=(numeric("bell \a"),)))
