"""Fitting a card by a plan file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import typer

from kuaidai.interfaces.cli.scorecard_files import counting, open_data, require_folders


def signed(
    given: Iterable[tuple[str, str]], author: str, purpose: str
) -> tuple[tuple[str, str], ...]:
    """Who makes a card and what for: what the command says goes before what the plan says."""
    held = {**dict(given), **({"author": author} if author else {})}
    held |= {"purpose": purpose} if purpose else {}
    return tuple(sorted(held.items()))


def fit_plan(
    plan: Path, out: Path, report: Path | None, *, author: str, purpose: str, as_json: bool
) -> None:
    """Fit a card as a plan file says, and report on it; raises `BadPlan` and what the fit raises."""
    from kuaidai.risk.scorecards.engine.rows import whole_table
    from kuaidai.risk.scorecards.fitting import fit_scorecard
    from kuaidai.risk.scorecards.plan import read_plan
    from kuaidai.risk.scorecards.validation import validate as measure

    require_folders(out, report)
    read = read_plan(plan)
    train = open_data(read.train)
    recent = None if read.recent is None else open_data(read.recent)
    with counting(sum(train.sizes)) as told:
        card = fit_scorecard(
            train,
            target=read.target,
            config=read.config,
            weight=read.weight,
            recent=recent,
            notes=(
                *signed(read.signed, author, purpose),
                ("plan", plan.name),
                ("data", read.train.name),
            ),
            progress=told,
        )
    out.write_text(card.to_json(), encoding="utf-8")
    if report is not None:
        wanted = [read.target, *card.features]
        samples = [None if rows is None else whole_table(rows, wanted) for rows in (train, recent)]
        assert samples[0] is not None
        measure(card, samples[0], samples[1], read.target).write_html_report(report)
    dropped = {step.feature: step.reason for step in card.selection if not step.kept}
    facts = {
        "name": card.name,
        "version_hash": card.version_hash,
        "rows": card.provenance.rows,
        "bads": card.provenance.bads,
        "features": list(card.features),
        "left_out": dropped,
        "out": str(out),
        "report": None if report is None else str(report),
    }
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    for key, value in facts.items():
        typer.echo(f"{key:<14}{value}")
