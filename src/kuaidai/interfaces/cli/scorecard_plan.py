"""Fitting a card by a plan file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kuaidai.interfaces.cli.scorecard_files import (
    counting,
    open_data,
    require_folders,
    working,
    write_text,
)
from kuaidai.risk.scorecards.card import Scorecard

if TYPE_CHECKING:
    from kuaidai.risk.scorecards.cross_validation import CrossValidation
    from kuaidai.risk.scorecards.engine.rows import Rows
    from kuaidai.risk.scorecards.plan import FitPlan
    from kuaidai.risk.scorecards.segments import SegmentedScorecard


def signed(
    given: Iterable[tuple[str, str]], author: str, purpose: str
) -> tuple[tuple[str, str], ...]:
    """Who makes a card and what for: what the command says goes before what the plan says."""
    held = {**dict(given), **({"author": author} if author else {})}
    held |= {"purpose": purpose} if purpose else {}
    return tuple(sorted(held.items()))


def fit_plan(
    plan: Path,
    out: Path,
    report: Path | None,
    *,
    folds: int,
    author: str,
    purpose: str,
    as_json: bool,
) -> None:
    """Fit a card as a plan file says, and report on it; raises `BadPlan` and what the fit raises."""
    from kuaidai.risk.scorecards.plan import read_plan

    require_folders(out, report)
    read = read_plan(plan)
    train = open_data(read.train)
    recent = None if read.recent is None else open_data(read.recent)
    notes = (
        *signed(read.signed, author, purpose),
        ("plan", plan.name),
        ("data", read.train.name),
    )
    with counting(sum(train.sizes), quiet=as_json) as told:
        card = _fitted(read, notes, train, recent, told)
    write_text(out, card.to_json())
    checked = None
    if folds:
        with working("cross-validation", quiet=as_json):
            checked = _checked(read, card, train, folds)
    if report is not None:
        with working("report", quiet=as_json):
            _report(card, read.target, train, recent, checked, report)
    facts = {
        "name": card.name,
        "version_hash": card.version_hash,
        **(_facts(card) if isinstance(card, Scorecard) else _facts_by_segment(card)),
        **({} if checked is None else {"auc_cross_validated": _interval(checked)}),
        "out": str(out),
        "report": None if report is None else str(report),
    }
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    for key, value in facts.items():
        typer.echo(f"{key:<20}{value}")


def _checked(
    read: FitPlan, card: Scorecard | SegmentedScorecard, train: Rows, folds: int
) -> CrossValidation:
    from kuaidai.risk.scorecards.cross_validation import cross_validate
    from kuaidai.risk.scorecards.engine.rows import whole_table

    config = read.config
    segmentation = None if isinstance(card, Scorecard) else card.segmentation
    others = (read.weight, read.offset, config.stable_over, segmentation and segmentation.column)
    wanted = [read.target, *(name for name in others if name)]
    wanted += [feature.name for feature in config.features]
    return cross_validate(
        whole_table(train, list(dict.fromkeys(wanted))),
        target=read.target,
        config=config,
        weight=read.weight,
        offset=read.offset,
        segmentation=segmentation,
        folds=folds,
    )


def _interval(checked: CrossValidation) -> list[float]:
    """AUC with the ends of its interval."""
    return [round(value, 4) for value in (checked.auc, checked.low, checked.high)]


def _fitted(
    read: FitPlan,
    notes: tuple[tuple[str, str], ...],
    train: Rows,
    recent: Rows | None,
    told: Callable[[int], None],
) -> Scorecard | SegmentedScorecard:
    from kuaidai.risk.scorecards.fitting import fit_scorecard
    from kuaidai.risk.scorecards.plan import SegmentsByValue
    from kuaidai.risk.scorecards.segments import fit_segments, segments_by_value

    settings: dict[str, Any] = {
        "target": read.target,
        "config": read.config,
        "weight": read.weight,
        "offset": read.offset,
        "recent": recent,
        "notes": notes,
        "progress": told,
    }
    rule = read.segments
    if rule is None:
        return fit_scorecard(train, **settings)
    if isinstance(rule, SegmentsByValue):
        rule = segments_by_value(train, rule.column, unknown=rule.unknown)
    return fit_segments(train, segmentation=rule, **settings)


def _report(
    card: Scorecard | SegmentedScorecard,
    target: str,
    train: Rows,
    recent: Rows | None,
    checked: CrossValidation | None,
    report: Path,
) -> None:
    from kuaidai.risk.scorecards.engine.rows import whole_table
    from kuaidai.risk.scorecards.segments import validate_segments
    from kuaidai.risk.scorecards.validation import validate

    wanted = list(dict.fromkeys([target, *card.features]))
    sample = whole_table(train, wanted)
    later = None if recent is None else whole_table(recent, wanted)
    if isinstance(card, Scorecard):
        found = validate(card, sample, later, target, cross_validation=checked)
        found.write_html_report(report)
    else:
        whole = validate_segments(card, sample, later, target, cross_validation=checked)
        whole.write_html_report(report)


def _facts(card: Scorecard) -> dict[str, Any]:
    return {
        "rows": card.provenance.rows,
        "bads": card.provenance.bads,
        "features": list(card.features),
        "left_out": {step.feature: step.reason for step in card.selection if not step.kept},
    }


def _facts_by_segment(card: SegmentedScorecard) -> dict[str, Any]:
    cards = zip(card.segmentation.names, card.cards, strict=True)
    return {"segments": {name: _facts(each) for name, each in cards}}
