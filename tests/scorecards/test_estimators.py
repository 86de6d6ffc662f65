"""The estimators behave as scikit-learn's do, and take data that never fit into memory."""

import ibis
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from kuaidai.risk.scorecards.errors import BadSetting
from kuaidai.risk.scorecards.estimators import ScorecardClassifier, WoeTransformer


@pytest.fixture(scope="module")
def split(frame):
    return frame.drop(columns="bad"), frame["bad"].to_numpy()


def test_probabilities_rank_bads_and_average_to_their_share(split):
    x, y = split
    fitted = ScorecardClassifier().fit(x, y)
    chance = fitted.predict_proba(x)

    assert chance.sum(axis=1) == pytest.approx(1)
    assert chance[:, 1].mean() == pytest.approx(y.mean(), abs=1e-5)
    assert roc_auc_score(y, chance[:, 1]) > 0.75
    assert roc_auc_score(y, fitted.decision_function(x)) > 0.75
    assert set(fitted.predict(x)) <= {0, 1}


@pytest.mark.parametrize("form", ["polars", "arrow", "reader", "ibis", "path", "columns"])
def test_every_form_of_the_data_gives_one_card(frame, split, tmp_path, form):
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=700)
    data = {
        "polars": lambda: pl.from_arrow(table),
        "arrow": lambda: table,
        "reader": lambda: pa.RecordBatchReader.from_batches(
            table.schema, table.to_batches(max_chunksize=500)
        ),
        "ibis": lambda: ibis.memtable(frame),
        "path": lambda: tmp_path / "rows.parquet",
        "columns": lambda: frame,
    }[form]()

    found = ScorecardClassifier().fit(data, "bad").card_

    expected = ScorecardClassifier().fit(*split).card_
    assert found.features == expected.features
    assert found.grades == expected.grades
    assert found.fit.intercept == pytest.approx(expected.fit.intercept, abs=1e-10)


def test_clones_pipelines_searches_and_cross_validation(split):
    x, y = split
    line = make_pipeline(WoeTransformer(max_bins=4), LogisticRegression(C=1e6))
    assert cross_val_score(line, x, y, cv=3, scoring="roc_auc").min() > 0.7

    card = ScorecardClassifier(max_features=3)
    assert clone(card).get_params() == card.get_params()
    search = GridSearchCV(card, {"max_bins": [2, 5]}, scoring="roc_auc", cv=2).fit(x, y)
    assert search.best_params_ == {"max_bins": 5}


def test_the_transformer_names_its_columns_and_feeds_frames(split):
    x, y = split
    found = WoeTransformer().set_output(transform="pandas").fit(x, y)
    woe = found.transform(x.head(50))

    assert list(woe.columns) == list(x.columns)
    place = list(x.columns).index("turnover")
    assert set(woe["turnover"]) <= set(found.characteristics_[place].woe)
    assert found.information_values_["turnover"] > found.information_values_["noise"]


def test_weights_count_as_repeated_rows(frame):
    # given enough rows, twice the weight is twice the rows
    doubled = frame.loc[frame.index.repeat(2)]
    by_rows = ScorecardClassifier().fit(doubled, "bad").card_
    by_weight = (
        ScorecardClassifier()
        .fit(frame.drop(columns="bad"), frame["bad"], sample_weight=np.full(len(frame), 2.0))
        .card_
    )

    assert by_weight.fit.intercept == pytest.approx(by_rows.fit.intercept, abs=1e-9)
    assert by_weight.grades == by_rows.grades


def test_arrays_have_numbered_columns(split):
    x, y = split
    values = x[["turnover", "queries", "bureau"]].to_numpy()

    fitted = ScorecardClassifier().fit(values, y)

    assert set(fitted.card_.features) <= {"x0", "x1", "x2"}
    assert fitted.predict_proba(values).shape == (len(y), 2)


def test_what_cannot_be_fitted_is_said(split):
    x, y = split
    with pytest.raises(NotFittedError):
        ScorecardClassifier().predict(x)
    with pytest.raises(BadSetting, match="one value for each of 3000 rows"):
        ScorecardClassifier().fit(x, y[:-1])
    with pytest.raises(BadSetting, match="2 dimensions"):
        ScorecardClassifier().fit(np.zeros(3), y)
