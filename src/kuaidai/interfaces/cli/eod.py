"""`kuaidai eod`: close of day."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from kuaidai.interfaces.cli.columns import columns

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
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Close this day; if it is closed, do nothing."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Close the business date: debit what is due, accrue, count days past due, open the next day.

    A schedule should name the day with --on: then a run repeated after a time-out changes nothing.
    """
    if on is not None and days != 1:
        raise typer.BadParameter("--on closes one day; leave --days out")
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.actors import Actor
    from kuaidai.lending.servicing.operations import run_close_of_day

    reports = []
    shown = Console(stderr=True)
    with Progress(console=shown, transient=True, disable=as_json or not shown.is_terminal) as bar:
        for _ in range(days):
            task = bar.add_task("closing", total=None)
            report = run_close_of_day(
                actor=Actor.system("eod"),
                on=on.date() if on is not None else None,
                progress=partial(_tell, bar, task),
            )
            bar.remove_task(task)
            reports.append(report)
    if as_json:
        typer.echo(json.dumps([asdict(report) for report in reports], default=str))
        return
    for report in reports:
        done = "was closed before" if report.already_closed else "closed"
        typer.echo(
            f"{report.closed_on} {done}: {report.loans} loans, {report.debited:,.2f} debited, "
            f"{report.overdue} overdue, {len(report.parked)} parked; now {report.next_on}"
        )
        for loan_id in report.parked:
            typer.echo(f"parked: {loan_id} (`kuaidai loan show {loan_id}`)", err=True)
        for title in report.unreconciled:
            typer.echo(f"ledger and loans differ: {title} (`kuaidai ledger reconcile`)", err=True)


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


@app.command()
def reconcile(
    on: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="The day to compare; without it, the last day closed."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare the bank core's statement with our orders and books; exit code 6 if breaks are open."""
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.actors import Actor
    from kuaidai.lending.servicing.operations import reconcile_core
    from kuaidai.lending.servicing.queries import close_status

    status = close_status()
    day = on.date() if on is not None else status.last_closed or status.business_date
    view = reconcile_core(on=day, actor=Actor.system("eod"))
    if as_json:
        typer.echo(json.dumps(asdict(view), default=str, ensure_ascii=False))
    else:
        typer.echo(
            f"{view.on}: {view.entries} entries at the core, {view.orders} orders of ours, "
            f"{view.matched} agree, {view.open_breaks} breaks open; "
            f"received {view.received:,.2f}, paid {view.paid:,.2f}"
        )
        cells = [
            [b.kind.value, b.key, _sum(b.ours), _sum(b.theirs), b.state.value, b.note]
            for b in view.breaks
        ]
        if cells:
            typer.echo(columns(["break", "order", "ours", "core", "state", "note"], cells))
    raise typer.Exit(6 if view.open_breaks else 0)


def _sum(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,.2f}"
