"""`kuaidai features`: the data dictionary."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kuaidai.data.features import catalog
from kuaidai.interfaces.cli.feature_batch import compute, rollup
from kuaidai.interfaces.cli.quality import features_drift, features_quality

app = typer.Typer(no_args_is_help=True)
app.command("rollup")(rollup)
app.command("compute")(compute)
app.command("quality")(features_quality)
app.command("drift")(features_drift)


@app.callback()
def features() -> None:
    """The data dictionary."""


@app.command("catalog")
def catalog_(
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list on stdout.")] = False,
) -> None:
    """Every feature: name, title, family, window, unit and direction of risk."""
    if as_json:
        typer.echo(json.dumps([asdict(spec) for spec in catalog()], ensure_ascii=False))
        return
    table = Table("name", "title", "标题", "family", "window", "unit", "direction")
    for spec in catalog():
        table.add_row(
            spec.name,
            spec.title_en,
            spec.title_zh,
            spec.family,
            spec.window,
            spec.unit,
            spec.direction,
        )
    Console().print(table)
