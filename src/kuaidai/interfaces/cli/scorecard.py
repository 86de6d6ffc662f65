"""`kuaidai scorecard`: fit, show and apply scorecards."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from kuaidai.interfaces.cli.lake import open_lake
from kuaidai.interfaces.cli.tables import FileNotUsable, read_table, write_table
from kuaidai.risk.scorecards.card import Scorecard

app = typer.Typer(add_completion=False, no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
CardFile = Annotated[Path, typer.Argument(help="A scorecard file written by `scorecard fit`.")]


@app.command()
def fit(
    out: Annotated[Path, typer.Option(help="Where the scorecard (JSON) goes.")],
    lake: Annotated[
        Path | None, typer.Option(help="Lake folder [default: this installation's].")
    ] = None,
    name: Annotated[str, typer.Option(help="The scorecard's name.")] = "application-card",
    report: Annotated[Path | None, typer.Option(help="Where the HTML report goes.")] = None,
    months: Annotated[int, typer.Option(min=1, help="Outcome window, months.")] = 12,
    dpd: Annotated[int, typer.Option(min=1, help="Days past due that make a loan bad.")] = 60,
    oot_from: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day kept out of time [default: last 30 %]."),
    ] = None,
    folds: Annotated[int, typer.Option(min=0, help="Folds of cross-validation; 0 for none.")] = 0,
    as_json: Json = False,
) -> None:
    """Fit the application scorecard on the lake's loans and validate it out of time."""
    from kuaidai.risk.scorecards.development import develop_application_card

    if lake is not None and not lake.is_dir():
        raise FileNotUsable(value=lake, why="there is no such lake folder")
    for target in (out, report):
        if target is not None and not target.parent.is_dir():
            raise FileNotUsable(value=target, why="its folder does not exist; create it first")
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("outcomes")
        result = develop_application_card(
            open_lake(lake),
            name=name,
            outcome_months=months,
            dpd_threshold=dpd,
            oot_from=oot_from.date() if oot_from else None,
            folds=folds,
            progress=lambda stage: bar.update(task, description=stage),
        )
        bar.update(task, description="report")
        out.write_text(result.scorecard.to_json(), encoding="utf-8")
        if report is not None:
            result.validation.write_html_report(report)
    summary = {**result.summary(), "out": str(out), "report": str(report) if report else None}
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False))
        return
    for key, value in summary.items():
        typer.echo(f"{key:<26}{value}")


@app.command()
def show(card: CardFile, as_json: Json = False) -> None:
    """Print a scorecard: points per bin, grades, fit."""
    loaded = read_card(card)
    if as_json:
        typer.echo(loaded.to_json(), nl=False)
        return
    console = Console()
    fitted = loaded.fit
    console.print(f"{loaded.name}  {loaded.version_hash}")
    console.print(
        f"base points {loaded.base_points}, {loaded.config.base_score:g} at odds "
        f"{loaded.config.base_odds:g}:1, PDO {loaded.config.pdo:g}; {fitted.method}"
    )
    points = Table("feature", "bin", "rows", "bad rate", "WOE", "points")
    for c in loaded.characteristics:
        title = f"{c.name} (coefficient {c.coefficient or 0:.3f}, IV {c.iv:.3f})"
        for place, a in enumerate(c.attributes):
            rate = "–" if a.bad_rate is None else f"{a.bad_rate:.1%}"
            first = title if place == 0 else ""
            points.add_row(first, a.bin.label, f"{a.count:g}", rate, f"{a.woe:.3f}", str(a.points))
        points.add_section()
    console.print(points)
    grades = Table("grade", "least score", "PD", "rows", "bads")
    for g in loaded.grades:
        floor = "–" if g.min_score is None else str(g.min_score)
        grades.add_row(g.grade, floor, f"{g.pd:.4%}", f"{g.rows:g}", f"{g.bads:g}")
    console.print(grades)


@app.command()
def score(
    card: CardFile,
    source: Annotated[Path, typer.Argument(help="Features: Parquet or CSV, one row an applicant.")],
    target: Annotated[Path, typer.Argument(help="Where the scores go: Parquet or CSV.")],
    as_json: Json = False,
) -> None:
    """Score a table of features: all its columns that name the applicant are kept."""
    loaded = read_card(card)
    table = read_table(source)
    keep = [
        name
        for name in ("uscc", "person_id", "company_id", "observed_on")
        if name in table.column_names
    ]
    scored = loaded.score_table(table, keep=keep)
    write_table(scored, target)
    facts = {"rows": scored.num_rows, "out": str(target), "version_hash": loaded.version_hash}
    typer.echo(json.dumps(facts) if as_json else f"{scored.num_rows} rows scored to {target}")


def read_card(path: Path) -> Scorecard:
    """The scorecard in `path`; raises `FileNotUsable` and `BadArtefact`."""
    if not path.is_file():
        raise FileNotUsable(value=path, why="there is no such file")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileNotUsable(value=path, why="it is not a text file") from error
    return Scorecard.from_json(text, source=str(path))
