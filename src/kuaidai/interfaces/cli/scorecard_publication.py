"""From a scorecard file to the card that decides: submit, approve, return, shadow, retire, monitor."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from kuaidai.interfaces.cli.scorecard_files import read_any_card
from kuaidai.interfaces.cli.tables import FileNotUsable
from kuaidai.risk.policy.domain.lifecycle import ModelKind

Login = Annotated[str, typer.Option("--as", help="Staff login that acts.")]
Label = Annotated[str, typer.Argument(help="NAME/VERSION, such as application-card/2.")]


def _begin(login: str) -> tuple[Any, Any]:
    """The acting person and the business date, with the installation set up."""
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.actors import Actor
    from kuaidai.foundation.queries import business_date

    return Actor("staff", login, login), business_date()


def publish(
    card: Annotated[Path, typer.Argument(help="A scorecard file written by `scorecard fit`.")],
    login: Login,
    report: Annotated[Path | None, typer.Option(help="Its validation report.")] = None,
    kind: Annotated[
        ModelKind, typer.Option(help="Its kind in the inventory; only risk_evaluation decides.")
    ] = ModelKind.RISK_EVALUATION,
) -> None:
    """Put a scorecard on the register and up for approval by a second person."""
    loaded = read_any_card(card)
    if report is not None and not report.is_file():
        raise FileNotUsable(value=report, why="there is no such file")
    actor, on = _begin(login)
    from kuaidai.risk.policy import operations

    where = "" if report is None else str(report)
    label = operations.draft_model(scorecard=loaded, report=where, actor=actor, on=on, kind=kind)
    operations.submit_model(label=label, actor=actor, on=on)
    typer.echo(f"{label}: submitted by {login}; a second person approves it")


def approve(
    label: Label,
    login: Login,
    live_from: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day (default: today).")
    ] = None,
) -> None:
    """Let a card that somebody else submitted decide from a day on."""
    actor, on = _begin(login)
    from kuaidai.risk.policy import operations

    first = live_from.date() if live_from else on
    operations.approve_model(label=label, live_from=first, actor=actor, on=on)
    typer.echo(f"{label}: approved by {login}, live from {first}")


def return_(
    label: Label,
    login: Login,
    why: Annotated[str, typer.Option(help="The reason, for the author and the audit trail.")],
) -> None:
    """Send a submitted card back to its author with a reason."""
    actor, on = _begin(login)
    from kuaidai.risk.policy import operations

    operations.return_model(label=label, why=why, actor=actor, on=on)
    typer.echo(f"{label}: returned by {login}")


def retire(label: Label, login: Login) -> None:
    """Take an approved card out of use; the version before it is live again."""
    actor, on = _begin(login)
    from kuaidai.risk.policy import operations

    operations.retire_model(label=label, actor=actor, on=on)
    typer.echo(f"{label}: retired by {login}")


def shadow(
    label: Label,
    login: Login,
    stop: Annotated[bool, typer.Option("--stop", help="End its time in the shadow.")] = False,
) -> None:
    """Let a submitted card score every decision from today beside the live one, deciding none."""
    actor, on = _begin(login)
    from kuaidai.risk.policy.shadows import start_shadow, stop_shadow

    (stop_shadow if stop else start_shadow)(label=label, actor=actor, on=on)
    typer.echo(f"{label}: {'out of' if stop else 'in'} the shadow from {on}")


def compare(
    label: Label,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Hold a card in the shadow against the live cards over everything it scored."""
    _begin("")
    from kuaidai.risk.policy.shadows import shadow_comparison

    found = shadow_comparison(label)
    if as_json:
        typer.echo(json.dumps({**asdict(found), "same_grade": found.same_grade}))
        return
    typer.echo(f"{found.label}: {found.decisions} decisions, {found.refused} refused")
    if found.same_grade is not None:
        typer.echo(
            f"mean score {found.mean_score_shadow:.1f}, live {found.mean_score_live:.1f}; "
            f"same grade {found.same_grade:.1%}"
        )
    for live, own, count in found.moved:
        typer.echo(f"  {live} -> {own}  {count}")


def monitor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Report on last month's cards now, as the worker does each night; then show the alerts there are."""
    from kuaidai.foundation.actors import Actor
    from kuaidai.kernel.canonical import canonical_json

    _, on = _begin("")
    from kuaidai.lending.origination.monitoring import monitor_models
    from kuaidai.risk.policy.monitoring_queries import alerts

    made = monitor_models(on=on, actor=Actor.system("scorecard monitor"))
    held = alerts()
    if as_json:
        reports = [{"card": v.label, "month": v.month, "level": v.report.level} for v in made]
        found = {"reports": reports, "alerts": [asdict(alert) for alert in held]}
        typer.echo(canonical_json(found).decode())
        return
    for view in made:
        typer.echo(f"{view.label} in {view.month:%Y-%m}: {view.report.level.value}")
    for alert in held:
        typer.echo(f"{alert.level.value:<7}{alert.state.value:<14}{alert.label}  {alert.en}")
    if not made and not held:
        typer.echo("No card decided last month without a report of it, and there is no alert.")


COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("publish", publish),
    ("approve", approve),
    ("return", return_),
    ("retire", retire),
    ("shadow", shadow),
    ("compare", compare),
    ("monitor", monitor),
)
