"""The workshop as a library: what a modeller writes is read as it was meant, or refused in words."""

import numpy as np
import polars as pl
import pytest

import kuaidai.risk.scorecards as workshop
from kuaidai.risk.scorecards import (
    CalibrationMethod,
    FeatureConfig,
    GradeBand,
    Infeasible,
    Kind,
    ScorecardClassifier,
    ScorecardConfig,
    Stepwise,
    Trend,
    WoeTransformer,
    fit_scorecard,
    validate,
)
from kuaidai.risk.scorecards.errors import BadPlan, BadSetting, MissingColumn, TargetNotBinary


def test_everything_that_is_offered_is_there():
    for name in workshop.__all__:
        assert getattr(workshop, name) is not None
        assert name in dir(workshop)
    with pytest.raises(AttributeError, match="no attribute 'fit_scorcard'"):
        _ = workshop.fit_scorcard


def test_choices_may_be_texts_and_lists():
    written = ScorecardConfig(
        "card",
        [
            "queries",
            FeatureConfig("turnover", trend="descending", special={"none": -1}, splits=[1, 2]),
            FeatureConfig("grade", kind="categorical", groups=[["A", "B"], ["C"]]),
        ],
        stepwise="forward",
        calibration="isotonic",
        on_infeasible="relax",
        bands={"A": 640, "B": None},
    )

    assert written == ScorecardConfig(
        "card",
        (
            FeatureConfig("queries"),
            FeatureConfig(
                "turnover", trend=Trend.DESCENDING, special=(("none", -1.0),), splits=(1.0, 2.0)
            ),
            FeatureConfig("grade", kind=Kind.CATEGORICAL, groups=(("A", "B"), ("C",))),
        ),
        stepwise=Stepwise.FORWARD,
        calibration=CalibrationMethod.ISOTONIC,
        on_infeasible=Infeasible.RELAX,
        bands=(GradeBand("A", 640), GradeBand("B", None)),
    )
    assert hash(written) == hash(written)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: FeatureConfig("x", trend="down"), "trend of x is 'down'.*one of auto, ascending"),
        (lambda: FeatureConfig("x", special=[-999]), "no record"),
        (lambda: FeatureConfig("x", other_share=0.1), "categorical feature without groups"),
        (lambda: FeatureConfig("x", kind="categorical", other_share=2.0), "in \\[0, 1\\)"),
        (lambda: ScorecardConfig("c", ("x",), stepwise="fwd"), "one of backward, forward"),
        (lambda: ScorecardConfig("c", ("x",), min_bins=9), "from 2 to max_bins"),
    ],
)
def test_a_choice_that_does_not_exist_is_named_with_those_that_do(make, words):
    with pytest.raises(BadSetting, match=words):
        make()


def test_a_card_is_looked_at_in_frames(card):
    fit, bins = card.summary(), card.table("grade")

    assert list(fit.index) == ["intercept", *card.features]
    first = card.characteristics[0]
    reach = 1.959963985 * first.standard_error
    assert fit.loc[first.name, "low"] == pytest.approx(first.coefficient - reach)
    assert fit.loc[first.name, "high"] == pytest.approx(first.coefficient + reach)
    grade = next(c for c in card.characteristics if c.name == "grade")
    assert bins["points"].tolist() == grade.points.tolist()
    assert set(card.table()["feature"]) == {"turnover", "queries", "bureau", "grade", "noise"}
    assert card.table("noise")["points"].isna().all()
    with pytest.raises(KeyError, match="there were: "):
        card.table("age")
    assert repr(card).startswith("<Scorecard test-card: ")
    assert len(repr(card)) < 200


def test_the_log_says_why_each_feature_stayed(card):
    kept = {step.feature: step.reason for step in card.selection if step.kept}

    assert set(kept) == set(card.features)
    for reason in kept.values():
        assert "information value" in reason
        assert "highest correlation" in reason
        assert "variance inflation" in reason
        assert "of the expected sign" in reason
        assert "at most 0.05" in reason


def test_polars_frames_score_and_validate(card, frame, tmp_path):
    other = pl.from_pandas(frame)

    assert card.scores(other).tolist() == card.scores(frame).tolist()
    assert card.score_table(other, keep=["bad"]).num_rows == len(frame)
    found = validate(card, other, None, "bad", by=["grade"])
    found.write_html_report(str(tmp_path / "report.html"))
    assert (tmp_path / "report.html").exists()


def test_the_estimator_takes_names_and_notices_rows_out_of_order(frame):
    x, y = frame.drop(columns="bad"), frame["bad"]

    model = ScorecardClassifier(features=["turnover", FeatureConfig("grade", kind="categorical")])
    assert set(model.fit(x, y).card_.features) == {"turnover", "grade"}
    assert set(WoeTransformer(features=["grade"]).fit(x, y).feature_names_in_) == {"grade"}
    with pytest.raises(BadSetting, match=r"y\.loc\[X\.index\]"):
        ScorecardClassifier().fit(x.sample(frac=1, random_state=1), y)
    with pytest.raises(MissingColumn, match="turnovr"):
        ScorecardClassifier(features=["turnovr"]).fit(x, y)
    with pytest.raises(MissingColumn, match="grade is missing"):
        model.predict_proba(x[["turnover"]])
    with pytest.raises(TargetNotBinary, match="Target target holds 'good'"):
        ScorecardClassifier().fit(x, np.where(y == 1, "bad", "good"))
    with pytest.raises(BadSetting, match="one of backward"):
        ScorecardClassifier(stepwise="fwd").fit(x, y)


def test_files_that_are_not_there_are_named(config, tmp_path):
    with pytest.raises(BadSetting, match="a file or folder that exists"):
        fit_scorecard(tmp_path / "none.parquet", target="bad", config=config)
    (tmp_path / "rows.csv").write_text("bad\n1\n")
    with pytest.raises(BadSetting, match="read from the CSV file"):
        fit_scorecard(str(tmp_path / "rows.csv"), target="bad", config=config)
    with pytest.raises(BadPlan, match="no such file"):
        workshop.read_plan(str(tmp_path / "none.toml"))
