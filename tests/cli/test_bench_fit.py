"""`kuaidai bench fit` and `score` fit and score what they say, within the memory they are given."""

import json

import pytest
from typer.testing import CliRunner

from kuaidai.interfaces.cli.bench.commands import app
from kuaidai.interfaces.cli.bench.credit_sample import (
    KEY,
    TARGET,
    chunk,
    features,
    sample_of,
    write_sample,
)
from kuaidai.interfaces.cli.bench.fit import (
    FitResult,
    OwnAtSmall,
    bench_config,
    compare,
    first_rows,
)
from kuaidai.interfaces.cli.bench.rivals import Rival, run_rivals
from kuaidai.interfaces.cli.bench.score import OneRow, ScoreResult
from kuaidai.interfaces.cli.bench.score import compare as compare_scores
from kuaidai.risk.scorecards.binning import bin_scan
from kuaidai.risk.scorecards.engine.rows import open_rows
from kuaidai.risk.scorecards.engine.scan import scan
from kuaidai.risk.scorecards.errors import BadSetting, MemoryTooSmall

FITTED = FitResult(
    rows=100_000_000,
    features=20,
    fitted=19,
    seconds=30.0,
    scan_seconds=20.0,
    merge_seconds=0.1,
    regression_seconds=9.9,
    decode_seconds=8.0,
    times_decode=3.75,
    rows_per_second=3_333_333,
    peak_gib=3.0,
    memory_gib=None,
    threads=2,
    codes_on_disk=False,
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench") / "sample"
    write_sample(folder, 30_000)
    return folder


def run(*call):
    result = CliRunner().invoke(app, [*map(str, call), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("where", [[], ["--memory", "2GiB", "--on-disk"]])
def test_the_benchmark_reports_its_fit(tmp_path, sample, where):
    call = ("fit", "--rows", 30_000, "--sample", sample, "--folder", tmp_path, "--no-rivals")
    facts = run(*call, *where)

    assert facts["rows"] == 30_000
    assert facts["features"] == 20
    assert facts["fitted"] >= 15
    assert facts["codes_on_disk"] is bool(where)
    assert facts["memory_gib"] == (2.0 if where else None)
    assert 0 < facts["peak_gib"] < 2
    assert facts["seconds"] >= facts["scan_seconds"] > 0
    assert facts["comparisons"] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_rivals_stand_beside_the_same_number_of_rows(sample, monkeypatch):
    rivals = (Rival("optbinning", "1", 30_000, 60.0, 1.0, 0.8), Rival("toad", absent="gone"))
    monkeypatch.setattr("kuaidai.interfaces.cli.bench.fit.run_rivals", lambda *_, **__: rivals)

    facts = run("fit", "--rows", 30_000, "--sample", sample)

    optbinning, toad = facts["comparisons"]
    assert facts["small"]["rows"] == 30_000
    assert optbinning["times_faster"] == round(60 / facts["small"]["seconds"], 1)
    assert optbinning["auc_ahead"] == pytest.approx(facts["small"]["auc"] - 0.8, abs=1e-5)
    assert toad["times_faster"] is None
    assert toad["rival"]["absent"] == "gone"


@pytest.mark.slow
def test_optbinning_gets_the_same_features_and_constraints(sample):
    chosen = [f for f in features() if f.name in ("utilisation", "bureau_score", "purpose")]

    (found,) = run_rivals(
        sample, bench_config(chosen), rows=10_000, threads=1, names=["optbinning"]
    )

    assert found.rows == 10_000
    assert found.absent is None
    assert found.seconds > 0 < found.score_seconds
    assert found.auc > 0.7
    ours = {
        each.name: each.characteristic().iv
        for each in bin_scan(
            scan(open_rows(chunk(0).slice(0, 10_000)), chosen, target=TARGET), bench_config(chosen)
        )
    }
    assert found.information_values == pytest.approx(ours, rel=0.15)  # few rows, rare categories


@pytest.mark.slow
def test_the_benchmark_scores_every_row_and_one_alone(tmp_path, sample):
    facts = run("score", "--rows", 30_000, "--sample", sample, "--folder", tmp_path, "--no-rivals")

    assert facts["rows"] == 30_000
    assert facts["features"] >= 15
    assert facts["written_bytes"] > 0
    assert 0 < facts["one_row_microseconds"]["median"] <= facts["one_row_microseconds"]["p99"]
    assert list(tmp_path.iterdir()) == []


def test_figures_of_a_rival_are_held_against_those_of_the_fit():
    small = OwnAtSmall(1_000_000, 0.5, 0.845, {"age": 0.2, "util": 0.5})
    rival = Rival("optbinning", "1.0", 1_000_000, 20.0, 5.0, 0.8455, {"age": 0.25, "util": 0.4})

    found = compare(FITTED, small, rival)

    assert found.times_faster == 40  # 20 s against half a second
    assert found.times_faster_per_row == 66.7  # 20 µs a row against 0.3
    assert found.auc_ahead == -0.0005
    assert found.iv_behind == {"age": 0.2}  # a fifth of 0.25 is missing


def test_scoring_is_compared_row_by_row():
    result = ScoreResult(
        rows=100_000_000,
        features=19,
        seconds=20.0,
        decode_seconds=8.0,
        times_decode=2.5,
        rows_per_second=5_000_000,
        peak_gib=0.5,
        written_bytes=1,
        one_row_microseconds=OneRow(10, 12.0, 20.0),
    )

    assert (
        compare_scores(result, Rival("optbinning", "1", 10**6, 20.0, 5.0)).times_faster_per_row
        == 25
    )
    assert compare_scores(result, Rival("optbinning", absent="gone")).times_faster_per_row is None


def test_a_rival_that_is_not_installed_is_reported_as_such(sample):
    (found,) = run_rivals(
        sample, bench_config(features()), rows=10_000, threads=1, names=["nosuchrival"]
    )

    assert found == Rival("nosuchrival", absent="nosuchrival is not installed")


def test_a_sample_is_kept_and_not_taken_for_another(sample):
    with sample_of(30_000, sample, None) as again:
        assert again == sample
    with (
        pytest.raises(
            BadSetting, match=r"30,000 rows; it must be the folder of a sample of 40,000"
        ),
        sample_of(40_000, sample, None),
    ):
        pass
    assert sum(first_rows(sample, 10_000).sizes) == 30_000  # one row group
    assert open_rows(sample).read(0, [KEY])[KEY].to_pylist() == list(range(30_000))


@pytest.mark.parametrize(
    ("memory", "refusal"), [("much", BadSetting), ("-2GiB", BadSetting), ("200MiB", MemoryTooSmall)]
)
def test_nonsense_for_memory_is_refused_in_words(sample, memory, refusal):
    result = CliRunner().invoke(
        app, ["fit", "--rows", "30000", "--sample", str(sample), "--memory", memory]
    )

    assert isinstance(result.exception, refusal)
