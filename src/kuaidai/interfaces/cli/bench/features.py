"""`kuaidai bench features`: settlement and account features of every firm, from raw transactions."""

from __future__ import annotations

import json
import multiprocessing
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd
import pyarrow as pa
import typer

from kuaidai.data.features import catalog, compute_batches
from kuaidai.data.features.rollup_store import refresh
from kuaidai.data.lake import Lake
from kuaidai.interfaces.cli.bench import pandas_features
from kuaidai.interfaces.cli.bench.accounts_lake import OBSERVED_ON, Size, write_lake
from kuaidai.interfaces.cli.bench.measuring import measured, timed

YARDSTICK_TRANSACTIONS = 1_000_000
_TABLES = ("transactions", "daily_balances", "payroll_runs")


@dataclass(frozen=True)
class FeaturesResult:
    """What was done and how fast. `ratio` compares transactions per second with the yardstick's."""

    transactions: int
    firms: int
    features: int
    seconds: float
    rollup_seconds: float
    window_seconds: float
    transactions_per_second: float
    peak_gib: float
    yardstick: str
    yardstick_transactions: int
    yardstick_seconds: float
    ratio: float


def features(
    transactions: Annotated[
        int, typer.Option(min=24_000, help="Transactions over 24 months; a thousand a firm.")
    ] = 10_000_000,
    folder: Annotated[
        Path | None, typer.Option(help="Where to put the lake (default: a temporary folder).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """All settlement and account features of all firms, beside plain pandas on a million transactions."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="kuaidai-bench-") as work:
        result = _run(Path(work), transactions)
    if as_json:
        typer.echo(json.dumps(asdict(result)))
        return
    for name, value in asdict(result).items():
        shown = (
            f"{value:,.2f}"
            if isinstance(value, float)
            else f"{value:,}"
            if isinstance(value, int)
            else value
        )
        typer.echo(f"{name:<26}{shown:>20}")


def _run(work: Path, transactions: int) -> FeaturesResult:
    yardstick = min(transactions, YARDSTICK_TRANSACTIONS)
    for name, count in (("lake", transactions), ("small", yardstick)):
        _elsewhere(work / name, count)
    lake, size = Lake(work / "lake"), Size(transactions)
    with measured() as whole:
        rollup_seconds = timed(lambda: refresh(lake))
        count = 0
        for batch in compute_batches(lake, _subjects(size)):
            count += batch["credit_turnover_12m"].length() - batch["credit_turnover_12m"].null_count
    if count == 0:
        raise RuntimeError("no firm has a turnover: the benchmark measured nothing")
    pandas_seconds = _pandas(work / "small")
    rate, pandas_rate = transactions / whole.seconds, yardstick / pandas_seconds
    return FeaturesResult(
        transactions=transactions,
        firms=size.firms,
        features=_features(),
        seconds=round(whole.seconds, 2),
        rollup_seconds=round(rollup_seconds, 2),
        window_seconds=round(whole.seconds - rollup_seconds, 2),
        transactions_per_second=round(rate),
        peak_gib=round(whole.peak_bytes / 2**30, 2),
        yardstick="pandas",
        yardstick_transactions=yardstick,
        yardstick_seconds=round(pandas_seconds, 2),
        ratio=round(rate / pandas_rate, 1),
    )


def _elsewhere(root: Path, transactions: int) -> None:
    """Write the lake in another process, whose memory is not part of what is measured."""
    writer = multiprocessing.get_context("spawn").Process(
        target=write_lake, args=(root, transactions)
    )
    writer.start()
    writer.join()
    if writer.exitcode:
        raise RuntimeError(f"the lake could not be written (exit code {writer.exitcode})")


def _subjects(size: Size) -> pa.Table:
    count = size.firms
    return pa.table(
        {
            "uscc": [_code(number) for number in range(count)],
            "person_id": pa.nulls(count, pa.string()),
            "observed_on": pa.array([OBSERVED_ON] * count, pa.date32()),
        }
    )


def _code(number: int) -> str:
    return f"91320000KD{number:08d}"


def _features() -> int:
    return sum(spec.family in ("settlement", "account_behaviour") for spec in catalog())


def _pandas(root: Path) -> float:
    """Seconds from Parquet to features, decoding included."""

    def work() -> pd.DataFrame:
        tables = {
            name: pd.concat(
                [pd.read_parquet(file) for file in sorted((root / name).rglob("*.parquet"))]
            )
            for name in _TABLES
        }
        return pandas_features.compute(tables, OBSERVED_ON)

    return timed(work)
