"""`kuaidai lake`: bulk data."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kuaidai.config import environment
from kuaidai.data.lake import Lake
from kuaidai.data.lake.bank_statements import is_statement_file
from kuaidai.data.lake.bank_statements.ingest import ingest_statements
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.mapping import load_mapping

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def open_lake(folder: Path | None = None) -> Lake:
    """The lake of this installation, or the one in `folder`."""
    settings = environment.load()
    return Lake(folder or settings.home / "lake", personal_key=settings.field_key)


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
    uscc: Annotated[
        str | None, typer.Option(help="Of a bank statement: the firm whose account it is.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="Of a bank statement: the currency this bank books in.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ingest files: all or nothing, faulty rows to quarantine, known files skipped."""
    lake, settings = open_lake(), environment.load()
    if is_statement_file(path) and not dataset and not mapping:
        report = ingest_statements(
            lake,
            path,
            personal_key=settings.field_key,
            uscc=uscc,
            currency=currency or settings.currency,
        ).report
    elif uscc or currency:
        raise typer.BadParameter("--uscc and --currency are for bank statements only")
    else:
        found = load_mapping(mapping) if mapping else None
        report = lake.ingest(path, dataset=dataset, mapping=found)
    if as_json:
        typer.echo(json.dumps(asdict(report), ensure_ascii=False, default=str))
        return
    for run in report.runs:
        typer.echo(
            f"{run.dataset}: {run.rows} rows from {run.file}, {run.quarantined} to quarantine"
        )
    for name in report.skipped:
        typer.echo(f"{name}: was ingested before")


@app.command()
def status(
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Judge freshness by this day.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Rows, first and last day, quarantine and freshness of every dataset."""
    rows = open_lake().status(on=on.date() if on else None)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], default=str))
        return
    table = Table("dataset", "rows", "first", "last", "quarantined", "runs", "fresh")
    for row in rows:
        table.add_row(
            row.dataset, f"{row.rows:,}", str(row.first or ""), str(row.last or ""),
            f"{row.quarantined:,}", str(row.runs),
            "" if row.stale is None else "stale" if row.stale else "fresh",
        )  # fmt: skip
    Console().print(table)


@app.command()
def quarantine(dataset: str, limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20) -> None:
    """Rows of a dataset that were refused, as JSON lines."""
    for row in open_lake().quarantine(dataset, limit=limit):
        typer.echo(json.dumps(row, ensure_ascii=False, default=str))


@app.command()
def contracts(as_json: Json = False) -> None:
    """Every dataset contract: as Markdown, or as JSON."""
    if as_json:
        typer.echo(
            json.dumps([asdict(dataset) for dataset in DATASETS.values()], ensure_ascii=False)
        )
        return
    typer.echo("# Data contracts\n\nPrinted by `kuaidai lake contracts`.")
    for dataset in DATASETS.values():
        typer.echo(f"\n## {dataset.name}\n\n{dataset.title_en} ({dataset.title_zh}). ", nl=False)
        typer.echo(f"Key: {', '.join(dataset.key)}. Dated by {dataset.event_date}.\n")
        typer.echo("| column | type | title | 中文 | allowed | unit |\n|---|---|---|---|---|---|")
        for column in dataset.columns:
            bounds = [f"≥ {column.least:g}"] if column.least is not None else []
            bounds += [f"≤ {column.most:g}"] if column.most is not None else []
            allowed = ", ".join(column.allowed) or " ".join(bounds)
            kind = column.type.value + ("" if column.required else ", optional")
            kind += ", personal" if column.personal else ""
            cells = (column.name, kind, column.title_en, column.title_zh, allowed, column.unit)
            typer.echo(f"| {' | '.join(cells)} |")
