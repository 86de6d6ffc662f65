"""A pilot puts the fine classes where bins end, so that one byte a value costs no information value."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kuaidai.risk.scorecards import FeatureConfig, Kind, ScorecardConfig
from kuaidai.risk.scorecards.binning import bin_scan
from kuaidai.risk.scorecards.characteristics import BinKind
from kuaidai.risk.scorecards.engine.fine_classes import MOST_CLASSES
from kuaidai.risk.scorecards.engine.ordered import Ordered, stretches
from kuaidai.risk.scorecards.engine.rows import open_rows
from kuaidai.risk.scorecards.engine.scan import SAMPLE_ROWS, scan
from kuaidai.risk.scorecards.errors import MissingColumn, OneClassTarget
from kuaidai.risk.scorecards.pilot import pilot

STEP = 0.123456
CONFIG = ScorecardConfig(
    name="pilot",
    features=(
        FeatureConfig("turnover", special=(("none", -999.0),)),
        FeatureConfig("inquiries"),
        FeatureConfig("trade", kind=Kind.CATEGORICAL),
    ),
    max_bins=3,
    max_bin_p_value=None,
)


@pytest.fixture(scope="module")
def many() -> pa.Table:
    """Risk trebles where turnover passes one value that lies inside a class of equal frequency."""
    rng = np.random.default_rng(11)
    rows = SAMPLE_ROWS + 100_000
    turnover = rng.random(rows)
    turnover[rng.random(rows) < 0.05] = -999
    inquiries = rng.poisson(3, rows)
    risk = np.where(turnover > STEP, 0.02, 0.3) + 0.01 * (inquiries > 4)
    return pa.table(
        {
            "turnover": turnover,
            "inquiries": inquiries,
            "trade": rng.choice(["food", "repair"], rows),
            "bad": (rng.random(rows) < risk).astype(np.int8),
        }
    )


def iv(table, classes):
    scanned = scan(open_rows(table), CONFIG.features, target="bad", classes=classes)
    return [b.characteristic().iv for b in bin_scan(scanned, CONFIG)]


def test_classes_are_finest_where_bins_end_and_the_information_value_rises(many):
    classes = pilot(open_rows(many), CONFIG, target="bad").classes

    turnover, inquiries, trade = classes
    nearest = np.abs(np.array(turnover.cuts) - STEP).min()
    assert nearest < 1 / (8 * MOST_CLASSES)
    assert turnover.size <= MOST_CLASSES
    assert turnover.special_classes()[0][0] == "none"
    assert len(inquiries.cuts) < 20  # every count its own class, as without a pilot
    assert trade.levels == ("food", "repair") or trade.levels == ("repair", "food")
    plain, refined = iv(many, None), iv(many, classes)
    assert refined[0] > plain[0] * 1.0005
    assert refined[1:] == pytest.approx(plain[1:], abs=1e-12)


def test_few_rows_need_no_pilot(many):
    few = open_rows(many.slice(0, SAMPLE_ROWS))

    found = pilot(few, CONFIG, target="bad")

    assert (found.rows, found.classes) == (few, None)


def test_rows_that_the_pilot_read_whole_are_not_read_again(many, tmp_path):
    file = tmp_path / "many.parquet"
    pq.write_table(many, file, row_group_size=100_000)

    found = pilot(open_rows(file), CONFIG, target="bad")
    file.unlink()

    scanned = scan(found.rows, CONFIG.features, target="bad", classes=found.classes)
    assert scanned.rows == many.num_rows
    assert scanned.bads == sum(many["bad"].to_pylist())


def test_a_pilot_of_one_class_leaves_the_verdict_to_the_whole(many):
    none = many.set_column(3, "bad", pa.array(np.zeros(len(many), np.int8)))

    classes = pilot(open_rows(none), CONFIG, target="bad").classes

    assert [c.name for c in classes] == ["turnover", "inquiries", "trade"]
    with pytest.raises(OneClassTarget):
        scan(open_rows(none), CONFIG.features, target="bad", classes=classes)


def test_a_missing_column_is_named_before_anything_is_read(many):
    with pytest.raises(MissingColumn, match="turnover is missing"):
        pilot(open_rows(many.drop_columns(["turnover"])), CONFIG, target="bad")


def test_no_boundary_between_two_values_beats_the_one_a_pilot_finds(many):
    """Two bins of turnover: the best of 285,000 places for the boundary is among the classes."""
    config = replace(CONFIG, features=CONFIG.features[:1], max_bins=2)
    classes = pilot(open_rows(many), config, target="bad").classes
    found = bin_scan(scan(open_rows(many), config.features, target="bad", classes=classes), config)[
        0
    ].characteristic()

    turnover, bad = many["turnover"].to_numpy(), many["bad"].to_numpy()
    order = np.argsort(turnover)
    order = order[np.count_nonzero(turnover == -999) :]
    bads = np.cumsum(bad[order])[:-1]
    rows = np.arange(1, len(order))
    inside = np.minimum(rows, len(order) - rows) >= config.min_bin_share * len(order)
    below = np.array([rows - bads, bads], dtype=float)[:, inside]
    goods_bads = np.array([len(order) - bad[order].sum(), bad[order].sum()], dtype=float)
    totals = np.array([len(bad) - bad.sum(), bad.sum()], dtype=float)
    parts = [side / totals[:, None] for side in (below, goods_bads[:, None] - below)]
    best = sum((good - ill) * np.log(good / ill) for good, ill in parts).max()
    ordinary = sum(a.iv for a in found.attributes if a.bin.kind is BinKind.INTERVAL)
    assert ordinary == pytest.approx(best, rel=1e-12)


def values(numbers, bad, weights=(), special=()) -> Ordered:
    feature = FeatureConfig("x", special=special)
    weight = np.array(weights, dtype=np.float64)
    return Ordered.of([pa.table({"x": numbers})], np.array(bad, np.uint8), weight, feature)


def test_ordered_values_know_what_lies_below_each():
    found = values(
        pa.array([5.0, -1.0, None, 5.0, np.inf, -9.0, 2.0, -0.0, 0.0]),
        [1, 0, 1, 0, 1, 1, 0, 1, 0],
        weights=[2, 1, 3, 1, 1, 4, 1, 1, 1],
        special=(("none", -9.0),),
    )

    assert found.firsts.tolist() == found.lasts.tolist() == [-1.0, 0.0, 2.0, 5.0]
    assert found.below.tolist() == [[0, 0, 0], [1, 1, 0], [3, 2, 1], [4, 3, 1], [6, 4, 3]]
    assert found.own.tolist() == [[1, 0, 3], [1, 0, 4]]
    counts, rows = found.counted(found.classes(np.array([2])))
    assert rows[rows > 0].tolist() == [1, 3, 3, 1]  # the special code, below 2, from 2 on, missing
    assert counts[rows > 0].tolist() == [[0, 4], [2, 1], [2, 2], [0, 3]]


def test_many_values_are_joined_where_only_goods_or_only_bads_stand_together():
    numbers = np.arange(3_000)
    bad = (numbers % 10 == 0).astype(np.uint8)

    found = values(pa.array(numbers), bad)

    assert found.firsts[:4].tolist() == [0, 1, 10, 11]
    assert found.lasts[:4].tolist() == [0, 9, 10, 19]
    assert found.below[-1].tolist() == [3_000, 2_700, 300]


def test_rows_without_weight_come_first_without_harm():
    numbers = np.arange(3_000)

    found = values(pa.array(numbers), numbers % 2, weights=numbers > 9)

    assert found.firsts[:3].tolist() == [0, 10, 11]
    assert found.below[-1].tolist() == [3_000, 1_495, 1_495]


@pytest.mark.parametrize(("trend", "place"), [("ascending", 1_000), ("descending", 2_000)])
def test_bad_rates_turn_where_bads_are_farthest_behind_or_ahead(trend, place):
    """One in ten is bad, but none from 800 to 1,000 and all from 1,900 to 2,000."""
    numbers = np.arange(3_000)
    bad = numbers % 10 == 5
    bad[800:1_000], bad[1_900:2_000] = False, True

    found = values(pa.array(numbers), bad)

    turn = found.turns(stretches(found.rows, 1), trend)
    assert found.below[turn, 0].tolist() == pytest.approx([place], abs=6)
