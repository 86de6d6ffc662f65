"""`kuaidai scorecard`: fit, show and apply scorecards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from kuaidai.interfaces.cli import scorecard_challenge, scorecard_publication, scorecard_report
from kuaidai.interfaces.cli.lake import open_lake
from kuaidai.interfaces.cli.scorecard_files import (
    counting,
    open_data,
    read_card,
    registered_label,
    require_folders,
)
from kuaidai.interfaces.cli.scorecard_plan import fit_plan, signed
from kuaidai.interfaces.cli.scorecard_provenance import provenance_lines
from kuaidai.interfaces.cli.tables import FileNotUsable, read_table, write_table
from kuaidai.risk.scorecards.card import Scorecard

app = typer.Typer(add_completion=False, no_args_is_help=True)
for name, command in (
    *scorecard_report.COMMANDS,
    *scorecard_challenge.COMMANDS,
    *scorecard_publication.COMMANDS,
):
    app.command(name)(command)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class Form(StrEnum):
    """What a scorecard can be written as."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"
    SPARK = "spark"
    PMML = "pmml"


CardFile = Annotated[
    Path,
    typer.Argument(
        help="A scorecard file written by `scorecard fit`, or NAME/VERSION on the register."
    ),
]


@app.command()
def fit(
    plan: Annotated[
        Path | None,
        typer.Argument(
            help="A TOML file that names data, settings and features [default: the lake]."
        ),
    ] = None,
    *,
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
    author: Annotated[str, typer.Option(help="Who fits it; kept in its provenance.")] = "",
    purpose: Annotated[str, typer.Option(help="What it is for; kept in its provenance.")] = "",
    as_json: Json = False,
) -> None:
    """Fit the application scorecard on the lake's loans and validate it out of time, or by a plan file.

    With a plan the options that concern the lake do not apply.
    """
    from kuaidai.risk.scorecards.development import develop_application_card

    if plan is not None:
        fit_plan(plan, out, report, author=author, purpose=purpose, as_json=as_json)
        return
    if lake is not None and not lake.is_dir():
        raise FileNotUsable(value=lake, why="there is no such lake folder")
    require_folders(out, report)
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
            notes=signed((), author, purpose),
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
    """Print a scorecard: points per bin, grades, fit, and what it was made from."""
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
    made = Table("made from", "", show_lines=False)
    for what, value in provenance_lines(loaded):
        made.add_row(what, value)
    console.print(made)


@app.command()
def score(
    card: CardFile,
    source: Annotated[Path, typer.Argument(help="Features: Parquet or CSV, one row an applicant.")],
    target: Annotated[Path, typer.Argument(help="Where the scores go: Parquet or CSV.")],
    keep: Annotated[
        list[str] | None, typer.Option(help="A column to keep; may be given several times.")
    ] = None,
    brief: Annotated[
        bool,
        typer.Option(
            "--brief", help="Score, grade and PDs only: Parquet of any size in bounded memory."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Score a table of features: all its columns that name the applicant are kept.

    The file says which card scored it: Parquet in its metadata, CSV in a column `scorecard`.
    """
    from kuaidai.risk.scorecards.engine.score_files import stamp

    loaded = read_card(card)
    version = registered_label(card) or f"{loaded.name}@{loaded.version_hash[:12]}"
    if brief:
        rows = _score_brief(loaded, version, source, target, keep)
    else:
        table = read_table(source)
        scored = loaded.score_table(table, keep=_kept(keep, table.column_names))
        if target.suffix == ".csv":
            scored = scored.append_column("scorecard", pa.repeat(version, scored.num_rows))
        write_table(scored.replace_schema_metadata(stamp(loaded, version)), target)
        rows = scored.num_rows
    facts = {
        "rows": rows,
        "out": str(target),
        "scorecard": version,
        "version_hash": loaded.version_hash,
    }
    typer.echo(json.dumps(facts) if as_json else f"{rows} rows scored by {version} to {target}")


def _kept(asked: list[str] | None, names: Sequence[str]) -> list[str]:
    known = ("uscc", "person_id", "company_id", "observed_on")
    return asked or [name for name in known if name in names]


def _score_brief(
    card: Scorecard, version: str, source: Path, target: Path, keep: list[str] | None
) -> int:
    from kuaidai.risk.scorecards.engine.score_files import score_rows

    if target.suffix != ".parquet":
        raise FileNotUsable(value=target, why="with --brief its name must end in .parquet")
    if not target.parent.is_dir():
        raise FileNotUsable(value=target, why="its folder does not exist; create it first")
    data = open_data(source)
    with counting(sum(data.sizes)) as told:
        kept = _kept(keep, data.names)
        return score_rows(card, data, target, keep=kept, version=version, progress=told)


@app.command()
def export(
    card: CardFile,
    out: Annotated[Path, typer.Argument(help="Where the text goes.")],
    form: Annotated[
        Form, typer.Option("--as", help="SQL of an engine, or PMML 4.4.")
    ] = Form.DUCKDB,
    table: Annotated[str, typer.Option(help="The table that the SQL reads.")] = "applicants",
    keep: Annotated[
        list[str] | None, typer.Option(help="A column the SQL keeps; may be given several times.")
    ] = None,
) -> None:
    """Write a scorecard as one SELECT or as a PMML document that gives the same scores."""
    from kuaidai.risk.scorecards.export import SqlDialect, to_pmml, to_sql

    loaded = read_card(card)
    require_folders(out)
    text = to_pmml(loaded)
    if form is not Form.PMML:
        text = to_sql(loaded, table=table, dialect=SqlDialect(form.value), keep=keep or [])
    out.write_text(text, encoding="utf-8")
    typer.echo(f"{loaded.name} written to {out}")


@app.command()
def diff(
    before: CardFile,
    after: Annotated[Path, typer.Argument(help="The scorecard to compare it with.")],
    as_json: Json = False,
) -> None:
    """Show what differs between two scorecards; exit code 1 where anything does."""
    from kuaidai.risk.scorecards.comparison import differences

    found = differences(read_card(before), read_card(after))
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False))
    else:
        lines = Table("where", "what", "before", "after")
        for each in found:
            lines.add_row(each.where, each.what, each.before or "–", each.after or "–")
        Console().print(lines if found else "The scorecards do not differ.")
    if found:
        raise typer.Exit(1)
