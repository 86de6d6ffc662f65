"""`kuaidai bench age`: what the age of loans costs at the close of an ordinary day.

Books of loans that differ in age alone: the same term, the same share due and in arrears; what older loans
have paid stands there as events, debits and postings. Each is closed for some days on end.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer

from kuaidai.config.environment import Environment
from kuaidai.interfaces.cli.bench.bank_core import running_core
from kuaidai.interfaces.cli.bench.database import drop_database, new_database, use_database

if TYPE_CHECKING:
    from kuaidai.lending.servicing.benchmarking.book import FilledBook

_ON = date(2026, 6, 15)
_DATABASE = "kuaidai_bench_age"


@dataclass(frozen=True)
class AgedBook:
    """A book of loans of an age, and how long its days took to close; `seconds` is the median."""

    age_days: int
    events: int
    due: int
    late: int
    debits_settled: int
    seconds: float
    nights: list[float]
    unreconciled: list[str]
    fill_seconds: float


@dataclass(frozen=True)
class AgeResult:
    """Books by age; `ratio` is the seconds of the last to those of the first."""

    loans: int
    months: int
    workers: int
    books: list[AgedBook]
    ratio: float


def age(
    loans: Annotated[int, typer.Option(min=1000, help="Loans in each book.")] = 20_000,
    ages: Annotated[str, typer.Option(help="Days since the drawdowns, one book each.")] = "1,700",
    months: Annotated[int, typer.Option(min=6, max=60, help="Term of the loans.")] = 36,
    nights: Annotated[int, typer.Option(min=1, max=14, help="Days closed on end.")] = 5,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that close chunks.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Close the same days of books that differ in the age of their loans alone."""
    with ExitStack() as until_done:
        books = [
            until_done.enter_context(_filled(loans, each, months)) for each in _ages(ages, months)
        ]
        for night in range(
            nights
        ):  # by turns, so that what else the machine does falls on all alike
            for book in books:
                book.close(_ON + timedelta(days=night), workers)
        told = [book.told() for book in books]
    ratio = round(told[-1].seconds / told[0].seconds, 3)
    result = AgeResult(loans, months, workers, told, ratio)
    if as_json:
        typer.echo(json.dumps(asdict(result)))
        return
    for each in told:
        typer.echo(
            f"{each.age_days:>5} days: {each.seconds:.2f} s a day ({each.events} events, {each.due} due, "
            f"{each.late} late)"
        )
    typer.echo(f"ratio {ratio}")


def _ages(text: str, months: int) -> list[int]:
    """Ages in days, in order; a loan must have a month and more to run."""
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    most = (months - 2) * 30
    if not found or any(not 1 <= days <= most for days in found):
        raise typer.BadParameter(f"--ages are days from 1 to {most}, such as 1,700; not {text!r}")
    return found


@dataclass
class _Book:
    """A filled database with its bank core, and the days that were closed."""

    age_days: int
    database: str
    filled: FilledBook
    fill_seconds: float
    environment: Environment
    nights: list[float] = field(default_factory=list)
    settled: int = 0
    unreconciled: list[str] = field(default_factory=list)

    def close(self, on: date, workers: int) -> None:
        """Close a day and keep how long it took, connecting left out."""
        from django.conf import settings
        from django.db import connection

        from kuaidai.foundation.actors import Actor
        from kuaidai.lending.servicing.operations import run_close_of_day
        from kuaidai.lending.servicing.queries import settled_debits

        use_database(self.database)
        settings.KUAIDAI = self.environment
        connection.ensure_connection()
        began = time.perf_counter()
        report = run_close_of_day(actor=Actor.system("bench"), on=on, workers=workers)
        self.nights.append(round(time.perf_counter() - began, 3))
        self.settled += settled_debits(on)
        self.unreconciled += report.unreconciled
        connection.close()

    def told(self) -> AgedBook:
        """What it came to."""
        return AgedBook(
            self.age_days, self.filled.events, self.filled.due, self.filled.late, self.settled,
            round(median(self.nights), 3), self.nights, self.unreconciled, self.fill_seconds,
        )  # fmt: skip


@contextmanager
def _filled(loans: int, days: int, months: int) -> Iterator[_Book]:
    """A book of that age in a database of its own, until the block ends."""
    name = f"{_DATABASE}_{days}"
    new_database(name)
    with tempfile.TemporaryDirectory(prefix="kuaidai-bench-") as work:
        try:
            began = time.perf_counter()
            filled = _fill(loans, days, months)
            took = round(time.perf_counter() - began, 1)
            with running_core(Path(work), filled.lines, filled.late_lines) as environment:
                yield _Book(days, name, filled, took, environment)
        finally:
            use_database(name)
            drop_database(name)


def _fill(loans: int, days: int, months: int) -> FilledBook:
    from django.db import connection

    from kuaidai.foundation.actors import Actor
    from kuaidai.foundation.operations import set_business_date
    from kuaidai.lending.ledger.operations import close_ledger_day
    from kuaidai.lending.servicing.benchmarking.book import analyse, fill_aged_book
    from kuaidai.lending.servicing.operations import judge_book

    actor, eve = Actor.system("bench"), _ON - timedelta(days=1)
    set_business_date(on=_ON, actor=actor)
    filled = fill_aged_book(loans, on=_ON, age=days, months=months)
    judge_book(eve, actor)  # an ordinary night follows another one
    close_ledger_day(on=eve, actor=actor)
    analyse()
    connection.close()
    return filled
