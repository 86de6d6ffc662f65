"""`kuaidai audit`: the audit chain."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def audit() -> None:
    """The audit chain."""


@app.command()
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Recompute every chain and compare the anchors; exit code 1 when it is broken."""
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.queries import verify_audit_chain

    report = verify_audit_chain()
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    elif report.intact:
        typer.echo(f"{report.entries} entries, chain intact ({report.anchors} anchors)")
    else:
        typer.echo(
            f"chain broken at entry {report.first_broken} of stream {report.stream} "
            f"({report.entries} entries in all)"
        )
    raise typer.Exit(0 if report.intact else 1)
