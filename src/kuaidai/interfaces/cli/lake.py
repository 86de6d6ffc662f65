"""`kuaidai lake`: bulk data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from threading import Timer
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kuaidai.config import environment
from kuaidai.data.lake import IngestReport, Lake, RowVersion
from kuaidai.data.lake.bank_statements import is_statement_file
from kuaidai.data.lake.bank_statements.ingest import ingest_statements
from kuaidai.data.lake.contract import BEGINNING
from kuaidai.data.lake.contract_page import contract_page
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.ingestion import Progress as Watcher
from kuaidai.data.lake.ingestion import Step
from kuaidai.data.lake.mapping import load_mapping
from kuaidai.interfaces.cli.columns import columns
from kuaidai.interfaces.cli.quality import lake_quality

app = typer.Typer(add_completion=False, no_args_is_help=True)
app.command("quality")(lake_quality)
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
_DAY = ["%Y-%m-%d"]


def open_lake(folder: Path | None = None) -> Lake:
    """The lake of this installation, or the one in `folder`."""
    settings = environment.load()
    return Lake(folder or settings.lake, personal_key=settings.field_key, engine=settings.engine)


@app.command()
def ingest(
    path: Annotated[
        Path,
        typer.Argument(
            help="A CSV or Parquet file, a folder of them, or a bank statement (camt.053, MT940)."
        ),
    ],
    dataset: Annotated[
        str | None, typer.Option(help="The contract, if the file name does not say.")
    ] = None,
    mapping: Annotated[
        str | None, typer.Option(help="A mapping file, or the name of one that ships.")
    ] = None,
    received_on: Annotated[
        datetime | None,
        typer.Option(formats=_DAY, help="Day of the delivery: its rows are known from that day."),
    ] = None,
    history: Annotated[
        bool,
        typer.Option(
            "--history",
            help="A load of the past: facts count as known when they happened (default).",
        ),
    ] = False,
    uscc: Annotated[
        str | None, typer.Option(help="Of a bank statement: the firm whose account it is.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="Of a bank statement: the currency this bank books in.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ingest files: all or nothing, faulty rows to quarantine, known files skipped."""
    if received_on and history:
        raise typer.BadParameter("a file is either a delivery (--received-on) or --history")
    received = received_on.date() if received_on else None
    lake, settings = open_lake(), environment.load()
    if is_statement_file(path):
        if dataset or mapping:
            raise typer.BadParameter("a bank statement takes neither --dataset nor --mapping")
        report = ingest_statements(
            lake,
            path,
            personal_key=settings.field_key,
            uscc=uscc,
            currency=currency or settings.currency,
            received_on=received,
        ).report
    elif uscc or currency:
        raise typer.BadParameter(
            "--uscc and --currency are for bank statements (.xml, .sta, .mt940, .txt)"
        )
    else:
        found = load_mapping(mapping) if mapping else None
        with _progress(silent=as_json) as progress:
            report = lake.ingest(
                path, dataset=dataset, mapping=found, received_on=received, progress=progress
            )
    _tell(report, as_json)


def _tell(report: IngestReport, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(report), ensure_ascii=False, default=str))
        return
    for run in report.runs:
        superseded = sum(end.rows for end in run.ended)
        typer.echo(
            f"{run.dataset}: {run.rows} rows from {run.file}, {run.quarantined} to quarantine"
            + (f", {superseded} earlier versions superseded" if superseded else "")
        )
    for name in report.skipped:
        typer.echo(f"{name}: was ingested before")


@contextmanager
def _progress(*, silent: bool) -> Iterator[Watcher]:
    """A bar on a terminal, once a second has passed."""
    console = Console(stderr=True)
    shown = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    bar = Progress(
        *shown, console=console, transient=True, disable=silent or not console.is_terminal
    )
    task = bar.add_task("", total=None)

    def watch(step: Step) -> None:
        bar.update(
            task, description=f"{step.doing} {step.file}", total=step.total, completed=step.done
        )

    start = Timer(1.0, bar.start)
    start.start()
    try:
        yield watch
    finally:
        start.cancel()
        bar.stop()


@app.command()
def status(
    on: Annotated[
        datetime | None, typer.Option(formats=_DAY, help="Judge freshness by this day.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Rows, months, days, freshness, quarantine and corrections of every dataset."""
    rows = open_lake().status(on=on.date() if on else None)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], default=str))
        return
    headers = (
        "dataset", "rows", "months", "first", "last", "fresh for days", "state", "quarantined",
        "runs", "superseded",
    )  # fmt: skip
    cells = [
        (
            row.dataset, f"{row.rows:,}", f"{row.months}", str(row.first or ""), str(row.last or ""),
            f"{row.freshness_days}", {None: "", True: "stale", False: "fresh"}[row.stale],
            f"{row.quarantined:,}", f"{row.runs}", f"{row.superseded:,}",
        )
        for row in rows
    ]  # fmt: skip
    typer.echo(columns(headers, cells))


@app.command()
def history(
    dataset: str,
    key: Annotated[list[str], typer.Argument(help="The row's key, in the contract's order.")],
    as_json: Json = False,
) -> None:
    """All versions of a row: since when and until when each was known, and from which file."""
    found = open_lake().history(dataset, *key)
    if as_json:
        rows = [asdict(version) for version in found]
        typer.echo(json.dumps(rows, ensure_ascii=False, default=str))
        return
    if not found:
        typer.echo(f"{dataset} has no row {', '.join(key)}", err=True)
    before: dict[str, object] = {}
    for version in found:
        typer.echo(f"{_known(version)} (run {version.run}, {version.file})")
        for name, value in version.row.items():
            if name not in before or before[name] != value:
                typer.echo(f"  {name}: {'' if value is None else value}")
        before = version.row


def _known(version: RowVersion) -> str:
    start, end = version.known_from, version.known_until
    if end is not None and end <= (start or BEGINNING):
        return "never in force"
    return f"known from {start or 'its event date'} {f'until {end}' if end else 'on'}"


@app.command()
def quarantine(dataset: str, limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20) -> None:
    """Rows of a dataset that were refused, as JSON lines."""
    for row in open_lake().quarantine(dataset, limit=limit):
        typer.echo(json.dumps(row, ensure_ascii=False, default=str))


@app.command()
def contracts(as_json: Json = False) -> None:
    """Every dataset contract: as Markdown, or as JSON."""
    if as_json:
        rows = [asdict(dataset) for dataset in DATASETS.values()]
        typer.echo(json.dumps(rows, ensure_ascii=False))
    else:
        typer.echo(contract_page(DATASETS.values()))
