"""`kuaidai scorecard`: fit, show and apply scorecards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pyarrow as pa
import typer
from rich.console import Console
from rich.table import Table

from kuaidai.interfaces.cli import (
    scorecard_bins,
    scorecard_challenge,
    scorecard_publication,
    scorecard_report,
)
from kuaidai.interfaces.cli.lake import open_lake
from kuaidai.interfaces.cli.scorecard_files import (
    counting,
    open_data,
    read_any_card,
    registered_label,
    require_folders,
    table_console,
    working,
    write_text,
)
from kuaidai.interfaces.cli.scorecard_plan import fit_plan, signed
from kuaidai.interfaces.cli.scorecard_provenance import provenance_lines
from kuaidai.interfaces.cli.tables import FileNotUsable, read_table, write_table
from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.errors import BadSetting

if TYPE_CHECKING:
    from kuaidai.risk.scorecards.comparison import Difference
    from kuaidai.risk.scorecards.segments import SegmentedScorecard

app = typer.Typer(add_completion=False, no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class Form(StrEnum):
    """What a scorecard can be written as."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"
    SPARK = "spark"
    PMML = "pmml"

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What the name of such a file ends in."""
        return (".pmml", ".xml") if self is Form.PMML else (".sql",)


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
            help="A TOML file that names data, settings and features (default: the lake)."
        ),
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="Where the scorecard (JSON) goes.")],
    lake: Annotated[
        Path | None, typer.Option(help="Lake folder (default: this installation's).")
    ] = None,
    name: Annotated[str, typer.Option(help="The scorecard's name.")] = "application-card",
    report: Annotated[Path | None, typer.Option(help="Where the HTML report goes.")] = None,
    months: Annotated[int, typer.Option(min=1, help="Outcome window, months.")] = 12,
    dpd: Annotated[int, typer.Option(min=1, help="Days past due that make a loan bad.")] = 60,
    oot_from: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day kept out of time (default: last 30 %)."),
    ] = None,
    folds: Annotated[int, typer.Option(min=0, help="Folds of cross-validation; 0 for none.")] = 0,
    author: Annotated[str, typer.Option(help="Who fits it; kept in its provenance.")] = "",
    purpose: Annotated[str, typer.Option(help="What it is for; kept in its provenance.")] = "",
    as_json: Json = False,
) -> None:
    """Fit a scorecard as a plan file says, or the application card on the lake's loans.

    Without a plan the last loans are kept out of the fit and judge the card out of time; --lake, --name,
    --months, --dpd and --oot-from concern that way alone.
    """
    from kuaidai.risk.scorecards.development import develop_application_card

    if plan is not None:
        fit_plan(plan, out, report, folds=folds, author=author, purpose=purpose, as_json=as_json)
        return
    if lake is not None and not lake.is_dir():
        raise FileNotUsable(value=lake, why="there is no such lake folder")
    require_folders(out, report)
    with working("outcomes", quiet=as_json) as told:
        result = develop_application_card(
            open_lake(lake),
            name=name,
            outcome_months=months,
            dpd_threshold=dpd,
            oot_from=oot_from.date() if oot_from else None,
            folds=folds,
            notes=signed((), author, purpose),
            progress=told,
        )
        told("report")
        write_text(out, result.scorecard.to_json())
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
    """Print a scorecard: points per bin, coefficients with intervals, grades, and what it was made from.

    Of a segmented scorecard, each segment's card.
    """
    loaded = read_any_card(card)
    if as_json:
        typer.echo(loaded.to_json(), nl=False)
        return
    console = table_console()
    if isinstance(loaded, Scorecard):
        _show(loaded, console)
        return
    rule = loaded.segmentation
    console.print(f"{loaded.name}  {loaded.version_hash}")
    unknown = "refused" if rule.unknown == "error" else f"judged by the card {rule.unknown}"
    console.print(f"segments by {rule.column}; a row of no segment is {unknown}")
    for segment, each in zip(rule.names, loaded.cards, strict=True):
        console.rule(f"segment {segment}")
        _show(each, console)


def _show(loaded: Scorecard, console: Console) -> None:
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
    console.print(_coefficients(loaded))
    grades = Table("grade", "least score", "PD", "rows", "bads")
    for g in loaded.grades:
        floor = "–" if g.min_score is None else str(g.min_score)
        grades.add_row(g.grade, floor, f"{g.pd:.4%}", f"{g.rows:g}", f"{g.bads:g}")
    console.print(grades)
    made = Table("made from", "", show_lines=False)
    for what, value in provenance_lines(loaded):
        made.add_row(what, value)
    console.print(made)


def _coefficients(loaded: Scorecard) -> Table:
    """Coefficients with standard errors and 95 % intervals; log-odds of bad on WOE."""
    shown = Table("term", "coefficient", "error", "95 % interval", "z", "p", "VIF")
    first = loaded.fit
    rows = [("intercept", first.intercept, first.intercept_error, first.interval(), "", "", "")]
    rows += [
        (
            c.name,
            c.coefficient or 0.0,
            c.standard_error or 0.0,
            c.interval(),
            f"{c.z or 0:.2f}",
            f"{c.p_value or 0:.2g}",
            f"{c.vif or 1:.2f}",
        )
        for c in loaded.characteristics
    ]
    for term, estimate, error, reach, *rest in rows:
        interval = "–" if reach is None else f"{reach[0]:.3f} … {reach[1]:.3f}"
        shown.add_row(term, f"{estimate:.4f}", f"{error:.4f}", interval, *rest)
    return shown


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

    loaded = read_any_card(card)
    version = registered_label(card) or f"{loaded.name}@{loaded.version_hash[:12]}"
    if brief:
        rows = _score_brief(loaded, version, source, target, keep, quiet=as_json)
    else:
        require_folders(target)
        with working("scoring", quiet=as_json):
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
    card: Scorecard | SegmentedScorecard,
    version: str,
    source: Path,
    target: Path,
    keep: list[str] | None,
    *,
    quiet: bool,
) -> int:
    from kuaidai.risk.scorecards.engine.score_files import score_rows
    from kuaidai.risk.scorecards.segments.score_files import score_segment_rows

    if target.suffix != ".parquet":
        raise FileNotUsable(value=target, why="with --brief its name must end in .parquet")
    require_folders(target)
    data = open_data(source)
    columns = _kept(keep, data.names)
    with counting(sum(data.sizes), quiet=quiet) as told:
        if isinstance(card, Scorecard):
            return score_rows(card, data, target, keep=columns, version=version, progress=told)
        return score_segment_rows(card, data, target, keep=columns, version=version, progress=told)


@app.command()
def export(
    card: CardFile,
    out: Annotated[Path, typer.Argument(help="Where the text goes: .sql, .pmml or .xml.")],
    form: Annotated[
        Form | None,
        typer.Option(
            "--as", help="SQL of an engine, or PMML 4.4 (default: by OUT; of SQL, duckdb)."
        ),
    ] = None,
    table: Annotated[str, typer.Option(help="The table that the SQL reads.")] = "applicants",
    keep: Annotated[
        list[str] | None, typer.Option(help="A column the SQL keeps; may be given several times.")
    ] = None,
) -> None:
    """Write a scorecard as one SELECT or as a PMML document that gives the same scores."""
    chosen = _form_of(out, form)
    loaded = read_any_card(card)
    require_folders(out)
    write_text(out, _exported(loaded, chosen, table, keep or []))
    typer.echo(f"{loaded.name} written to {out}")


def _form_of(out: Path, asked: Form | None) -> Form:
    """The form asked for, or else by the file's name; raises `FileNotUsable` where they do not fit."""
    known = [asked] if asked else list(Form)
    forms: dict[str, list[str]] = {}
    for form in known:
        if out.suffix in form.suffixes:
            return form
        forms.setdefault(" or ".join(form.suffixes), []).append(form.value)
    ends = " or ".join(f"{suffixes} ({', '.join(names)})" for suffixes, names in forms.items())
    raise FileNotUsable(value=out, why=f"its name must end in {ends}")


def _exported(card: Scorecard | SegmentedScorecard, form: Form, table: str, keep: list[str]) -> str:
    from kuaidai.risk.scorecards.export import (
        SqlDialect,
        segmented_pmml,
        segmented_sql,
        to_pmml,
        to_sql,
    )

    if form is Form.PMML:
        return to_pmml(card) if isinstance(card, Scorecard) else segmented_pmml(card)
    dialect = SqlDialect(form.value)
    if isinstance(card, Scorecard):
        return to_sql(card, table=table, dialect=dialect, keep=keep)
    return segmented_sql(card, table=table, dialect=dialect, keep=keep)


@app.command()
def diff(
    before: CardFile,
    after: Annotated[Path, typer.Argument(help="The scorecard to compare it with.")],
    on: Annotated[
        Path | None,
        typer.Option(help="Rows with a target, for the swap set (Parquet or CSV)."),
    ] = None,
    target: Annotated[
        str, typer.Option(help="Their column that is 1 bad, 0 good, empty where not known.")
    ] = "bad",
    approve_from: Annotated[
        int | None, typer.Option(help="The least score that BEFORE approves (with --on).")
    ] = None,
    after_from: Annotated[
        int | None, typer.Option(help="The least that AFTER approves (default: as many rows).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what differs between two scorecards and, on data, whom they approve; exit code 1 for a difference.

    With --on the swap set is shown: rows that only one of the cards approves, and their bad rates.
    """
    old, new = read_any_card(before), read_any_card(after)
    swap = None
    if on is not None:
        from kuaidai.risk.scorecards.swap_sets import swap_set

        if approve_from is None:
            raise BadSetting(name="--approve-from", value="missing", rule="given with --on")
        with working("scoring", quiet=as_json):
            rows = read_table(on)
            swap = swap_set(
                old, new, rows, target, approve_from=approve_from, after_from=after_from
            )
    found = _differences(old, new)
    if as_json:
        from kuaidai.risk.scorecards.validation import plain_figures

        listed = [asdict(each) for each in found]
        shown = listed if swap is None else {"differences": listed, "swap": plain_figures(swap)}
        typer.echo(json.dumps(shown, ensure_ascii=False))
    else:
        lines = Table("where", "what", "before", "after")
        for each in found:
            lines.add_row(each.where, each.what, each.before or "–", each.after or "–")
        table_console().print(lines if found else "The scorecards do not differ.")
        if swap is not None:
            typer.echo(scorecard_report.swap_line(swap))
    if found:
        raise typer.Exit(1)


def _differences(
    old: Scorecard | SegmentedScorecard, new: Scorecard | SegmentedScorecard
) -> tuple[Difference, ...]:
    from kuaidai.risk.scorecards.comparison import differences, segmented_differences

    if isinstance(old, Scorecard) and isinstance(new, Scorecard):
        return differences(old, new)
    return segmented_differences(old, new)


for name, command in (
    *scorecard_bins.COMMANDS,
    *scorecard_report.COMMANDS,
    *scorecard_challenge.COMMANDS,
    *scorecard_publication.COMMANDS,
):
    app.command(name)(command)
