"""`kuaidai simulate`: write a synthetic bank's data drop."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kuaidai.simulator.casting import demo_cast
from kuaidai.simulator.emit import write_drop
from kuaidai.simulator.world import build_world

app = typer.Typer(add_completion=False)


def _last_month_end() -> date:
    today = datetime.now().astimezone().date()
    return today.replace(day=1) - timedelta(days=1)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the Parquet files and cast.json.")],
    firms: Annotated[int, typer.Option(min=1, max=999_999, help="Firms to simulate.")] = 500,
    months: Annotated[int, typer.Option(min=1, max=240, help="Months of loan book.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 7,
    ends_on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last day of history [default: last month's end]."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Simulate a bank and write what it and the outside platforms know.

    The hidden truth goes to OUT-truth; only tests and benchmarks may read it.
    """
    last = ends_on.date() if ends_on is not None else _last_month_end()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Simulating {firms} firms")
        world = build_world(firms=firms, months=months, seed=seed, ends_on=last)
        rows = write_drop(
            world, out, lambda name, count: bar.update(task, description=f"{name}: {count} rows")
        )
        cast = demo_cast(world, out)
    if as_json:
        typer.echo(json.dumps({"drop": str(out), "rows": rows, "cast": cast}, ensure_ascii=False))
        return
    for name, count in rows.items():
        typer.echo(f"{name:<20}{count:>10,}")
