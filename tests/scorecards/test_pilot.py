"""A pilot puts the fine classes where bins end, so that one byte a value costs no information value."""

import numpy as np
import pyarrow as pa
import pytest

from kuaidai.risk.scorecards import FeatureConfig, Kind, ScorecardConfig
from kuaidai.risk.scorecards.binning import bin_scan
from kuaidai.risk.scorecards.engine.fine_classes import MOST_CLASSES, numeric_classes
from kuaidai.risk.scorecards.engine.rows import open_rows
from kuaidai.risk.scorecards.engine.scan import SAMPLE_ROWS, scan
from kuaidai.risk.scorecards.errors import MissingColumn, OneClassTarget
from kuaidai.risk.scorecards.pilot import pilot_classes

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
    classes = pilot_classes(open_rows(many), CONFIG, target="bad")

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
    assert pilot_classes(open_rows(many.slice(0, SAMPLE_ROWS)), CONFIG, target="bad") is None


def test_a_pilot_of_one_class_leaves_the_verdict_to_the_whole(many):
    none = many.set_column(3, "bad", pa.array(np.zeros(len(many), np.int8)))

    classes = pilot_classes(open_rows(none), CONFIG, target="bad")

    assert [c.name for c in classes] == ["turnover", "inquiries", "trade"]
    with pytest.raises(OneClassTarget):
        scan(open_rows(none), CONFIG.features, target="bad", classes=classes)


def test_a_missing_column_is_named_before_anything_is_read(many):
    with pytest.raises(MissingColumn, match="turnover is missing"):
        pilot_classes(open_rows(many.drop_columns(["turnover"])), CONFIG, target="bad")


def test_cuts_close_to_expected_ends_leave_the_rest_covered():
    values = np.random.default_rng(3).random(50_000)

    cuts = np.array(numeric_classes(values, FeatureConfig("x"), around=[0.3, 0.9]).cuts)

    assert len(cuts) < MOST_CLASSES
    gaps = np.diff([0, *cuts, 1])
    assert gaps.max() < 0.05
    close = np.abs(cuts[:, None] - [0.3, 0.9]).min(axis=1) < 1.2 / MOST_CLASSES
    assert close.sum() > MOST_CLASSES // 2
