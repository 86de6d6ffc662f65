"""`kuaidai ledger`: the general ledger."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

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
        table = Table("account", "title", "科目", "debit", "credit", "balance")
        for row in balance.rows:
            table.add_row(
                row.account, row.title_en, row.title_zh,
                f"{row.debit:,.2f}", f"{row.credit:,.2f}", f"{row.balance:,.2f}",
            )  # fmt: skip
        table.add_row(
            "", "total", "合计", f"{balance.total_debit:,.2f}", f"{balance.total_credit:,.2f}", ""
        )
        Console().print(table)
    raise typer.Exit(0 if balance.difference == 0 else 1)
