"""Challengers: trees that repeat, keep trends, and explain themselves exactly; judged beside the card."""

import itertools
import json
from dataclasses import replace
from math import factorial

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score
from tests.scorecards.conftest import sample

from kuaidai.risk.scorecards import FeatureConfig, Kind, ScorecardConfig, Trend, UnseenPolicy
from kuaidai.risk.scorecards.challenger import Challenger
from kuaidai.risk.scorecards.challenger_comparison import compare
from kuaidai.risk.scorecards.challenger_fitting import (
    BoostingSettings,
    even_sample,
    fit_challenger,
    with_trends_of,
)
from kuaidai.risk.scorecards.challenger_report import render_comparison
from kuaidai.risk.scorecards.engine.leaves import LeafTables, leaf_sums, shapley_values
from kuaidai.risk.scorecards.engine.rows import open_rows
from kuaidai.risk.scorecards.engine.trees import Tree, leaves_of
from kuaidai.risk.scorecards.errors import (
    BadChallenger,
    BadSetting,
    InfiniteValue,
    MissingColumn,
    NotANumber,
    OneClassTarget,
    TargetNotBinary,
    TreesNotUnderstood,
    UnseenCategory,
)
from kuaidai.risk.scorecards.estimators import ChallengerClassifier
from kuaidai.risk.scorecards.metrics import auc_difference

QUICK = BoostingSettings(most_rounds=50, folds=2)


@pytest.fixture(scope="module")
def challenger(frame, config):
    return fit_challenger(frame, target="bad", config=config, settings=QUICK)


@pytest.fixture(scope="module")
def later():
    return sample(seed=4)


# Growing


def test_the_same_rows_and_settings_give_the_same_trees(frame, config, challenger):
    again = fit_challenger(frame, target="bad", config=config, settings=QUICK)
    other = fit_challenger(frame, target="bad", config=config, settings=replace(QUICK, seed=1))

    assert again == challenger
    assert again.version_hash == challenger.version_hash
    assert other.version_hash != challenger.version_hash


def test_as_many_trees_as_cross_validation_finds_best(frame, config):
    found = fit_challenger(frame, target="bad", config=config, settings=BoostingSettings(folds=3))

    assert 20 < found.provenance.rounds < 570  # neither too few to learn nor the ceiling
    assert found.provenance.rounds == len({leaf.tree for leaf in found.leaves})
    assert max(len([x for x in found.leaves if x.tree == n]) for n in range(20)) <= 8


@pytest.mark.parametrize(("feature", "sign"), [("turnover", -1), ("queries", 1), ("bureau", -1)])
def test_risk_never_moves_against_a_trend(frame, challenger, feature, sign):
    grid = np.linspace(*np.nanquantile(frame[feature].replace(-999.0, np.nan), [0, 1]), 80)
    for _, applicant in frame.sample(25, random_state=1).iterrows():
        rows = pa.Table.from_pylist([{**applicant.to_dict(), feature: value} for value in grid])
        moves = sign * np.diff(challenger.log_odds(rows))

        assert moves.min() >= -1e-12
        assert moves.max() > 0


def test_trends_left_to_the_data_are_those_the_card_found(card, config):
    left = replace(config, features=tuple(replace(f, trend=Trend.AUTO) for f in config.features))

    found = with_trends_of(card, left)

    assert found.feature("turnover").trend is Trend.DESCENDING
    assert found.feature("queries").trend is Trend.ASCENDING
    assert found.feature("grade").trend is Trend.AUTO
    peaked = replace(config, features=tuple(replace(f, trend=Trend.PEAK) for f in config.features))
    assert with_trends_of(card, peaked) == peaked


def test_weights_count_as_repeated_rows_do(frame, config):
    weights = np.where(frame["bad"] == 1, 3.0, 1.0)
    weighed = fit_challenger(
        frame.assign(weight=weights), target="bad", config=config, weight="weight", settings=QUICK
    )

    assert weighed.provenance.weight == "weight"
    mean = np.average(weighed.probabilities(frame), weights=weights)
    assert mean == pytest.approx(np.average(frame["bad"], weights=weights), abs=0.01)


def test_a_central_tendency_sets_the_mean_pd(frame, config, challenger):
    low = fit_challenger(
        frame, target="bad", config=replace(config, central_tendency=0.03), settings=QUICK
    )

    assert low.probabilities(frame).mean() == pytest.approx(0.03, abs=1e-9)
    gap = challenger.log_odds(frame) - low.log_odds(frame)
    assert gap == pytest.approx(gap[0])


def test_of_too_many_rows_an_even_sample_is_taken_and_told(frame, config, tmp_path):
    for name, rows in (("a", frame.head(2000)), ("b", frame.tail(1000))):
        pq.write_table(pa.Table.from_pandas(rows), tmp_path / f"{name}.parquet", row_group_size=250)

    table = even_sample(open_rows(tmp_path), ["bad", "noise"], 600, seed=0)
    found = fit_challenger(
        tmp_path, target="bad", config=config, settings=replace(QUICK, most_rows=600)
    )

    assert table.num_rows == 600
    first = np.isin(table["noise"].to_numpy(), frame["noise"].head(2000)).sum()
    assert first == 400
    assert (found.provenance.rows, found.provenance.rows_given) == (600, 3000)


def test_every_form_of_the_data_gives_one_challenger(frame, config, challenger, tmp_path):
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=700)

    for data in (table, pl.from_arrow(table), tmp_path / "rows.parquet"):
        assert fit_challenger(data, target="bad", config=config, settings=QUICK) == challenger


@pytest.mark.parametrize(
    ("spoil", "refusal", "told"),
    [
        (lambda f: f.drop(columns="queries"), MissingColumn, "queries"),
        (lambda f: f.assign(queries="many"), NotANumber, "'many'"),
        (lambda f: f.assign(turnover=np.inf), InfiniteValue, "turnover has 3000"),
        (lambda f: f.assign(bad=2), TargetNotBinary, "2"),
        (lambda f: f.assign(bad=0), OneClassTarget, "0 bad"),
        (lambda f: f.head(0), OneClassTarget, "0 bad"),
        (lambda f: f.assign(bad=[1] + [0] * 2999), BadSetting, "at most 1"),
    ],
)
def test_rows_that_nothing_can_be_learnt_from_are_refused(frame, config, spoil, refusal, told):
    with pytest.raises(refusal, match=told):
        fit_challenger(spoil(frame), target="bad", config=config, settings=QUICK)


@pytest.mark.parametrize(
    "wrong",
    [{"leaves": 1}, {"learning_rate": 0.0}, {"most_rounds": 0}, {"folds": 1}, {"most_rows": 0}],
)
def test_settings_that_cannot_work_are_refused(wrong):
    with pytest.raises(BadSetting, match=next(iter(wrong))):
        BoostingSettings(**wrong)


def test_trees_that_the_library_predicts_otherwise_with_are_refused(frame, config, monkeypatch):
    monkeypatch.setattr(
        HistGradientBoostingClassifier, "decision_function", lambda self, rows: np.zeros(len(rows))
    )
    with pytest.raises(TreesNotUnderstood, match="differ"):
        fit_challenger(frame, target="bad", config=config, settings=QUICK)


# Scoring and reasons


def test_contributions_sum_to_the_log_odds(challenger, later):
    shap = challenger.contributions(later)

    assert shap.shape == (3000, 5)
    whole = challenger.average + shap.sum(axis=1)
    assert whole == pytest.approx(challenger.log_odds(later), abs=1e-12)


def test_shapley_values_are_those_of_all_coalitions():
    rng = np.random.default_rng(5)
    rows = np.column_stack([rng.integers(0, 6, 800).astype(float), rng.normal(size=(800, 3))])
    rows[rng.random(rows.shape) < 0.1] = np.nan
    risk = np.nan_to_num(rows[:, 1]) * np.nan_to_num(rows[:, 2]) + (rows[:, 0] % 2 == 1)
    bad = (risk + rng.normal(size=800) > 0.5).astype(int)
    model = HistGradientBoostingClassifier(
        max_iter=4, max_leaf_nodes=12, categorical_features=[0], early_stopping=False
    ).fit(rows, bad)
    trees = [Tree(p.nodes, p.raw_left_cat_bitsets) for (p,) in model._predictors]
    leaves = [leaf for n, tree in enumerate(trees) for leaf in leaves_of(tree, n, [6, 0, 0, 0])]
    arrays = LeafTables.of(leaves, [6, 0, 0, 0])
    assert any(len(leaf.conditions) == 4 for leaf in leaves)

    base = float(model._baseline_prediction[0, 0])
    sums = base + leaf_sums(rows, arrays)
    assert sums == pytest.approx(model.decision_function(rows), abs=1e-12)
    found = shapley_values(rows[:40], arrays)
    for row, values in zip(rows[:40], found, strict=True):
        assert values == pytest.approx(_by_coalitions(row, trees), abs=1e-12)


def _by_coalitions(row, trees):
    """The definition itself: gains of a column over all sets of the others, by walking the trees."""
    columns = range(len(row))
    value = {
        known: sum(_expected(tree, row, 0, known) for tree in trees)
        for size in range(len(row) + 1)
        for known in itertools.combinations(columns, size)
    }
    result = []
    for own in columns:
        total = 0.0
        for known in value:
            if own not in known:
                more = tuple(sorted((*known, own)))
                n, k = len(row), len(known)
                weight = factorial(k) * factorial(n - 1 - k) / factorial(n)
                total += weight * (value[more] - value[known])
        result.append(total)
    return result


def _expected(tree, row, place, known):
    node = tree.nodes[place]
    if node["is_leaf"]:
        return node["value"]
    sides = [int(node["left"]), int(node["right"])]
    if node["feature_idx"] not in known:
        counts = [float(tree.nodes[side]["count"]) for side in sides]
        return sum(
            count / sum(counts) * _expected(tree, row, side, known)
            for count, side in zip(counts, sides, strict=True)
        )
    x = row[node["feature_idx"]]
    if np.isnan(x):
        left = bool(node["missing_go_to_left"])
    elif node["is_categorical"]:
        bits = tree.left_levels[node["bitset_idx"]]
        left = bool(bits[int(x) // 32] >> (int(x) % 32) & 1)
    else:
        left = x <= node["num_threshold"]
    return _expected(tree, row, sides[0] if left else sides[1], known)


def test_one_split_by_hand():
    """100 firms, 40 bad of 50 late payers, 10 bad of 50 others: one tree of two leaves, all by hand.

    At the base log-odds of 0 gradients are p − y with p = ½ and Hessians ¼: a leaf's step is
    −Σ(p − y) / (Σ¼ + l2), so 15 / (12.5 + 1) for the late and −15 / 13.5 for the others.
    """
    late = np.repeat([1.0, 0.0], 50)
    bad = np.concatenate([[1] * 40 + [0] * 10, [1] * 10 + [0] * 40])
    one = ScorecardConfig(name="hand", features=(FeatureConfig("late", "Paid late", "曾逾期"),))
    settings = BoostingSettings(most_rounds=1, learning_rate=1.0, folds=2)

    found = fit_challenger(
        pa.table({"late": late, "bad": bad}), target="bad", config=one, settings=settings
    )

    step = 15 / 13.5
    assert found.base == pytest.approx(0)
    assert found.average == pytest.approx(0)
    assert sorted(leaf.value for leaf in found.leaves) == pytest.approx([-step, step])
    scored = found.score({"late": 1})
    assert float(scored.pd) == pytest.approx(1 / (1 + np.exp(-step)), abs=1e-6)
    assert scored.score == round(600 - 40 / np.log(2) * (step + np.log(20)))
    (reason,) = scored.reasons
    assert (reason.feature, reason.title_zh) == ("late", "曾逾期")
    assert reason.log_odds == pytest.approx(step)
    assert found.score({"late": 0}).reasons == ()  # it raises no risk


def test_one_applicant_scores_as_in_a_table(challenger, later):
    rows = later.head(20)
    for place, applicant in enumerate(rows.to_dict("records")):
        assert challenger.score(applicant).score == challenger.scores(rows)[place]
        assert challenger.score(applicant).reasons == challenger.reasons(rows)[place]
    assert all(len(told) <= 4 for told in challenger.reasons(later))


def test_special_codes_are_neither_quantities_nor_missing(frame, config):
    codes = np.where(frame["noise"] > 0.8, -999.0, np.where(frame["noise"] < -0.8, np.nan, 600.0))
    marked = frame.assign(bureau=codes, bad=(codes == -999.0).astype(int))
    only = replace(config, features=(config.feature("bureau"),))

    found = fit_challenger(marked, target="bad", config=only, settings=QUICK)

    pds = found.probabilities(pa.table({"bureau": [-999.0, None, 600.0, -500.0]}))
    assert pds[0] > 0.5 > pds[1]
    assert pds[1] == pytest.approx(pds[2], abs=0.05)
    assert pds[3] < 0.5  # only the code itself is the code
    assert found.contributions(marked).shape == (3000, 1)


def test_unknown_categories_go_where_missing_values_go_unless_the_policy_refuses(
    frame, config, challenger
):
    rows = frame.head(30)
    strange = challenger.log_odds(rows.assign(grade="Z"))
    assert strange == pytest.approx(challenger.log_odds(rows.assign(grade=None)))

    strict = replace(config.feature("grade"), unseen=UnseenPolicy.ERROR)
    refusing = fit_challenger(
        frame, target="bad", config=replace(config, features=(strict,)), settings=QUICK
    )
    assert len(refusing.log_odds(rows)) == 30  # missing is no unknown category
    with pytest.raises(UnseenCategory, match="grade has category 'Z'"):
        refusing.log_odds(rows.assign(grade="Z"))


def test_a_lone_category_is_told_from_missing(frame):
    """scikit-learn 1.9.1 itself predicts the same for both when missing values are left to it."""
    yes = [None if x > 0 else "Y" for x in frame["noise"]]
    bad = [int(value == "Y") for value in yes]
    config = ScorecardConfig(name="lone", features=(FeatureConfig("c", kind=Kind.CATEGORICAL),))

    found = fit_challenger(
        pa.table({"c": yes, "bad": bad}), target="bad", config=config, settings=QUICK
    )

    pds = found.probabilities(pa.table({"c": ["Y", None]}))
    assert pds[0] > 0.9
    assert pds[1] < 0.1


def test_of_more_categories_than_trees_take_the_commonest_are_known(frame):
    rng = np.random.default_rng(0)
    many = [f"C{n}" for n in rng.zipf(1.3, 3000) % 400]
    config = ScorecardConfig(name="many", features=(FeatureConfig("c", kind=Kind.CATEGORICAL),))

    found = fit_challenger(
        pa.table({"c": many, "bad": frame["bad"].to_numpy()}),
        target="bad",
        config=config,
        settings=QUICK,
    )

    assert len(found.columns[0].levels) == 254
    assert "C1" in found.columns[0].levels


def test_infinite_and_missing_values_score(challenger, frame):
    low, high = (frame.head(1).assign(turnover=value) for value in (-1e300, 1e300))
    endless = pa.table(
        {**{n: [frame[n].iloc[0]] * 2 for n in challenger.features}, "turnover": [-np.inf, np.inf]}
    )
    expected = [challenger.log_odds(low)[0], challenger.log_odds(high)[0]]
    assert challenger.log_odds(endless) == pytest.approx(expected)
    assert 0 < challenger.score(dict.fromkeys(challenger.features)).pd < 1


# The artefact


def test_the_artefact_is_the_challenger(challenger, later):
    read = Challenger.from_json(challenger.to_json())

    assert read == challenger
    assert (read.log_odds(later) == challenger.log_odds(later)).all()
    assert read.to_json() == challenger.to_json()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda d: "no JSON", "Expecting value"),
        (lambda d: json.dumps({**d, "schema": "kuaidai.challenger/2"}), "challenger/2"),
        (lambda d: json.dumps({k: v for k, v in d.items() if k != "challenger"}), "challenger"),
        (lambda d: json.dumps({**d, "challenger": {**d["challenger"], "base": 0.5}}), "match"),
        (lambda d: json.dumps({**d, "challenger": {**d["challenger"], "base": "x"}}), "x"),
        (lambda d: "[]", "list"),
    ],
)
def test_an_altered_artefact_is_refused(challenger, spoil, told):
    text = spoil(json.loads(challenger.to_json()))
    with pytest.raises(BadChallenger, match=told):
        Challenger.from_json(text, source="c.json")


# Beside the card


def test_delong_p_value_equals_another_implementation():
    """Golden figures: `Delong_test` of the Python package MLstatkit 0.1.91 on the same twelve rows."""
    bad = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], dtype=float)
    first = -np.array([0.9, 0.8, 0.7, 0.35, 0.6, 0.65, 0.5, 0.4, 0.3, 0.2, 0.35, 0.1])
    second = -np.array([0.7, 0.9, 0.3, 0.5, 0.4, 0.6, 0.55, 0.45, 0.2, 0.4, 0.3, 0.15])

    found = auc_difference(first, second, bad)

    assert found.difference == pytest.approx(0.8714285714285714 - 0.7142857142857142)
    assert found.error**2 == pytest.approx(0.026904761904761904)
    assert found.p_value == pytest.approx(0.33804656362909646)
    assert auc_difference(second, first, bad).difference == -found.difference
    assert auc_difference(first, first * 2, bad).p_value == 1


@pytest.mark.slow
def test_delong_error_agrees_with_the_bootstrap(card, challenger, later):
    scores, trees = card.scores(later).astype(float), -challenger.log_odds(later)
    bad = later["bad"].to_numpy().astype(float)
    rng = np.random.default_rng(1)

    gaps = []
    for _ in range(400):
        drawn = rng.integers(0, len(bad), len(bad))
        first, second = (roc_auc_score(bad[drawn], -s[drawn]) for s in (trees, scores))
        gaps.append(first - second)

    assert auc_difference(trees, scores, bad).error == pytest.approx(np.std(gaps), rel=0.15)


def test_card_and_challenger_are_judged_on_the_same_rows(card, challenger, later):
    found = compare(card, challenger, later, "bad", approved=0.7)

    assert found.card.auc.auc == pytest.approx(roc_auc_score(later.bad, -card.scores(later)))
    trees = roc_auc_score(later.bad, challenger.log_odds(later))
    assert found.challenger.auc.auc == pytest.approx(trees)
    assert found.difference.difference == pytest.approx(trees - found.card.auc.auc)
    assert found.card.roc[-1] == found.challenger.roc[-1] == pytest.approx((1, 1))
    both, out, swapped_in, _ = found.swapped.cells
    assert out.rows == swapped_in.rows
    assert both.rows + out.rows == 2100
    assert sum(cell.bads for cell in found.swapped.cells) == later["bad"].sum()
    assert sum(w.share for w in found.weights) == pytest.approx(1)
    weighed = {w.feature: w for w in found.weights}
    assert weighed["noise"].iv is None
    assert weighed["turnover"].mean_size > weighed["noise"].mean_size
    example = found.examples[0]
    one = later.iloc[[example.row]]
    assert (example.score, example.challenger_score) == (
        card.scores(one)[0],
        challenger.scores(one)[0],
    )
    assert [e.swapped_in for e in found.examples] == [True] * 3 + [False] * 3


def test_a_comparison_needs_both_outcomes_and_a_share(card, challenger, later):
    with pytest.raises(OneClassTarget, match="recent"):
        compare(card, challenger, later.assign(bad=0), "bad")
    with pytest.raises(BadSetting, match="approved"):
        compare(card, challenger, later, "bad", approved=1.0)


def test_features_that_tell_nothing_give_one_pd_and_a_report(frame, card, config, later):
    flat = frame.assign(noise=1.0)
    only = replace(config, features=(config.feature("noise"),))
    found = fit_challenger(flat, target="bad", config=only, settings=QUICK)

    assert found.probabilities(later) == pytest.approx(frame["bad"].mean())
    assert not found.contributions(later).any()
    assert Challenger.from_json(found.to_json()) == found
    beside = compare(card, found, later, "bad")
    assert beside.challenger.auc.auc == 0.5
    assert beside.proven
    assert beside.difference.difference < 0
    assert json.loads(json.dumps(beside.to_dict(), allow_nan=False))["rank_correlation"] is None
    assert "nothing speaks for the challenger" in render_comparison(beside)


def test_the_report_shows_both_in_both_languages(card, challenger, later):
    page = render_comparison(compare(card, challenger, later, "bad"))

    assert page.count("<svg") == 4
    for text in ("Swap set", "置换分析", "Credit turnover", "贷方发生额", "DeLong p", "换入"):
        assert text in page
    assert challenger.version_hash in page
    assert "src=" not in page


# In scikit-learn


def test_the_estimator_is_a_classifier_like_the_cards(frame, later, tmp_path):
    x, y = frame.drop(columns="bad"), frame["bad"].to_numpy()
    trees = ChallengerClassifier(most_rounds=50, folds=2)
    assert clone(trees).get_params() == trees.get_params()
    with pytest.raises(NotFittedError):
        trees.predict_proba(x)

    fitted = trees.fit(x, y)

    chance = fitted.predict_proba(later)
    assert chance.sum(axis=1) == pytest.approx(1)
    assert roc_auc_score(later["bad"], chance[:, 1]) > 0.75
    assert set(fitted.predict(later)) <= {0, 1}
    assert np.corrcoef(fitted.scores(later), fitted.decision_function(later))[0, 1] < -0.999
    assert fitted.contributions(later).shape == (3000, 5)
    assert list(fitted.feature_names_in_) == list(x.columns)
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    by_path = clone(trees).fit(path, "bad")
    assert (by_path.predict_proba(path) == fitted.predict_proba(pl.from_pandas(frame))).all()


def test_cross_validation_and_arrays(frame):
    x = frame[["turnover", "queries", "noise"]].to_numpy()
    trees = ChallengerClassifier(most_rounds=50, folds=2)
    assert cross_val_score(trees, x, frame["bad"].to_numpy(), cv=2, scoring="roc_auc").min() > 0.65
