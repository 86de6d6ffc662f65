"""A fixed part of the log-odds: what it does to coefficients, and what the scores leave out."""

import numpy as np
import pytest
import statsmodels.api as sm

from kuaidai.risk.scorecards import FeatureConfig, Scorecard, ScorecardConfig
from kuaidai.risk.scorecards.columns import read_column
from kuaidai.risk.scorecards.config import CalibrationMethod, Criterion, Stepwise
from kuaidai.risk.scorecards.errors import BadSetting
from kuaidai.risk.scorecards.estimators import ScorecardClassifier
from kuaidai.risk.scorecards.fitting import fit_scorecard

CONFIG = ScorecardConfig(
    "offset",
    (FeatureConfig("turnover"), FeatureConfig("queries"), FeatureConfig("bureau")),
)


@pytest.fixture(scope="module")
def years(frame):
    """The sample with a year's effect: half the rows stem from a year of twice the odds."""
    later = np.arange(len(frame)) % 2 == 0
    return frame.assign(year=np.where(later, np.log(2), 0.0), weight=1.0 + later)


def oracle(card, rows, **more):
    woe = [c.woe[c.codes(read_column(rows, c.name, c.feature.kind))] for c in card.characteristics]
    design = sm.add_constant(np.column_stack(woe))
    model = sm.GLM(rows["bad"], design, family=sm.families.Binomial(), offset=rows["year"], **more)
    return model.fit(tol=1e-12), model


def test_the_fit_is_statsmodels_fit_with_an_offset(years):
    card = fit_scorecard(years, target="bad", config=CONFIG, offset="year")

    expected, _ = oracle(card, years)
    found = [card.fit.intercept, *(c.coefficient for c in card.characteristics)]
    errors = [card.fit.intercept_error, *(c.standard_error for c in card.characteristics)]
    assert found == pytest.approx(expected.params.to_numpy(), abs=1e-8)
    assert errors == pytest.approx(expected.bse.to_numpy(), abs=1e-8)
    assert card.fit.log_likelihood == pytest.approx(expected.llf, rel=1e-9)
    assert card.fit.null_log_likelihood == pytest.approx(expected.llnull, rel=1e-9)


def test_offset_and_weight_go_together_and_stepwise_sees_both(years):
    config = ScorecardConfig(
        "offset", CONFIG.features, stepwise=Stepwise.FORWARD, criterion=Criterion.BIC
    )
    card = fit_scorecard(years, target="bad", config=config, offset="year", weight="weight")

    expected, _ = oracle(card, years, freq_weights=years["weight"])
    found = [card.fit.intercept, *(c.coefficient for c in card.characteristics)]
    assert found == pytest.approx(expected.params.to_numpy(), abs=1e-8)
    assert set(card.features) == {"turnover", "queries", "bureau"}


def test_scores_are_those_of_an_offset_of_nought(years):
    """Bads kept at twice the rate of goods: the offset ln 2 gives back the odds of the whole."""
    kept = years[(years["bad"] == 1) | (np.arange(len(years)) % 2 == 0)].assign(sampled=np.log(2))

    card = fit_scorecard(kept, target="bad", config=CONFIG, offset="sampled")

    pd = card.probabilities(card.scores(years)).mean()
    assert pd == pytest.approx(years["bad"].mean(), rel=0.05)
    assert card.provenance.offset == "sampled"
    assert "offset" in card.calibration.method
    assert Scorecard.from_json(card.to_json()) == card


def test_codes_on_disk_and_the_estimator_hold_the_offset(years, tmp_path):
    plain = fit_scorecard(years, target="bad", config=CONFIG, offset="year")
    on_disk = fit_scorecard(years, target="bad", config=CONFIG, offset="year", folder=tmp_path)
    model = ScorecardClassifier(config=CONFIG)
    by_name = model.fit(years.drop(columns="bad"), years["bad"], offset="year").card_
    by_array = model.fit(years.drop(columns="bad"), years["bad"], offset=years["year"]).card_

    assert on_disk == plain
    assert by_name.fit.intercept == by_array.fit.intercept == plain.fit.intercept
    other = fit_scorecard(years.assign(year=0.0), target="bad", config=CONFIG, offset="year")
    assert other.provenance.data_fingerprint != plain.provenance.data_fingerprint


def test_offsets_that_cannot_be_are_refused(years):
    with pytest.raises(BadSetting, match="finite, never missing"):
        fit_scorecard(years.assign(year=np.nan), target="bad", config=CONFIG, offset="year")
    steps = ScorecardConfig("offset", CONFIG.features, calibration=CalibrationMethod.ISOTONIC)
    with pytest.raises(BadSetting, match="leave out"):
        fit_scorecard(years, target="bad", config=steps, offset="year")
