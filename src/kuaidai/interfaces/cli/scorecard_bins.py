"""The bins of a scorecard: a table in the terminal, charts as a page or as one picture."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from kuaidai.interfaces.cli.scorecard_files import (
    read_card,
    require_folders,
    table_console,
    write_text,
)
from kuaidai.risk.scorecards.characteristics import Characteristic


def bins(
    card: Annotated[Path, typer.Argument(help="A scorecard file written by `scorecard fit`.")],
    feature: Annotated[
        list[str] | None,
        typer.Option(help="A candidate to show; may be given several times (default: all)."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Where a page with tables and charts goes.")
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(help="Where the chart of one --feature goes (SVG).")
    ] = None,
    segment: Annotated[
        str, typer.Option(help="Of a segmented scorecard: the segment whose card is meant.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the bins of every candidate, on the card or left out: counts, bad rate, WOE, IV, points."""
    from kuaidai.risk.scorecards.binning_table import binning_table
    from kuaidai.risk.scorecards.report import chosen_features, render_bins

    loaded = read_card(card, what="scorecard bins", segment=segment)
    chosen = chosen_features(loaded, feature or ())
    require_folders(html, svg)
    if svg is not None:
        write_text(svg, _chart_of(chosen, asked=feature or []))
    if html is not None:
        write_text(html, render_bins(loaded, feature or ()))
    if as_json:
        found = {c.name: [asdict(row) for row in binning_table(c)] for c in chosen}
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    console = table_console()
    for c in chosen:
        console.print(_table_of(c))
    for written in (html, svg):
        if written is not None:
            typer.echo(f"written to {written}")


def _chart_of(chosen: tuple[Characteristic, ...], *, asked: list[str]) -> str:
    from kuaidai.risk.scorecards.charts import bad_rate_chart

    if len(asked) != 1:
        raise typer.BadParameter("a picture shows one feature; name it with --feature")
    if not any(a.count for a in chosen[0].attributes):
        raise typer.BadParameter(f"{chosen[0].name} has no counted rows to draw")
    return bad_rate_chart(chosen[0])


def _table_of(c: Characteristic) -> Table:
    from kuaidai.risk.scorecards.binning_table import binning_table

    status = f"IV {c.iv:.4f}, {c.binning.status}"
    if c.binning.trend:
        status += f", bad rate {c.binning.trend}"
    if c.coefficient is None:
        status += ", not on the card"
    for note in c.binning.relaxed:
        status += f"; relaxed: {note}"
    shown = Table(title=f"{c.name} ({status})", title_justify="left")
    shown.add_column("bin")
    for heading in ("rows", "share", "bad rate", "WOE", "IV", "JS", "p to next", "points"):
        shown.add_column(heading, justify="right")
    shown.add_column("note")
    for row, a in zip(binning_table(c), c.attributes, strict=True):
        shown.add_row(
            row.label,
            f"{a.count:g}",
            f"{row.share:.1%}",
            "–" if row.bad_rate is None else f"{row.bad_rate:.1%}",
            f"{row.woe:.3f}",
            f"{row.iv:.4f}",
            f"{row.js:.4f}",
            "" if row.p_value is None else f"{row.p_value:.3g}",
            "" if c.coefficient is None else str(a.points),
            row.note,
        )
    return shown


COMMANDS = (("bins", bins),)
