"""Bins given by the modeller, trends that turn, trends that hold in every period, and choosing features."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.scorecards.conftest import FEATURES, sample

from kuaidai.risk.scorecards import FeatureConfig, Kind, MissingPolicy, ScorecardConfig, Trend
from kuaidai.risk.scorecards.config import Criterion, Stepwise
from kuaidai.risk.scorecards.errors import BadSetting
from kuaidai.risk.scorecards.fitting import bin_data, fit_scorecard


def bins_of(frame: pd.DataFrame, feature: FeatureConfig, **settings):
    config = ScorecardConfig("t", (feature,), **settings)
    found = bin_data(frame, target="bad", config=config).feature(feature.name)
    return found.characteristic()


def test_given_splits_are_the_bins(frame):
    splits = (100_000.0, 500_000.0)
    found = bins_of(frame, FeatureConfig("turnover", splits=splits))

    assert tuple(a.bin.low for a in found.regular) == (None, *splits)
    assert found.binning.status == "given"
    middle = frame[(frame["turnover"] >= 1e5) & (frame["turnover"] < 5e5)]
    assert found.regular[1].count == len(middle)
    assert found.regular[1].bads == middle["bad"].sum()


def test_given_groups_are_the_bins_and_what_they_leave_out_is_unseen(frame):
    grade = FeatureConfig("grade", kind=Kind.CATEGORICAL, groups=(("A", "B"), ("C",)))
    found = bins_of(frame, grade)

    assert [a.bin.categories for a in found.regular] == [("A", "B"), ("C",)]
    assert found.attributes[-1].count == (frame["grade"] == "M").sum()
    with pytest.raises(BadSetting, match="categories of the data"):
        bins_of(frame, replace(grade, groups=(("A", "Z"),)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"splits": (2.0, 1.0)},
        {"splits": (float("nan"),)},
        {"groups": (("A",),)},
        {"kind": Kind.CATEGORICAL, "splits": (1.0,)},
        {"kind": Kind.CATEGORICAL, "groups": (("A",), ("A",))},
        {"special": (("a", 1.0), ("b", 1.0))},
    ],
)
def test_bins_that_contradict_themselves_are_refused(wrong):
    with pytest.raises(BadSetting):
        FeatureConfig("x", **wrong)


@pytest.mark.parametrize(("trend", "side"), [(Trend.PEAK, 1), (Trend.VALLEY, -1)])
def test_a_trend_may_turn_once(trend, side):
    rng = np.random.default_rng(2)
    age = rng.uniform(-2, 2, 6000)
    bad = (rng.random(6000) < 1 / (1 + np.exp(side * (age**2 - 1)))).astype(int)
    found = bins_of(pd.DataFrame({"age": age, "bad": bad}), FeatureConfig("age", trend=trend))

    steps = np.sign(np.diff([a.bad_rate for a in found.regular])) * side
    assert set(steps) == {1.0, -1.0}
    assert list(steps) == sorted(steps, reverse=True)


@pytest.mark.slow
def test_a_trend_holds_in_every_period_where_it_is_asked_to():
    rng = np.random.default_rng(6)
    x = rng.uniform(0, 1, 8000)
    year = rng.choice(["2024", "2025"], 8000)
    # in 2025 the middle of the range is worse than its lower end
    hump = 0.12 * ((x > 0.3) & (x < 0.6) & (year == "2025"))
    fine = {"max_bins": 10, "max_bin_p_value": None}
    frame = pd.DataFrame(
        {"x": x, "year": year, "bad": (rng.random(8000) < 0.35 - 0.25 * x + hump).astype(int)}
    )
    feature = FeatureConfig("x", trend=Trend.DESCENDING)

    found = bins_of(frame, feature, stable_over="year", **fine)

    loose = bins_of(frame, feature, **fine)
    assert not all(falls(loose, part) for _, part in frame.groupby("year"))
    assert len(found.regular) >= 2
    assert all(falls(found, part) for _, part in frame.groupby("year"))
    assert found.iv < loose.iv


def falls(c, part) -> bool:
    codes = c.codes(part["x"].to_numpy())
    rates = [part["bad"].to_numpy()[codes == place].mean() for place in range(len(c.regular))]
    return all(left > right for left, right in itertools.pairwise(rates))


def test_missing_may_join_the_bin_nearest_to_it(frame):
    found = bins_of(frame, FeatureConfig("turnover", missing=MissingPolicy.NEAREST))
    own = bins_of(frame, FeatureConfig("turnover"))

    distance = [abs(a.woe - own.attributes[-1].woe) for a in own.regular]
    assert found.attributes[-1].woe == own.regular[int(np.argmin(distance))].woe
    assert "nearest" in found.attributes[-1].note


@pytest.mark.parametrize("way", list(Stepwise))
@pytest.mark.parametrize("criterion", list(Criterion))
def test_every_way_of_choosing_keeps_the_causes(frame, config, way, criterion):
    chosen = replace(config, stepwise=way, criterion=criterion, iv_min=0.0, max_bin_p_value=None)
    found = fit_scorecard(frame, target="bad", config=chosen)

    assert {"turnover", "queries", "bureau", "grade"} <= set(found.features)
    assert {step.feature for step in found.selection} == {f.name for f in FEATURES}


def test_forward_selection_starts_with_the_feature_whose_score_statistic_is_greatest(frame, config):
    one = replace(config, stepwise=Stepwise.FORWARD, max_features=5)
    found = fit_scorecard(frame, target="bad", config=one)
    gains = {}
    for c in found.characteristics:
        values = frame[c.name].to_numpy() if c.feature.kind is Kind.NUMERIC else None
        if values is None:
            values = np.array([None if pd.isna(v) else v for v in frame[c.name]], dtype=object)
        woe = c.woe[c.codes(values)]
        rate = frame["bad"].mean()
        slope = ((frame["bad"] - rate) * woe).sum()
        gains[c.name] = slope**2 / (rate * (1 - rate) * ((woe - woe.mean()) ** 2).sum())

    assert found.features[0] == max(gains, key=gains.get)


def test_a_feature_that_moved_leaves_the_card(frame, config):
    recent = sample(seed=4)
    recent["queries"] += 3

    found = fit_scorecard(frame, target="bad", config=config, recent=recent)

    assert "queries" not in found.features
    (step,) = [s for s in found.selection if s.feature == "queries"]
    assert step.stage == "stability"
    assert step.value > 0.25


def test_files_frames_and_order_give_one_card(frame, config, tmp_path):
    half = len(frame) // 2
    rows = frame.sample(frac=1.0, random_state=1)
    rows.iloc[:half].to_parquet(tmp_path / "a.parquet")
    rows.iloc[half:].to_parquet(tmp_path / "b.parquet", row_group_size=333)
    (tmp_path / "codes").mkdir()

    from_files = fit_scorecard(tmp_path, target="bad", config=config, folder=tmp_path / "codes")
    in_memory = fit_scorecard(frame, target="bad", config=config)

    assert pq.read_metadata(tmp_path / "b.parquet").num_row_groups > 1
    assert from_files.provenance.data_fingerprint == in_memory.provenance.data_fingerprint
    assert from_files.characteristics[0].attributes == in_memory.characteristics[0].attributes
    assert from_files.fit.intercept == pytest.approx(in_memory.fit.intercept, abs=1e-12)
    other = frame.assign(bad=frame["bad"].to_numpy()[::-1])
    assert (
        bin_data(other, target="bad", config=config).scan.mark
        != bin_data(frame, target="bad", config=config).scan.mark
    )


def test_a_signed_fit_holds_what_would_turn_at_nought(frame, config):
    free = fit_scorecard(frame, target="bad", config=config)
    held = fit_scorecard(frame, target="bad", config=replace(config, signed=True))

    assert held.features == free.features
    ours = [c.coefficient for c in held.characteristics]
    assert ours == pytest.approx([c.coefficient for c in free.characteristics], abs=1e-7)
