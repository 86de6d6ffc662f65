"""The merge is the best of all merges, found by looking at each of them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optbinning import OptimalBinning
from statsmodels.stats.proportion import proportions_ztest

from kuaidai.risk.scorecards.engine.merging import MergeRules, Shape, merge
from kuaidai.risk.scorecards.errors import BadSetting
from kuaidai.risk.scorecards.woe import information_value

EPSILON = 0.5
counts = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), min_size=1, max_size=7).filter(
    lambda pairs: sum(g for g, _ in pairs) and sum(b for _, b in pairs)
)
rules = st.builds(
    MergeRules,
    shape=st.sampled_from(list(Shape)),
    min_bins=st.integers(1, 2),
    max_bins=st.integers(2, 5),
    min_share=st.sampled_from([0.0, 0.05, 0.2]),
    min_bads=st.integers(0, 2),
    min_goods=st.integers(0, 2),
    max_p_value=st.sampled_from([None, 0.05, 0.4]),
)


def every_merge(classes, fixed):
    inner = range(1, classes)
    for size in range(classes):
        for cuts in itertools.combinations(inner, size):
            if set(fixed) <= set(cuts):
                yield (*cuts, classes)


def added(counts, ends):
    return np.add.reduceat(np.array(counts, dtype=float), [0, *ends[:-1]], axis=-1)


def holds(shape, *samples):
    """Whether the bad rates of all samples move in the shape, turning at the same bin."""
    turns = np.array([np.sign(bad[1:] * good[:-1] - bad[:-1] * good[1:]) for good, bad in samples])
    rises, falls = (turns > 0).all(axis=0), (turns < 0).all(axis=0)
    cuts = range(len(rises) + 1)
    return {
        Shape.NONE: True,
        Shape.ASCENDING: all(rises),
        Shape.DESCENDING: all(falls),
        Shape.AUTO: all(rises) or all(falls),
        Shape.PEAK: any(all(rises[:c]) and all(falls[c:]) for c in cuts),
        Shape.VALLEY: any(all(falls[:c]) and all(rises[c:]) for c in cuts),
    }[shape]


def told_apart(goods, bads, limit):
    rows = goods + bads
    for left in range(len(rows) - 1):
        pair = slice(left, left + 2)
        if bads[pair].sum() == 0 or goods[pair].sum() == 0:
            return False
        if proportions_ztest(bads[pair], rows[pair])[1] > limit:
            return False
    return True


def best_by_looking(goods, bads, rules, periods=()):
    best = None
    for ends in every_merge(len(goods), rules.fixed):
        if not rules.min_bins <= len(ends) <= rules.max_bins:
            continue
        good, bad = added(goods, ends), added(bads, ends)
        rows = good + bad
        if rows.min() < max(1, rules.min_share * rows.sum()):
            continue
        if bad.min() < rules.min_bads or good.min() < rules.min_goods:
            continue
        whole = [(good, bad), *((added(g, ends), added(b, ends)) for g, b in periods)]
        shapes = [Shape.ASCENDING, Shape.DESCENDING] if rules.shape is Shape.AUTO else [rules.shape]
        if not any(holds(shape, *whole) for shape in shapes):
            continue
        if rules.max_p_value is not None and not told_apart(good, bad, rules.max_p_value):
            continue
        iv = information_value(good, bad, epsilon=EPSILON).sum()
        best = iv if best is None else max(best, iv)
    return best


@given(counts, rules)
@settings(max_examples=300)
def test_the_merge_is_the_best_of_all(pairs, rules):
    goods, bads = np.array(pairs, dtype=float).T

    found = merge(goods, bads, rules, epsilon=EPSILON)

    best = best_by_looking(goods, bads, rules)
    assert (found is None) == (best is None)
    if found is not None:
        assert found.information_value == pytest.approx(best, abs=1e-9)
        good, bad = added(goods, found.ends), added(bads, found.ends)
        assert information_value(good, bad, epsilon=EPSILON).sum() == pytest.approx(best, abs=1e-9)
        assert holds(rules.shape, (good, bad))


@given(counts, st.data(), st.sampled_from([Shape.AUTO, Shape.ASCENDING, Shape.PEAK]))
@settings(max_examples=100)
def test_the_shape_holds_in_every_period(pairs, data, shape):
    goods, bads = np.array(pairs, dtype=float).T
    early = np.array([data.draw(st.integers(0, int(g))) for g in goods], dtype=float)
    early_bad = np.array([data.draw(st.integers(0, int(b))) for b in bads], dtype=float)
    periods = [(early, early_bad), (goods - early, bads - early_bad)]
    rules = MergeRules(shape=shape)

    found = merge(
        goods,
        bads,
        rules,
        epsilon=EPSILON,
        periods=(np.array([g for g, _ in periods]), np.array([b for _, b in periods])),
    )

    best = best_by_looking(goods, bads, rules, periods)
    assert (found is None) == (best is None)
    if found is not None:
        assert found.information_value == pytest.approx(best, abs=1e-9)


@given(counts.filter(lambda pairs: len(pairs) > 2), st.data())
@settings(max_examples=100)
def test_fixed_boundaries_stand(pairs, data):
    goods, bads = np.array(pairs, dtype=float).T
    fixed = (data.draw(st.integers(1, len(pairs) - 1)),)
    rules = MergeRules(shape=Shape.NONE, fixed=fixed)

    found = merge(goods, bads, rules, epsilon=EPSILON)

    best = best_by_looking(goods, bads, rules)
    assert (found is None) == (best is None)
    if found is not None:
        assert fixed[0] in found.ends
        assert found.information_value == pytest.approx(best, abs=1e-9)


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore::FutureWarning:optbinning", "ignore::pandas.errors.Pandas4Warning"
)
@pytest.mark.parametrize(
    ("trend", "shape"),
    [
        ("ascending", Shape.ASCENDING),
        ("descending", Shape.DESCENDING),
        ("peak", Shape.PEAK),
        ("valley", Shape.VALLEY),
        (None, Shape.NONE),
    ],
)
def test_never_below_optbinning_on_the_same_classes(trend, shape):
    # arrange: forty classes; the other's pre-bins are given the same boundaries
    rng = np.random.default_rng(5)
    values = rng.integers(0, 40, 6_000).astype(float)
    middle = {"peak": -1, "valley": 1}.get(str(trend), 0) * ((values - 20) / 12) ** 2
    slope = {"ascending": 1, "descending": -1}.get(str(trend), 0) * (values - 20) / 15
    bad = (rng.random(6_000) < 1 / (1 + np.exp(1.5 - slope - middle))).astype(int)
    rivals = OptimalBinning(
        user_splits=np.arange(0.5, 39.5),
        min_prebin_size=0.001,
        monotonic_trend=trend,
        max_n_bins=6,
        min_bin_size=0.05,
        solver="cp",
    ).fit(values, bad)
    goods = np.bincount(values[bad == 0].astype(int), minlength=40)
    bads = np.bincount(values[bad == 1].astype(int), minlength=40)

    # act
    found = merge(goods, bads, MergeRules(shape=shape, max_bins=6, min_share=0.05), epsilon=EPSILON)

    # assert
    theirs = rivals.binning_table
    theirs.build()
    assert rivals.status == "OPTIMAL"
    assert found is not None
    assert found.information_value >= theirs.iv - 1e-9


def test_a_full_feature_is_merged_at_once():
    rng = np.random.default_rng(2)
    rows = np.full(254, 4_000)
    bads = rng.binomial(rows, np.linspace(0.01, 0.09, 254))

    found = merge(rows - bads, bads, MergeRules(max_bins=10, min_share=0.05), epsilon=EPSILON)

    assert found is not None
    assert found.shape is Shape.ASCENDING
    assert len(found.ends) == 10


def test_contradicting_rules_are_refused():
    with pytest.raises(BadSetting, match="min_bins"):
        MergeRules(min_bins=5, max_bins=3)
    with pytest.raises(BadSetting, match="min_share"):
        MergeRules(min_share=1.5)
    assert merge([], [], MergeRules(), epsilon=EPSILON) is None
