"""`kuaidai bench drawdown`: several clients draw under many lines at once.

Each client is a process of its own with one database connection, as the web server's workers are.
The first measure is the operation that reserves; the second adds the posting, with the bank core's
answer given in the process. Both end in a check that the counters add up.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import time
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from multiprocessing.synchronize import Barrier
from typing import Annotated, Any

import typer

from kuaidai.interfaces.cli.bench.database import drop_database, new_database, use_database

_ON = date(2026, 6, 30)
_AMOUNT = Decimal("1000.00")
_DATABASE = "kuaidai_bench_drawdown"
_WARM_UP = 50
_START = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
Waits = list[float]


@dataclass(frozen=True)
class DrawdownResult:
    """One measure: `per_second` over all clients, milliseconds as a client sees them."""

    work: str
    clients: int
    lines: int
    drawdowns: int
    seconds: float
    per_second: float
    p50_ms: float
    p99_ms: float
    slowest_ms: float
    counters_agree: bool


def drawdown(
    clients: Annotated[int, typer.Option(min=1, max=64, help="Clients at once.")] = 8,
    lines: Annotated[int, typer.Option(min=1, help="Lines, each of an obligor of its own.")] = 2000,
    draws: Annotated[int, typer.Option(min=1, help="Drawdowns of each client.")] = 2000,
    post: Annotated[bool, typer.Option(help="Also measure reserving and posting.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Reserve, then reserve and post, in a database of its own that is dropped at the end."""
    _open_bank()
    try:
        works = ("reserve", "reserve+post") if post else ("reserve",)
        results = [_measure(work, clients, lines, draws) for work in works]
    finally:
        drop_database(_DATABASE)
    if as_json:
        typer.echo(json.dumps({"results": [asdict(result) for result in results]}))
        return
    for result in results:
        typer.echo(
            f"{result.work}: {result.clients} clients, {result.lines} lines: {result.drawdowns} in "
            f"{result.seconds:.1f} s = {result.per_second:,.0f}/s, p50 {result.p50_ms:.1f} ms, "
            f"p99 {result.p99_ms:.1f} ms"
        )


def _open_bank() -> None:
    new_database(_DATABASE)
    from kuaidai.foundation.actors import Actor
    from kuaidai.foundation.operations import set_business_date

    set_business_date(on=_ON, actor=Actor.system("bench"))


def _measure(work: str, clients: int, lines: int, draws: int) -> DrawdownResult:
    from kuaidai.lending.servicing.benchmarking.lines import counters_agree, open_lines

    numbers = open_lines(lines, granted=_AMOUNT * 4 * clients * (draws + _WARM_UP), on=_ON)
    from django.db import connections

    connections.close_all()  # a connection must not be shared with the clients
    context: Any = multiprocessing.get_context(_START)
    gate, answers = context.Barrier(clients + 1), context.Queue()
    workers = [
        context.Process(target=_client, args=(work, seed, numbers, draws, gate, answers))
        for seed in range(clients)
    ]
    for worker in workers:
        worker.start()
    gate.wait(timeout=120)
    began = time.perf_counter()
    waits = sorted(wait for _ in workers for wait in answers.get(timeout=3600))
    seconds = time.perf_counter() - began
    for worker in workers:
        worker.join()
    return DrawdownResult(
        work=work,
        clients=clients,
        lines=lines,
        drawdowns=len(waits),
        seconds=round(seconds, 3),
        per_second=round(len(waits) / seconds, 1),
        p50_ms=round(1000 * waits[len(waits) // 2], 2),
        p99_ms=round(1000 * waits[int(0.99 * len(waits))], 2),
        slowest_ms=round(1000 * waits[-1], 2),
        counters_agree=counters_agree(),
    )


def _client(
    work: str, seed: int, numbers: list[str], draws: int, gate: Barrier, answers: Any
) -> None:
    """One client: warm up, wait for the others, draw, report each call's seconds."""
    use_database(_DATABASE)
    from kuaidai.foundation.actors import Actor
    from kuaidai.lending.servicing import operations
    from kuaidai.lending.servicing.bank_core import Movement

    choose, actor = random.Random(seed), Actor("person", f"P{seed}", f"client {seed}")

    def once(number: int) -> None:
        held = operations.reserve_drawdown(
            facility_id=choose.choice(numbers), amount=_AMOUNT, purpose="wages",
            key=f"{work}-{seed}-{number}", on=_ON, actor=actor,
        )  # fmt: skip
        if work == "reserve+post":
            paid = Movement(held.id, _AMOUNT, "")
            operations.settle_drawdown(drawdown_id=held.id, moved=paid, actor=actor)

    for number in range(_WARM_UP):
        once(-1 - number)
    waits: Waits = []
    gate.wait(timeout=120)
    for number in range(draws):
        began = time.perf_counter()
        once(number)
        waits.append(time.perf_counter() - began)
    answers.put(waits)
