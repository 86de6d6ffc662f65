"""From a simulated bank's drop to a card and its report, through the command line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from kuaidai.data.features import catalog
from kuaidai.data.features.subjects import with_owner
from kuaidai.data.lake import Lake
from kuaidai.interfaces.cli import main
from kuaidai.lending.products.catalogue import product
from kuaidai.risk.scorecards import Scorecard
from kuaidai.risk.scorecards.development import (
    CREDIT_PLATFORMS,
    NEVER_POINTS,
    DevelopmentResult,
    develop_application_card,
    split_by_time,
)
from kuaidai.risk.scorecards.errors import BadSetting, SampleTooSmall
from kuaidai.simulator.emit import write_drop
from kuaidai.simulator.world import build_world

pytestmark = pytest.mark.slow  # fits real cards on a simulated bank


@pytest.fixture(scope="module")
def lake_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bank")
    world = build_world(firms=500, months=24, seed=7, ends_on=date(2026, 10, 31))
    write_drop(world, folder / "drop")
    Lake(folder / "lake").ingest(folder / "drop")
    return folder / "lake"


@pytest.fixture(scope="module")
def result(lake_folder: Path) -> DevelopmentResult:
    return develop_application_card(Lake(lake_folder))


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main.run(arguments)
    return int(stopped.value.code or 0)


def test_the_card_finds_signal_out_of_time_but_not_perfection(result: DevelopmentResult) -> None:
    oot = result.validation.oot

    assert oot is not None
    assert 0.70 <= oot.auc.auc <= 0.90
    assert oot.bads >= 20
    assert len(result.scorecard.features) >= 4


def test_the_card_says_what_it_was_made_from(result: DevelopmentResult) -> None:
    notes = dict(result.scorecard.provenance.notes)

    assert notes["definition of bad"] == "60+ days past due within 12 months"
    assert notes["out of time from"] == str(result.sample.split_on)
    assert not set(NEVER_POINTS) & {step.feature for step in result.scorecard.selection}
    assert len(result.scorecard.selection) >= 45
    assert all(c.coefficient < 0 for c in result.scorecard.characteristics)


def test_only_what_is_collected_of_an_applicant_may_earn_points(result: DevelopmentResult) -> None:
    considered = {step.feature for step in result.scorecard.selection}
    sources = {spec.name: set(spec.sources) for spec in catalog()}

    assert "balance_average_6m" in considered
    assert not {name for name in considered if "customs_declarations" in sources[name]}
    assert not {name for name in considered if "utilities" in sources[name]}


def test_the_platforms_of_the_card_are_the_products() -> None:
    assert product("credit-quick-loan").required_sources == CREDIT_PLATFORMS


def test_no_day_and_no_open_window_is_on_both_sides(result: DevelopmentResult) -> None:
    train, oot = result.sample.train, result.sample.oot

    assert oot is not None
    assert pc.max(train["observed_on"]).as_py() < pc.min(oot["observed_on"]).as_py()
    assert pc.max(oot["observed_on"]).as_py() <= date(2025, 10, 31)


def test_the_summary_is_plain_json(result: DevelopmentResult) -> None:
    summary = json.loads(json.dumps(result.summary()))

    assert summary["auc_out_of_time"] == round(result.validation.oot.auc.auc, 4)
    assert set(summary["seconds"]) == {"outcomes", "features", "fit", "validation"}


def test_fit_show_and_score_from_the_command_line(
    lake_folder: Path, result: DevelopmentResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card, report, scores = (tmp_path / n for n in ("card.json", "report.html", "scores.csv"))
    features = tmp_path / "features.parquet"
    pq.write_table(result.sample.train, features)

    fitted = run(
        *("scorecard", "fit", "--lake", str(lake_folder)),
        *("--out", str(card), "--report", str(report), "--json"),
    )
    summary = json.loads(capsys.readouterr().out)
    shown = run("scorecard", "show", str(card))
    text = capsys.readouterr().out
    scored = run("scorecard", "score", str(card), str(features), str(scores))

    assert (fitted, shown, scored) == (0, 0, 0)
    assert summary["version_hash"] == result.scorecard.version_hash
    assert Scorecard.from_json(card.read_text()) == result.scorecard
    assert result.scorecard.version_hash in text
    assert report.read_text(encoding="utf-8").count("<svg") > 4
    rows = scores.read_text().splitlines()
    assert len(rows) == result.sample.train.num_rows + 1
    assert rows[0].startswith('"uscc"')


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fit", "--lake", "/no/lake", "--out", "card.json"), "no such lake folder"),
        (("fit", "--out", "/no/folder/card.json"), "folder does not exist"),
        (("show", "/no/card.json"), "no such file"),
        (("show", "{spoilt}"), "not a readable scorecard"),
        (("score", "{card}", "/no/table.csv", "out.csv"), "no such file"),
        (("score", "{card}", "{short}", "{out}"), "is missing"),
        (("score", "{card}", "{card}", "out.csv"), "neither in .parquet nor in .csv"),
        (("score", "{card}", "{broken}", "out.csv"), "cannot be used"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...],
    words: str,
    result: DevelopmentResult,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = {n: tmp_path / f for n, f in [("spoilt", "spoilt.json"), ("card", "card.json")]}
    names |= {"short": tmp_path / "short.csv", "broken": tmp_path / "broken.parquet"}
    names["out"] = tmp_path / "out.csv"
    names["spoilt"].write_text('{"schema": "other"}')
    names["card"].write_text(result.scorecard.to_json())
    names["short"].write_text("uscc,payroll_months_6m\nX,3\n")
    names["broken"].write_text("not parquet")

    code = run("scorecard", *(argument.format(**names) for argument in arguments))

    shown = capsys.readouterr()
    assert code == 2
    assert words in shown.err
    assert len(shown.err.strip().splitlines()) == 1
    assert shown.out == ""
    assert not names["out"].exists()


def test_a_window_longer_than_the_history_is_refused(
    lake_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "card.json"

    code = run("scorecard", "fit", "--lake", str(lake_folder), "--out", str(out), "--months", "48")

    assert code == 2
    assert "The labelled sample has 0 usable rows" in capsys.readouterr().err
    assert not out.exists()


def test_an_out_of_time_start_beyond_the_loans_is_refused(lake_folder: Path) -> None:
    with pytest.raises(SampleTooSmall, match="choose another out-of-time start"):
        develop_application_card(Lake(lake_folder), oot_from=date(2030, 1, 1))


def test_an_out_of_time_share_out_of_range_is_refused(result: DevelopmentResult) -> None:
    labels = pa.table({"label": ["good"]})
    with pytest.raises(BadSetting, match="oot_share"):
        split_by_time(result.sample.train, labels, oot_share=1.5, oot_from=None)


def test_the_legal_representative_of_the_day_goes_with_the_loan() -> None:
    labels = pa.table(
        {
            "uscc": ["F", "F", "G"],
            "observed_on": [date(2024, 1, 1), date(2025, 1, 1), date(2024, 1, 1)],
        }
    )
    owners = pa.Table.from_pylist(
        [
            {
                "uscc": "F",
                "person_id": "P1",
                "role": "legal_representative",
                "since": date(2020, 1, 1),
            },
            {
                "uscc": "F",
                "person_id": "P2",
                "role": "legal_representative",
                "since": date(2024, 6, 1),
            },
            {"uscc": "F", "person_id": "P3", "role": "shareholder", "since": date(2024, 7, 1)},
        ]
    )

    found = with_owner(labels, owners)

    assert found["uscc"].to_pylist() == ["F", "F"]
    assert found["person_id"].to_pylist() == ["P1", "P2"]


def test_a_behaviour_card_from_labels_to_points(
    lake_folder: Path, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("KUAIDAI_LAKE", str(lake_folder))
    labels, sample = tmp_path / "labels.parquet", tmp_path / "sample.parquet"
    plan, card = tmp_path / "behaviour.toml", tmp_path / "card.json"
    plan.write_text(
        'name = "behaviour"\n[data]\ntrain = "sample.parquet"\ntarget = "bad"\n'
        '[[features]]\nname = "balance_average_3m"\ntrend = "descending"\n'
        '[[features]]\nname = "returned_debits_6m"\ntrend = "ascending"\n'
        '[[features]]\nname = "low_balance_days_6m"\ntrend = "ascending"\n',
        encoding="utf-8",
    )
    days = ("--on", "2025-03-31", "--on", "2025-06-30")

    built = run(
        "labels", "behaviour", *days, "--known", "--out", str(labels), "--lake", str(lake_folder)
    )
    computed = run(
        "features", "compute", "--subjects", str(labels), "--keep", "bad", "--out", str(sample)
    )
    fitted = run("scorecard", "fit", str(plan), "--out", str(card))

    assert (built, computed, fitted) == (0, 0, 0)
    rows = pq.read_table(sample, columns=["person_id", "observed_on", "bad"])
    assert rows.num_rows <= pq.read_metadata(labels).num_rows
    assert rows["person_id"].null_count == 0
    assert {str(day) for day in rows["observed_on"].to_pylist()} == {"2025-03-31", "2025-06-30"}
    assert Scorecard.from_json(card.read_text()).features


def test_subjects_without_a_wanted_column_are_refused(
    lake_folder: Path, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("KUAIDAI_LAKE", str(lake_folder))
    labels = tmp_path / "labels.csv"
    labels.write_text("uscc,observed_on\n91320000KD000002XE,2025-03-31\n", encoding="utf-8")
    out = ("--out", str(tmp_path / "f.parquet"))

    assert run("features", "compute", "--subjects", str(labels), "--keep", "bad", *out) == 2
    assert "it lacks bad" in capsys.readouterr().err
    assert run("features", "compute", "--on", "2025-03-31", "--keep", "bad", *out) == 2
    assert "--keep names columns of --subjects" in capsys.readouterr().err


def test_only_month_ends_of_the_book_are_observed(lake_folder: Path, capsys) -> None:
    assert run("labels", "behaviour", "--on", "2025-03-30", "--lake", str(lake_folder)) == 2
    assert "a month end of the lake's loans" in capsys.readouterr().err
