"""A card by a plan file, from the command line: fitted, validated, exported, compared, applied."""

import json

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.scorecards.conftest import sample

from kuaidai.interfaces.cli import main

PLAN = """
name = "behaviour"
author = "m.li"
purpose = "renewal of credit lines"

[data]
train = "train.parquet"
target = "bad"
recent = "recent.parquet"

[card]
max_bins = 4
stepwise = "forward"
criterion = "bic"
p_max = "none"
grades = { A = 640, B = 600, C = "rest" }

[[features]]
name = "turnover"
trend = "descending"

[[features]]
name = "bureau"
special = { "no record" = -999 }

[[features]]
name = "grade"
kind = "categorical"
groups = [["A", "B"], ["M", "C"]]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("plan")
    for name, seed in (("train", 3), ("recent", 4)):
        pq.write_table(pa.Table.from_pandas(sample(seed=seed)), made / f"{name}.parquet")
    (made / "plan.toml").write_text(PLAN)
    assert run("scorecard", "fit", str(made / "plan.toml"), "--out", str(made / "card.json")) == 0
    return made


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main.run(arguments)
    return int(stopped.value.code or 0)


def run_text(capsys, *arguments) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run("scorecard", *(str(argument) for argument in arguments))
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_the_plan_is_the_card(folder):
    card = json.loads((folder / "card.json").read_text())["card"]

    assert card["name"] == "behaviour"
    assert [g["grade"] for g in card["grades"]] == ["A", "B", "C"]
    assert card["config"]["stepwise"] == "forward"
    assert card["config"]["p_max"] is None
    grade = next(c for c in card["characteristics"] if c["feature"]["name"] == "grade")
    assert [a["bin"]["categories"] for a in grade["attributes"][:2]] == [["A", "B"], ["M", "C"]]


def test_a_card_shows_what_it_was_made_from(folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    provenance = json.loads((folder / "card.json").read_text())["card"]["provenance"]

    code, out, _ = run_text(capsys, "show", folder / "card.json")

    assert code == 0
    for said in ("m.li", "renewal of credit lines", provenance["data_fingerprint"], "numba"):
        assert said in out
    other = folder / "signed.json"
    plan = folder / "plan.toml"
    assert run_text(capsys, "fit", plan, "--out", other, "--author", "w.zhao")[0] == 0
    notes = dict(json.loads(other.read_text())["card"]["provenance"]["notes"])
    assert (notes["author"], notes["purpose"]) == ("w.zhao", "renewal of credit lines")


def test_a_card_changed_by_hand_is_refused_by_its_name(folder, capsys):
    forged = folder / "forged.json"
    forged.write_text(
        (folder / "card.json").read_text().replace('"base_points": ', '"base_points": 1')
    )

    code, _, err = run_text(capsys, "show", forged)

    assert code == 2
    assert str(forged) in err and "changed after it was written" in err


def test_validation_reports_both_samples_and_their_groups(folder, capsys):
    card, train, later = (folder / f for f in ("card.json", "train.parquet", "recent.parquet"))
    data = (train, "--target", "bad", "--oot", later)

    code, out, _ = run_text(
        capsys, "validate", card, *data, "--by", "grade", "--approve-from", "600"
    )

    assert code == 0
    assert out.count("AUC") == 2 + 5
    assert "grade C: " in out
    assert "grade –: " in out
    assert "four-fifths" in out


def test_report_and_model_card_are_written_as_pages(folder, capsys):
    card, train, later = (folder / f for f in ("card.json", "train.parquet", "recent.parquet"))
    page, told = folder / "report.html", folder / "model-card.html"
    options = ("--target", "bad", "--oot", later, "--by", "grade", "--approve-from", "600")
    use = ("--purpose", "Renewal of credit lines", "--owner", "Retail risk <modelling>")

    code, out, _ = run_text(
        capsys, "report", card, train, page, *options, "--model-card", told, *use
    )

    assert code == 0
    assert str(page) in out
    assert page.read_text().count("<svg") > 5
    text = told.read_text()
    assert "Renewal of credit lines" in text
    assert "Retail risk &lt;modelling&gt;" in text
    assert "not stated" in text  # nobody said whom it may judge
    assert "four-fifths" in text
    assert run_text(capsys, "report", card, train, folder / "no" / "r.html", *options)[0] != 0


def test_a_column_of_too_many_values_is_no_group(folder, capsys):
    card, train = folder / "card.json", folder / "train.parquet"

    code, _, err = run_text(capsys, "validate", card, train, "--target", "bad", "--by", "turnover")

    assert code != 0
    assert "at most 50 different values" in err


def test_the_exported_sql_gives_the_scores_of_the_command(folder, capsys):
    sql, scores = folder / "card.sql", folder / "scores.parquet"
    source = folder / "recent.parquet"

    assert run_text(capsys, "export", folder / "card.json", sql, "--table", "recent")[0] == 0
    code, _, _ = run_text(
        capsys, "score", folder / "card.json", source, scores, "--brief", "--keep", "bad"
    )

    assert code == 0
    recent = pq.read_table(source)
    in_engine = duckdb.sql(sql.read_text()).to_arrow_table()
    assert recent.num_rows == 3000
    assert in_engine["score"].to_pylist() == pq.read_table(scores)["score"].to_pylist()
    assert pq.read_schema(scores).names == ["bad", "score", "grade", "pd", "grade_pd"]
    code, _, _ = run_text(capsys, "export", folder / "card.json", folder / "c.pmml", "--as", "pmml")
    assert code == 0
    assert "<Scorecard" in (folder / "c.pmml").read_text()


def test_cards_are_compared(folder, capsys):
    other = folder / "other.toml"
    other.write_text(PLAN.replace("max_bins = 4", "max_bins = 3"))
    run("scorecard", "fit", str(other), "--out", str(folder / "other.json"))

    assert run_text(capsys, "diff", folder / "card.json", folder / "card.json")[0] == 0
    code, out, _ = run_text(capsys, "diff", folder / "card.json", folder / "other.json", "--json")

    assert code == 1
    found = json.loads(out)
    assert {"where": "settings", "what": "max_bins", "before": "4", "after": "3"} in found
    assert any(each["where"] == "turnover" for each in found)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "behaviour"', "", "name is missing"),
        ('author = "m.li"', "author = 5", "author is 5; it must be text"),
        ('target = "bad"', "", "target is missing in [data]"),
        ("max_bins = 4", "max_bin = 4", "no setting max_bin; known:"),
        ("max_bins = 4", 'max_bins = "four"', "must be a whole number"),
        ("max_bins = 4", "max_bins = 1", "must be at least 2"),
        ('trend = "descending"', 'trend = "down"', "one of auto, ascending"),
        ('C = "rest"', "C = 590", "the last without one"),
        ('target = "bad"', 'target = "worse"', "Column worse is missing"),
        ('train = "train.parquet"', 'train = "none.parquet"', "no such file"),
        ("[data]", "[data", "does not describe a fit"),
    ],
)
def test_a_plan_that_is_wrong_is_one_line_naming_the_entry(folder, capsys, old, new, words):
    plan = folder / "wrong.toml"
    plan.write_text(PLAN.replace(old, new))

    code, out, err = run_text(capsys, "fit", plan, "--out", folder / "never.json")

    assert (code, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert not (folder / "never.json").exists()
