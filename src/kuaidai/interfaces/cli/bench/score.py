"""`kuaidai bench score`: Parquet to Parquet as `kuaidai scorecard score --brief` does it, and one row at a time."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from kuaidai.interfaces.cli.bench.cells import cell
from kuaidai.interfaces.cli.bench.credit_sample import KEY, TARGET, features, sample_of
from kuaidai.interfaces.cli.bench.elsewhere import elsewhere
from kuaidai.interfaces.cli.bench.fit import bench_config, decode_columns, first_rows
from kuaidai.interfaces.cli.bench.measuring import measured, timed
from kuaidai.interfaces.cli.bench.rivals import RIVAL_ROWS, Rival, run_rivals
from kuaidai.risk.scorecards import Scorecard
from kuaidai.risk.scorecards.config import Stepwise
from kuaidai.risk.scorecards.engine.rows import Rows, open_rows
from kuaidai.risk.scorecards.engine.score_files import score_rows
from kuaidai.risk.scorecards.fitting import fit_scorecard

_THREADS = 2
_ROWS_ALONE = 20_000
_WARM = 2_000


@dataclass(frozen=True)
class OneRow:
    """Microseconds from a dictionary of values to score, grade, PD, points and reasons."""

    rows: int
    median: float
    p99: float


@dataclass(frozen=True)
class ScoreComparison:
    """A rival scores a frame in memory; here a file is read and one is written."""

    rival: Rival
    times_faster_per_row: float | None = None


@dataclass(frozen=True)
class ScoreResult:
    """What was scored and how fast. `times_decode`: seconds over those of reading the same columns."""

    rows: int
    features: int
    seconds: float
    decode_seconds: float
    times_decode: float
    rows_per_second: int
    peak_gib: float
    written_bytes: int
    one_row_microseconds: OneRow
    comparisons: tuple[ScoreComparison, ...] = ()


def score(
    rows: Annotated[int, typer.Option(min=10_000, help="Rows of the sample.")] = 10_000_000,
    folder: Annotated[
        Path | None, typer.Option(help="Where temporary files go [default: the system's place].")
    ] = None,
    sample: Annotated[
        Path | None, typer.Option(help="Keep the sample here and use it again.")
    ] = None,
    rivals: Annotated[
        bool, typer.Option(help="Let optbinning score the first million rows as well.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score every row of a Parquet folder into a Parquet file; then rows one by one."""
    few = min(rows, RIVAL_ROWS)
    with sample_of(rows, sample, folder) as data:
        card = elsewhere(fit_bench_card, data, few)
        result = elsewhere(run_score, data, folder, card)
        if rivals:
            config = bench_config(features())
            found = run_rivals(data, config, rows=few, threads=_THREADS, names=["optbinning"])
            result = replace(result, comparisons=tuple(compare(result, each) for each in found))
    typer.echo(json.dumps(asdict(result)) if as_json else _shown(result))


def _shown(result: ScoreResult) -> str:
    facts = asdict(result)
    one_row, _ = facts.pop("one_row_microseconds"), facts.pop("comparisons")
    lines = [f"{name:<22}{cell(value):>20}" for name, value in facts.items()]
    lines.append(f"one row: {one_row['median']} µs, 99 of 100 within {one_row['p99']} µs")
    for each in result.comparisons:
        rival, times = each.rival, each.times_faster_per_row
        said = rival.absent or f"{rival.score_seconds:.2f} s on {rival.rows:,} rows"
        lines.append(f"{rival.name}: {said}" + (f", {times} times per row here" if times else ""))
    return "\n".join(lines)


def fit_bench_card(sample: Path, rows: int) -> str:
    """A card of all features that bring anything, fitted on the first `rows` rows, as JSON."""
    config = replace(
        bench_config(features()),
        iv_min=0.001,
        corr_max=1.0,
        vif_max=1000.0,
        p_max=None,
        max_features=len(features()),
        stepwise=Stepwise.NONE,
    )
    return fit_scorecard(first_rows(sample, rows), target=TARGET, config=config).to_json()


def run_score(sample: Path, folder: Path | None, text: str) -> ScoreResult:
    """Decode, then score, in this process."""
    card, data = Scorecard.from_json(text), open_rows(sample)
    few = data.read(0, [KEY, *card.features]).slice(0, _ROWS_ALONE)
    with tempfile.TemporaryDirectory(dir=folder, prefix="kuaidai-scores-") as out:
        target = Path(out) / "scores.parquet"
        _scored(card, open_rows(few), target)  # compiles the kernels
        decode = timed(lambda: decode_columns(data, [KEY, *card.features], _THREADS))
        with measured() as whole:
            _scored(card, data, target)
        written = target.stat().st_size
    rows = sum(data.sizes)
    return ScoreResult(
        rows=rows,
        features=len(card.features),
        seconds=round(whole.seconds, 2),
        decode_seconds=round(decode, 2),
        times_decode=round(whole.seconds / decode, 2),
        rows_per_second=round(rows / whole.seconds),
        peak_gib=round(whole.peak_bytes / 2**30, 2),
        written_bytes=written,
        one_row_microseconds=one_row(card, few),
    )


def _scored(card: Scorecard, data: Rows, target: Path) -> None:
    score_rows(card, data, target, keep=[KEY], threads=_THREADS)
    if pq.read_metadata(target).num_rows != sum(data.sizes):
        raise RuntimeError("not every row was scored")


def one_row(card: Scorecard, table: pa.Table) -> OneRow:
    """Score the table's rows one after the other, the card warm."""
    rows: Sequence[Mapping[str, Any]] = table.to_pylist()
    scorer = card.row_scorer
    for row in rows[:_WARM]:
        scorer.score(row)
    times = []
    for row in rows:
        began = time.perf_counter_ns()
        scorer.score(row)
        times.append(time.perf_counter_ns() - began)
    times.sort()
    median, late = statistics.median(times), times[int(0.99 * len(times))]
    return OneRow(len(rows), round(median / 1000, 1), round(late / 1000, 1))


def compare(result: ScoreResult, rival: Rival) -> ScoreComparison:
    """A rival's seconds per row over those of the benchmark."""
    if rival.absent or rival.score_seconds is None or rival.rows is None:
        return ScoreComparison(rival)
    per_row = result.seconds / result.rows
    return ScoreComparison(rival, round(rival.score_seconds / rival.rows / per_row, 1))
