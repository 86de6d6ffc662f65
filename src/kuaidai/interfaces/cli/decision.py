"""`kuaidai decision`: show a decision on record, and recompute it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from kuaidai.kernel.canonical import canonical_json

app = typer.Typer(add_completion=False, no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
DecisionId = Annotated[str, typer.Argument(help="Number of the decision, DEC-…")]


@app.callback()
def decision() -> None:
    """Decisions on record."""


@app.command()
def show(decision_id: DecisionId, as_json: Json = False) -> None:
    """A decision: outcome, reasons, rules, limit, price, points, and the facts behind them."""
    from kuaidai.config import setup

    setup()
    from kuaidai.risk.policy.queries import decision as decision_of

    held = decision_of(decision_id)
    if as_json:
        typer.echo(canonical_json(asdict(held)).decode())
        return
    typer.echo(f"{held.id}  {held.application_id}  {held.decided_on}  {held.outcome.upper()}")
    typer.echo(f"limit {held.limit:,.2f}   rate {held.annual_rate:.4%}")
    typer.echo(f"score {held.score}   grade {held.grade}   default probability {held.pd:.4%}")
    typer.echo(
        f"policy {held.policy_version}   scorecard {held.model_label} ({held.scorecard_version})"
    )
    _section("Reasons", [f"{r.code}: {r.en} {r.zh}" for r in held.reasons])
    _section(
        "Rules",
        [f"{h.severity:<8}{h.code}: {h.value} against {h.threshold}" for h in held.rule_hits],
    )
    _section(
        "Limit",
        [
            f"{'→' if t.binding else ' '} {t.amount:>16,.2f}  {t.title_en}"
            + (f" ({t.note})" if t.note else "")
            for t in held.limit_breakdown
        ],
    )
    _section(
        "Price",
        [f"{'→' if t.binding else ' '} {t.rate:>9.4%}  {t.title_en}" for t in held.price_breakdown],
    )
    _section(
        "Points",
        [f"{p.points:>5} of {p.max_points:<5} {p.title_en}: {p.bin_label}" for p in held.points],
    )


def _section(title: str, lines: list[str]) -> None:
    if lines:
        typer.echo(f"\n{title}")
        for line in lines:
            typer.echo(f"  {line}")


@app.command()
def replay(decision_id: DecisionId, as_json: Json = False) -> None:
    """Recompute a decision from what is stored; exit code 1 if it does not come out the same."""
    from kuaidai.config import setup

    setup()
    from kuaidai.risk.policy.queries import replay as replay_of

    result = replay_of(decision_id)
    if as_json:
        typer.echo(canonical_json(asdict(result)).decode())
    elif result.identical:
        typer.echo(f"{decision_id}: identical, {result.stored_hash}")
    else:
        typer.echo(f"{decision_id}: NOT identical: {'; '.join(result.problems)}")
    if not result.identical:
        raise typer.Exit(1)
