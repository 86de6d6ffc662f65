"""Points of whole columns are those of the bins, to the last bit of a cut and whatever the column's type."""

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from kuaidai.risk.scorecards import FeatureConfig, Kind, ScorecardConfig
from kuaidai.risk.scorecards.columns import steady
from kuaidai.risk.scorecards.config import UnseenPolicy
from kuaidai.risk.scorecards.engine.card_points import points_of, score_type
from kuaidai.risk.scorecards.engine.kernels import least_values
from kuaidai.risk.scorecards.errors import UnseenCategory
from kuaidai.risk.scorecards.fitting import fit_scorecard

CUTS = [-1e9 / 3, -2.5, -0.1, 0.0, 1e-12, 0.3, 1.0, 4.0, 1e300]


@pytest.fixture(scope="module")
def card():
    rng = np.random.default_rng(8)
    rows = 20_000
    ratio = rng.normal(size=rows)
    ratio[rng.random(rows) < 0.05] = -999
    trade = rng.choice(["food", "repair", "retail"], rows)
    logit = -2 - ratio.clip(-3) + 0.6 * (trade == "food")
    table = pa.table(
        {
            "ratio": ratio,
            "trade": trade,
            "bad": (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int8),
        }
    )
    features = (
        FeatureConfig("ratio", special=(("none", -999.0),)),
        FeatureConfig("trade", kind=Kind.CATEGORICAL, unseen=UnseenPolicy.ERROR),
    )
    return fit_scorecard(table, target="bad", config=ScorecardConfig(name="c", features=features))


def added(card, table) -> list[int]:
    scores = np.full(table.num_rows, card.base_points, dtype=score_type(card))
    for each in points_of(card):
        each.add(table, scores)
    return scores.tolist()


def test_the_least_value_of_a_bin_is_the_first_that_rounds_into_it():
    cuts = steady(np.array(CUTS))

    least = least_values(cuts)

    assert (steady(least) >= cuts).all()
    assert (steady(np.nextafter(least, -np.inf)) < cuts).all()


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()])
def test_numbers_on_either_side_of_a_cut_fall_where_the_table_puts_them(card, kind):
    ratio = card.characteristics[0] if card.features[0] == "ratio" else card.characteristics[1]
    cuts = np.array([a.bin.low for a in ratio.regular if a.bin.low is not None] + [-999.0, 0.0])
    steps = [cuts * (1 + k * step) for step in (2.0**-52, 2.0**-31, 2.0**-23) for k in range(-3, 4)]
    numbers = np.concatenate([*steps, [math.inf, -math.inf, math.nan, -0.0]])
    column = pa.array(numbers, pa.float64()).cast(kind)
    table = pa.table({"ratio": column, "trade": ["food"] * len(column)})

    assert added(card, table) == card.scores(table).tolist()


@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.uint16(), pa.int64(), pa.float16(), pa.decimal128(21, 2)]
)
def test_chunks_with_gaps_in_odd_places_are_scored_as_their_table(card, kind):
    rng = np.random.default_rng(4)
    chunks, trades = [], []
    for rows in (5, 0, 13, 2060):
        numbers = [None if rng.random() < 0.3 else int(n) for n in rng.integers(-2, 3, rows + 7)]
        if pa.types.is_unsigned_integer(kind):
            numbers = [None if n is None else abs(n) for n in numbers]
        names = [None if rng.random() < 0.3 else "food" for _ in numbers]
        chunks.append(pa.array(numbers, pa.int64()).cast(kind).slice(3, rows))
        trades.append(pa.array(names, pa.string()).dictionary_encode().slice(3, rows))
    table = pa.table({"ratio": pa.chunked_array(chunks), "trade": pa.chunked_array(trades)})

    assert added(card, table) == card.scores(table).tolist()


def test_an_unknown_category_is_refused_where_a_row_holds_it(card):
    levels = pa.array(["food", "mining", "retail"])
    unused, gone, used = (
        pa.DictionaryArray.from_arrays(
            pa.array(places, pa.int8(), mask=np.array(mask, bool)), levels
        )
        for places, mask in (([0, 2], [0, 0]), ([0, 1], [0, 1]), ([2, 1], [0, 0]))
    )

    for column in (unused, gone):
        table = pa.table({"ratio": [0.1, 0.2], "trade": column})
        assert added(card, table) == card.scores(table).tolist()
    with pytest.raises(UnseenCategory, match="mining"):
        added(card, pa.table({"ratio": [0.1, 0.2], "trade": used}))


def test_scores_have_room_for_the_card(card):
    assert score_type(card) is np.int16
    assert score_type(replace(card, base_points=20_000)) is np.int32
    assert score_type(replace(card, base_points=1 << 31)) is np.int64
