"""Those turned down enter as the methods say, and the truth of a made-up bank says what that brings."""

import numpy as np
import pyarrow as pa
import pytest
from tests.scorecards.conftest import sample

from kuaidai.risk.scorecards.columns import read_target
from kuaidai.risk.scorecards.errors import BadSetting, SampleTooSmall
from kuaidai.risk.scorecards.fitting import fit_scorecard
from kuaidai.risk.scorecards.reject_inference import (
    WEIGHT,
    Method,
    evaluate,
    fuzzy,
    parcelling,
    reweighting,
)


@pytest.fixture(scope="module")
def applicants() -> pa.Table:
    """A bank that took the better half of what a first look at turnover and bureau score said."""
    frame = sample(rows=8000, seed=9)
    seen = np.log(frame["turnover"].fillna(4e5)) + frame["bureau"].clip(lower=550) / 60
    frame["taken"] = (seen + np.random.default_rng(1).normal(0, 0.6, len(frame))) > seen.median()
    return pa.Table.from_pandas(frame, preserve_index=False)


@pytest.fixture(scope="module")
def split(applicants):
    taken = applicants["taken"]
    return applicants.filter(taken), applicants.filter(pa.compute.invert(taken))


@pytest.fixture(scope="module")
def first(split, config):
    return fit_scorecard(split[0], target="bad", config=config)


@pytest.mark.parametrize("prudence", [1.0, 1.5])
def test_parcels_have_the_bad_rate_of_their_band_times_prudence(first, split, prudence):
    accepted, rejected = split
    found = parcelling(first, accepted, rejected, target="bad", prudence=prudence, bands=4)

    inferred = found.slice(accepted.num_rows)
    assert found.num_rows == accepted.num_rows + rejected.num_rows
    own, others = first.scores(accepted), first.scores(rejected)
    edges = np.quantile(np.concatenate([own, others]), [0.25, 0.5, 0.75])
    bad, guessed = read_target(accepted, "bad"), read_target(inferred, "bad")
    for band in range(4):
        rate = bad[np.searchsorted(edges, own, side="right") == band].mean()
        inside = np.searchsorted(edges, others, side="right") == band
        assert guessed[inside].sum() == pytest.approx(
            min(1, prudence * rate) * inside.sum(), abs=1.01
        )
    assert parcelling(first, accepted, rejected, target="bad", prudence=prudence, bands=4).equals(
        found
    )


def test_a_fuzzy_row_counts_once_and_is_bad_by_its_pd(first, split):
    accepted, rejected = split
    found = fuzzy(first, accepted, rejected, target="bad").slice(accepted.num_rows)

    weights = found[WEIGHT].to_numpy()
    assert weights.sum() == pytest.approx(rejected.num_rows)
    expected = first.probabilities(first.scores(rejected)).sum()
    assert weights[found["bad"].to_numpy() == 1].sum() == pytest.approx(expected)


def test_the_accepted_stand_for_everybody_in_their_band(first, split):
    accepted, rejected = split
    found = reweighting(first, accepted, rejected, target="bad")

    assert found.num_rows == accepted.num_rows
    assert found[WEIGHT].to_numpy().sum() == pytest.approx(accepted.num_rows + rejected.num_rows)
    assert found[WEIGHT].to_numpy().min() >= 1


def test_what_the_methods_bring_is_held_against_the_truth(applicants, config):
    train, test = applicants.slice(0, 5000), applicants.slice(5000)

    found = evaluate(train, test, target="bad", accepted="taken", config=config)

    assert [r.name for r in found] == ["accepted only", *(m.value for m in Method), "everyone"]
    best, plain = found[-1], found[0]
    assert abs(best.pd_rejected - best.rate_rejected) < abs(plain.pd_rejected - plain.rate_rejected)
    assert all(0.6 < r.auc <= best.auc + 0.01 for r in found)
    assert len({r.rate_rejected for r in found}) == 1


def test_what_cannot_be_inferred_is_refused(first, split):
    accepted, rejected = split
    with pytest.raises(BadSetting, match="prudence"):
        fuzzy(first, accepted, rejected, target="bad", prudence=0)
    with pytest.raises(SampleTooSmall, match="The rejected has 0"):
        reweighting(first, accepted, rejected.slice(0, 0), target="bad")
    with pytest.raises(BadSetting, match="bands"):
        parcelling(first, accepted, rejected, target="bad", bands=0)
