"""`kuaidai realism`: a synthetic drop beside published facts and real invoices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from kuaidai.interfaces.cli.columns import columns
from kuaidai.interfaces.cli.tables import FileNotUsable
from kuaidai.simulator.realism.report import Realism, as_json, render_html, study
from kuaidai.simulator.realism.trading import QUANTILES

app = typer.Typer(add_completion=False)


@app.command()
def realism(
    drop: Annotated[Path, typer.Argument(help="Folder written by `kuaidai simulate`.")],
    real_invoices: Annotated[
        Path | None,
        typer.Option(help="Folder with companies.parquet and invoices_*.parquet of real firms."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the HTML report goes.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Compare a drop with published facts and, given them, with real invoices."""
    if out is not None and not out.parent.is_dir():
        raise FileNotUsable(value=out, why="its folder does not exist; create it first")
    if out is not None and out.is_dir():
        raise FileNotUsable(value=out, why="it is a folder; name a file")
    found = study(drop, real_invoices)
    if out is not None:
        out.write_text(render_html(found), encoding="utf-8")
    if json_:
        typer.echo(json.dumps(as_json(found), ensure_ascii=False))
        return
    _print(found)
    if out is not None:
        typer.echo(f"\n{out}")


def _print(found: Realism) -> None:
    rows = [
        [f.fact.en, f.fact.published, f.fact.grade, _number(f.ours, f.fact.unit), f.verdict]
        for f in found.findings
    ]
    typer.echo(columns(("figure", "published", "grade", "this drop", "verdict"), rows))
    if not found.comparisons:
        return
    middle = QUANTILES.index(0.50)
    compared = [
        [
            row.measure.en,
            _number(row.real[middle], row.measure.unit),
            _number(row.ours[middle] if row.ours else None, row.measure.unit),
            _number(row.ks, "ratio"),
            row.verdict,
        ]
        for row in found.comparisons
    ]
    typer.echo(f"\nsales taken from the drop's {found.ours.source}")
    typer.echo(columns(("measure", "real middle", "ours", "KS", "verdict"), compared))


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit in {"share", "rate"}:
        return f"{value * 100:.2f} %"
    return f"{value:,.0f}" if unit == "CNY" else f"{value:.2f}"
