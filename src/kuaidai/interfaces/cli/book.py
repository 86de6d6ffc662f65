"""`kuaidai book`: the quality of the loan book."""

from __future__ import annotations

import json
from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def _share(part: Decimal | None) -> str:
    return "-" if part is None else f"{part * 100:.2f}%"


@app.command()
def quality(as_json: Json = False) -> None:
    """Loans by branch, product and class; non-performing ratio, allowance, coverage."""
    from kuaidai.config import setup

    setup()
    from kuaidai.lending.servicing.risk_queries import asset_quality

    rows = asset_quality()
    if as_json:
        shown: list[dict[str, Any]] = [
            {
                "branch": row.branch,
                "product": row.product_code,
                "balance": row.balance,
                "bad_balance": row.bad_balance,
                "bad_ratio": row.bad_ratio,
                "allowance": row.allowance,
                "coverage": row.coverage,
                "classes": {
                    one.risk_class.name.lower(): {
                        "loans": one.loans, "balance": one.balance, "allowance": one.allowance,
                    }
                    for one in row.classes
                },
            }
            for row in rows
        ]  # fmt: skip
        typer.echo(json.dumps(shown, default=str))
        return
    if not rows:
        typer.echo("The book holds no loan.")
    for row in rows:
        typer.echo(
            f"{row.branch} {row.product_code}: {row.balance:,.2f} outstanding, "
            f"{_share(row.bad_ratio)} non-performing, {row.allowance:,.2f} allowance, "
            f"{_share(row.coverage)} coverage"
        )
        for one in row.classes:
            name = one.risk_class.name.lower().replace("_", " ")
            typer.echo(f"  {name:<16}{one.loans:>10,}{one.balance:>22,.2f}{one.allowance:>20,.2f}")


@app.command()
def classify(as_json: Json = False) -> None:
    """Classify and provide for the book on the business date, as the close of day does."""
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.actors import Actor
    from kuaidai.foundation.queries import business_date
    from kuaidai.lending.servicing import operations

    on, actor = business_date(), Actor.system("book")
    classes = operations.classify(on=on, actor=actor)
    provisions = operations.provide(on=on, actor=actor)
    if as_json:
        report = {"classes": asdict(classes), "provisions": asdict(provisions)}
        typer.echo(json.dumps(report, default=str))
        return
    typer.echo(
        f"{on}: {classes.loans} loans of {classes.debtors} debtors looked at, {classes.changed} "
        f"changed; {provisions.moved} allowances moved, {provisions.charged:,.2f} charged"
    )
