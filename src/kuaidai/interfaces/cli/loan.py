"""`kuaidai loan`: quote a loan, show one."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from kuaidai.interfaces.cli.columns import columns
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


def _rate(text: str) -> Decimal:
    """An annual rate: `4.35%`, `4.35` (percent from 1 up) or `0.0435` (a fraction below 1)."""
    bare = text.strip()
    try:
        number = Decimal(bare.removesuffix("%"))
        percent = bare.endswith("%") or number >= 1
        return annual_rate(number / 100 if percent else number)
    except InvalidOperation:
        raise TermsWrong(
            why=f"{text!r} is not a rate; write percent a year, such as 4.35%"
        ) from None


@app.command()
def quote(
    principal: Annotated[str, typer.Option(help="Amount, such as 100000.00.")],
    annual_rate: Annotated[str, typer.Option(help="Yearly rate: 4.35%, 4.35 or 0.0435.")],
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day of the drawdown.")],
    months: Annotated[
        int,
        typer.Option("--instalments", "--months", min=1, max=360, help="Monthly instalments."),
    ],
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
        typer.echo(json.dumps({"terms": asdict(terms), **asdict(found)}, default=str))
        return
    rows = [
        [
            str(row.no), str(row.from_on), str(row.due_on), f"{row.principal:,.2f}",
            f"{row.interest:,.2f}", f"{row.total:,.2f}", f"{row.outstanding:,.2f}",
        ]
        for row in found.instalments
    ]  # fmt: skip
    headers = ["no", "from", "due", "principal", "interest", "total", "outstanding"]
    typer.echo(columns(headers, rows))
    typer.echo(
        f"{terms.annual_rate:.4%} a year, {terms.day_count}: interest {found.total_interest:,.2f}, "
        f"total {found.total:,.2f}, annualised {found.annualised.nominal:.4%} "
        f"(effective {found.annualised.effective:.4%})"
    )


@app.command()
def show(loan_id: str, as_json: Json = False) -> None:
    """A loan with its terms and its state on the business date."""
    from kuaidai.config import setup

    setup()
    from kuaidai.lending.servicing.queries import loan

    found = loan(loan_id)
    state = found.state
    if as_json:
        sums = {"due_now": state.due_now, "payoff": state.payoff, "is_settled": state.is_settled}
        typer.echo(json.dumps({**asdict(found), "state": asdict(state) | sums}, default=str))
        return
    rows = [
        [
            str(row.no), str(row.due_on), f"{row.principal:,.2f}", f"{row.interest:,.2f}",
            f"{row.paid_principal + row.paid_interest:,.2f}", f"{row.penalty:,.2f}",
            f"{row.outstanding:,.2f}",
        ]
        for row in state.instalments
    ]  # fmt: skip
    headers = ["no", "due", "principal", "interest", "paid", "penalty", "outstanding"]
    typer.echo(columns(headers, rows))
    typer.echo(
        f"{found.id} {found.status} on {state.on}: outstanding {state.outstanding:,.2f}, "
        f"due {state.due_now:,.2f}, days past due {state.days_past_due}, "
        f"settled by {state.payoff:,.2f}"
    )
