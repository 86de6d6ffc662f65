"""`kuaidai simulate`: write a synthetic bank's data drop."""

from __future__ import annotations

import json
import os
from contextlib import nullcontext
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from kuaidai.simulator.emit import Drop, Progress, write_bank
from kuaidai.simulator.plan import MOST_FIRMS, MOST_MONTHS, Plan, Shock

app = typer.Typer(add_completion=False)


def _last_month_end() -> date:
    today = datetime.now().astimezone().date()
    return today.replace(day=1) - timedelta(days=1)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder of the drop; a former drop is replaced.")],
    firms: Annotated[int, typer.Option(min=1, max=MOST_FIRMS, help="Firms to simulate.")] = 500,
    months: Annotated[int, typer.Option(min=1, max=MOST_MONTHS, help="Months of loan book.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 7,
    ends_on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last day of history (default: last month's end)."),
    ] = None,
    shock: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MONTH:SIZE[:INDUSTRY]",
            help="Move health in a month, such as 2026-02:-1.5 or 2026-02:-1.5:62; may be repeated.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes (default: one a core).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Simulate a bank and write what it and the outside platforms know.

    Up to 2,000 firms over 24 months are one file a dataset, more are one folder a dataset. The hidden
    truth goes to OUT-truth; only tests and benchmarks may read it.
    """
    plan = Plan(
        firms=firms,
        months=months,
        seed=seed,
        ends_on=ends_on.date() if ends_on is not None else _last_month_end(),
        shocks=tuple(Shock.read(text) for text in shock or ()),
    )
    drop = _write(plan, out, workers or os.cpu_count() or 1)
    rate = drop.rows["transactions"] / drop.seconds
    if as_json:
        figures = {
            "drop": str(out),
            "rows": drop.rows,
            "seconds": round(drop.seconds, 2),
            "transactions_per_second": round(rate),
            "peak_memory_bytes": drop.peak_memory,
            "cast": drop.cast,
        }
        typer.echo(json.dumps(figures, ensure_ascii=False))
        return
    for name, count in drop.rows.items():
        typer.echo(f"{name:<26}{count:>15,}")
    typer.echo(
        f"{drop.seconds:.1f} s, {rate:,.0f} transactions/s, {drop.peak_memory / 2**30:.2f} GiB at the peak",
        err=True,
    )


def _write(plan: Plan, out: Path, workers: int) -> Drop:
    console = Console(stderr=True)
    bar = Bar(
        TextColumn("firms"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with bar if console.is_terminal else nullcontext():
        task = bar.add_task("", total=plan.firms, rate="")

        def show(done: Progress) -> None:
            elapsed = bar.tasks[task].elapsed or 1.0
            rate = f"{done.transactions / elapsed:,.0f} transactions/s"
            bar.update(task, completed=done.firms, rate=rate)

        return write_bank(plan, out, workers=workers, progress=show)
