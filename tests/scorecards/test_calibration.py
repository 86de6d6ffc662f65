"""From scores to probabilities: isotonic steps, central tendency, and what goes out of the house."""

from dataclasses import replace
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from kuaidai.risk.scorecards import Scorecard
from kuaidai.risk.scorecards.config import CalibrationMethod
from kuaidai.risk.scorecards.export import SqlDialect, to_sql
from kuaidai.risk.scorecards.fitting import fit_scorecard
from kuaidai.risk.scorecards.scaling import calibrate_in_steps


def pd_at(calibration, score: int) -> float:
    return next(
        step.pd for step in calibration.steps if step.min_score is None or score >= step.min_score
    )


def test_steps_are_those_of_sklearn_between_the_ends() -> None:
    rng = np.random.default_rng(8)
    scores = rng.integers(500, 700, 5000)
    bad = (rng.random(5000) < 1 / (1 + np.exp((scores - 560) / 30))).astype(float)

    found = calibrate_in_steps(scores, bad, np.ones(5000), central_tendency=None)

    oracle = IsotonicRegression(increasing=False).fit(scores, bad)
    inside = [s for s in range(500, 700) if 0.02 < oracle.predict([s])[0] < 0.98]
    assert len(inside) > 60
    for score in inside:
        assert pd_at(found, score) == pytest.approx(oracle.predict([score])[0], abs=1e-12)


def test_ends_without_bads_join_their_neighbour() -> None:
    scores = np.array([500] * 4 + [600] * 4 + [700] * 4)
    bad = np.array([1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0], dtype=float)

    found = calibrate_in_steps(scores, bad, np.ones(12), central_tendency=None)

    assert [(step.min_score, step.pd) for step in found.steps] == [(None, 0.5)]


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(st.integers(400, 440), st.booleans(), st.integers(1, 9)), min_size=2, max_size=60
    ).filter(lambda rows: 0 < sum(bad for _, bad, _ in rows) < len(rows)),
    tendency=st.none() | st.floats(0.01, 0.6),
)
def test_probabilities_fall_with_the_score_and_average_to_the_rate(rows, tendency) -> None:
    scores, bad, weights = (np.array(part) for part in zip(*rows, strict=True))

    found = calibrate_in_steps(
        scores, bad.astype(float), weights.astype(float), central_tendency=tendency
    )

    pds = [pd_at(found, s) for s in range(390, 451)]
    assert all(later <= before for before, later in pairwise(pds))
    assert all(0 < pd < 1 for pd in pds)
    mean = np.average([pd_at(found, s) for s in scores], weights=weights)
    assert mean == pytest.approx(tendency or np.average(bad, weights=weights))


def test_a_card_in_steps_round_trips_and_goes_out_as_sql(frame, config) -> None:
    card = fit_scorecard(
        frame, target="bad", config=replace(config, calibration=CalibrationMethod.ISOTONIC)
    )

    again = Scorecard.from_json(card.to_json())
    table = pa.Table.from_pandas(frame)
    scored = card.score_table(table)
    applicants = duckdb.connect()
    applicants.register("applicants", table)
    in_engine = applicants.sql(
        to_sql(card, table="applicants", dialect=SqlDialect.DUCKDB)
    ).to_arrow_table()

    assert again == card
    assert 3 <= len(card.calibration.steps) < 60
    assert in_engine["pd"].to_pylist() == scored["pd"].to_pylist()
    assert float(np.mean([float(p) for p in scored["pd"].to_pylist()])) == pytest.approx(
        frame["bad"].mean(), abs=1e-5
    )
