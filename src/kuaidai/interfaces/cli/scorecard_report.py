"""What a scorecard is worth: figures on the screen, a report and a model card as pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kuaidai.interfaces.cli.scorecard_files import read_card, require_folders
from kuaidai.interfaces.cli.tables import read_table

if TYPE_CHECKING:
    from kuaidai.risk.scorecards.validation import ValidationReport

CardFile = Annotated[Path, typer.Argument(help="A scorecard file written by `scorecard fit`.")]
Source = Annotated[Path, typer.Argument(help="Features and target: Parquet or CSV.")]
Target = Annotated[str, typer.Option(help="The column that is 1 for bad and 0 for good.")]
Later = Annotated[Path | None, typer.Option(help="A later sample, out of time.")]
By = Annotated[
    list[str] | None,
    typer.Option(help="A column whose groups are measured one by one; may be given several times."),
]
Cut = Annotated[
    int | None, typer.Option(help="The least score approved, to compare groups' approvals.")
]


def validate(
    card: CardFile,
    source: Source,
    target: Target,
    oot: Later = None,
    by: By = None,
    approve_from: Cut = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a scorecard on a sample, and on a later one: AUC, KS, calibration, stability."""
    found = _measure(card, source, target, oot, by, approve_from)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), ensure_ascii=False))
        return
    for sample in (found.train, found.oot):
        if sample is not None:
            auc = sample.auc
            typer.echo(
                f"{sample.name}: {sample.rows} rows, {sample.bads} bads, AUC {auc.auc:.4f} "
                f"({auc.low:.4f} – {auc.high:.4f}), KS {sample.separation.ks:.4f}"
            )
    for table in found.groups:
        for g in table.groups:
            share = "" if g.approved is None else f", approved {g.approved:.1%}"
            typer.echo(
                f"{table.column} {g.group}: {g.rows} rows, bad rate {g.bad_rate:.1%}, "
                f"mean PD {g.mean_pd:.1%}, AUC {g.auc:.3f}{share}"
            )
    for line in found.findings:
        typer.echo(line)


def report(
    card: CardFile,
    source: Source,
    out: Annotated[Path, typer.Argument(help="Where the validation report (HTML) goes.")],
    target: Target,
    oot: Later = None,
    by: By = None,
    approve_from: Cut = None,
    model_card: Annotated[
        Path | None, typer.Option(help="Where a model card (HTML) goes, too.")
    ] = None,
    purpose: Annotated[str, typer.Option(help="Model card: what the card is for.")] = "",
    population: Annotated[str, typer.Option(help="Model card: whom it may judge.")] = "",
    not_for: Annotated[str, typer.Option(help="Model card: what it must not be used for.")] = "",
    owner: Annotated[str, typer.Option(help="Model card: who answers for it.")] = "",
) -> None:
    """Write a scorecard's validation as a page that needs nothing else, and its model card."""
    require_folders(out, model_card)
    found = _measure(card, source, target, oot, by, approve_from)
    found.write_html_report(out)
    typer.echo(f"validation report: {out}")
    if model_card is not None:
        from kuaidai.risk.scorecards.model_card import IntendedUse, write_model_card

        use = IntendedUse(purpose, population, not_for, owner)
        write_model_card(found, use, model_card)
        typer.echo(f"model card: {model_card}")


def _measure(
    card: Path,
    source: Path,
    target: str,
    oot: Path | None,
    by: list[str] | None,
    approve_from: int | None,
) -> ValidationReport:
    from kuaidai.risk.scorecards.validation import validate as measured

    loaded = read_card(card)
    later = None if oot is None else read_table(oot)
    return measured(
        loaded, read_table(source), later, target, by=by or (), approve_from=approve_from
    )


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (("validate", validate), ("report", report))
