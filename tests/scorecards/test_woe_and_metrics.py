"""Figures worked by hand: weight of evidence, information value, AUC, KS, PSI."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from kuaidai.kernel.stability import stability_index
from kuaidai.risk.scorecards.metrics import (
    auc_with_interval,
    calibration_row,
    separation,
)
from kuaidai.risk.scorecards.woe import information_value, weight_of_evidence


def test_woe_and_iv_match_the_hand_worked_table() -> None:
    goods, bads = [400, 350, 150], [20, 30, 50]

    woe = weight_of_evidence(goods, bads, epsilon=0.5)
    iv = information_value(goods, bads, epsilon=0.5)

    # shares of goods 4/9, 7/18, 1/6; of bads 0.2, 0.3, 0.5
    assert woe == pytest.approx([0.798508, 0.259511, -1.098612], abs=1e-6)
    # 0.244444 × 0.798508, 0.088889 × 0.259511, 0.333333 × 1.098612
    assert iv == pytest.approx([0.195191, 0.023068, 0.366204], abs=1e-6)


def test_a_bin_without_bads_counts_as_half_a_bad() -> None:
    woe = weight_of_evidence([50, 50], [0, 10], epsilon=0.5)

    assert woe[0] == pytest.approx(math.log(0.5 / (0.5 / 10)))
    assert woe[1] == pytest.approx(math.log(0.5 / 1.0))


def test_auc_equals_the_share_of_pairs_won_and_sklearn() -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(400, 700, 500).astype(float)
    bad = (rng.random(500) < 1 / (1 + np.exp((scores - 480) / 40))).astype(float)

    found = auc_with_interval(scores, bad)

    assert found.auc == pytest.approx(roc_auc_score(bad, -scores), abs=1e-12)
    assert found.low < found.auc < found.high
    assert found.gini == pytest.approx(2 * found.auc - 1)


@pytest.mark.slow
def test_delong_error_equals_the_bootstrap_error() -> None:
    rng = np.random.default_rng(1)
    bad = np.repeat([0.0, 1.0], [300, 60])
    scores = rng.normal(size=360) - bad

    error = auc_with_interval(scores, bad).error

    goods, bads = scores[bad == 0], scores[bad == 1]
    drawn = [
        roc_auc_score(bad, -np.concatenate([rng.choice(goods, 300), rng.choice(bads, 60)]))
        for _ in range(800)
    ]
    assert error == pytest.approx(np.std(drawn), rel=0.1)


def test_delong_interval_covers_the_true_auc_about_95_times_in_100() -> None:
    rng = np.random.default_rng(2)
    true_auc = stats.norm.cdf(1 / math.sqrt(2))
    bad = np.repeat([0.0, 1.0], [100, 30])

    hits = 0
    for _ in range(400):
        found = auc_with_interval(rng.normal(size=130) - bad, bad)
        hits += found.low <= true_auc <= found.high

    assert 0.92 <= hits / 400 <= 0.98


def test_ks_is_the_two_sample_statistic() -> None:
    rng = np.random.default_rng(4)
    bad = np.repeat([0.0, 1.0], [200, 50])
    scores = np.round(rng.normal(size=250) - bad, 1)

    found = separation(scores, bad)

    assert found.ks == pytest.approx(stats.ks_2samp(scores[bad == 0], scores[bad == 1]).statistic)


def test_psi_hand_worked_and_levels() -> None:
    # 0.1·ln 1.2 − 0.1·ln 0.8 = 0.040547
    assert stability_index([50, 50], [60, 40]).index == pytest.approx(0.040547, abs=1e-6)
    assert stability_index([50, 50], [60, 40]).level == "stable"
    assert stability_index([50, 50], [75, 25]).level == "act"
    assert stability_index([500, 500, 0], [500, 500, 0]).index == 0


def test_interval_of_a_bad_rate_is_exact() -> None:
    row = calibration_row("C", np.full(20, 0.05), np.repeat([1.0, 0.0], [1, 19]))

    # Clopper-Pearson for 1 of 20
    assert (row.low, row.high) == (
        pytest.approx(0.00127, abs=1e-5),
        pytest.approx(0.24873, abs=1e-5),
    )
