"""`kuaidai bench fit`: bins, weight of evidence and the exact logistic fit, out of core, from Parquet."""

from __future__ import annotations

import json
import multiprocessing
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from kuaidai.interfaces.cli.bench.credit_sample import TARGET, chunk, features, write_sample
from kuaidai.interfaces.cli.bench.measuring import measured, timed
from kuaidai.risk.scorecards.binning import bin_scan
from kuaidai.risk.scorecards.config import FeatureConfig, ScorecardConfig
from kuaidai.risk.scorecards.engine.newton import fit_codes
from kuaidai.risk.scorecards.engine.rows import Rows, open_rows
from kuaidai.risk.scorecards.engine.scan import in_order, scan

_WORTH = 0.001
_THREADS = 2


@dataclass(frozen=True)
class FitResult:
    """What was fitted and how fast. `times_decode`: seconds over those of reading the same columns."""

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
    codes_on_disk: bool


def fit(
    rows: Annotated[int, typer.Option(min=10_000, help="Rows of the sample.")] = 10_000_000,
    folder: Annotated[
        Path | None, typer.Option(help="Where to put the sample (default: a temporary folder).")
    ] = None,
    on_disk: Annotated[bool, typer.Option(help="Keep the codes on disk, not in memory.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Bin 20 features, weigh their evidence and fit the logistic regression with standard errors."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="kuaidai-bench-") as work:
        result = _run(Path(work), rows, on_disk=on_disk)
    if as_json:
        typer.echo(json.dumps(asdict(result)))
        return
    for name, value in asdict(result).items():
        typer.echo(f"{name:<22}{value:>20,}")


def _run(work: Path, count: int, *, on_disk: bool) -> FitResult:
    writer = multiprocessing.get_context("spawn").Process(
        target=write_sample, args=(work / "sample", count)
    )
    writer.start()
    writer.join()
    if writer.exitcode:
        raise RuntimeError(f"the sample could not be written (exit code {writer.exitcode})")
    candidates, data = features(), open_rows(work / "sample")
    _fit(open_rows(chunk(0, 20_000)), candidates, None)  # compiles the kernels
    decode = timed(lambda: _decode(data, [TARGET, *(f.name for f in candidates)]))
    codes = work / "codes" if on_disk else None
    if codes is not None:
        codes.mkdir()
    with measured() as whole:
        spent, fitted = _fit(data, candidates, codes)
    return FitResult(
        rows=sum(data.sizes),
        features=len(candidates),
        fitted=fitted,
        seconds=round(whole.seconds, 2),
        scan_seconds=round(spent[0], 2),
        merge_seconds=round(spent[1], 2),
        regression_seconds=round(spent[2], 2),
        decode_seconds=round(decode, 2),
        times_decode=round(whole.seconds / decode, 2),
        rows_per_second=round(count / whole.seconds),
        peak_gib=round(whole.peak_bytes / 2**30, 2),
        codes_on_disk=on_disk,
    )


def _fit(
    data: Rows, candidates: Sequence[FeatureConfig], codes: Path | None
) -> tuple[tuple[float, float, float], int]:
    """Seconds of scan, merge and regression, and the number of features in the regression."""
    with measured() as scanning:
        scanned = scan(data, candidates, target=TARGET, folder=codes, threads=_THREADS)
    with measured() as merging:
        binned = bin_scan(scanned, _config(candidates))
        found_bins = [each.characteristic() for each in binned]
        woe = np.array([c.woe[each.places()] for c, each in zip(found_bins, binned, strict=True)])
    chosen = [place for place, c in enumerate(found_bins) if c.iv >= _WORTH]
    with measured() as fitting:
        found = fit_codes(scanned, woe, chosen=chosen)
    if not np.isfinite(found.errors).all():
        raise RuntimeError("the fit has no standard errors")
    return (scanning.seconds, merging.seconds, fitting.seconds), len(chosen)


def _config(candidates: Sequence[FeatureConfig]) -> ScorecardConfig:
    return ScorecardConfig(
        name="bench",
        features=tuple(candidates),
        max_bins=8,
        min_bin_share=0.05,
        min_bin_bads=1,
        max_bin_p_value=None,
    )


def _decode(data: Rows, columns: list[str]) -> None:
    """Read every column and throw it away: what any fit from these files must take at least."""
    read = in_order(
        lambda part: data.read(part, columns).num_rows, range(len(data.sizes)), _THREADS
    )
    if sum(read) != sum(data.sizes):
        raise RuntimeError("the sample was not read whole")
