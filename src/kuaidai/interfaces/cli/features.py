"""`kuaidai features`: the data dictionary."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kuaidai.data.features import catalog
from kuaidai.data.features.dictionary import markdown
from kuaidai.interfaces.cli.feature_batch import compute, rollup
from kuaidai.interfaces.cli.quality import features_drift, features_quality

app = typer.Typer(add_completion=False, no_args_is_help=True)
app.command("rollup")(rollup)
app.command("compute")(compute)
app.command("quality")(features_quality)
app.command("drift")(features_drift)


@app.callback()
def features() -> None:
    """The data dictionary."""


@app.command("catalog")
def catalog_(
    family: Annotated[str | None, typer.Option(help="Only this family.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list on stdout.")] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="The whole dictionary as a page.")
    ] = False,
) -> None:
    """Every feature: name, title, family, window, unit and direction of risk."""
    families = sorted({spec.family for spec in catalog()})
    if family is not None and family not in families:
        raise typer.BadParameter(f"there is no family {family!r}; there are {', '.join(families)}")
    specs = [spec for spec in catalog() if family in (None, spec.family)]
    if as_markdown:
        typer.echo(markdown())
        return
    if as_json:
        typer.echo(json.dumps([asdict(spec) for spec in specs], ensure_ascii=False))
        return
    table = Table("name", "title", "标题", "family", "window", "unit", "direction")
    for spec in specs:
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
