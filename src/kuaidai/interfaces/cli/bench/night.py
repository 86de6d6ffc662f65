"""`kuaidai bench night`: one ordinary close of day over a book of running loans.

The book, the bank core (the sandbox's, over HTTP, in a process of its own) and the database are the real
parts; the night is `run_close_of_day`, postings, classification and provisions included.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from kuaidai.interfaces.cli.bench.bank_core import running_core
from kuaidai.interfaces.cli.bench.database import drop_database, new_database

_ON = date(2026, 6, 15)
_DATABASE = "kuaidai_bench_night"


@dataclass(frozen=True)
class NightResult:
    """A close of day: what the book held, what the night did, and how long it took."""

    loans: int
    workers: int
    due: int
    late: int
    debits_settled: int
    seconds: float
    loans_per_second: int
    chunk_seconds: float
    second_run_seconds: float
    trial_balance_difference: str
    unreconciled: list[str]
    fill_seconds: float


def night(
    loans: Annotated[int, typer.Option(min=1000, help="Loans in the book.")] = 100_000,
    months: Annotated[int, typer.Option(min=6, max=60, help="Term of the loans.")] = 12,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that close chunks.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Fill a database of its own with loans, close one day of it, and drop it again."""
    with tempfile.TemporaryDirectory(prefix="kuaidai-bench-") as work:
        result = _run(Path(work), loans, months, workers)
    if as_json:
        typer.echo(json.dumps(asdict(result)))
        return
    for name, value in asdict(result).items():
        typer.echo(f"{name:<26}{value!s:>20}")


def _run(work: Path, loans: int, months: int, workers: int) -> NightResult:
    new_database(_DATABASE)
    try:
        return _measure(work, loans, months, workers)
    finally:
        drop_database(_DATABASE)


def _measure(work: Path, loans: int, months: int, workers: int) -> NightResult:
    from kuaidai.foundation.actors import Actor
    from kuaidai.foundation.operations import set_business_date
    from kuaidai.lending.ledger.queries import trial_balance
    from kuaidai.lending.servicing.benchmarking.book import analyse, fill_book
    from kuaidai.lending.servicing.operations import judge_book, run_close_of_day

    actor = Actor.system("bench")
    set_business_date(on=_ON, actor=actor)
    began = time.perf_counter()
    filled = fill_book(loans, on=_ON, months=months)
    analyse()
    eve = _ON - timedelta(days=1)
    judge_book(eve, actor)  # an ordinary night follows another one
    fill_seconds = time.perf_counter() - began
    marks: list[float] = []
    with running_core(work, filled.lines, filled.late_lines):
        began = time.perf_counter()
        report = run_close_of_day(
            actor=actor,
            on=_ON,
            progress=lambda done, whole: marks.append(time.perf_counter()),
            workers=workers,
        )
        seconds = time.perf_counter() - began
        again = time.perf_counter()
        run_close_of_day(actor=actor, on=_ON)
        second = time.perf_counter() - again
    return NightResult(
        loans=loans,
        workers=workers,
        due=filled.due,
        late=filled.late,
        debits_settled=_settled(),
        seconds=round(seconds, 2),
        loans_per_second=round(loans / seconds),
        chunk_seconds=round(marks[-1] - began, 2),
        second_run_seconds=round(second, 3),
        trial_balance_difference=str(trial_balance().difference),
        unreconciled=list(report.unreconciled),
        fill_seconds=round(fill_seconds, 1),
    )


def _settled() -> int:
    from kuaidai.lending.servicing.queries import settled_debits

    return settled_debits(_ON)
