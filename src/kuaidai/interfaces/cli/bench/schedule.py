"""`kuaidai bench schedule`: schedules a second on one core, by the function that contracts use."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

import typer

from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.schedule import build_schedule
from kuaidai.lending.servicing.domain.terms import SETTLEMENT_DAY, LoanTerms

_ROWS = 12
_FIRST = date(2026, 1, 1)
_RATES = tuple(Decimal(text) for text in ("0.0345", "0.0385", "0.0435", "0.0490", "0.0525"))
_WARM_UP = 200


@dataclass(frozen=True)
class ScheduleResult:
    """Schedules of twelve level payments; seconds are this process's own time on its core."""

    schedules: int
    rows: int
    seconds: float
    per_second: float
    wall_seconds: float


def schedule(
    count: Annotated[int, typer.Option(min=1, max=10_000_000, help="Schedules.")] = 50_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Twelve level payments on the platform's default: ACT/360, settled on the 20th, half up."""
    result = measure(count)
    if as_json:
        typer.echo(json.dumps(asdict(result)))
        return
    typer.echo(
        f"{result.schedules:,} schedules of {_ROWS} rows in {result.seconds:.2f} s of process time = "
        f"{result.per_second:,.0f}/s on one core"
    )


def measure(count: int) -> ScheduleResult:
    """Build `count` schedules, each of an amount, rate and day of its own; terms are made before."""
    loans = [_terms(number) for number in range(count)]
    for loan in loans[:_WARM_UP]:
        build_schedule(loan)
    began, began_wall = time.process_time(), time.perf_counter()
    rows = 0
    for loan in loans:
        rows += len(build_schedule(loan))
    seconds, wall = time.process_time() - began, time.perf_counter() - began_wall
    return ScheduleResult(count, rows, round(seconds, 3), round(count / seconds, 1), round(wall, 3))


def _terms(number: int) -> LoanTerms:
    return LoanTerms(
        principal=Decimal(1_000_000 + number * 3_701).scaleb(-2),
        annual_rate=_RATES[number % len(_RATES)],
        method=RepaymentMethod.EQUAL_INSTALMENT,
        start_on=_FIRST + timedelta(days=number % 365),
        instalments=_ROWS,
        settlement_day=SETTLEMENT_DAY,
    )
