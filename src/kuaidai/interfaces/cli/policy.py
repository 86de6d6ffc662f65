"""`kuaidai policy`: versions of policies and models, and lending plans in batch."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from kuaidai.kernel.canonical import canonical_json

app = typer.Typer(add_completion=False, no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Login = Annotated[str, typer.Option("--as", help="Staff login that acts.")]
Label = Annotated[str, typer.Argument(help="NAME/VERSION, such as credit-quick-loan/1.")]


@app.callback()
def policy() -> None:
    """Policies and models: drafted, submitted, approved by a second person, live from a date."""


def _staff(login: str) -> Any:
    from kuaidai.foundation.actors import Actor

    return Actor("staff", login, login)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Every version of every policy and model with its status today."""
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.queries import business_date
    from kuaidai.risk.policy.queries import versions

    found = versions(on=business_date())
    if as_json:
        typer.echo(canonical_json([asdict(version) for version in found]).decode())
        return
    rows: list[tuple[str, ...]] = [
        ("kind", "version", "status", "live from", "submitted by", "approved by")
    ]
    for v in found:
        live_from = v.live_from.isoformat() if v.live_from else "-"
        rows.append(
            (v.kind, v.label, v.status, live_from, v.submitted_by or "-", v.approved_by or "-")
        )
    _print_columns(rows)


@app.command()
def models(as_json: Json = False) -> None:
    """Every kind of risk model that the internet-loan rules name, and what is in use of it today."""
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.queries import business_date
    from kuaidai.risk.policy.queries import inventory

    found = inventory(on=business_date())
    if as_json:
        typer.echo(canonical_json([asdict(line) for line in found]).decode())
        return
    rows: list[tuple[str, ...]] = [("kind", "in use", "in the shadow", "coming")]
    for line in found:
        cells = (", ".join(labels) for labels in (line.live, line.shadow, line.coming))
        live, shadow, coming = cells
        rows.append((line.kind.value, live or "none in use", shadow or "-", coming or "-"))
    _print_columns(rows)


@app.command()
def register(
    path: Annotated[
        Path,
        typer.Argument(help="The entry (TOML): name, kind, form, owner, purpose …", exists=True),
    ],
    login: Login,
) -> None:
    """Put a model that is no scorecard of ours on the register and up for approval.

    `kuaidai scorecard approve`, `return` and `retire` take it on from there, as they take any model.
    """
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.queries import business_date
    from kuaidai.risk.policy import operations
    from kuaidai.risk.policy.domain.entry import read_entry

    entry, on = read_entry(path), business_date()
    label = operations.register_model(entry=entry, actor=_staff(login), on=on)
    operations.submit_model(label=label, actor=_staff(login), on=on)
    typer.echo(f"{label}: submitted by {login}; a second person approves it")


def _print_columns(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


@app.command()
def show(label: Label) -> None:
    """A policy's decision graph (JDM), as the GoRules editor reads it."""
    from kuaidai.config import setup

    setup()
    from kuaidai.risk.policy.errors import UnknownVersion
    from kuaidai.risk.policy.queries import policy_content

    name, _, version = label.rpartition("/")
    if not version.isdigit():
        raise UnknownVersion(kind="policy", value=label)
    typer.echo(policy_content(name, int(version)).text, nl=False)


@app.command()
def submit(
    path: Annotated[
        Path, typer.Argument(help="Decision graph (JDM JSON).", exists=True, dir_okay=False)
    ],
    login: Login,
) -> None:
    """Draft a policy from a file and put it up for approval."""
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.queries import business_date
    from kuaidai.risk.policy import operations
    from kuaidai.risk.policy.domain.content import PolicyContent
    from kuaidai.risk.policy.errors import BadPolicy

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as wrong:
        raise BadPolicy(source=path.name, why="it is not a text file") from wrong
    content = PolicyContent.from_json(text, source=path.name)
    on = business_date()
    label = operations.draft_policy(content=content, actor=_staff(login), on=on)
    operations.submit_policy(label=label, actor=_staff(login), on=on)
    typer.echo(f"{label}: submitted by {login}; a second person approves it")


@app.command()
def approve(
    label: Label,
    login: Login,
    live_from: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day; default today.")
    ] = None,
) -> None:
    """Approve a submitted policy that somebody else submitted."""
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.queries import business_date
    from kuaidai.risk.policy import operations

    on = business_date()
    first = live_from.date() if live_from else on
    operations.approve_policy(label=label, live_from=first, actor=_staff(login), on=on)
    typer.echo(f"{label}: approved by {login}, live from {first}")


@app.command()
def batch(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of the data set; default $KUAIDAI_REAL_DATA/cumcm2020c."),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="Also plan under a shock: epidemic-2020, or a TOML file.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(help="Yuan to share out; default 100000000.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write a line per firm and scenario.")] = None,
    charts: Annotated[
        Path | None, typer.Option(help="Write charts (SVG) into this folder.")
    ] = None,
    validate: Annotated[
        bool, typer.Option(help="Cross-validate the card (about a minute).")
    ] = True,
    lake: Annotated[
        Path | None, typer.Option(help="Lake folder; default the installation's.")
    ] = None,
    observed_on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Hide invoices from that month on."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Plan loans to the firms of the invoice data set: outcome, limit and rate under one budget.

    A card is fitted on the firms with credit history; the rating given by hand is not used. Each firm
    without history then gets an outcome, a limit and a rate, so that the expected profit is greatest.
    """
    from kuaidai.interfaces.cli.policy_batch import BatchRequest, run

    day = observed_on.date() if observed_on else None
    request = BatchRequest(data, scenario, budget, csv, charts, validate, lake, day)
    typer.echo(run(request, as_json=as_json), nl=False)
