"""`kuaidai bench fit`: bins, weight of evidence and the exact logistic fit, out of core, from Parquet."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from kuaidai.interfaces.cli.bench.cells import cell
from kuaidai.interfaces.cli.bench.credit_sample import TARGET, chunk, features, sample_of
from kuaidai.interfaces.cli.bench.elsewhere import elsewhere, limit_memory
from kuaidai.interfaces.cli.bench.measuring import measured, timed
from kuaidai.interfaces.cli.bench.rivals import RIVAL_ROWS, Rival, run_rivals
from kuaidai.risk.scorecards.binning import bin_scan
from kuaidai.risk.scorecards.columns import Floats
from kuaidai.risk.scorecards.config import FeatureConfig, ScorecardConfig
from kuaidai.risk.scorecards.engine.memory import (
    MOST_SAMPLED,
    MemoryPlan,
    in_units,
    parse_size,
    plan_memory,
)
from kuaidai.risk.scorecards.engine.newton import fit_codes
from kuaidai.risk.scorecards.engine.rows import ParquetRows, Rows, open_rows
from kuaidai.risk.scorecards.engine.scan import SAMPLE_ROWS, Scan, in_order, load, scan
from kuaidai.risk.scorecards.errors import MemoryTooSmall
from kuaidai.risk.scorecards.pilot import pilot

_WORTH = 0.001
_ROUNDING = 1e-6
_THREADS = 2
_WARM_ROWS = SAMPLE_ROWS + 20_000  # enough that a pilot runs as well


@dataclass(frozen=True)
class OwnAtSmall:
    """The same fit on as many rows as the rivals get, reading the file included."""

    rows: int
    seconds: float
    auc: float
    information_values: Mapping[str, float]


@dataclass(frozen=True)
class Comparison:
    """A rival beside the fit.

    `times_faster` on the same rows; `times_faster_per_row`: all rows of the fit against the rival's few.
    `auc_ahead`: AUC less the rival's. `iv_behind`: features whose information value the rival's exceeds,
    and by what share of it.
    """

    rival: Rival
    times_faster: float | None = None
    times_faster_per_row: float | None = None
    auc_ahead: float | None = None
    iv_behind: Mapping[str, float] | None = None


@dataclass(frozen=True)
class FitResult:
    """What was fitted and how fast. `times_decode`: seconds over those of reading the same columns.

    `peak_gib`: resident memory of the process, files mapped into it included, at its most; `memory_gib`: the
    private memory that the kernel let it have, if limited.
    """

    rows: int
    features: int
    fitted: int
    seconds: float
    scan_seconds: float
    merge_seconds: float
    regression_seconds: float
    decode_seconds: float
    times_decode: float
    rows_per_second: int
    peak_gib: float
    memory_gib: float | None
    threads: int
    codes_on_disk: bool
    small: OwnAtSmall | None = None
    comparisons: tuple[Comparison, ...] = ()


def fit(
    rows: Annotated[int, typer.Option(min=10_000, help="Rows of the sample.")] = 10_000_000,
    folder: Annotated[
        Path | None, typer.Option(help="Where temporary files go [default: the system's place].")
    ] = None,
    sample: Annotated[
        Path | None, typer.Option(help="Keep the sample here and use it again.")
    ] = None,
    on_disk: Annotated[bool, typer.Option(help="Keep the codes on disk, not in memory.")] = False,
    memory: Annotated[
        str | None, typer.Option(help="Stay within so much memory, such as 2GiB; slower.")
    ] = None,
    rivals: Annotated[
        bool, typer.Option(help="Fit other libraries to the first million rows as well.")
    ] = True,
    rival_python: Annotated[
        Path | None, typer.Option(help="A Python that has rivals which this one lacks.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Bin 20 features, weigh their evidence and fit the logistic regression with standard errors."""
    limit = None if memory is None else parse_size(memory)
    few = min(rows, RIVAL_ROWS)
    with sample_of(rows, sample, folder) as data:
        plan = _planned(open_rows(data), limit, on_disk=on_disk)
        try:
            result = elsewhere(run_fit, data, folder, plan=plan, limit=limit)
        except MemoryError as error:
            given = in_units(limit or 0)
            raise MemoryTooSmall(least=f"> {given}", given=given) from error
        if rivals:
            small, config = elsewhere(run_small, data, few), bench_config(features())
            found = run_rivals(data, config, rows=few, threads=_THREADS, interpreter=rival_python)
            compared = tuple(compare(result, small, each) for each in found)
            result = replace(result, small=small, comparisons=compared)
    typer.echo(json.dumps(asdict(result)) if as_json else _shown(result))


def _shown(result: FitResult) -> str:
    plain = {k: v for k, v in asdict(result).items() if k not in ("small", "comparisons")}
    lines = [f"{k:<22}{cell(v):>20}" for k, v in plain.items()]
    for each in result.comparisons:
        rival = each.rival
        if rival.absent:
            lines.append(f"{rival.name}: not run, {rival.absent}")
            continue
        behind = ", ".join(each.iv_behind or ()) or "none"
        lines.append(
            f"{rival.name} {rival.version}: {rival.seconds:.1f} s on {rival.rows:,} rows;"
            f" {each.times_faster} times faster here, {each.times_faster_per_row} times per row;"
            f" AUC ahead by {each.auc_ahead}; features whose information value it exceeds: {behind}"
        )
    return "\n".join(lines)


def _planned(data: Rows, limit: int | None, *, on_disk: bool) -> MemoryPlan:
    if limit is None:
        return MemoryPlan(_THREADS, on_disk, MOST_SAMPLED)
    plan = plan_memory(data, len(features()) + 1, limit=limit, threads=_THREADS)
    return replace(plan, codes_on_disk=plan.codes_on_disk or on_disk)


def run_fit(sample: Path, folder: Path | None, *, plan: MemoryPlan, limit: int | None) -> FitResult:
    """Decode, then fit, in this process; with `limit` in so much memory."""
    if limit is not None:
        limit_memory(limit)
    candidates, data = features(), open_rows(sample)
    _fit(open_rows(chunk(0, _WARM_ROWS)), candidates, None, plan)  # compiles the kernels
    wanted = [TARGET, *(f.name for f in candidates)]
    decode = timed(lambda: decode_columns(data, wanted, plan.threads))
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix="kuaidai-codes-") as codes,
        measured() as whole,
    ):
        fitted = _fit(data, candidates, Path(codes) if plan.codes_on_disk else None, plan)
    return _result(fitted, whole.seconds, whole.peak_bytes, decode, plan, limit)


def run_small(sample: Path, rows: int) -> OwnAtSmall:
    """The fit on the first `rows` rows, which are whole row groups."""
    data, candidates = first_rows(sample, rows), features()
    plan = MemoryPlan(_THREADS, codes_on_disk=False, sample_rows=MOST_SAMPLED)
    _fit(open_rows(chunk(0, _WARM_ROWS)), candidates, None, plan)
    seconds, fitted = float("inf"), None
    for _ in range(3):  # a second or less, which one interruption would spoil
        with measured() as whole:
            fitted = _fit(data, candidates, None, plan)
        seconds = min(seconds, whole.seconds)
    assert fitted is not None
    return OwnAtSmall(sum(data.sizes), round(seconds, 3), round(fitted.auc(), 5), fitted.values)


def compare(result: FitResult, small: OwnAtSmall, rival: Rival) -> Comparison:
    """A rival's figures beside those of the fit on as many rows, and on all."""
    if rival.absent or rival.seconds is None or rival.rows is None:
        return Comparison(rival)
    ours, theirs = small.information_values, rival.information_values
    behind = {
        name: round(1 - ours[name] / value, 6)
        for name, value in theirs.items()
        if value > ours[name] * (1 + _ROUNDING)
    }
    return Comparison(
        rival,
        round(rival.seconds / small.seconds, 1),
        round(rival.seconds / rival.rows / (result.seconds / result.rows), 1),
        None if rival.auc is None else round(small.auc - rival.auc, 5),
        behind if theirs else None,
    )


@dataclass(frozen=True)
class _Fitted:
    """A fit with the seconds of its parts."""

    scan: Scan
    woe: Floats
    chosen: Sequence[int]
    coefficients: Floats
    values: Mapping[str, float]
    seconds: tuple[float, float, float]

    def auc(self) -> float:
        """The area under the curve on the rows of the fit."""
        from sklearn.metrics import roc_auc_score

        blocks = [load(block) for block in self.scan.blocks]
        points = self.woe[list(self.chosen)] * self.coefficients[1:, None]
        log_odds = [
            sum(row[block.codes[place]] for place, row in zip(self.chosen, points, strict=True))
            for block in blocks
        ]
        bad = np.concatenate([block.target for block in blocks])
        return float(roc_auc_score(bad, np.concatenate(log_odds)))


def _fit(
    data: Rows, candidates: Sequence[FeatureConfig], codes: Path | None, plan: MemoryPlan
) -> _Fitted:
    with measured() as scanning:  # the pilot included
        piloted = pilot(data, bench_config(candidates), target=TARGET, threads=plan.threads)
        scanned = scan(
            piloted.rows,
            candidates,
            target=TARGET,
            classes=piloted.classes,
            folder=codes,
            threads=plan.threads,
            sample_rows=plan.sample_rows,
        )
    with measured() as merging:
        binned = bin_scan(scanned, bench_config(candidates))
        found_bins = [each.characteristic() for each in binned]
        woe = np.array([c.woe[each.places()] for c, each in zip(found_bins, binned, strict=True)])
    chosen = [place for place, c in enumerate(found_bins) if c.iv >= _WORTH]
    with measured() as fitting:
        found = fit_codes(scanned, woe, chosen=chosen)
    if not np.isfinite(found.errors).all():
        raise RuntimeError("the fit has no standard errors")
    values = {c.name: c.iv for c in found_bins}
    seconds = (scanning.seconds, merging.seconds, fitting.seconds)
    return _Fitted(scanned, woe, chosen, found.coefficients, values, seconds)


def _result(
    fitted: _Fitted, seconds: float, peak: int, decode: float, plan: MemoryPlan, limit: int | None
) -> FitResult:
    rows = fitted.scan.rows
    return FitResult(
        rows=rows,
        features=len(fitted.values),
        fitted=len(fitted.chosen),
        seconds=round(seconds, 2),
        scan_seconds=round(fitted.seconds[0], 2),
        merge_seconds=round(fitted.seconds[1], 2),
        regression_seconds=round(fitted.seconds[2], 2),
        decode_seconds=round(decode, 2),
        times_decode=round(seconds / decode, 2),
        rows_per_second=round(rows / seconds),
        peak_gib=round(peak / 2**30, 2),
        memory_gib=None if limit is None else round(limit / 2**30, 3),
        threads=plan.threads,
        codes_on_disk=plan.codes_on_disk,
    )


def bench_config(candidates: Sequence[FeatureConfig]) -> ScorecardConfig:
    """The constraints of the benchmark: at most 8 bins of at least 5 %, one trend, no test between them."""
    return ScorecardConfig(
        name="bench",
        features=tuple(candidates),
        max_bins=8,
        min_bin_share=0.05,
        min_bin_bads=1,
        max_bin_p_value=None,
    )


def first_rows(sample: Path, rows: int) -> ParquetRows:
    """The row groups at the beginning of the sample that hold `rows` rows."""
    data = ParquetRows.of([sample])
    held = np.cumsum(data.sizes)
    return replace(data, groups=data.groups[: int(np.searchsorted(held, rows)) + 1])


def decode_columns(data: Rows, columns: Sequence[str], threads: int) -> None:
    """Read every column and throw it away: what any work on these files must take at least."""
    read = in_order(lambda part: data.read(part, columns).num_rows, range(len(data.sizes)), threads)
    if sum(read) != sum(data.sizes):
        raise RuntimeError("the sample was not read whole")
