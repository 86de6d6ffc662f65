"""`kuaidai loan`: quote a loan, show one."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kuaidai.kernel.day_counts import DayCount
from kuaidai.kernel.errors import Refusal
from kuaidai.kernel.money import parse_amount
from kuaidai.kernel.rates import annual_rate
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.quote import quote as quote_terms
from kuaidai.lending.servicing.domain.terms import SETTLEMENT_DAY, LoanTerms

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


class TermsWrong(Refusal):
    """The terms do not make a loan."""

    code = "TERMS_WRONG"
    en = "These terms make no loan: {why}."
    zh = "条款无效：{why}。"


def _rate(percent: str) -> Decimal:
    try:
        return annual_rate(Decimal(percent) / 100)
    except InvalidOperation:
        raise TermsWrong(
            why=f"{percent!r} is not a rate; write percent a year, such as 4.35"
        ) from None


@app.command()
def quote(
    principal: Annotated[str, typer.Option(help="Amount, such as 100000.00.")],
    annual_rate: Annotated[str, typer.Option(help="Percent a year, such as 4.35.")],
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day of the drawdown.")],
    months: Annotated[int, typer.Option(min=1, max=360, help="Tenor in months.")],
    method: Annotated[
        RepaymentMethod, typer.Option(help="Repayment method.")
    ] = RepaymentMethod.EQUAL_INSTALMENT,
    day_count: Annotated[DayCount, typer.Option(help="Day count.")] = DayCount.ACT_360,
    settlement_day: Annotated[
        int, typer.Option(min=1, max=31, help="Due day of the month.")
    ] = SETTLEMENT_DAY,
    as_json: Json = False,
) -> None:
    """Schedule, totals and annualised rate of a loan; needs no database."""
    try:
        begun: date = start.date()
        terms = LoanTerms(
            parse_amount(principal),
            _rate(annual_rate),
            method,
            day_count,
            begun,
            months,
            settlement_day,
        )
    except ValueError as wrong:
        raise TermsWrong(why=wrong) from None
    found = quote_terms(terms)
    if as_json:
        typer.echo(json.dumps(asdict(found), default=str))
        return
    table = Table("no", "from", "due", "principal", "interest", "total", "outstanding")
    for row in found.instalments:
        table.add_row(
            str(row.no), str(row.from_on), str(row.due_on), f"{row.principal:,.2f}",
            f"{row.interest:,.2f}", f"{row.total:,.2f}", f"{row.outstanding:,.2f}",
        )  # fmt: skip
    console = Console()
    console.print(table)
    console.print(
        f"interest {found.total_interest:,.2f}, total {found.total:,.2f}, annualised "
        f"{found.annualised.nominal:.4%} (effective {found.annualised.effective:.4%})"
    )


@app.command()
def show(loan_id: str, as_json: Json = True) -> None:
    """A loan with its terms and its state on the business date, as JSON."""
    from kuaidai.config import setup

    setup()
    from kuaidai.lending.servicing.queries import loan

    typer.echo(json.dumps(asdict(loan(loan_id)), default=str, indent=None if as_json else 2))
