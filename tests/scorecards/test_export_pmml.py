"""The PMML document, read by an evaluator that knows the specification and nothing of the scorer.

`score_of` and `segment_of` follow "Scorecard", "Multiple Models", "Predicates" and "MiningSchema" of PMML
4.4: predicates know true, false and unknown, the first attribute or segment whose predicate is true
counts, invalid values are refused.
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
from kuaidai.risk.scorecards.export import segmented_pmml, to_pmml
from kuaidai.risk.scorecards.export.conditions import greatest_within, least_reaching
from kuaidai.risk.scorecards.segments import (
    Segment,
    Segmentation,
    SegmentedScorecard,
    fit_segments,
)

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


def admitted(root: etree._Element, model: etree._Element, row: dict[str, Any]) -> dict[str, Any]:
    """The row as the model sees it: missing values None, invalid ones refused or let through."""
    seen = {}
    for field in model.iterfind("p:MiningSchema/p:MiningField", NS):
        name = field.get("name")
        (entry,) = [e for e in root.iter(f"{{{NS['p']}}}DataField") if e.get("name") == name]
        value = row[name]
        if isinstance(value, float) and math.isnan(value) and not_a_number_is_missing(entry):
            value = None
        strict = field.get("invalidValueTreatment", "returnInvalid") != "asIs"
        if strict and value is not None and not is_valid(entry, value):
            raise InvalidValueError(name, value)
        if value is None and field.get("missingValueTreatment") == "returnInvalid":
            raise InvalidValueError(name, "missing")
        seen[name] = value
    return seen


def not_a_number_is_missing(entry: etree._Element) -> bool:
    listed = entry.iterfind("p:Value", NS)
    return any((v.get("value"), v.get("property")) == ("NaN", "missing") for v in listed)


def is_valid(entry: etree._Element, value: Any) -> bool:
    """Among the field's valid values or in one of its intervals, where it lists any."""
    listed = [v for v in entry.iterfind("p:Value", NS) if v.get("property", "valid") == "valid"]
    intervals = list(entry.iterfind("p:Interval", NS))
    assert {each.get("closure") for each in intervals} <= {"closedOpen"}
    if intervals:
        bounds = [
            (float(each.get("leftMargin", "-inf")), float(each.get("rightMargin", "inf")))
            for each in intervals
        ]
        return any(left <= value < right for left, right in bounds)
    return not listed or value in [v.get("value") for v in listed]


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


def score_of(
    root: etree._Element, row: dict[str, Any], model: etree._Element | None = None
) -> tuple[float, list[tuple[str, float]]]:
    """The score, and reason codes with the points lost, most first."""
    if model is None:
        (model,) = root.iterfind("p:Scorecard", NS)
    assert model.get("reasonCodeAlgorithm") == "pointsBelow"
    seen, score, lost = admitted(root, model, row), float(model.get("initialScore")), []
    for characteristic in model.iterfind("p:Characteristics/p:Characteristic", NS):
        true = [a for a in characteristic if holds(a[0], seen) is True]
        if not true:
            raise InvalidValueError(characteristic.get("name"), "no attribute")
        partial = float(true[0].get("partialScore"))
        score += partial
        short = float(characteristic.get("baselineScore")) - partial
        lost.append((characteristic.get("reasonCode"), short))
    return score, sorted(lost, key=lambda reason: -reason[1])


def segment_of(root: etree._Element, row: dict[str, Any]) -> tuple[str, etree._Element]:
    """Id and model of the first segment whose predicate is true."""
    (model,) = root.iterfind("p:MiningModel", NS)
    (segmentation,) = model.iterfind("p:Segmentation", NS)
    assert segmentation.get("multipleModelMethod") == "selectFirst"
    seen = admitted(root, model, row)
    predicate, inner = next(s for s in segmentation if holds(s[0], seen) is True)
    return predicate.getparent().get("id"), inner


def agree(card: Scorecard | SegmentedScorecard, table: pa.Table) -> None:
    segmented = isinstance(card, SegmentedScorecard)
    root = parse(segmented_pmml(card) if segmented else to_pmml(card))
    for row, scored in zip(table.to_pylist(), card.score_table(table).to_pylist(), strict=True):
        segment, model = segment_of(root, row) if segmented else (None, None)
        score, lost = score_of(root, row, model)
        named = [name for name, points in lost[:4] if points > 0]
        ours = [scored[f"reason_{rank}"] for rank in (1, 2, 3, 4)]
        assert (score, segment) == (scored["score"], scored.get("segment")), row
        assert named == [name for name in ours if name], row


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


NEW = Segment("new", values=("new", "re\\turning"), features=("turnover", "queries"))
KNOWN = Segment("known", values=("known",), features=("turnover", "bureau", "grade"))
SMALL, LARGE = Segment("small", below=400_000.0), Segment("large", least=400_000.0, below=1e9)


class TestSegments:
    @pytest.fixture(scope="class")
    @classmethod
    def customers(cls, frame):
        """The sample's firms: new, returning and known customers, some of no sort."""
        sorts = ["new", "re\\turning", "known", "known", None]
        return frame.assign(customer=[sorts[n % 5] for n in range(len(frame))])

    @pytest.fixture(scope="class")
    @classmethod
    def segmented(cls, customers, config):
        rule = Segmentation("customer", (NEW, KNOWN), unknown="new")
        return fit_segments(customers, target="bad", config=config, segmentation=rule)

    @pytest.fixture(scope="class")
    @classmethod
    def by_size(cls, customers, config):
        rule = Segmentation("turnover", (SMALL, LARGE), unknown="small")
        return fit_segments(customers, target="bad", config=config, segmentation=rule)

    def test_every_row_is_scored_by_the_card_of_its_segment(self, segmented, customers) -> None:
        rows = customers.head(600).copy()
        rows["grade"] = rows["grade"].where(rows.index % 9 != 4, "never seen")
        rows["customer"] = rows["customer"].where(rows.index % 7 != 3, "a stranger")

        agree(segmented, pa.Table.from_pandas(rows, preserve_index=False))

    def test_a_numeric_rule_agrees_at_its_edges(self, by_size, customers) -> None:
        values = [None, math.nan, 0.0, -math.inf, math.inf]
        for edge in (400_000.0, least_reaching(400_000.0), 1e9, least_reaching(1e9)):
            values += [edge, math.nextafter(edge, -math.inf), math.nextafter(edge, math.inf)]
        table = pa.Table.from_pandas(customers.head(len(values)), preserve_index=False)
        place = table.column_names.index("turnover")

        agree(by_size, table.set_column(place, "turnover", pa.array(values, pa.float64())))

    @pytest.mark.parametrize("sort", [None, "a stranger"])
    def test_a_row_of_no_segment_is_an_invalid_value_where_it_is_refused(
        self, segmented, customers, sort
    ) -> None:
        strict = replace(segmented, segmentation=Segmentation("customer", (NEW, KNOWN)))
        known = customers.dropna(subset=["customer"]).head(200)
        agree(strict, pa.Table.from_pandas(known, preserve_index=False))

        row = {**known.iloc[0].to_dict(), "customer": sort}
        with pytest.raises(InvalidValueError, match="customer"):
            segment_of(parse(segmented_pmml(strict)), row)

    @pytest.mark.parametrize("turnover", [None, math.nan, 1e9, 2e9])
    def test_so_is_a_number_of_no_segment(self, by_size, customers, turnover) -> None:
        strict = replace(by_size, segmentation=Segmentation("turnover", (SMALL, LARGE)))
        known = customers[customers["turnover"] < 1e9].head(100)
        agree(strict, pa.Table.from_pandas(known, preserve_index=False))

        row = {**known.iloc[0].to_dict(), "turnover": turnover}
        with pytest.raises(InvalidValueError, match="turnover"):
            segment_of(parse(segmented_pmml(strict)), row)

    def test_a_category_of_the_other_card_is_refused_where_unseen_ones_are(self, card, segmented):
        cards = [replace(each, characteristics=(categorical("sort", UnseenPolicy.ERROR),))
                 for each in segmented.cards]  # fmt: skip
        (first,) = cards[0].characteristics
        fewer = tuple(a for a in first.attributes if "x" not in a.bin.categories)
        cards[0] = replace(cards[0], characteristics=(replace(first, attributes=fewer),))
        root = parse(segmented_pmml(replace(segmented, cards=tuple(cards))))

        for customer, takes in (("known", True), ("new", False)):
            row = {"customer": customer, "sort": "x"}
            _, model = segment_of(root, row)
            if takes:
                score_of(root, row, model)
            else:
                with pytest.raises(InvalidValueError, match="sort"):
                    score_of(root, row, model)

    def test_the_document_stands_in_the_order_of_the_specification(self, segmented) -> None:
        root = parse(segmented_pmml(segmented))

        assert [tag(e) for e in root] == ["Header", "DataDictionary", "MiningModel"]
        assert root[0].get("modelVersion") == segmented.version_hash
        model = root[2]
        assert [tag(e) for e in model] == ["MiningSchema", "Output", "Segmentation"]
        outputs = [(e.get("name"), e.get("feature")) for e in model[1]]
        assert outputs[:3] == [
            ("score", "predictedValue"), ("segment", "entityId"), ("reason_1", "reasonCode"),
        ]  # fmt: skip
        assert [(e.get("id"), tag(e[0])) for e in model[2]] == [
            ("known", "SimplePredicate"),
            ("new", "True"),
        ]
        fields = [e.get("name") for e in root[1]]
        assert sorted(fields) == sorted(set(segmented.features))
        assert int(root[1].get("numberOfFields")) == len(fields)
        for inner in model[2].iterfind("p:Segment/p:Scorecard", NS):
            assert [tag(e) for e in inner] == ["MiningSchema", "Characteristics"]

    def test_a_column_of_two_kinds_is_refused(self, segmented) -> None:
        cards = tuple(replace(each, characteristics=(numeric("customer"),))
                      for each in segmented.cards)  # fmt: skip
        with pytest.raises(CannotExport, match="customer is a number in one place"):
            segmented_pmml(replace(segmented, cards=cards))
