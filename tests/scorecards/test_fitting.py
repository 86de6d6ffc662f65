"""The fit: exact maximum likelihood, expected signs, a reason for every candidate."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from sklearn.linear_model import LogisticRegression

from kuaidai.risk.scorecards import FeatureConfig, Kind, ScorecardConfig, Trend
from kuaidai.risk.scorecards.association import association_p_value, rank_sum_p_value
from kuaidai.risk.scorecards.binning import FeatureCounts
from kuaidai.risk.scorecards.columns import read_column
from kuaidai.risk.scorecards.engine.rows import open_rows
from kuaidai.risk.scorecards.engine.scan import scan
from kuaidai.risk.scorecards.errors import (
    FitNotConverged,
    MissingColumn,
    NoFeatureLeft,
    NotANumber,
    OneClassTarget,
    TargetNotBinary,
)
from kuaidai.risk.scorecards.fitting import fit_scorecard
from kuaidai.risk.scorecards.regression import fit_logistic


def woe_matrix(card, frame) -> np.ndarray:
    return np.column_stack(
        [c.woe[c.codes(read_column(frame, c.name, c.feature.kind))] for c in card.characteristics]
    )


def test_coefficients_errors_and_p_values_equal_statsmodels_logit(card, frame) -> None:
    design = sm.add_constant(woe_matrix(card, frame))
    oracle = sm.Logit(frame["bad"].to_numpy(), design).fit(method="newton", tol=1e-12, disp=0)

    ours = [card.fit.intercept, *(c.coefficient for c in card.characteristics)]
    assert ours == pytest.approx(oracle.params, abs=1e-8)
    assert [c.standard_error for c in card.characteristics] == pytest.approx(
        oracle.bse[1:], rel=1e-6
    )
    assert [c.p_value for c in card.characteristics] == pytest.approx(oracle.pvalues[1:], abs=1e-8)
    assert card.fit.log_likelihood == pytest.approx(oracle.llf, abs=1e-8)
    assert card.fit.null_log_likelihood == pytest.approx(oracle.llnull, abs=1e-6)


def test_the_ridge_fit_equals_sklearn_at_full_precision(card, frame) -> None:
    woe, bad = woe_matrix(card, frame), frame["bad"].to_numpy()
    oracle = LogisticRegression(C=1 / 3.0, solver="newton-cholesky", tol=1e-12).fit(woe, bad)

    found = fit_logistic(woe, bad.astype(float), np.ones(len(bad)), l2=3.0)

    assert found.coefficients == pytest.approx([oracle.intercept_[0], *oracle.coef_[0]], abs=1e-7)
    assert "ridge" in found.method


def test_the_causes_are_kept_and_every_candidate_has_one_line(card, config) -> None:
    assert set(card.features) == {"turnover", "queries", "bureau", "grade"}
    assert all(c.coefficient < 0 for c in card.characteristics)
    last = {step.feature: step for step in card.selection}
    assert set(last) == {f.name for f in config.features}
    assert not last["noise"].kept
    assert [c.name for c in card.rejected] == ["noise"]


def test_of_two_copies_the_weaker_leaves_for_correlation(frame, config) -> None:
    rng = np.random.default_rng(0)
    copy = frame.assign(turnover_copy=frame["turnover"] * rng.lognormal(0, 0.1, len(frame)))
    features = (*config.features, FeatureConfig("turnover_copy", trend=Trend.DESCENDING))

    found = fit_scorecard(copy, target="bad", config=replace(config, features=features))

    left = {s.feature: s for s in found.selection if s.stage == "correlation"}
    assert len(left) == 1
    assert set(left) < {"turnover", "turnover_copy"}
    assert "correlation" in next(iter(left.values())).reason


def test_a_wrong_sign_leaves_the_card() -> None:
    rng = np.random.default_rng(8)
    base = rng.normal(size=4000)
    shadow = base + 0.5 * rng.normal(size=4000)
    bad = (rng.random(4000) < 1 / (1 + np.exp(2 + 2.5 * base - 1.2 * shadow))).astype(int)
    frame = pd.DataFrame({"base": base, "shadow": shadow, "bad": bad})
    features = (FeatureConfig("base"), FeatureConfig("shadow"))
    config = ScorecardConfig("t", features, corr_max=1.0, vif_max=100.0)

    found = fit_scorecard(frame, target="bad", config=config)

    assert found.features == ("base",)
    assert [s.stage for s in found.selection if s.feature == "shadow"] == ["sign"]


def test_variance_inflation_is_one_over_one_minus_r_squared(card, frame) -> None:
    woe = woe_matrix(card, frame)
    for place, c in enumerate(card.characteristics):
        others = sm.add_constant(np.delete(woe, place, axis=1))
        r_squared = sm.OLS(woe[:, place], others).fit().rsquared
        assert c.vif == pytest.approx(1 / (1 - r_squared))


def test_perfect_separation_is_refused() -> None:
    woe = np.repeat([[-1.0], [1.0]], 50, axis=0)
    with pytest.raises(FitNotConverged):
        fit_logistic(woe, np.repeat([1.0, 0.0], 50), np.ones(100))


def test_a_tiny_sample_is_fitted_with_a_recorded_penalty(frame, config) -> None:
    bads, goods = frame[frame["bad"] == 1].head(27), frame[frame["bad"] == 0].head(96)
    tiny = pd.concat([bads, goods])
    small = replace(
        config,
        min_bin_share=0.1,
        min_bin_bads=3,
        max_bins=3,
        l2=1.0,
        p_max=None,
        max_bin_p_value=None,
    )

    found = fit_scorecard(tiny, target="bad", config=small)

    assert found.fit.l2 == 1.0
    assert "l2 = 1" in found.fit.method
    assert found.provenance.rows == 123


def test_weights_equal_repeated_rows(frame, config) -> None:
    few = replace(config, features=config.features[:2])
    repeated = pd.concat([frame, frame], ignore_index=True)
    weighted = frame.assign(weight=2.0)

    by_rows = fit_scorecard(repeated, target="bad", config=few)
    by_weight = fit_scorecard(weighted, target="bad", config=few, weight="weight")

    assert by_weight.provenance.bads == by_rows.provenance.bads
    design = woe_matrix(by_weight, frame)
    twice = fit_logistic(
        np.vstack([design, design]), np.tile(frame["bad"], 2).astype(float), np.ones(2 * len(frame))
    )
    assert by_weight.fit.intercept == pytest.approx(twice.coefficients[0], abs=1e-9)


def counted(frame: pd.DataFrame, feature: FeatureConfig) -> FeatureCounts:
    return FeatureCounts.of(scan(open_rows(frame), [feature], target="bad"), 0)


def test_association_sees_a_cause_and_passes_over_noise(frame) -> None:
    cause = FeatureConfig("queries", trend=Trend.ASCENDING)
    group = FeatureConfig("grade", kind=Kind.CATEGORICAL)

    assert association_p_value(counted(frame, cause)) < 1e-6
    assert association_p_value(counted(frame, FeatureConfig("noise"))) > 0.05
    assert association_p_value(counted(frame, group)) < 1e-6
    assert association_p_value(counted(frame, replace(cause, trend=Trend.DESCENDING))) > 0.9
    assert association_p_value(counted(frame, replace(cause, trend=Trend.PEAK))) < 1e-6


@pytest.mark.parametrize(
    ("trend", "side"),
    [(Trend.ASCENDING, "greater"), (Trend.DESCENDING, "less"), (Trend.AUTO, "two-sided")],
)
def test_the_rank_sum_test_on_counts_equals_scipy_on_rows(frame, trend, side) -> None:
    queries, bad = frame["queries"].to_numpy(), frame["bad"].to_numpy()
    oracle = stats.mannwhitneyu(
        queries[bad == 1], queries[bad == 0], alternative=side, method="asymptotic"
    )
    counts = [np.bincount(queries[bad == outcome].astype(int), minlength=20) for outcome in (0, 1)]

    found = rank_sum_p_value(*(c.astype(float) for c in counts), trend)

    assert found == pytest.approx(oracle.pvalue, rel=1e-9)


def test_points_reproduce_the_log_odds_within_rounding(card, frame) -> None:
    design = np.column_stack([np.ones(len(frame)), woe_matrix(card, frame)])
    beta = np.array([card.fit.intercept, *(c.coefficient for c in card.characteristics)])
    exact = 600 + 40 / math.log(2) * (-(design @ beta) - math.log(20))

    gap = np.abs(card.scores(frame) - exact)

    assert gap.max() <= 0.5 * (1 + len(card.characteristics))


def test_scaling_gives_600_at_twenty_to_one_and_40_points_double_the_odds(card) -> None:
    assert math.exp(-card.log_odds_of_bad(600)) == pytest.approx(20)
    assert math.exp(-card.log_odds_of_bad(640)) == pytest.approx(40)


def test_points_rise_with_woe_in_every_feature(card) -> None:
    for c in card.characteristics:
        ordered = sorted(c.attributes, key=lambda a: a.woe)
        points = [a.points for a in ordered]
        assert points == sorted(points)


def test_pds_average_to_the_bad_rate_or_to_the_central_tendency(card, frame, config) -> None:
    assert card.probabilities(card.scores(frame)).mean() == pytest.approx(
        frame["bad"].mean(), abs=1e-5
    )

    long_run = fit_scorecard(frame, target="bad", config=replace(config, central_tendency=0.03))
    assert long_run.probabilities(long_run.scores(frame)).mean() == pytest.approx(0.03, abs=1e-5)


def test_grades_get_riskier_downwards_and_cover_all_rows(card, frame) -> None:
    pds = [grade.pd for grade in card.grades]
    assert [grade.grade for grade in card.grades] == ["A", "B", "C", "D", "E"]
    assert pds == sorted(pds)
    assert sum(grade.rows for grade in card.grades) == len(frame)


@pytest.mark.parametrize(
    ("change", "refusal", "words"),
    [
        (lambda f: f.drop(columns="queries"), MissingColumn, "queries"),
        (lambda f: f.drop(columns="bad"), MissingColumn, "bad"),
        (lambda f: f.assign(bad=0), OneClassTarget, "3000 good and 0 bad"),
        (lambda f: f.assign(bad=f["bad"] * 2), TargetNotBinary, "holds 2"),
        (lambda f: f.assign(queries="many"), NotANumber, "'many'"),
        (
            lambda f: f.assign(**dict.fromkeys(f.columns.drop("bad"), 1.0)),
            NoFeatureLeft,
            "all equal",
        ),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_the_value(
    change, refusal, words, frame, config
) -> None:
    with pytest.raises(refusal, match=words):
        fit_scorecard(change(frame), target="bad", config=config)
