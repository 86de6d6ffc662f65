"""Bins: monotone, complete, honest about what could not be had."""

import itertools
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kuaidai.risk.scorecards import (
    FeatureConfig,
    Infeasible,
    Kind,
    MissingPolicy,
    ScorecardConfig,
    Trend,
    UnseenPolicy,
)
from kuaidai.risk.scorecards.binning import FeatureCounts, bin_feature
from kuaidai.risk.scorecards.characteristics import BinKind, Characteristic
from kuaidai.risk.scorecards.columns import steady
from kuaidai.risk.scorecards.engine.rows import open_rows
from kuaidai.risk.scorecards.engine.scan import scan
from kuaidai.risk.scorecards.errors import BadSetting, InfeasibleBins, UnseenCategory


def binned(values, bad, feature: FeatureConfig, **changes) -> Characteristic:
    config = ScorecardConfig(name="t", features=(feature,), **changes)
    return bin_feature(counted(values, bad, feature), config).characteristic()


def counted(values, bad, feature: FeatureConfig, weight: float | None = None) -> FeatureCounts:
    table = pa.table({feature.name: pa.array(values, from_pandas=True), "bad": bad})
    if weight is not None:
        table = table.append_column("w", pa.array([weight] * len(table)))
    chosen = None if weight is None else "w"
    return FeatureCounts.of(scan(open_rows(table), [feature], target="bad", weight=chosen), 0)


def falling(rows: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=rows)
    return values, (rng.random(rows) < 1 / (1 + np.exp(1.5 + 1.2 * values))).astype(float)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000),
    slope=st.floats(-1.5, 1.5),
    trend=st.sampled_from([Trend.ASCENDING, Trend.DESCENDING, Trend.AUTO]),
)
def test_bad_rates_move_one_way_and_every_row_is_counted(seed, slope, trend) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=300), 1)
    bad = (rng.random(300) < 1 / (1 + np.exp(1 - slope * values))).astype(float)
    values[rng.random(300) < 0.1] = np.nan

    found = binned(values, bad, FeatureConfig("x", trend=trend), max_bin_p_value=None)

    rates = [a.bad_rate for a in found.regular]
    rising = all(a <= b for a, b in itertools.pairwise(rates))
    sinking = all(a >= b for a, b in itertools.pairwise(rates))
    wanted = {Trend.ASCENDING: rising, Trend.DESCENDING: sinking, Trend.AUTO: rising or sinking}
    assert wanted[trend]
    order = np.argsort([a.woe for a in found.regular], kind="stable")
    assert (
        list(order) in (list(range(len(rates))), list(range(len(rates)))[::-1]) or len(rates) == 1
    )
    assert sum(a.count for a in found.attributes) == 300
    assert sum(a.bads for a in found.attributes) == bad.sum()
    if found.binning.status != "one_bin":
        assert min(a.count for a in found.regular) >= 0.05 * np.isfinite(values).sum() - 1
        assert min(a.bads for a in found.regular) >= 5


def test_a_trend_against_the_data_is_recorded_and_gives_one_bin() -> None:
    values, bad = falling()

    found = binned(values, bad, FeatureConfig("x", trend=Trend.ASCENDING))

    assert found.binning.status == "one_bin"
    assert "trend ascending" in found.binning.relaxed[-1]
    assert len(found.regular) == 1


def test_relaxing_gives_up_share_then_bads_and_says_so() -> None:
    values = np.repeat([0.0, 1.0], [970, 30])
    bad = np.concatenate([np.repeat([1.0, 0.0], [50, 920]), np.repeat([1.0, 0.0], [12, 18])])
    feature = FeatureConfig("x", trend=Trend.ASCENDING)

    dropped = binned(values, bad, feature)
    relaxed = binned(values, bad, feature, on_infeasible=Infeasible.RELAX)

    assert dropped.binning.status == "one_bin"
    assert relaxed.binning.relaxed == ("minimum share to 0.025",)
    assert [a.count for a in relaxed.regular] == [970, 30]


def test_infeasible_stops_the_fit_where_the_configuration_says_so() -> None:
    values, bad = falling()

    with pytest.raises(InfeasibleBins, match="x cannot be binned"):
        binned(
            values, bad, FeatureConfig("x", trend=Trend.ASCENDING), on_infeasible=Infeasible.ERROR
        )


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.full(100, np.nan), "every value is missing"),
        (np.full(100, 7.0), "all equal"),
    ],
)
def test_hopeless_columns_say_why(values, why) -> None:
    bad = np.repeat([1.0, 0.0], 50)

    assert why in binned(values, bad, FeatureConfig("x")).binning.relaxed[-1]


def test_missing_and_special_values_have_bins_of_their_own() -> None:
    values, bad = falling(1000)
    values[:100] = np.nan
    values[100:150] = -999.0
    feature = FeatureConfig("x", special=(("no record", -999.0),))

    found = binned(values, bad, feature)

    special, missing = found.attributes[-2:]
    assert (special.bin.kind, special.count) == (BinKind.SPECIAL, 50)
    assert (missing.bin.kind, missing.count) == (BinKind.MISSING, 100)
    codes = found.codes(np.array([-999.0, np.nan, -5.0, 50.0]))
    assert codes.tolist() == [len(found.regular), len(found.regular) + 1, 0, len(found.regular) - 1]


def test_a_cut_belongs_to_the_bin_above_it() -> None:
    values, bad = falling()
    found = binned(values, bad, FeatureConfig("x"))
    cut = found.regular[1].bin.low

    assert found.codes(np.array([cut, cut - 1e-8])).tolist() == [1, 0]


def test_noise_in_the_last_bits_of_a_value_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    ratio = rng.choice([0.8, 0.9, 1.0, 1.1], 800)
    bad = (rng.random(800) < 0.9 - 0.75 * ratio).astype(float)
    shaken = ratio * (1 + rng.integers(-3, 4, 800) * 2.2e-16)

    calm, noisy = (binned(v, bad, FeatureConfig("ratio")) for v in (ratio, shaken))

    assert noisy == calm
    assert (calm.codes(shaken) == calm.codes(ratio)).all()


def test_tidied_cuts_leave_every_row_where_the_solver_put_it() -> None:
    values, bad = falling()
    cuts = [a.bin.low for a in binned(values, bad, FeatureConfig("x")).regular[1:]]

    assert max(len(f"{abs(cut):g}".replace(".", "").lstrip("0")) for cut in cuts) <= 5
    known = np.sort(steady(values))
    for cut in cuts:
        place = np.searchsorted(known, cut)
        assert known[place - 1] < cut <= known[place]


@pytest.mark.parametrize("policy", [MissingPolicy.WORST, MissingPolicy.NEUTRAL])
def test_missing_policies_replace_the_counted_woe(policy) -> None:
    values, bad = falling(1000)
    values[:100] = np.nan

    found = binned(values, bad, FeatureConfig("x", missing=policy))

    expected = min(a.woe for a in found.regular) if policy is MissingPolicy.WORST else 0.0
    assert found.attributes[-1].woe == expected
    assert found.attributes[-1].note == f"missing: {policy.value}"


def test_a_handful_of_missing_rows_is_neutral_and_noted() -> None:
    values, bad = falling()
    values[:3] = np.nan

    missing = binned(values, bad, FeatureConfig("x")).attributes[-1]

    assert (missing.woe, missing.iv) == (0.0, 0.0)
    assert "3 rows" in missing.note


def test_missing_rows_that_are_all_good_are_not_rewarded() -> None:
    values, bad = falling()
    values[np.flatnonzero(bad == 0)[:40]] = np.nan
    missing = binned(values, bad, FeatureConfig("x")).attributes[-1]

    assert (missing.count, missing.bads) == (40, 0)
    assert (missing.woe, missing.note) == (0.0, "neutral: only one class seen")


def categories(rows: int = 800) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    values = rng.choice(["A", "B", "C", "D"], rows, p=[0.5, 0.3, 0.18, 0.02]).astype(object)
    rate = np.array([{"A": 0.05, "B": 0.15, "C": 0.5, "D": 0.5}[v] for v in values])
    return values, (rng.random(rows) < rate).astype(float)


@pytest.mark.parametrize("policy", list(UnseenPolicy))
def test_unseen_categories_follow_their_policy(policy) -> None:
    values, bad = categories()
    values[:60] = None
    found = binned(values, bad, FeatureConfig("g", kind=Kind.CATEGORICAL, unseen=policy))
    strange = np.array(["Z"], dtype=object)

    if policy is UnseenPolicy.ERROR:
        with pytest.raises(UnseenCategory, match="'Z'"):
            found.codes(strange)
        return
    place = int(found.codes(strange)[0])
    expected = {
        UnseenPolicy.NEUTRAL: 0.0,
        UnseenPolicy.MISSING: found.attributes[-2].woe,
        UnseenPolicy.WORST: min(a.woe for a in found.regular),
        UnseenPolicy.OTHER: 0.0,  # no bin of rare categories was asked for
    }
    assert found.attributes[place].bin.kind is BinKind.UNSEEN
    assert found.attributes[place].woe == expected[policy]


def test_rare_categories_have_a_bin_that_unseen_ones_share() -> None:
    values, bad = categories()
    feature = FeatureConfig("g", kind=Kind.CATEGORICAL, other_share=0.25, unseen=UnseenPolicy.OTHER)
    found = binned(values, bad, feature)

    rare, unseen = found.regular[-1], found.attributes[-1]
    assert rare.bin.categories == ("C", "D")
    assert (rare.bin.label, rare.bin.label_zh) == ("rare: C, D", "少见类别：C、D")
    assert [a.bin.categories for a in found.regular[:-1]] == [("A",), ("B",)]
    assert rare.count == np.isin(values, ["C", "D"]).sum()
    assert (unseen.woe, unseen.note) == (rare.woe, "unseen: as rare categories")
    assert rare.woe != 0


def test_a_bin_of_rare_categories_that_proves_nothing_is_neutral() -> None:
    values, bad = categories()
    values[:4] = "E"
    feature = FeatureConfig("g", kind=Kind.CATEGORICAL, other_share=0.01, unseen=UnseenPolicy.OTHER)

    rare = binned(values, bad, feature).regular[-1]

    assert rare.bin.categories == ("E",)
    assert (rare.woe, rare.note) == (0.0, "neutral: 4 rows, fewer than 10")


def test_hundreds_of_rare_categories_are_named_by_the_first() -> None:
    values, bad = categories(2000)
    values[::10] = [f"X{n:03}" for n in range(200)]
    feature = FeatureConfig("g", kind=Kind.CATEGORICAL, other_share=0.01)

    rare = binned(values, bad, feature).regular[-1]

    assert rare.bin.label == "rare: X000, X001, X002, X003, X004, 195 more"
    assert len(rare.bin.categories) == 200


def test_fewer_bins_than_asked_are_relaxed_to_or_refused() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(0, 3, 900).astype(float)
    bad = (rng.random(900) < np.array([0.1, 0.12, 0.5])[values.astype(int)]).astype(float)
    rules = {"min_bins": 3, "max_bins": 4}

    relaxed = binned(values, bad, FeatureConfig("x"), on_infeasible=Infeasible.RELAX, **rules)
    dropped = binned(values, bad, FeatureConfig("x"), **rules)

    assert len(relaxed.regular) == 2
    assert relaxed.binning.relaxed[-1] == "minimum bins to 2"
    assert dropped.binning.status == "one_bin"
    assert "no 3 bins satisfy" in dropped.binning.relaxed[-1]


def test_every_known_category_stands_in_exactly_one_bin() -> None:
    values, bad = categories()
    found = binned(values, bad, FeatureConfig("g", kind=Kind.CATEGORICAL))

    listed = [c for a in found.regular for c in a.bin.categories]
    assert sorted(listed) == ["A", "B", "C", "D"]
    assert sum(a.count for a in found.regular) == len(values)


def test_row_weights_count_as_repeated_rows() -> None:
    values, bad = falling(400)
    feature = FeatureConfig("x")
    config = ScorecardConfig(name="t", features=(feature,))
    repeated = counted(np.tile(values, 2), np.tile(bad, 2), feature)
    by_rows = bin_feature(repeated, config).characteristic()
    by_weight = bin_feature(counted(values, bad, feature, weight=2.0), config).characteristic()

    assert [a.count for a in by_weight.attributes] == [a.count for a in by_rows.attributes]
    assert [a.woe for a in by_weight.regular] == pytest.approx([a.woe for a in by_rows.regular])


@pytest.mark.parametrize(
    "change",
    [
        {"pdo": 0},
        {"min_bin_share": 0.7},
        {"max_bins": 1},
        {"features": ()},
        {"bands": ()},
        {"l2": -1.0},
    ],
)
def test_settings_out_of_range_are_refused(change) -> None:
    config = ScorecardConfig(name="t", features=(FeatureConfig("x"),))
    with pytest.raises(BadSetting):
        replace(config, **change)
