"""`kuaidai ledger`: the general ledger."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from kuaidai.interfaces.cli.columns import columns

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.callback()
def ledger() -> None:
    """The general ledger."""


@app.command("trial-balance")
def trial_balance(as_json: Json = False) -> None:
    """Turnover and balance of every account; exit code 1 if debits and credits differ."""
    from kuaidai.config import setup

    setup()
    from kuaidai.lending.ledger import queries

    balance = queries.trial_balance()
    if as_json:
        typer.echo(
            json.dumps(
                {**asdict(balance), "difference": balance.difference},
                default=str,
                ensure_ascii=False,
            )
        )
    else:
        rows = [
            [
                row.account, row.title_en, row.title_zh,
                f"{row.debit:,.2f}", f"{row.credit:,.2f}", f"{row.balance:,.2f}",
            ]
            for row in balance.rows
        ]  # fmt: skip
        debit, credit = f"{balance.total_debit:,.2f}", f"{balance.total_credit:,.2f}"
        rows.append(["", "total", "合计", debit, credit, ""])
        headers = ["account", "title", "科目", "debit", "credit", "balance"]
        typer.echo(columns(headers, rows))
    raise typer.Exit(0 if balance.difference == 0 else 1)


@app.command()
def reconcile(as_json: Json = False) -> None:
    """Control accounts beside what the loans add up to; exit code 1 if any of them differ."""
    from kuaidai.config import setup

    setup()
    from kuaidai.lending.servicing.queries import control_totals

    totals = control_totals()
    if as_json:
        rows = [{**asdict(total), "difference": total.difference} for total in totals]
        typer.echo(json.dumps(rows, default=str))
    else:
        cells = [
            [t.title, f"{t.ledger:,.2f}", f"{t.loans:,.2f}", f"{t.difference:,.2f}"] for t in totals
        ]
        typer.echo(columns(["total", "ledger", "loans", "difference"], cells))
    raise typer.Exit(1 if any(total.difference for total in totals) else 0)


@app.command()
def entries(
    source_type: Annotated[str, typer.Argument(help="What caused them, such as loan.")],
    source_id: Annotated[str, typer.Argument(help="Its number, such as LN-…")],
    as_json: Json = False,
) -> None:
    """The journal entries one thing caused, oldest first."""
    from kuaidai.config import setup

    setup()
    from kuaidai.lending.ledger import queries

    found = queries.entries_for(source_type=source_type, source_id=source_id)
    if as_json:
        rows = [asdict(entry) for entry in found]
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    lines = [
        [
            str(entry.id), str(entry.on), entry.description, line.account, line.title_en,
            f"{line.debit:,.2f}", f"{line.credit:,.2f}",
        ]
        for entry in found
        for line in entry.postings
    ]  # fmt: skip
    headers = ["entry", "on", "description", "account", "title", "debit", "credit"]
    typer.echo(columns(headers, lines))
