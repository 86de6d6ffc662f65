"""The row scorer gives, to the last field, what the card's characteristics give."""

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kuaidai.risk.scorecards import FeatureConfig, Kind, ScorecardConfig
from kuaidai.risk.scorecards.columns import read_value, steady, steady_number
from kuaidai.risk.scorecards.config import UnseenPolicy
from kuaidai.risk.scorecards.errors import MissingColumn, NotANumber, UnseenCategory
from kuaidai.risk.scorecards.fitting import fit_scorecard
from kuaidai.risk.scorecards.results import AttributePoints, Reason, ScoreResult
from kuaidai.risk.scorecards.row_scorer import RowScorer, least_above, least_read_as

anything = st.floats() | st.integers(-(2**70), 2**70) | st.decimals(allow_nan=False)


def by_characteristics(card, row) -> ScoreResult:
    """The score worked out bin by bin, with nothing prepared."""
    points = []
    for c in card.characteristics:
        value = row[c.name]
        attribute = c.attributes[int(c.codes(read_value(value, c.name, c.feature.kind))[0])]
        points.append(
            AttributePoints(
                c.name,
                c.feature.title("en"),
                c.feature.title("zh"),
                value,
                attribute.bin.label,
                attribute.bin.label_zh,
                attribute.points,
                c.max_points,
            )
        )
    score = card.base_points + sum(p.points for p in points)
    lost = [p for p in sorted(points, key=lambda p: -p.points_lost)[:4] if p.points_lost]
    reasons = tuple(
        Reason(
            p.feature,
            p.points_lost,
            f"{p.title_en}: {p.bin_label}",
            f"{p.title_zh}：{p.bin_label_zh}",
        )
        for p in lost
    )
    grade = card.grade_of(score)
    return ScoreResult(
        score,
        grade.grade,
        card.pd_of(score),
        grade.pd,
        card.base_points,
        tuple(points),
        reasons,
        card.name,
        card.version_hash,
    )


def around_edges(card):
    """Each edge of the card's bins and special codes, and the numbers next to where it rounds."""
    for c in card.characteristics:
        for b in (a.bin for a in c.attributes):
            for edge in {b.low, b.high, b.special} - {None}:
                bits = np.array(abs(steady_number(edge))).view(np.int64)
                for step in (
                    -(1 << 23),
                    -(1 << 22) - 1,
                    -(1 << 22),
                    -1,
                    0,
                    1,
                    (1 << 22) - 1,
                    1 << 22,
                ):
                    near = float(np.abs((bits + step).view(np.float64)))
                    yield c.name, math.copysign(near, edge)


def test_every_edge_falls_where_the_characteristics_put_it(card) -> None:
    row = {"turnover": 1e6, "queries": 1.0, "bureau": 600.0, "grade": "A", "noise": 0.0}
    for name, value in around_edges(card):
        assert card.score({**row, name: value}) == by_characteristics(card, {**row, name: value})


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    turnover=anything | st.sampled_from([None, pd.NA, "", "5e5", np.float32(1e5), True]),
    bureau=anything | st.sampled_from([None, -999, -999.0, Decimal(-999), pd.NaT]),
    grade=st.sampled_from(["A", "B", "C", "M", "Z", "", None, math.nan, 3, pd.NA]),
)
def test_any_value_earns_what_the_characteristics_give(card, turnover, bureau, grade) -> None:
    row = {"turnover": turnover, "queries": 2, "bureau": bureau, "grade": grade, "noise": 0.1}

    found, expected = card.score(row), by_characteristics(card, row)

    assert repr(found) == repr(expected)  # NaN among the values equals nothing, itself included
    assert [p.points for p in found.points] == [p.points for p in expected.points]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_one_number_is_steadied_as_a_column_is(value) -> None:
    assert steady_number(value) == float(steady(np.array(value)))


@given(st.floats(-1e200, 1e200))
def test_the_edges_of_rounding(value) -> None:
    grid = steady_number(value)

    assert steady_number(least_read_as(value)) >= grid
    assert steady_number(math.nextafter(least_read_as(value), -math.inf)) < grid or grid == 0
    assert steady_number(least_above(value)) > grid
    assert steady_number(math.nextafter(least_above(value), -math.inf)) <= grid


def test_refusals_name_column_and_value(card) -> None:
    row = {"turnover": 1e6, "queries": 1.0, "bureau": 600.0, "grade": "A", "noise": 0.0}
    with pytest.raises(MissingColumn, match=f"{card.features[0]} is missing"):
        card.score({})
    with pytest.raises(NotANumber, match="much"):
        card.score({**row, "turnover": "much"})


def test_an_unseen_category_is_refused_where_the_policy_says_so() -> None:
    rng = np.random.default_rng(5)
    trade = rng.choice(["food", "repair"], 2000)
    bad = (rng.random(2000) < np.where(trade == "food", 0.3, 0.1)).astype(int)
    feature = FeatureConfig("trade", kind=Kind.CATEGORICAL, unseen=UnseenPolicy.ERROR)
    card = fit_scorecard(
        pd.DataFrame({"trade": trade, "bad": bad}),
        target="bad",
        config=ScorecardConfig(name="one", features=(feature,)),
    )

    with pytest.raises(UnseenCategory, match="mining"):
        card.score({"trade": "mining"})
    assert card.score({"trade": "food"}).score < card.score({"trade": "repair"}).score


def test_the_scorer_is_made_once_and_does_not_outlive_a_change(card) -> None:
    assert card.row_scorer is card.row_scorer
    moved = replace(card, base_points=card.base_points + 7)
    row = {"turnover": 1e6, "queries": 1.0, "bureau": 600.0, "grade": "A", "noise": 0.0}

    assert moved.score(row).score == card.score(row).score + 7
    assert moved == replace(card, base_points=card.base_points + 7)
    assert isinstance(moved.row_scorer, RowScorer)
