"""Segmented scorecards: a card a segment, one scale, and a rule for rows of no segment."""

import json

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kuaidai.risk.scorecards import FeatureConfig, Kind, Scorecard, ScorecardConfig
from kuaidai.risk.scorecards.columns import read_target
from kuaidai.risk.scorecards.engine.rows import open_rows
from kuaidai.risk.scorecards.errors import (
    BadArtefact,
    BadSetting,
    MissingColumn,
    SegmentNotFitted,
    UnknownSegment,
)
from kuaidai.risk.scorecards.export import SqlDialect, segmented_sql
from kuaidai.risk.scorecards.fitting import fit_scorecard
from kuaidai.risk.scorecards.segments import (
    Segment,
    Segmentation,
    SegmentedScorecard,
    fit_segments,
    segments_by_value,
    validate_segments,
)
from kuaidai.risk.scorecards.segments.score_files import score_segment_rows

CUSTOMERS = Segmentation(
    "customer",
    (
        Segment("new", values=("new", "returning"), features=("turnover", "queries")),
        Segment("existing", values=("existing",)),
    ),
    unknown="new",
)
BY_SIZE = Segmentation(
    "turnover", (Segment("small", below=400_000.0), Segment("large", least=400_000.0)), "small"
)


@pytest.fixture(scope="module")
def firms(frame) -> pd.DataFrame:
    """The sample with a column of customers: half of them new or returning, a few unknown."""
    rng = np.random.default_rng(11)
    customer = rng.choice(["new", "returning", "existing"], len(frame), p=[0.4, 0.1, 0.5])
    customer = pd.Series(customer, dtype=object)
    customer[::50] = None
    return frame.assign(customer=customer)


@pytest.fixture(scope="module")
def segmented(firms, config) -> SegmentedScorecard:
    return fit_segments(firms, target="bad", config=config, segmentation=CUSTOMERS)


def test_each_card_is_fitted_on_its_segments_rows_alone(segmented, firms, config):
    existing = firms[firms["customer"] == "existing"]
    alone = fit_scorecard(existing, target="bad", config=config)
    card = segmented.card("existing")

    assert card.features == alone.features
    assert card.fit.intercept == pytest.approx(alone.fit.intercept, abs=1e-10)
    assert [c.points.tolist() for c in card.characteristics] == [
        c.points.tolist() for c in alone.characteristics
    ]
    assert segmented.card("new").provenance.rows == len(firms) - len(existing)
    assert set(segmented.card("new").features) == {"turnover", "queries"}
    assert ("segment", "existing of customer") in card.provenance.notes


def test_a_score_has_one_pd_and_one_grade_in_every_segment(segmented, firms):
    one, other = segmented.cards

    assert one.calibration == other.calibration
    assert one.grades == other.grades
    assert sum(grade.rows for grade in segmented.grades) == len(firms)
    pds = segmented.probabilities(segmented.scores(firms))
    assert pds.mean() == pytest.approx(firms["bad"].mean(), abs=1e-5)


def test_one_row_a_table_and_a_file_score_alike(segmented, firms, tmp_path):
    table = pa.Table.from_pandas(firms, preserve_index=False)
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=700)
    rows = open_rows(tmp_path / "rows.parquet")

    scored = segmented.score_table(firms, keep=["bad"])
    done = score_segment_rows(segmented, rows, tmp_path / "scores.parquet", keep=["bad"])

    assert done == len(firms)
    written = pq.read_table(tmp_path / "scores.parquet")
    assert written.column_names == ["bad", "segment", "score", "grade", "pd", "grade_pd"]
    assert written.equals(scored.select(written.column_names))
    assert scored["bad"].to_pylist() == firms["bad"].tolist()
    for row in (0, 1, 2, 50, 2999):
        one = segmented.score(firms.iloc[row].to_dict())
        assert one.score == scored["score"][row].as_py()
        assert one.pd == scored["pd"][row].as_py()
        assert one.scorecard == f"test-card/{scored['segment'][row].as_py()}"
        assert one.version_hash == segmented.version_hash
    new = scored.filter(pa.compute.equal(scored["segment"], "new"))
    assert new["points_bureau"].null_count == new.num_rows
    nothing = segmented.score_table(firms.head(0))
    assert nothing.num_rows == 0
    empty = score_segment_rows(segmented, open_rows(table.slice(0, 0)), tmp_path / "none.parquet")
    assert empty == 0


def test_the_artefact_comes_back_exactly_and_a_change_is_found(segmented):
    text = segmented.to_json()

    again = SegmentedScorecard.from_json(text)

    assert again == segmented
    assert again.to_json() == text
    document = json.loads(text)
    for spoil, words in (
        ({**document, "name": "x"}, "does not match"),
        ({**document, "schema": "kuaidai.segmented-scorecard/9"}, "upgrade"),
        ({**document, "cards": document["cards"][:1]}, "one for each of 2 segments"),
        ({**document, "segmentation": {}}, "does not fit"),
    ):
        with pytest.raises(BadArtefact, match=words):
            SegmentedScorecard.from_json(json.dumps(spoil))
    document["cards"][0]["card"]["base_points"] += 1
    with pytest.raises(BadArtefact, match="card 1"):
        SegmentedScorecard.from_json(json.dumps(document))
    with pytest.raises(BadArtefact, match="not JSON"):
        SegmentedScorecard.from_json("{")
    with pytest.raises(BadArtefact, match="schema"):
        Scorecard.from_json(text)


def test_rows_of_no_segment_follow_the_rule(firms, config, segmented):
    strict = Segmentation("customer", CUSTOMERS.segments)
    with pytest.raises(UnknownSegment, match="no value"):
        fit_segments(firms, target="bad", config=config, segmentation=strict)
    row = {**firms.iloc[1].to_dict(), "customer": "staff"}
    assert segmented.score(row).scorecard == "test-card/new"
    refusing = SegmentedScorecard("strict", strict, segmented.cards)
    with pytest.raises(UnknownSegment, match="'staff'"):
        refusing.score(row)
    with pytest.raises(MissingColumn, match="customer"):
        refusing.score({"turnover": 1.0})


def test_a_rule_over_numbers_reads_them_as_bins_do(firms, config):
    found = fit_segments(firms, target="bad", config=config, segmentation=BY_SIZE)
    segments = found.score_table(firms)["segment"].to_pylist()

    turnover = firms["turnover"].to_numpy()
    assert segments == ["large" if value >= 400_000 else "small" for value in turnover]
    assert BY_SIZE.place_of(400_000 * (1 - 1e-15)) == 1  # noise in the last bits
    assert BY_SIZE.place_of(None) == 0
    assert SegmentedScorecard.from_json(found.to_json()) == found


def test_a_segment_for_each_value(firms):
    known = firms.dropna(subset=["customer"])
    assert segments_by_value(known, "customer").names == ("existing", "new", "returning")
    with pytest.raises(BadSetting, match="at most 20 values"):
        segments_by_value(firms, "turnover")


def test_a_file_larger_than_memory_is_split_part_by_part(firms, config, segmented, tmp_path):
    table = pa.Table.from_pandas(firms, preserve_index=False)
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=500)
    codes = tmp_path / "codes"
    codes.mkdir()
    told: list[int] = []

    found = fit_segments(
        tmp_path / "rows.parquet",
        target="bad",
        config=config,
        segmentation=CUSTOMERS,
        recent=firms,
        folder=codes,
        progress=told.append,
    )

    assert found.grades == segmented.grades
    assert [c.features for c in found.cards] == [c.features for c in segmented.cards]
    assert told == sorted(told)
    assert told[-1] == len(firms)


def test_validation_measures_the_whole_and_every_segment(segmented, firms, tmp_path):
    later = firms.sample(1500, random_state=1)
    found = validate_segments(segmented, firms, later, "bad", by=["grade"], approve_from=600)

    assert [each.segment for each in found.segments] == ["new", "existing"]
    assert sum(each.report.train.rows for each in found.segments) == found.train.rows == len(firms)
    assert sum(each.oot_rows for each in found.segments) == 1500
    assert found.mix.level == "stable"
    assert found.train.bads == int(read_target(firms, "bad").sum())
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert [each["segment"] for each in plain["segments"]] == ["new", "existing"]
    found.write_html_report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert page.count("<h1>") == 3
    assert "returning" in page
    assert page.count("<svg") > 10


def test_a_segment_of_one_class_is_a_finding(segmented, firms):
    goods = firms[(firms["customer"] != "existing") | (firms["bad"] == 0)]

    found = validate_segments(segmented, firms, goods, "bad")
    alone = validate_segments(segmented, goods, None, "bad")

    assert any("existing" in line and "one class" in line for line in found.findings)
    assert found.segments[1].report.oot is None
    assert alone.segments[1].report is None
    assert any("not measured" in line for line in alone.findings)


def test_what_cannot_be_fitted_names_the_segment(firms, config):
    goods = firms[(firms["customer"] != "existing") | (firms["bad"] == 0)]
    with pytest.raises(SegmentNotFitted, match=r"Segment existing.*0 bad rows"):
        fit_segments(goods, target="bad", config=config, segmentation=CUSTOMERS)
    other = Segmentation("customer", (Segment("new", ("new",), features=("age",)),), "new")
    with pytest.raises(BadSetting, match="candidates"):
        fit_segments(firms, target="bad", config=config, segmentation=other)
    with pytest.raises(MissingColumn, match="customer"):
        fit_segments(
            firms.drop(columns="customer"), target="bad", config=config, segmentation=CUSTOMERS
        )


@pytest.mark.parametrize(
    ("segments", "unknown", "words"),
    [
        ((), "error", "1 to 20"),
        ((Segment("a", ("x",)), Segment("a", ("y",))), "error", "different names"),
        ((Segment("error", ("x",)),), "error", "none 'error'"),
        ((Segment("a", ("x",)),), "b", "or a segment: a"),
        ((Segment("a", ("x",)), Segment("b", ("x",))), "error", "in one segment only"),
        ((Segment("a", ("x",)), Segment("b", least=1.0)), "error", "for every segment"),
        ((Segment("a", ("x",), least=1.0),), "error", "categories or an interval"),
        ((Segment("a"),), "error", "at least one bound"),
        ((Segment("a", least=2.0, below=1.0),), "error", "lower below the upper"),
        ((Segment("a", below=2.0), Segment("b", least=1.0)), "error", "apart"),
    ],
)
def test_segments_that_contradict_themselves_are_refused(segments, unknown, words):
    with pytest.raises(BadSetting, match=words):
        Segmentation("column", segments, unknown)


def test_cards_of_different_scales_are_no_segmented_card(segmented, firms):
    other = fit_scorecard(
        firms,
        target="bad",
        config=ScorecardConfig("x", (FeatureConfig("grade", kind=Kind.CATEGORICAL),), pdo=20.0),
    )
    with pytest.raises(BadSetting, match="one scaling"):
        SegmentedScorecard("mixed", CUSTOMERS, (segmented.cards[0], other))


def in_duckdb(statement: str, rows: pd.DataFrame) -> pa.Table:
    with duckdb.connect() as connection:
        connection.register("applicants", pa.Table.from_pandas(rows, preserve_index=False))
        return connection.sql(statement).to_arrow_table()


def test_the_sql_gives_the_scores_and_the_segments(segmented, firms):
    numbered = firms.assign(n=range(len(firms)))

    found = in_duckdb(
        segmented_sql(segmented, table="applicants", dialect=SqlDialect.DUCKDB, keep=["n"]),
        numbered,
    ).sort_by("n")

    scored = segmented.score_table(numbered, keep=["n"])
    for name in ("segment", "score", "grade", "pd", "points_turnover", "points_bureau"):
        assert found[name].to_pylist() == scored[name].to_pylist()


def test_the_sql_of_a_numeric_rule_reads_edges_and_nothing_as_the_scorer_does(firms, config):
    card = fit_segments(firms, target="bad", config=config, segmentation=BY_SIZE)
    edge = 400_000.0
    values = [edge, np.nextafter(edge, 0), edge * (1 - 1e-8), edge - 1, np.nan, None, 0.0, 1e12]
    rows = firms.head(len(values)).assign(turnover=values, n=range(len(values)))

    found = in_duckdb(
        segmented_sql(card, table="applicants", dialect=SqlDialect.DUCKDB, keep=["n"]), rows
    ).sort_by("n")

    scored = card.score_table(rows)
    assert found["segment"].to_pylist() == scored["segment"].to_pylist()
    assert found["score"].to_pylist() == scored["score"].to_pylist()


def test_the_sql_refuses_what_the_segmentation_refuses(segmented, firms):
    strict = SegmentedScorecard(
        "strict", Segmentation("customer", CUSTOMERS.segments), segmented.cards
    )
    statement = segmented_sql(strict, table="applicants", dialect=SqlDialect.DUCKDB)

    known = firms.dropna(subset=["customer"])
    assert in_duckdb(statement, known)["score"].to_pylist() == strict.scores(known).tolist()
    with pytest.raises(duckdb.Error, match="no segment takes customer without a value"):
        in_duckdb(statement, firms)
    for dialect in SqlDialect:
        assert "CASE" in segmented_sql(strict, table="applicants", dialect=dialect)
