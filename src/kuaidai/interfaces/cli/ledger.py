"""`kuaidai ledger`: the general ledger."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from kuaidai.interfaces.cli.columns import columns
from kuaidai.kernel.errors import Refusal

if TYPE_CHECKING:
    from kuaidai.lending.ledger.domain.balances import TrialBalance
    from kuaidai.lending.ledger.domain.entries import EntryView

BROKEN = 6
"""The exit code of books that do not add up."""

app = typer.Typer(add_completion=False, no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Csv = Annotated[bool, typer.Option("--csv", help="CSV on stdout.")]
On = Annotated[str, typer.Option(help="A day, such as 2026-03-02.")]
Branch = Annotated[str, typer.Option(help="One branch only, by its code.")]
Product = Annotated[str, typer.Option(help="One product only, by its code.")]


class WrongDay(Refusal):
    """What was given as a day is none."""

    code = "WRONG_DAY"
    en = "{value!r} is not a day; write year, month and day, such as 2026-03-02."
    zh = "{value!r} 不是有效日期；请按年-月-日书写，例如 2026-03-02。"


class WrongSource(Refusal):
    """What was given as a source is none."""

    code = "WRONG_SOURCE"
    en = "{value!r} is not a source; write what caused the entries as TYPE:ID, such as loan:LN-…"
    zh = "{value!r} 不是有效来源；请按“类型:编号”书写，例如 loan:LN-…。"


class WrongLimit(Refusal):
    """So many entries are not shown at once."""

    code = "WRONG_LIMIT"
    en = "{value} entries cannot be listed; --limit takes 1 to 10000."
    zh = "无法列出 {value} 条分录；--limit 取值范围为 1 至 10000。"


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongDay(value=text) from None


def _set_up() -> None:
    from kuaidai.config import setup

    setup()


def _print_json(thing: Any) -> None:
    typer.echo(json.dumps(thing, default=str, ensure_ascii=False))


def _print_csv(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    page = io.StringIO()
    csv.writer(page, lineterminator="\n").writerows([headers, *rows])
    typer.echo(page.getvalue(), nl=False)


@app.callback()
def ledger() -> None:
    """The general ledger."""


@app.command("trial-balance")
def trial_balance(
    on: On = "", branch: Branch = "", product: Product = "", as_json: Json = False
) -> None:
    """Turnover and balance of every account; exit code 1 if debits and credits differ."""
    through = _day(on)
    _set_up()
    from kuaidai.lending.ledger import queries

    balance = queries.trial_balance(
        through=through, branch=branch or None, product_code=product or None
    )
    if as_json:
        _print_json(
            {
                **asdict(balance),
                "difference": balance.difference,
                "memorandum_difference": balance.memorandum_difference,
            }
        )
    else:
        _print_trial_balance(balance)
    raise typer.Exit(0 if balance.is_balanced else 1)


def _print_trial_balance(balance: TrialBalance) -> None:
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


@app.command()
def gl(
    on: On = "",
    branch: Branch = "",
    product: Product = "",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """The general ledger of a day by branch, product and account; today's when no day is named."""
    day = _day(on)
    _set_up()
    from kuaidai.foundation.queries import business_date
    from kuaidai.lending.ledger import queries

    found = queries.general_ledger(
        on=day or business_date(), branch=branch or None, product_code=product or None
    )
    if as_json:
        _print_json(asdict(found))
        return
    headers = ["branch", "product", "account", "title", "opening", "debit", "credit", "closing"]
    rows: list[list[Any]] = [
        [
            row.branch, row.product_code, row.account, row.title_en,
            row.opening, row.debit, row.credit, row.closing,
        ]
        for row in found.rows
    ]  # fmt: skip
    if as_csv:
        _print_csv(headers, rows)
        return
    texts = [[*map(str, row[:4]), *(f"{amount:,.2f}" for amount in row[4:])] for row in rows]
    typer.echo(columns(headers, texts))
    state = "closed" if found.is_closed else "open"
    typer.echo(f"{found.on} is {state}: debits {found.debit:,.2f}, credits {found.credit:,.2f}")
    if found.total > len(rows):
        typer.echo(f"{found.total - len(rows)} more accounts; name a --branch", err=True)


@app.command()
def reconcile(as_json: Json = False) -> None:
    """Control accounts beside what the loans add up to; exit code 1 if any of them differ."""
    _set_up()
    from kuaidai.lending.servicing.queries import control_totals

    totals = control_totals()
    if as_json:
        _print_json([{**asdict(total), "difference": total.difference} for total in totals])
    else:
        cells = [
            [t.title, f"{t.ledger:,.2f}", f"{t.loans:,.2f}", f"{t.difference:,.2f}"] for t in totals
        ]
        typer.echo(columns(["total", "ledger", "loans", "difference"], cells))
    raise typer.Exit(1 if any(total.difference for total in totals) else 0)


@app.command()
def entries(
    source_type: Annotated[str, typer.Argument(help="What caused them, such as loan.")] = "",
    source_id: Annotated[str, typer.Argument(help="Its number, such as LN-…")] = "",
    source: Annotated[str, typer.Option(help="What caused them, as TYPE:ID.")] = "",
    on: On = "",
    account: Annotated[str, typer.Option(help="One account only, by its code.")] = "",
    branch: Branch = "",
    limit: Annotated[int, typer.Option(help="The newest so many, 10000 at the most.")] = 50,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """The newest journal entries that fit, oldest first."""
    day = _day(on)
    kind, number = _source(source, source_type, source_id)
    if not 1 <= limit <= 10_000:
        raise WrongLimit(value=limit)
    _set_up()
    from kuaidai.lending.ledger import queries

    found = queries.entries(
        on=day, account=account or None, source_type=kind, source_id=number,
        branch=branch or None, limit=limit,
    )  # fmt: skip
    shown = found.entries[::-1]
    if as_json:
        _print_json([asdict(entry) for entry in shown])
    else:
        _print_entries(shown, as_csv=as_csv)
    if found.more:
        typer.echo(f"older entries are left out; --limit {limit} shows no more", err=True)


def _source(source: str, source_type: str, source_id: str) -> tuple[str | None, str | None]:
    if source:
        source_type, _, source_id = source.partition(":")
        if not source_type or not source_id:
            raise WrongSource(value=source)
    return source_type or None, source_id or None


def _print_entries(shown: Sequence[EntryView], *, as_csv: bool) -> None:
    headers = [
        "entry",
        "on",
        "branch",
        "product",
        "description",
        "account",
        "title",
        "debit",
        "credit",
    ]
    lines: list[list[Any]] = [
        [
            str(entry.id), str(entry.on), entry.branch, entry.product_code, entry.description,
            line.account, line.title_en, line.debit, line.credit,
        ]
        for entry in shown
        for line in entry.postings
    ]  # fmt: skip
    if as_csv:
        _print_csv(headers, lines)
    else:
        texts = [[*map(str, line[:7]), f"{line[7]:,.2f}", f"{line[8]:,.2f}"] for line in lines]
        typer.echo(columns(headers, texts))


def _tell(bar: Progress, task: TaskID, done: int, total: int) -> None:
    """Show how much of the journal has been gone through."""
    bar.update(task, completed=done, total=total)


@app.command()
def verify(as_json: Json = False) -> None:
    """Recompute the books from the journal's lines; exit code 6 if anything does not add up."""
    _set_up()
    from kuaidai.lending.ledger import queries
    from kuaidai.lending.servicing.queries import control_totals

    shown = Console(file=sys.stderr)
    with Progress(console=shown, transient=True, disable=as_json or not shown.is_terminal) as bar:
        task = bar.add_task("verifying", total=None)
        report = queries.verify_ledger(progress=partial(_tell, bar, task))
    breaks = [asdict(found) for found in report.breaks]
    breaks += [
        {"kind": "control", "subject": t.title, "detail": f"ledger {t.ledger}, loans {t.loans}"}
        for t in control_totals()
        if t.difference
    ]
    if as_json:
        _print_json(
            {
                "intact": not breaks, "entries": report.entries, "postings": report.postings,
                "days": report.days, "breaks": breaks,
            }
        )  # fmt: skip
    else:
        for found in breaks:
            typer.echo(f"{found['kind']} {found['subject']}: {found['detail']}")
        verdict = f"{len(breaks)} breaks" if breaks else "intact"
        typer.echo(
            f"{report.entries} entries, {report.postings} lines, {report.days} closed days: {verdict}"
        )
    raise typer.Exit(BROKEN if breaks else 0)
