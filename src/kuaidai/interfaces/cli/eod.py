"""`kuaidai eod`: close of day."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from functools import partial
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command("open")
def open_(
    on: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="The first business date.")],
) -> None:
    """Set the business date of a new installation."""
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.actors import Actor
    from kuaidai.foundation.operations import set_business_date

    day: date = on.date()
    set_business_date(on=day, actor=Actor.system("eod"))
    typer.echo(f"business date {day}")


def _tell(bar: Progress, task: TaskID, done: int, total: int) -> None:
    """Show how many of the loans are closed."""
    bar.update(task, completed=done, total=total)


@app.command()
def run(
    days: Annotated[int, typer.Option(min=1, max=400, help="Days to close, in order.")] = 1,
    as_json: Json = False,
) -> None:
    """Close the business date: debit what is due, accrue, count days past due, open the next day."""
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.actors import Actor
    from kuaidai.lending.servicing.operations import run_close_of_day

    reports = []
    with Progress(transient=True, disable=as_json) as bar:
        for _ in range(days):
            task = bar.add_task("closing", total=None)
            report = run_close_of_day(actor=Actor.system("eod"), progress=partial(_tell, bar, task))
            bar.remove_task(task)
            reports.append(report)
    if as_json:
        typer.echo(json.dumps([asdict(report) for report in reports], default=str))
        return
    for report in reports:
        typer.echo(
            f"{report.closed_on} closed: {report.loans} loans, {report.debited:,.2f} debited, "
            f"{report.overdue} overdue, {len(report.parked)} parked; now {report.next_on}"
        )


@app.command()
def status(as_json: Json = False) -> None:
    """Where the close of day stands."""
    from kuaidai.config import setup

    setup()
    from kuaidai.lending.servicing.queries import close_status

    found = close_status()
    if as_json:
        typer.echo(json.dumps(asdict(found), default=str))
    else:
        for name, value in asdict(found).items():
            typer.echo(f"{name.replace('_', ' ')}: {value}")
