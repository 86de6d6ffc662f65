"""`kuaidai loan`: quote a loan, replay a life, show a loan of the book."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from kuaidai.interfaces.cli import loan_adjusting
from kuaidai.interfaces.cli import loan_terms as terms
from kuaidai.interfaces.cli.columns import columns
from kuaidai.kernel.errors import Refusal
from kuaidai.kernel.money import parse_amount
from kuaidai.lending.servicing.domain.life import read_life
from kuaidai.lending.servicing.domain.quote import Quote
from kuaidai.lending.servicing.domain.quote import quote as quote_terms
from kuaidai.lending.servicing.domain.replay import replay as replay_life
from kuaidai.lending.servicing.domain.schedule import Instalment
from kuaidai.lending.servicing.domain.state import LoanState

app = typer.Typer(add_completion=False, no_args_is_help=True)
loan_adjusting.add_to(app)
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
_MOST_BYTES = 20_000_000


class LifeWrong(Refusal):
    """The file does not tell a loan's life."""

    code = "LIFE_WRONG"
    en = "{source} tells no loan's life: {why}."
    zh = "{source} 不是有效的贷款记录：{why}。"


class DayWrong(Refusal):
    """A text that is not a date."""

    code = "DAY_WRONG"
    en = "{value!r} is not a date; write YYYY-MM-DD."
    zh = "{value!r} 不是有效日期；请按 YYYY-MM-DD 填写。"


@app.command()
def quote(
    principal: terms.Principal,
    annual_rate: terms.Rate,
    start: terms.Start,
    instalments: terms.Count = None,
    method: terms.Method = "equal-instalment",
    day_count: terms.DayCountOption = "act/360",
    every: terms.Every = "1m",
    first_due: terms.FirstDue = None,
    rounding: terms.RoundingOption = "half-up",
    grace: terms.Grace = None,
    settlement_day: terms.SettlementDay = None,
    due_day: terms.DueDay = None,
    period_start: terms.PeriodStart = None,
    month_end: terms.MonthEndOption = "last-day",
    holiday_roll: terms.HolidayRollOption = "none",
    interest_rolls: terms.InterestRolls = True,
    broken_period: terms.BrokenPeriodOption = "actual",
    level_by: terms.LevelByOption = "actual",
    smooth: terms.Smooth = True,
    multiple: terms.Multiple = None,
    multiple_rounding: terms.MultipleRoundingOption = "nearest",
    fixed_amount: terms.FixedAmount = None,
    agreed: terms.Agreed = None,
    fees: Annotated[str, typer.Option(help="Costs paid with the drawdown.")] = "0",
    as_json: Json = False,
) -> None:
    """Schedule, totals and annualised rate of a loan; needs no database."""
    told: dict[str, Any] = dict(locals())
    for name in ("fees", "as_json"):
        del told[name]
    found_terms = terms.terms_from(told)
    try:
        costs = parse_amount(fees)
        if costs < 0:
            raise ValueError(f"fees are 0 or more, not {costs}")
        found = quote_terms(found_terms, fees=costs)
    except ValueError as wrong:
        raise terms.TermsWrong(why=wrong) from wrong
    if as_json:
        typer.echo(json.dumps(_quote_json(found), ensure_ascii=False))
        return
    headers = ["no", "from", "due", "principal", "interest", "total", "outstanding"]
    typer.echo(columns(headers, [list(_row(row).values()) for row in found.instalments]))
    typer.echo(
        f"{found_terms.annual_rate:.4%} a year, {found_terms.day_count}: interest "
        f"{found.total_interest:,.2f}, total {found.total:,.2f}, annualised "
        f"{found.annualised.nominal:.4%} (effective {found.annualised.effective:.4%})"
    )


def _row(row: Instalment) -> dict[str, str]:
    return {
        "no": str(row.no), "from": str(row.from_on), "due": str(row.due_on),
        "principal": f"{row.principal:,.2f}", "interest": f"{row.interest:,.2f}",
        "total": f"{row.total:,.2f}", "outstanding": f"{row.outstanding:,.2f}",
    }  # fmt: skip


def _quote_json(found: Quote) -> dict[str, Any]:
    rows = []
    for row in found.instalments:
        told: dict[str, Any] = {name: text.replace(",", "") for name, text in _row(row).items()}
        rows.append(told | {"no": row.no})
    return {
        "instalments": rows,
        "totals": {
            "principal": str(found.total_principal),
            "interest": str(found.total_interest),
            "fees": str(found.fees),
            "total": str(found.total),
        },
        "apr": str(found.annualised.nominal),
        "effective_rate": str(found.annualised.effective),
    }


@app.command()
def replay(
    life: Annotated[Path, typer.Argument(help='JSON: {"terms": {...}, "events": [...]}.')],
    on: Annotated[str, typer.Option(help="The day to look at, YYYY-MM-DD.")],
    as_json: Json = False,
) -> None:
    """The state of a loan on a day, from its terms and events; needs no database."""
    day = _day(on)
    try:
        if life.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES:,} bytes")
        told = read_life(json.loads(life.read_text(encoding="utf-8"), parse_float=str))
        state = replay_life(told.terms, told.events, day)
    except (OSError, ValueError, RecursionError, Refusal) as wrong:
        raise LifeWrong(source=life, why=_why(wrong)) from wrong
    if as_json:
        typer.echo(json.dumps(state_json(state), default=str, ensure_ascii=False))
        return
    typer.echo(_schedule(state))
    typer.echo(_in_words(state))


def _why(wrong: Exception) -> str:
    """What is wrong with a life's file, in words of its writer's."""
    if isinstance(wrong, OSError):
        return wrong.strerror or str(wrong)
    if isinstance(wrong, UnicodeDecodeError):
        return "it is not a text file"
    if isinstance(wrong, json.JSONDecodeError):
        return f"it is not JSON ({wrong})"
    return str(wrong).rstrip(".")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DayWrong(value=text) from None


def state_json(state: LoanState) -> dict[str, Any]:
    """A state with its schedule, allocations, arrears and sums; money as texts."""
    told = {name: value for name, value in asdict(state).items() if name != "instalments"}
    schedule = [
        {
            "no": row.no, "from": row.from_on, "due": row.due_on, "principal": row.principal,
            "interest": row.interest, "fee": row.fee, "penalty": row.penalty,
            "compound": row.compound, "total": row.principal + row.interest + row.fee + row.penalty
            + row.compound, "paid": row.paid, "outstanding": row.outstanding,
            "paid_principal": row.paid_principal, "paid_interest": row.paid_interest,
            "paid_fee": row.paid_fee, "paid_penalty": row.paid_penalty,
            "paid_compound": row.paid_compound,
        }
        for row in state.instalments
    ]  # fmt: skip
    told["totals"] = {str(movement): total for movement, total in state.totals.items()}
    arrears = {
        "days_past_due": state.days_past_due, "principal": state.due_principal,
        "interest": state.due_interest, "penalty": state.penalty, "compound": state.compound,
        "fees": state.fees, "total": state.due_now,
    }  # fmt: skip
    return told | {
        "schedule": schedule,
        "arrears": arrears,
        "accrued": state.accrued_interest,
        "due_now": state.due_now,
        "payoff": state.payoff,
        "is_settled": state.is_settled,
    }


def _schedule(state: LoanState) -> str:
    rows = [
        [
            str(row.no), str(row.due_on), f"{row.principal:,.2f}", f"{row.interest:,.2f}",
            f"{row.fee:,.2f}", f"{row.penalty + row.compound:,.2f}", f"{row.paid:,.2f}",
            f"{row.outstanding:,.2f}",
        ]
        for row in state.instalments
    ]  # fmt: skip
    headers = ["no", "due", "principal", "interest", "fee", "late", "paid", "outstanding"]
    return columns(headers, rows)


def _in_words(state: LoanState) -> str:
    return (
        f"on {state.on}: outstanding {state.outstanding:,.2f}, accrued "
        f"{state.accrued_interest:,.2f}, due {state.due_now:,.2f}, days past due "
        f"{state.days_past_due}, settled by {state.payoff:,.2f}"
    )


class StatementFile(Refusal):
    """The name of the file does not say what it is to be."""

    code = "STATEMENT_FILE"
    en = "{value} is neither a .pdf nor a .csv; name a file that ends in one of them."
    zh = "{value} 不是 .pdf 或 .csv；请使用其中一种扩展名。"


@app.command()
def statement(
    loan_id: str,
    out: Annotated[Path, typer.Option(help="Where to write it: a .pdf or a .csv file.")],
    first: Annotated[
        str | None, typer.Option("--from", help="First day (default: the drawdown).")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="Last day (default: the business date).")
    ] = None,
    month: Annotated[
        str | None, typer.Option(help="A closed month, YYYY-MM, as it was at its close.")
    ] = None,
    language: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    schedule: Annotated[bool, typer.Option(help="The schedule instead of the account.")] = False,
) -> None:
    """Write a loan's account statement, or its schedule, as PDF or CSV."""
    kind = out.suffix.lower().removeprefix(".")
    if kind not in ("pdf", "csv"):
        raise StatementFile(value=out)
    if (first is not None or last is not None) + (month is not None) + schedule > 1:
        raise typer.BadParameter("--from and --to, --month and --schedule exclude each other")
    if language not in ("zh", "en"):
        raise typer.BadParameter(f"--language is zh or en, not {language}")
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.queries import business_date
    from kuaidai.interfaces.cli.tables import FileNotUsable
    from kuaidai.lending.servicing import statement_queries
    from kuaidai.lending.servicing.queries import loan

    found = loan(loan_id)
    if schedule:
        made = statement_queries.loan_schedule(found, language)
    elif month:
        made = statement_queries.monthly_statement(found, month, language)
    else:
        since = _day(first) if first else found.terms.start_on
        until = _day(last) if last else business_date()
        made = statement_queries.loan_statement(found, since, until, language)
    document = statement_queries.as_file(made, "pdf" if kind == "pdf" else "csv")
    try:
        out.write_bytes(document)
    except OSError as wrong:
        raise FileNotUsable(value=out, why=str(wrong.strerror).lower()) from wrong
    typer.echo(str(out))


@app.command()
def show(loan_id: str, as_json: Json = False) -> None:
    """A loan with its terms and its state on the business date."""
    from kuaidai.config import setup

    setup()
    from kuaidai.lending.servicing.queries import loan

    found = loan(loan_id)
    if as_json:
        told = {**asdict(found), "state": state_json(found.state)}
        typer.echo(json.dumps(told, default=str, ensure_ascii=False))
        return
    typer.echo(_schedule(found.state))
    typer.echo(f"{found.id} {found.status} {_in_words(found.state)}")
