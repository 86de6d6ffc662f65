"""`kuaidai loan adjust|requests|approve|reject`: what staff do to a loan, alone or with a second person."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kuaidai.interfaces.cli.columns import columns
from kuaidai.kernel.identifiers import new_id
from kuaidai.kernel.money import parse_amount
from kuaidai.lending.servicing.domain.adjustments import Adjusted, Adjustment
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.domain.life import percent
from kuaidai.lending.servicing.domain.methods import RepaymentMethod

if TYPE_CHECKING:
    from kuaidai.foundation.actors import Actor

ASKED: Mapping[Adjustment, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    Adjustment.CHARGE: ("charge_fee", ("amount",), ("due_on",)),
    Adjustment.WAIVE: ("waive", ("bucket", "amount"), ()),
    Adjustment.CHANGE_RATE: ("change_rate", ("annual_rate",), ()),
    Adjustment.RECORD_MISUSE: ("record_misuse", ("amount",), ()),
    Adjustment.END_MISUSE: ("end_misuse", (), ()),
    Adjustment.EXTEND: ("extend", ("due_dates",), ()),
    Adjustment.RESTRUCTURE: (
        "restructure", ("due_dates",), ("annual_rate", "method", "principal_grace"),
    ),
    Adjustment.STOP_ACCRUAL: ("stop_accrual", (), ()),
    Adjustment.RESUME_ACCRUAL: ("resume_accrual", (), ()),
    Adjustment.WRITE_OFF: ("write_off", (), ()),
    Adjustment.RECOVER: ("record_recovery", ("amount",), ()),
    Adjustment.APPLY_MONEY: ("apply_unmatched_money", ("unmatched_id", "amount"), ()),
    Adjustment.REVERSE: ("reverse_event", ("event_key",), ()),
}  # fmt: skip
"""The operation of each adjustment, the options it needs, and those it may take."""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date; write YYYY-MM-DD") from None


def _days(texts: Sequence[str]) -> tuple[date, ...]:
    return tuple(map(_day, texts))


def _only_day(texts: Sequence[str]) -> date:
    if len(texts) > 1:
        raise ValueError("one day is enough")
    return _day(texts[0])


def _one_of(kind: type[StrEnum]) -> Callable[[str], StrEnum]:
    def read(text: str) -> StrEnum:
        if text not in set(kind):
            raise ValueError(f"{text!r} is none of {', '.join(kind)}")
        return kind(text)

    return read


_OPTIONS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "amount": ("--amount", parse_amount),
    "bucket": ("--of", _one_of(Bucket)),
    "annual_rate": ("--annual-rate", percent),
    "due_on": ("--due", _only_day),
    "due_dates": ("--due", _days),
    "method": ("--method", _one_of(RepaymentMethod)),
    "principal_grace": ("--principal-grace", int),
    "unmatched_id": ("--money", str),
    "event_key": ("--event", str),
}
"""The option that gives each argument, and how its text is read."""

Login = Annotated[str, typer.Option("--as", help="Staff login that acts.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Note = Annotated[str, typer.Option(help="A remark, kept with the decision.")]


def _begin(login: str) -> tuple[Actor, date]:
    """The actor and the business date; whether the login may act is the operation's to say."""
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.actors import Actor
    from kuaidai.foundation.queries import business_date

    return Actor("staff", login, login), business_date()


def _read(kind: Adjustment, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the operation, by its names. Raises `typer.BadParameter`."""
    _, needs, takes = ASKED[kind]
    names = {_OPTIONS[name][0]: name for name in (*needs, *takes)}
    strangers = sorted(given.keys() - names.keys())
    if strangers:
        raise typer.BadParameter(f"{kind} takes no {', '.join(strangers)}")
    missing = [_OPTIONS[name][0] for name in needs if _OPTIONS[name][0] not in given]
    if missing:
        raise typer.BadParameter(f"{kind} needs {', '.join(missing)}")
    read = {}
    for option, value in given.items():
        try:
            read[names[option]] = _OPTIONS[names[option]][1](value)
        except ValueError as wrong:
            raise typer.BadParameter(f"{option}: {wrong}") from wrong
    return read


def adjust(
    loan_id: str,
    kind: Annotated[Adjustment, typer.Argument(help="What is done to the loan.")],
    reason: Annotated[str, typer.Option(help="Why, 10 to 500 characters; kept with the loan.")],
    login: Login,
    amount: Annotated[str | None, typer.Option(help="Such as 800.00.")] = None,
    of: Annotated[
        str | None, typer.Option(help="fee, compound, penalty, interest or principal.")
    ] = None,
    annual_rate: Annotated[str | None, typer.Option(help="Percent a year: 4.35 or 4.35%.")] = None,
    due: Annotated[
        list[str] | None, typer.Option(help="A due date, YYYY-MM-DD; repeat it for several.")
    ] = None,
    method: Annotated[str | None, typer.Option(help="A new repayment method.")] = None,
    principal_grace: Annotated[
        int | None, typer.Option(min=0, max=60, help="First instalments without principal.")
    ] = None,
    money: Annotated[str | None, typer.Option(help="Number of the money in suspense.")] = None,
    event: Annotated[str | None, typer.Option(help="Number of the event to reverse.")] = None,
    key: Annotated[
        str | None, typer.Option(help="Key of the request: the same one again does nothing more.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Do something to a loan, or ask for it where a second person decides."""
    options = {
        "--amount": amount, "--of": of, "--annual-rate": annual_rate, "--due": due or None,
        "--method": method, "--principal-grace": principal_grace, "--money": money,
        "--event": event,
    }  # fmt: skip
    asked = _read(kind, {name: value for name, value in options.items() if value is not None})
    actor, on = _begin(login)
    from kuaidai.lending.servicing import operations

    done = getattr(operations, ASKED[kind][0])(
        loan_id=loan_id, reason=reason, key=key or new_id("KEY"), on=on, actor=actor, **asked
    )
    if as_json:
        typer.echo(json.dumps(asdict(done), default=str, ensure_ascii=False))
    elif isinstance(done, Adjusted):
        _say(done)
    else:
        typer.echo(f"{done.id} {done.status}: {done.settled:,.2f} of {done.amount:,.2f} collected")


def _say(done: Adjusted) -> None:
    if done.waits:
        typer.echo(f"{done.request_id}: {done.kind} of {done.loan_id} waits for a second person")
    else:
        typer.echo(f"{done.event_key}: {done.kind} of {done.loan_id} done")


def requests(as_json: Json = False) -> None:
    """The requests that wait for a second person, oldest first."""
    _, on = _begin("")
    from kuaidai.lending.servicing.adjusting_queries import waiting_requests

    found = waiting_requests(on)
    if as_json:
        shown = [asdict(row) for row in found]
        typer.echo(json.dumps(shown, default=str, ensure_ascii=False))
        return
    rows = [
        [row.id, row.loan_id, row.kind, row.asked_by, str(row.asked_on), str(row.expires_on),
         row.reason]
        for row in found
    ]  # fmt: skip
    typer.echo(columns(["request", "loan", "kind", "by", "asked", "until", "reason"], rows))


def approve(request_id: str, login: Login, note: Note = "") -> None:
    """Approve another person's request: what was asked happens now."""
    actor, on = _begin(login)
    from kuaidai.lending.servicing.operations import approve_loan_request

    _say(approve_loan_request(request_id=request_id, note=note, on=on, actor=actor))


def reject(request_id: str, login: Login, note: Note = "") -> None:
    """Reject another person's request."""
    actor, on = _begin(login)
    from kuaidai.lending.servicing.operations import reject_loan_request

    done = reject_loan_request(request_id=request_id, note=note, on=on, actor=actor)
    typer.echo(f"{request_id}: {done.kind} of {done.loan_id} rejected")


def add_to(app: typer.Typer) -> None:
    """Put the commands beside those of `kuaidai loan`."""
    for command in (adjust, requests, approve, reject):
        app.command()(command)
