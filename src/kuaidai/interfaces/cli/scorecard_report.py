"""What a scorecard is worth: figures on the screen, a report and a model card as pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kuaidai.interfaces.cli.scorecard_files import read_any_card, require_folders, working
from kuaidai.interfaces.cli.tables import read_table
from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.errors import OneCardOnly

if TYPE_CHECKING:
    from kuaidai.risk.scorecards.segments import SegmentedValidation
    from kuaidai.risk.scorecards.swap_sets import SwapSet
    from kuaidai.risk.scorecards.validation import SampleReport, ValidationReport

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
Against = Annotated[
    Path | None, typer.Option(help="The scorecard in use, for the swap set (with --against-from).")
]
AgainstCut = Annotated[int | None, typer.Option(help="The least score that it approves.")]
Decisions = Annotated[
    Path | None,
    typer.Option(help="Decided applications, for the overrides (with --approve-from)."),
]
Decided = Annotated[
    str, typer.Option(help="Their column that is 1 where a person approved and 0 where not.")
]


def validate(
    card: CardFile,
    source: Source,
    target: Target,
    oot: Later = None,
    by: By = None,
    approve_from: Cut = None,
    against: Against = None,
    against_from: AgainstCut = None,
    decisions: Decisions = None,
    decided: Decided = "approved",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a scorecard on a sample, and on a later one: AUC, KS, calibration, stability, swap set."""
    asked = _Asked(by, approve_from, against, against_from, decisions, decided)
    with working("validation", quiet=as_json):
        found = _measure(card, source, target, oot, asked)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), ensure_ascii=False))
        return
    for sample in (found.train, found.oot):
        if sample is not None:
            typer.echo(_line(sample))
    for segment, sample in _by_segment(found):
        typer.echo(f"  {segment}, {_line(sample)}")
    for table in found.groups:
        for g in table.groups:
            share = "" if g.approved is None else f", approved {g.approved:.1%}"
            typer.echo(
                f"{table.column} {g.group}: {g.rows} rows, bad rate {g.bad_rate:.1%}, "
                f"mean PD {g.mean_pd:.1%}, AUC {g.auc:.3f}{share}"
            )
    for words in _decided(found):
        typer.echo(words)
    for line in found.findings:
        typer.echo(line)


def _line(sample: SampleReport) -> str:
    auc = sample.auc
    return (
        f"{sample.name}: {sample.rows} rows, {sample.bads} bads, AUC {auc.auc:.4f} "
        f"({auc.low:.4f} – {auc.high:.4f}), KS {sample.separation.ks:.4f}"
    )


def _by_segment(
    found: ValidationReport | SegmentedValidation,
) -> list[tuple[str, SampleReport]]:
    measured = [(s.segment, s.report) for s in getattr(found, "segments", ()) if s.report]
    return [(name, s) for name, report in measured for s in (report.train, report.oot) if s]


def _decided(found: ValidationReport | SegmentedValidation) -> list[str]:
    """Swap set and overrides in a line each."""
    lines = []
    swap, overrides = getattr(found, "swap", None), getattr(found, "overrides", None)
    if swap is not None:
        lines.append(swap_line(swap))
    if overrides is not None:
        lines.append(
            f"overrides: {overrides.low_side:.1%} approved below the cut-off, "
            f"{overrides.high_side:.1%} declined above it"
        )
    return lines


def swap_line(swap: SwapSet) -> str:
    """A swap set in one line."""
    sides = [
        f"{side.name} from {side.approve_from} approves {side.approved:.1%}, "
        f"{side.bad_rate:.1%} of them bad"
        for side in (swap.before, swap.after)
    ]
    moved = [
        f"{cell.rows} {word}"
        + (f" ({cell.bad_rate:.1%} of {cell.known} bad)" if cell.known else "")
        for cell, word in ((swap.swapped_in, "swapped in"), (swap.swapped_out, "swapped out"))
    ]
    return "; ".join([*sides, *moved])


def report(
    card: CardFile,
    source: Source,
    out: Annotated[Path, typer.Argument(help="Where the validation report (HTML) goes.")],
    target: Target,
    oot: Later = None,
    by: By = None,
    approve_from: Cut = None,
    against: Against = None,
    against_from: AgainstCut = None,
    decisions: Decisions = None,
    decided: Decided = "approved",
    model_card: Annotated[
        Path | None, typer.Option(help="Where a model card (HTML) goes, too.")
    ] = None,
    purpose: Annotated[
        str, typer.Option(help="Model card: what the card is for (default: as its plan says).")
    ] = "",
    population: Annotated[str, typer.Option(help="Model card: whom it may judge.")] = "",
    not_for: Annotated[str, typer.Option(help="Model card: what it must not be used for.")] = "",
    owner: Annotated[str, typer.Option(help="Model card: who answers for it.")] = "",
) -> None:
    """Write a scorecard's validation as a page that needs nothing else, and its model card."""
    from kuaidai.risk.scorecards.model_card import IntendedUse, write_model_card

    require_folders(out, model_card)
    asked = _Asked(by, approve_from, against, against_from, decisions, decided)
    with working("validation") as told:
        found = _measure(card, source, target, oot, asked)
        told("report")
        found.write_html_report(out)
        if model_card is not None:
            use = IntendedUse(purpose, population, not_for, owner)
            write_model_card(found, use, model_card)
    typer.echo(f"validation report: {out}")
    if model_card is not None:
        typer.echo(f"model card: {model_card}")


@dataclass(frozen=True)
class _Asked:
    """What is to be measured beside the card's own figures."""

    by: list[str] | None
    approve_from: int | None
    against: Path | None
    against_from: int | None
    decisions: Path | None
    decided: str


def _measure(
    card: Path, source: Path, target: str, oot: Path | None, asked: _Asked
) -> ValidationReport | SegmentedValidation:
    from kuaidai.risk.scorecards.segments import validate_segments
    from kuaidai.risk.scorecards.validation import validate as measured

    loaded = read_any_card(card)
    later = None if oot is None else read_table(oot)
    by = asked.by or ()
    if not isinstance(loaded, Scorecard):
        if asked.against or asked.decisions:
            remedy = "Use `scorecard diff BEFORE AFTER --on DATA` for a swap set."
            what = "--against or --decisions"
            raise OneCardOnly(source=str(card), what=what, remedy=remedy)
        return validate_segments(
            loaded, read_table(source), later, target, by=by, approve_from=asked.approve_from
        )
    return measured(
        loaded,
        read_table(source),
        later,
        target,
        by=by,
        approve_from=asked.approve_from,
        against=None if asked.against is None else read_any_card(asked.against),
        against_from=asked.against_from,
        decisions=None if asked.decisions is None else read_table(asked.decisions),
        decided=asked.decided,
    )


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (("validate", validate), ("report", report))
