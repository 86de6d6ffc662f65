"""`kuaidai scorecard challenge`: trees by a plan, judged beside a card on the recent sample."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.cli.test_scorecard_plan import PLAN, run, run_text
from tests.scorecards.conftest import sample

from kuaidai.risk.scorecards.challenger import Challenger


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("challenge")
    for name, seed in (("train", 3), ("recent", 4)):
        pq.write_table(pa.Table.from_pandas(sample(seed=seed)), made / f"{name}.parquet")
    (made / "plan.toml").write_text(PLAN)
    assert run("scorecard", "fit", str(made / "plan.toml"), "--out", str(made / "card.json")) == 0
    return made


def test_a_challenger_is_grown_judged_and_kept(folder, capsys):
    plan, card = folder / "plan.toml", folder / "card.json"
    out, page = folder / "challenger.json", folder / "page.html"

    code, told, _ = run_text(
        capsys, "challenge", plan, "--card", card, "--out", out, "--report", page, "--rounds", "50"
    )

    assert code == 0
    first, second, third, *_ = told.splitlines()
    assert first.startswith("card        3000 rows, ")
    assert second.startswith("challenger  3000 rows, ")
    assert "DeLong p = " in third
    grown = Challenger.from_json(out.read_text())
    assert grown.features == ("turnover", "bureau", "grade")
    assert grown.config.feature("bureau").trend == "descending"  # as the card's bins found it
    assert grown.provenance.rounds <= 50
    assert grown.version_hash in page.read_text()


def test_the_figures_as_json_from_a_sample_of_the_rows(folder, capsys):
    options = ("--card", folder / "card.json", "--rounds", "20", "--rows", "1500", "--json")

    code, told, _ = run_text(capsys, "challenge", folder / "plan.toml", *options)

    found = json.loads(told)
    assert code == 0
    assert found["rows"] == 1500
    assert 0.5 < found["card"]["auc"] < 1
    gap = found["challenger"]["auc"] - found["card"]["auc"]
    assert found["difference"]["difference"] == pytest.approx(gap)
    assert {w["feature"] for w in found["weights"]} == {"turnover", "bureau", "grade"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('recent = "recent.parquet"', ""), "names no recent sample"),
        (('target = "bad"', 'target = "queries"'), "was fitted to bad"),
        (("recent.parquet", "gone.parquet"), "no such file"),
        (('name = "turnover"', 'name = "turnovers"'), "turnovers is missing"),
        (('target = "bad"', 'target = "bad"\noffset = "queries"'), "has the offset queries"),
        (("[[features]]", '[segments]\ncolumn = "grade"\n[[features]]', 1), "segments by grade"),
    ],
)
def test_a_plan_that_cannot_challenge_is_refused_in_words(folder, capsys, change, told):
    wrong = folder / "wrong.toml"
    wrong.write_text(PLAN.replace(*change))

    code, _, err = run_text(capsys, "challenge", wrong, "--card", folder / "card.json")

    assert code != 0
    assert told in " ".join(err.split())
    assert "Traceback" not in err


def test_files_that_are_not_there_and_shares_that_are_none(folder, capsys):
    plan, card = folder / "plan.toml", folder / "card.json"
    for arguments, told in (
        ((plan, "--card", folder / "no.json"), "no such file"),
        ((plan, "--card", card, "--out", folder / "no" / "c.json"), "create it first"),
        ((plan, "--card", card, "--rounds", "5", "--approve", "1.5"), "approved is 1.5"),
        ((plan, "--card", plan), "not a readable scorecard"),
    ):
        code, _, err = run_text(capsys, "challenge", *arguments)
        assert code != 0
        assert told in " ".join(err.split())
