"""Merged bins keep every row, and special, missing and other values stand alone."""

import math

import numpy as np
import pyarrow as pa
import pytest

from kuaidai.risk.scorecards import FeatureConfig, Kind
from kuaidai.risk.scorecards.engine.coarse_classes import merge_classes
from kuaidai.risk.scorecards.engine.fine_classes import MISSING
from kuaidai.risk.scorecards.engine.merging import MergeRules, Shape
from kuaidai.risk.scorecards.engine.rows import open_rows
from kuaidai.risk.scorecards.engine.scan import scan


@pytest.fixture
def scanned():
    rng = np.random.default_rng(4)
    rows = 8_000
    turnover = rng.normal(size=rows).round(2)
    turnover[:400], turnover[400:1_000] = -999, math.nan
    trade = rng.choice(["food", "repair", "retail", "transport"], rows)
    risk = -1.5 - np.nan_to_num(turnover).clip(-2, 2) + 0.8 * (trade == "food")
    bad = rng.random(rows) < 1 / (1 + np.exp(-risk))
    table = pa.table(
        {
            "turnover": pa.array(turnover, from_pandas=True),
            "trade": trade,
            "flat": [1.0] * rows,
            "bad": bad.astype(int),
        }
    )
    features = (
        FeatureConfig("turnover", special=(("no record", -999.0),)),
        FeatureConfig("trade", kind=Kind.CATEGORICAL),
        FeatureConfig("flat"),
    )
    return scan(open_rows(table), features, target="bad")


def test_every_class_with_rows_is_in_one_group(scanned):
    for place, coarse in enumerate(merge_classes(scanned, MergeRules(min_share=0.05), epsilon=0.5)):
        together = [code for group in coarse.groups for code in group]
        assert sorted(together) == np.flatnonzero(scanned.counts[place].sum(axis=1)).tolist()


def test_numeric_bins_fall_and_special_and_missing_stand_alone(scanned):
    turnover = merge_classes(scanned, MergeRules(min_share=0.05), epsilon=0.5)[0]

    (_, special) = turnover.classes.special_classes()[0]
    assert turnover.shape is Shape.DESCENDING
    assert turnover.groups[-2:] == ((special,), (MISSING,))
    rates = [
        scanned.counts[0][list(group)].sum(axis=0)[1] / scanned.counts[0][list(group)].sum()
        for group in turnover.groups[:-2]
    ]
    assert len(rates) > 3
    assert rates == sorted(rates, reverse=True)


def test_the_riskiest_category_has_the_least_woe(scanned):
    trade = merge_classes(scanned, MergeRules(min_share=0.05), epsilon=0.5)[1]

    food = trade.classes.levels.index("food")
    assert trade.woe[food] == trade.woe[: len(trade.classes.levels)].min()


def test_a_constant_is_one_bin_and_says_so(scanned):
    flat = merge_classes(scanned, MergeRules(min_share=0.05), epsilon=0.5)[2]

    assert not flat.merged
    assert flat.information_value == pytest.approx(0, abs=1e-12)
