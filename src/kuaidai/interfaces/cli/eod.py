"""`kuaidai eod`: close of day.

Exit codes besides those of every command: 3 refused, 6 the books do not reconcile, breaks are open or
loans stay parked, 75 another run holds the lock or a process of the run died (try again later).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from kuaidai.config.environment import MOST_WORKERS
from kuaidai.interfaces.cli.columns import columns
from kuaidai.kernel.errors import Refusal

if TYPE_CHECKING:
    from kuaidai.lending.servicing.domain.views import CloseReport, CloseStatus

REFUSED, NOT_EVEN, LATER = 3, 6, 75
_AGAIN = frozenset({"CLOSE_RUNNING", "CLOSE_PROCESS_DIED"})
MOST_DAYS = 400
_DAY = timedelta(days=1)
app = typer.Typer(add_completion=False, no_args_is_help=True)
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
    """Show how many of the chunks are closed."""
    bar.update(task, completed=done, total=total)


@contextmanager
def _told() -> Iterator[None]:
    """A refusal is one line on stderr, and an exit code that a schedule can tell apart."""
    try:
        yield
    except Refusal as refusal:
        typer.echo(f"error: {refusal}", err=True)
        raise typer.Exit(LATER if refusal.code in _AGAIN else REFUSED) from refusal


@app.command()
def run(
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="Days to close, in order.")] = 1,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Close this day; if it is closed, do nothing."),
    ] = None,
    through: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Close all days up to this one, in order."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_WORKERS,
            help="Processes that close chunks of 10,000 loans (default: KUAIDAI_NIGHT_WORKERS).",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Close the business date: debit what is due, accrue, count days past due, open the next day.

    A schedule should name the day with --on or --through: then a run repeated after a time-out changes
    nothing. Exit code 75 when another run is at it or a process died, 3 when refused, 6 when the books
    do not reconcile.
    """
    if (on is not None) + (through is not None) + (days != 1) > 1:
        raise typer.BadParameter("--on, --through and --days exclude each other")
    from kuaidai.config import setup

    setup()
    with _told():
        reports = _close(_days(days, on, through), workers, as_json=as_json)
    if as_json:
        typer.echo(json.dumps([asdict(report) for report in reports], default=str))
    else:
        for report in reports:
            _say(report)
    raise typer.Exit(NOT_EVEN if any(report.unreconciled for report in reports) else 0)


def _days(days: int, on: datetime | None, through: datetime | None) -> list[date | None]:
    """The days to close; None stands for the business date, whichever it is."""
    if on is not None:
        return [on.date()]
    if through is None:
        return [None] * days
    from kuaidai.foundation.queries import business_date

    last = through.date()
    first = min(business_date(), last)
    wanted = (last - first).days + 1
    if wanted > MOST_DAYS:
        raise typer.BadParameter(f"--through is {wanted} days ahead; {MOST_DAYS} at the most")
    return [first + no * _DAY for no in range(wanted)]


def _close(wanted: list[date | None], workers: int | None, *, as_json: bool) -> list[CloseReport]:
    from django.conf import settings

    from kuaidai.foundation.actors import Actor
    from kuaidai.lending.servicing.operations import run_close_of_day

    reports = []
    shown = Console(stderr=True)
    with Progress(console=shown, transient=True, disable=as_json or not shown.is_terminal) as bar:
        for day in wanted:
            task = bar.add_task(f"closing {day or ''}", total=None)
            report = run_close_of_day(
                actor=Actor.system("eod"), on=day, progress=partial(_tell, bar, task),
                workers=workers or settings.KUAIDAI.night_workers,
            )  # fmt: skip
            bar.remove_task(task)
            reports.append(report)
    return reports


def _say(report: CloseReport) -> None:
    done = "was closed before" if report.already_closed else "closed"
    typer.echo(
        f"{report.closed_on} {done}: {report.loans} loans, {report.debited:,.2f} debited, "
        f"{report.overdue} overdue, {len(report.parked)} parked; now {report.next_on}"
    )
    for loan_id in report.parked:
        typer.echo(f"parked: {loan_id} (`kuaidai eod status` says why)", err=True)
    for title in report.unreconciled:
        typer.echo(f"ledger and loans differ: {title} (`kuaidai ledger reconcile`)", err=True)


@app.command()
def status(
    check: Annotated[
        bool, typer.Option("--check", help="Exit code 6 when days lag or loans are parked.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Where the close of day stands: chunks done, days behind the calendar, parked loans and why."""
    from kuaidai.config import setup

    setup()
    from django.utils import timezone

    from kuaidai.lending.servicing.queries import close_status

    with _told():
        found = close_status()
    late = found.days_behind(timezone.localdate())
    if as_json:
        typer.echo(json.dumps({**asdict(found), "days_behind": late}, default=str))
    else:
        _say_status(found, late)
    raise typer.Exit(NOT_EVEN if check and (late > 1 or found.behind) else 0)


def _say_status(found: CloseStatus, late: int) -> None:
    from django.utils import timezone

    told = {
        name: f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"  # as the bank's clock shows it
        if isinstance(value, datetime)
        else value
        for name, value in asdict(found).items()
    }
    for name, value in told.items():
        if name not in ("first_parked", "chunks", "chunks_done", "closing", "started_at"):
            typer.echo(f"{name.replace('_', ' ')}: {'-' if value is None else value}")
    if found.closing is not None:
        typer.echo(
            f"closing {found.closing} since {told['started_at']}: "
            f"{found.chunks_done} of {found.chunks} chunks done, "
            f"{found.chunks - found.chunks_done} left"
        )
    if late > 1:
        typer.echo(
            f"alarm: the business date is {late} days behind the calendar; "
            "catch up with `kuaidai eod run --through DATE`",
            err=True,
        )
    for loan in found.first_parked:
        typer.echo(f"parked: {loan.loan_id} since {loan.parked_on}: {loan.reason}", err=True)


@app.command()
def retry(
    loans: Annotated[
        list[str] | None, typer.Argument(help="Parked loans; without any, all of them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Try parked loans again now; exit code 6 while some stay parked."""
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.actors import Actor
    from kuaidai.lending.servicing.operations import retry_parked

    with _told():
        report = retry_parked(actor=Actor.system("eod"), loan_ids=loans or ())
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    else:
        typer.echo(f"{len(report.mended)} caught up, {len(report.left)} still parked")
        for loan_id, why in report.left:
            typer.echo(f"parked: {loan_id}: {why}", err=True)
    raise typer.Exit(NOT_EVEN if report.left else 0)


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

    with _told():
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
    raise typer.Exit(NOT_EVEN if view.open_breaks else 0)


def _sum(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,.2f}"
