"""`kuaidai parties`: the bank's customers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def parties() -> None:
    """The bank's customers."""


@app.command("import")
def import_(
    drop: Annotated[
        Path, typer.Argument(help="Folder with enterprises and owners (.parquet or .csv).")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Register the firms and owners of a data drop."""
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.actors import Actor
    from kuaidai.foundation.queries import business_date
    from kuaidai.parties.operations import import_customers

    counts = import_customers(drop=drop, actor=Actor.system("import"), on=business_date())
    if as_json:
        typer.echo(json.dumps(asdict(counts)))
    else:
        typer.echo(f"{counts.enterprises} firms, {counts.people} people, {counts.links} links")
