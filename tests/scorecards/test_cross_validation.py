"""Cross-validation of weighted, offset and segmented fits: every fold repeats the whole build."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kuaidai.risk.scorecards import FeatureConfig, ScorecardConfig
from kuaidai.risk.scorecards.cross_validation import cross_validate, leave_one_out
from kuaidai.risk.scorecards.errors import BadSetting, OneClassTarget, SegmentNotFitted
from kuaidai.risk.scorecards.fitting import fit_scorecard
from kuaidai.risk.scorecards.metrics import auc_with_interval
from kuaidai.risk.scorecards.segments import segments_by_value

TWO = ScorecardConfig("two", (FeatureConfig("turnover"), FeatureConfig("queries")))


@pytest.fixture(scope="module")
def small(frame) -> pd.DataFrame:
    """800 firms, every second one counting threefold, half of them of a worse year."""
    place = np.arange(800)
    return frame.head(800).assign(
        weight=1.0 + 2.0 * (place % 2), year=np.where(place < 400, np.log(2), 0.0)
    )


class TestWeighedAuc:
    def test_a_weight_of_three_is_three_rows(self, small) -> None:
        scores, bad = -small["queries"].to_numpy(), small["bad"].to_numpy(dtype=float)
        weights = small["weight"].to_numpy()
        times = weights.astype(int)

        found = auc_with_interval(scores, bad, weights)

        repeated = auc_with_interval(np.repeat(scores, times), np.repeat(bad, times))
        assert found.auc == pytest.approx(repeated.auc, abs=1e-12)
        assert found.error > repeated.error  # a row is one observation, however heavy

    def test_equal_weights_give_delongs_interval(self, small) -> None:
        scores, bad = -small["queries"].to_numpy(), small["bad"].to_numpy(dtype=float)
        plain = auc_with_interval(scores, bad)
        found = auc_with_interval(scores, bad, np.full(len(bad), 2.5))

        for name in ("auc", "error", "low", "high"):
            assert getattr(found, name) == pytest.approx(getattr(plain, name), abs=1e-12)


def test_rows_of_no_weight_count_neither_in_fit_nor_in_judgement(frame) -> None:
    noise = frame.iloc[800:1600].assign(bad=np.random.default_rng(1).permutation(800) % 2)
    mixed = pd.concat([frame.head(800).assign(weight=1.0), noise.assign(weight=0.0)])

    clean = cross_validate(frame.head(800), target="bad", config=TWO, folds=3)
    weighed = cross_validate(mixed, target="bad", config=TWO, weight="weight", folds=3)
    heedless = cross_validate(mixed, target="bad", config=TWO, folds=3)

    assert weighed.auc == pytest.approx(clean.auc, abs=0.03)
    assert heedless.auc < clean.auc - 0.08
    with pytest.raises(OneClassTarget):
        only_goods = mixed.assign(weight=(mixed["bad"] == 0).astype(float))
        cross_validate(only_goods, target="bad", config=TWO, weight="weight", folds=3)


def test_every_fold_is_fitted_with_its_weights_and_offsets(small) -> None:
    tiny = small.iloc[380:420].reset_index(drop=True)
    gentle = replace(
        TWO, min_bin_share=0.1, min_bin_bads=2, max_bins=3, l2=1.0, p_max=None, max_bin_p_value=None
    )
    columns = {"target": "bad", "config": gentle, "weight": "weight", "offset": "year"}

    found = leave_one_out(tiny, **columns)

    pds = np.empty(len(tiny))
    for row in range(len(tiny)):
        card = fit_scorecard(tiny.drop(row), **columns)
        pds[row] = card.probabilities(card.scores(tiny.iloc[[row]]))[0]
    bad, weights = tiny["bad"].to_numpy(dtype=float), tiny["weight"].to_numpy()
    assert found.failed_folds == 0
    assert found.auc == pytest.approx(auc_with_interval(-pds, bad, weights).auc, abs=1e-12)
    with pytest.raises(BadSetting, match="offset year"):
        missing = tiny.assign(year=np.nan)
        leave_one_out(missing, **columns)


CUSTOMERS = ScorecardConfig("customers", (FeatureConfig("queries"),))


@pytest.fixture(scope="module")
def opposite() -> pd.DataFrame:
    """Queries speak against new customers and for known ones."""
    rng = np.random.default_rng(5)
    customer = rng.choice(["new", "known"], 2000, p=[0.3, 0.7])
    queries = rng.normal(size=2000)
    logit = -1.5 + 1.2 * queries * np.where(customer == "new", 1, -1)
    bad = (rng.random(2000) < 1 / (1 + np.exp(-logit))).astype(int)
    return pd.DataFrame({"customer": customer, "queries": queries, "bad": bad})


class TestSegments:
    def test_each_fold_fits_the_segmented_plan(self, opposite) -> None:
        rule = segments_by_value(opposite, "customer")

        one = cross_validate(opposite, target="bad", config=CUSTOMERS, folds=4)
        by_segment = cross_validate(
            opposite, target="bad", config=CUSTOMERS, segmentation=rule, folds=4
        )

        assert by_segment.auc > 0.75 > 0.70 > one.auc
        assert by_segment.failed_folds == 0
        assert by_segment.features_kept == (("queries", 4),)

    def test_every_fold_has_its_share_of_a_small_segment(self, opposite) -> None:
        """120 new customers: dealt out by chance alone a fold might miss them."""
        few = pd.concat([opposite[opposite["customer"] == "known"],
                         opposite[opposite["customer"] == "new"].head(120)])  # fmt: skip
        rule = segments_by_value(few, "customer")
        config = replace(CUSTOMERS, min_bin_bads=2, p_max=None, iv_min=0.0, max_bin_p_value=None)

        found = cross_validate(few, target="bad", config=config, segmentation=rule, folds=10)

        assert (found.fits, found.failed_folds) == (10, 0)

    def test_a_segment_without_a_card_fails_its_fold_and_a_wrong_plan_is_refused(
        self, opposite
    ) -> None:
        noise = opposite.assign(queries=np.where(opposite["customer"] == "new", 1.0,
                                                 opposite["queries"]))  # fmt: skip
        rule = segments_by_value(noise, "customer")
        found = cross_validate(noise, target="bad", config=CUSTOMERS, segmentation=rule, folds=2)
        assert found.failed_folds == 2
        assert found.auc == 0.5

        first = noise.index[noise["customer"] == "known"][0]
        noise.loc[first, "queries"] = np.inf
        with pytest.raises(SegmentNotFitted, match="Segment known"):
            cross_validate(noise, target="bad", config=CUSTOMERS, segmentation=rule, folds=2)
