"""A segmented card by a plan file, bins as tables and pictures, and swap sets, from the command line."""

import json

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.scorecards.conftest import sample

from kuaidai.interfaces.cli import main

PLAN = """
name = "behaviour"
purpose = "renewal of lines"
author = "m.li"

[data]
train = "train.parquet"
target = "bad"
recent = "recent.parquet"
weight = "weight"
offset = "offset"

[card]
max_bins = 4
grades = { A = 640, B = 560, C = "rest" }

[segments]
column = "customer"
unknown = "new"

[segments.cards]
new = { values = ["new", "trial"], features = ["turnover", "queries"] }
existing = { values = ["existing"] }

[[features]]
name = "turnover"
trend = "descending"

[[features]]
name = "queries"

[[features]]
name = "bureau"
special = { "no record" = -999 }

[[features]]
name = "grade"
kind = "categorical"
other_share = 0.05
unseen = "other"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("segments")
    for name, seed in (("train", 3), ("recent", 4)):
        rows = sample(seed=seed)
        customer = np.random.default_rng(seed).choice(["new", "trial", "existing"], len(rows))
        rows = rows.assign(customer=customer, weight=1.0, offset=0.0, product="loan")
        pq.write_table(pa.Table.from_pandas(rows), made / f"{name}.parquet")
    (made / "plan.toml").write_text(PLAN)
    single = PLAN.replace(PLAN[PLAN.index("[segments]") : PLAN.index("[[features]]")], "")
    (made / "single.toml").write_text(single)
    for plan, card in (("plan", "card"), ("single", "single")):
        code = run("fit", made / f"{plan}.toml", "--out", made / f"{card}.json")
        assert code == 0
    return made


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        main.run(["scorecard", *(str(argument) for argument in arguments)])
    return int(stopped.value.code or 0)


def run_text(capsys, *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run(*arguments)
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_the_plan_makes_a_card_for_each_segment(folder, capsys):
    document = json.loads((folder / "card.json").read_text())
    assert document["segmentation"]["unknown"] == "new"
    assert [each["card"]["name"] for each in document["cards"]] == [
        "behaviour/new",
        "behaviour/existing",
    ]
    assert {each["card"]["provenance"]["offset"] for each in document["cards"]} == {"offset"}

    code, out, _ = run_text(capsys, "show", folder / "card.json")
    assert code == 0
    assert "a row of no segment is judged by the card new" in out
    assert out.count("95 % interval") == 2
    by_value = folder / "by-value.toml"
    by_value.write_text(PLAN[: PLAN.index("[segments.cards]")] + PLAN[PLAN.index("[[features]]") :])
    code, out, _ = run_text(
        capsys, "fit", by_value, "--out", folder / "by-value.json", "--json",
        "--report", folder / "fit.html",
    )  # fmt: skip
    assert code == 0
    assert set(json.loads(out)["segments"]) == {"existing", "new", "trial"}
    assert "trial" in (folder / "fit.html").read_text()


def test_folds_repeat_the_segmented_weighted_fit(folder, capsys):
    page = folder / "folds.html"
    code, out, err = run_text(
        capsys, "fit", folder / "plan.toml", "--out", folder / "folds.json", "--json",
        "--folds", "2", "--report", page,
    )  # fmt: skip

    assert (code, err) == (0, "")
    auc, low, high = json.loads(out)["auc_cross_validated"]
    assert 0.6 < low < auc < high < 0.9
    assert "2-fold: AUC" in page.read_text()


def test_scores_and_sql_agree(folder, capsys):
    source, brief, full = (folder / f for f in ("recent.parquet", "b.parquet", "f.csv"))
    card = folder / "card.json"

    assert run_text(capsys, "score", card, source, brief, "--brief", "--keep", "bad")[0] == 0
    assert run_text(capsys, "score", card, source, full, "--keep", "bad")[0] == 0
    sql = folder / "card.sql"
    assert run_text(capsys, "export", card, sql, "--table", "recent")[0] == 0

    assert run_text(capsys, "export", card, folder / "card.pmml")[0] == 0
    assert "selectFirst" in (folder / "card.pmml").read_text()

    recent = pq.read_table(source)
    assert recent.num_rows == 3000
    found = duckdb.sql(sql.read_text()).to_arrow_table()
    assert found["score"].to_pylist() == pq.read_table(brief)["score"].to_pylist()
    assert full.read_text().splitlines()[0].startswith('"bad","segment","score"')


def test_validation_report_and_model_card_go_by_segment(folder, capsys):
    card, train, later = (folder / f for f in ("card.json", "train.parquet", "recent.parquet"))
    data = ("--target", "bad", "--oot", later, "--by", "grade")
    page, told = folder / "report.html", folder / "model-card.html"

    code, out, _ = run_text(capsys, "validate", card, train, *data)
    assert code == 0
    assert out.count("  existing, ") == 2
    assert run_text(capsys, "report", card, train, page, *data, "--model-card", told)[0] == 0

    assert page.read_text().count("<h1>") == 3
    assert told.read_text().count("<h1>") == 3
    assert "renewal of lines" in told.read_text()  # as the plan says
    assert "m.li" in told.read_text()
    code, out, _ = run_text(capsys, "validate", card, train, *data, "--json")
    assert [each["segment"] for each in json.loads(out)["segments"]] == ["new", "existing"]


def test_bins_as_a_table_a_page_and_a_picture(folder, capsys):
    card, page, picture = folder / "single.json", folder / "bins.html", folder / "bins.svg"

    code, out, _ = run_text(
        capsys, "bins", card, "--feature", "grade", "--html", page, "--svg", picture
    )

    assert code == 0
    assert "p to next" in out
    assert "unseen" in out
    assert picture.read_text().startswith("<svg")
    assert page.read_text().count("<svg") == 2
    code, out, _ = run_text(capsys, "bins", card, "--json")
    assert set(json.loads(out)) == {"turnover", "queries", "bureau", "grade"}
    code, out, _ = run_text(capsys, "bins", folder / "card.json", "--segment", "new")
    assert code == 0
    assert "turnover" in out


def test_diff_tells_the_swap_set(folder, capsys):
    cards = folder / "single.json", folder / "card.json"
    data = ("--on", folder / "recent.parquet", "--approve-from", "540")

    code, out, _ = run_text(capsys, "diff", *cards, *data)
    assert code == 1
    assert "swapped in" in out
    assert "segmentation" in out
    code, out, _ = run_text(capsys, "diff", *cards, *data, "--json")
    found = json.loads(out)
    assert found["swap"]["before"]["approve_from"] == 540
    assert sum(cell["rows"] for cell in found["swap"]["table"]["cells"]) == 3000
    assert run_text(capsys, "diff", cards[1], cards[1])[0] == 0
    code, out, _ = run_text(
        capsys, "validate", cards[0], folder / "recent.parquet", "--target", "bad",
        "--against", cards[1], "--against-from", "540",
    )  # fmt: skip
    assert code == 0
    assert "behaviour from 540 approves" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bins", "{}/card.json"), "--segment: new, existing"),
        (
            ("export", "{}/card.json", "{}/x.foo"),
            "its name must end in .sql (duckdb, postgres, spark) or .pmml or .xml (pmml)",
        ),
        (("export", "{}/card.json", "{}/x.pmml", "--as", "spark"), "must end in .sql (spark)"),
        (
            ("export", "{}/card.json", "{}/x.sql", "--as", "pmml"),
            "must end in .pmml or .xml (pmml)",
        ),
        (("fit", "--oot-from", "foo", "--out", "{}/x"), "'foo' is not a date; write YYYY-MM-DD"),
        (
            ("approve", "a/1", "--as", "x", "--live-from", "2027-02-30"),
            "'2027-02-30' is not a date",
        ),
        (("bins", "{}/single.json", "--feature", "age"), "must be one of turnover"),
        (("diff", "{}/single.json", "{}/card.json", "--on", "{}/recent.parquet"), "--approve-from"),
        (("fit", "{}/plan.toml", "--out", "{}"), "name a file"),
        (("fit", "{}/plan.toml"), "Missing option '--out'; kuaidai scorecard fit --help"),
        (("fit", "{}/none.toml", "--out", "{}/x.json"), "no such file or directory"),
        (("show",), "Missing argument 'card'"),
        (("fits",), "No such command 'fits'"),
        (("bins", "{}/single.json", "--svg", "{}/x.svg"), "name it with --feature"),
        (("score", "{}/card.json", "{}/none.parquet", "{}/x.parquet"), "no such file"),
        (
            ("validate", "{}/card.json", "{}/train.parquet", "--target", "worse"),
            "Column worse is missing",
        ),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(folder, capsys, arguments, words):
    code, out, err = run_text(capsys, *(text.format(folder) for text in arguments))

    assert (code, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('column = "customer"', "", "[segments] needs a column"),
        ('column = "customer"', 'column = "colour"', "Column colour is missing"),
        ('unknown = "new"', 'unknown = "staff"', "or a segment: new, existing"),
        ('features = ["turnover", "queries"]', 'features = ["age"]', "candidates: turnover"),
        ('existing = { values = ["existing"] }', "existing = 1", "must name segments"),
        ('values = ["existing"] }', 'least = "a" }', "least of segment existing"),
        ('unknown = "new"', 'unknown = "error"', "which no segment"),
        ('values = ["existing"]', 'values = ["gone"]', "Segment gone"),
    ],
)
def test_segments_that_are_wrong_are_one_line(folder, capsys, old, new, words):
    plan = folder / "wrong.toml"
    text = PLAN.replace(old, new)
    if "error" in new:
        text = text.replace('"new", "trial"', '"new"')
    plan.write_text(text.replace('existing = { values = ["gone', 'gone = { values = ["gone'))

    code, out, err = run_text(capsys, "fit", plan, "--out", folder / "never.json")

    assert (code, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1
