"""What bad input gets: a refusal that names column and value, or a behaviour; never a warning.

The table "What bad input gets" in `docs/scorecards.md` says the same in words.
"""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kuaidai.risk.scorecards import FeatureConfig, ScorecardConfig
from kuaidai.risk.scorecards.engine.rows import open_rows
from kuaidai.risk.scorecards.engine.score_files import score_rows
from kuaidai.risk.scorecards.errors import (
    BadSetting,
    FileDiffers,
    InfiniteValue,
    MissingColumn,
    MixedColumn,
    NoFeatureLeft,
    NotACategory,
    NotANumber,
    OneClassTarget,
    RepeatedColumn,
    TargetNotBinary,
)
from kuaidai.risk.scorecards.estimators import ScorecardClassifier
from kuaidai.risk.scorecards.fitting import fit_scorecard
from kuaidai.risk.scorecards.validation import validate

pytestmark = pytest.mark.filterwarnings("error")
APPLICANT = {"turnover": 500000.0, "queries": 2, "bureau": 610.0, "grade": "B"}


def arrow(frame, **columns) -> pa.Table:
    """The frame as an Arrow table with columns replaced."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table


def doubled(frame, name) -> pd.DataFrame:
    return pd.concat([frame, frame[[name]]], axis=1)


@pytest.mark.parametrize(
    ("change", "left", "reason"),
    [
        (lambda f: f.assign(noise=1.0), "noise", "ordinary values are all equal"),
        (lambda f: f.assign(grade="A"), "grade", "ordinary values are all equal"),
        (lambda f: f.assign(noise=math.nan), "noise", "every value is missing or special"),
        (lambda f: f.assign(bureau=-999.0), "bureau", "every value is missing or special"),
        (lambda f: f.assign(grade=None), "grade", "every value is missing or special"),
        (lambda f: arrow(f, noise=pa.nulls(len(f))), "noise", "every value is missing or special"),
    ],
)
def test_a_column_that_says_nothing_leaves_with_the_reason(change, left, reason, frame, config):
    card = fit_scorecard(change(frame), target="bad", config=config)

    (step,) = [step for step in card.selection if step.feature == left]
    assert not step.kept and reason in step.reason
    assert left not in card.features and len(card.features) >= 3


@pytest.mark.parametrize(
    ("change", "refusal", "words"),
    [
        (lambda f: f.assign(bad=1), OneClassTarget, "Target bad has 0 good and 3000 bad rows"),
        (lambda f: f.head(0), OneClassTarget, "Target bad has 0 good and 0 bad rows"),
        (lambda f: f.assign(queries=-math.inf), InfiniteValue, "queries has 3000 infinite"),
        (lambda f: f.assign(queries="inf"), InfiniteValue, "queries has 3000 infinite"),
        (lambda f: f.assign(queries="2026-01-01"), NotANumber, "queries has value '2026-01-01'"),
        (lambda f: f.assign(queries=date(2026, 1, 1)), NotANumber, "queries.*2026, 1, 1"),
        (lambda f: f.assign(queries=pd.Timestamp(2026, 1, 1)), NotANumber, "queries.*2026, 1, 1"),
        (lambda f: arrow(f, queries=pa.array([[1]] * len(f))), NotANumber, r"queries.*\[1\]"),
        (lambda f: arrow(f, grade=pa.array([["A"]] * len(f))), NotACategory, "grade holds list"),
        (lambda f: f.assign(grade=[1, "A", None] * 1000), MixedColumn, "Column grade .*'A'"),
        (lambda f: f.assign(bad=f["bad"] + 1), TargetNotBinary, "Target bad holds 2"),
        (lambda f: f.assign(bad=0.5), TargetNotBinary, "Target bad holds 0.5"),
        (lambda f: f.assign(bad="good"), TargetNotBinary, "Target bad holds 'good'"),
        (lambda f: f.assign(bad=f["bad"].where(f.index > 3)), TargetNotBinary, "bad holds missing"),
        (lambda f: doubled(f, "noise"), RepeatedColumn, "Column name noise stands more than once"),
        (lambda f: f.drop(columns="queries"), MissingColumn, "Column queries is missing"),
    ],
)
def test_a_sample_that_cannot_be_fitted_is_refused(change, refusal, words, frame, config):
    with pytest.raises(refusal, match=words):
        fit_scorecard(change(frame), target="bad", config=config)


@pytest.mark.parametrize(
    ("weight", "words"),
    [(-1.0, "weight w is -1"), (math.nan, "w is nan"), (math.inf, "w is inf"), (1e308, "1e.308")],
)
def test_a_weight_is_a_number_from_nought_up(weight, words, frame, config):
    weighted = frame.assign(w=np.where(frame.index == 7, weight, 1.0))
    with pytest.raises(BadSetting, match=f"{words}; it must be between 0 and 1e.12, never missing"):
        fit_scorecard(weighted, target="bad", weight="w", config=config)


def test_target_and_weight_are_no_features(frame, config):
    leaking = replace(config, features=(*config.features, FeatureConfig("bad")))
    with pytest.raises(BadSetting, match="features is bad; it must be without the target"):
        fit_scorecard(frame, target="bad", config=leaking)
    with pytest.raises(BadSetting, match="weight is noise; it must be a column that is neither"):
        fit_scorecard(frame, target="bad", weight="noise", config=config)


def test_text_that_is_numbers_and_a_target_of_true_and_false_are_read(frame, config):
    spelt = frame.assign(queries=frame["queries"].astype(str), bad=frame["bad"].astype(bool))

    card = fit_scorecard(spelt, target="bad", config=config)

    assert card == fit_scorecard(frame, target="bad", config=config)


@pytest.mark.parametrize(
    "setting",
    [
        {"pdo": math.inf},
        {"base_score": math.nan},
        {"l2": math.inf},
        {"central_tendency": 0.0},
        {"central_tendency": 1.0},
        {"p_max": -0.1},
        {"max_bin_p_value": 7.0},
        {"psi_max": 0.0},
        {"iv_min": -1.0},
    ],
)
def test_a_setting_out_of_its_range_is_named(setting, config):
    (name,) = setting
    with pytest.raises(BadSetting, match=f"Setting {name} is"):
        replace(config, **setting)


@pytest.mark.parametrize(
    ("change", "refusal", "words"),
    [
        (lambda f: f.drop(columns="queries"), MissingColumn, r"queries is missing.*\(in b.parquet"),
        (lambda f: f.assign(queries="2"), FileDiffers, "b.parquet holds column queries as text"),
        (lambda f: f.assign(grade=1), FileDiffers, "grade as a number, a.parquet as text"),
    ],
)
def test_files_of_a_folder_that_do_not_fit_together_are_named(
    change, refusal, words, frame, config, tmp_path
):
    pq.write_table(arrow(frame), tmp_path / "a.parquet")
    pq.write_table(arrow(change(frame)), tmp_path / "b.parquet")

    with pytest.raises(refusal, match=words):
        fit_scorecard(tmp_path, target="bad", config=config)


def test_a_file_of_another_kind_is_named(frame, config, tmp_path):
    pq.write_table(arrow(frame), tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_text("no Parquet")
    with pytest.raises(BadSetting, match=r"b\.parquet; it must be a Parquet file"):
        fit_scorecard(tmp_path, target="bad", config=config)


@pytest.mark.parametrize(
    ("cells", "same_as"),
    [
        ({"queries": math.inf}, {"queries": 1e9}),
        ({"queries": -math.inf}, {"queries": -1e9}),
        ({"queries": None}, {"queries": math.nan}),
        ({"queries": ""}, {"queries": None}),
        ({"queries": "2"}, {"queries": 2}),
        ({"grade": math.nan}, {"grade": None}),
    ],
)
def test_what_scoring_takes_a_value_for(cells, same_as, card):
    scores = [card.score({**APPLICANT, **each}).score for each in (cells, same_as)]
    assert scores[0] == scores[1]


def test_a_category_never_seen_earns_nothing_either_way(card):
    (grade,) = [p for p in card.score({**APPLICANT, "grade": "ZZ"}).points if p.feature == "grade"]
    assert (grade.bin_label, grade.points) == ("other category", 0)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"queries": "2026-01-01"}, "queries has value '2026-01-01'"),
        ({"queries": date(2026, 1, 1)}, "queries has value datetime.date"),
        ({"queries": [1]}, r"queries has value \[1\]"),
        ({"queries": 10**400}, "queries has value 100000000000…"),
    ],
)
def test_what_is_no_number_cannot_be_scored(cells, words, card):
    with pytest.raises(NotANumber, match=words):
        card.score({**APPLICANT, **cells})
    with pytest.raises(NotANumber, match=words):
        card.score_table(pd.DataFrame([{**APPLICANT, **cells}], dtype=object))


def test_a_repeated_column_is_refused_wherever_a_table_comes_in(card, frame):
    twice = doubled(frame, "queries")
    for work in (card.score_table, card.scores, lambda t: validate(card, t, None, "bad")):
        with pytest.raises(RepeatedColumn, match="queries stands more than once"):
            work(twice)
    table = arrow(frame)
    columns = [*table.columns, table["queries"]]
    with pytest.raises(RepeatedColumn, match="queries"):
        card.score_table(pa.Table.from_arrays(columns, names=[*table.column_names, "queries"]))


def test_files_to_score_are_read_as_tables_are(card, frame, tmp_path):
    odd = arrow(frame.head(3), queries=pa.array([math.inf, None, 2.0]))
    pq.write_table(odd, tmp_path / "odd.parquet")

    done = score_rows(card, open_rows(tmp_path / "odd.parquet"), tmp_path / "scores.parquet")

    assert done == 3
    found = pq.read_table(tmp_path / "scores.parquet")["score"].to_pylist()
    assert found == card.scores(odd).tolist()


@pytest.mark.parametrize(
    ("target", "refusal", "words"),
    [
        (lambda y: y * 2 - 1, TargetNotBinary, "holds -1"),
        (lambda y: y.map({0: "good", 1: "bad"}), TargetNotBinary, "holds 'good'"),
        (lambda y: y * 0, OneClassTarget, "3000 good and 0 bad"),
        (lambda y: y[:10], BadSetting, "one value for each of 3000 rows"),
    ],
)
def test_the_estimator_refuses_alike(target, refusal, words, frame):
    with pytest.raises(refusal, match=words):
        ScorecardClassifier().fit(frame[["turnover", "queries"]], target(frame["bad"]))


def test_the_estimator_wants_the_columns_it_was_fitted_on(frame):
    fitted = ScorecardClassifier().fit(frame[["turnover", "queries"]], frame["bad"])
    with pytest.raises(MissingColumn, match="queries is missing"):
        fitted.predict_proba(frame[["turnover"]])


def test_nothing_left_to_fit_on_is_said(frame):
    config = ScorecardConfig("t", (FeatureConfig("noise"),))
    with pytest.raises(NoFeatureLeft, match=r"noise.*all equal"):
        fit_scorecard(frame.assign(noise=0.0), target="bad", config=config)
