"""`kuaidai facility`: a credit line's limit account, and the changes staff make to it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kuaidai.interfaces.cli.columns import columns
from kuaidai.kernel.identifiers import mask
from kuaidai.kernel.money import parse_amount

if TYPE_CHECKING:
    from kuaidai.lending.servicing.domain.views import FacilityView

app = typer.Typer(add_completion=False, no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the limit's history.")]
By = Annotated[str, typer.Option("--as", help="Staff login that acts.")]
To = Annotated[str, typer.Option("--to", help="The new limit, such as 100000.00.")]


def _doing(by: str) -> dict[str, Any]:
    """The actor and the business date of a change; raises `UnknownLogin`."""
    from kuaidai.config import setup

    setup()
    from kuaidai.foundation.actors import Actor
    from kuaidai.foundation.queries import business_date, role_of
    from kuaidai.lending.servicing.errors import UnknownLogin

    if not role_of(by):
        raise UnknownLogin(value=by)
    return {"actor": Actor("staff", by, by), "on": business_date()}


def _say(line: FacilityView) -> None:
    typer.echo(
        f"{line.id} {line.status}: granted {line.granted:,.2f}, used {line.used:,.2f}, "
        f"reserved {line.reserved:,.2f}, available {line.available:,.2f}"
        + (f", to be cut to {line.wanted:,.2f}" if line.wanted is not None else "")
    )


@app.command()
def show(facility_id: str, as_json: Json = False) -> None:
    """A line: its limit, products, group total and the history of its limit."""
    from kuaidai.config import setup

    setup()
    from kuaidai.lending.servicing import queries

    line, group = queries.facility(facility_id), queries.group_of(facility_id)
    parts, history = queries.sub_limits_of(facility_id), queries.limit_history(facility_id)
    if as_json:
        sums = {"available": line.available, "frozen": line.frozen, "expired": line.expired}
        shown = {
            **asdict(line), **sums, "account_no": mask(line.account_no), "group": asdict(group),
            "products": [asdict(part) | {"available": part.available} for part in parts],
            "history": [asdict(change) for change in history],
        }  # fmt: skip
        typer.echo(json.dumps(shown, default=str, ensure_ascii=False))
        return
    _say(line)
    typer.echo(
        f"branch {line.branch}, {line.opens_on} to {line.expires_on}, approval "
        f"{line.approval_reference} up to {line.approved_amount:,.2f} until {line.approval_expires_on}"
    )
    typer.echo(
        f"group {group.id}: total {group.granted:,.2f}, used {group.used:,.2f}, "
        f"reserved {group.reserved:,.2f}, lines {group.committed:,.2f}"
    )
    rows = [
        [p.product_code, f"{p.granted:,.2f}", f"{p.used:,.2f}", f"{p.reserved:,.2f}",
         f"{p.available:,.2f}", f"{p.annual_rate:.4%}", p.approval_reference]
        for p in parts
    ]  # fmt: skip
    typer.echo(
        columns(["product", "granted", "used", "reserved", "left", "rate", "approval"], rows)
    )
    rows = [
        [str(c.on), c.kind, f"{c.granted_from:,.2f}", f"{c.granted_to:,.2f}", c.status_to,
         c.actor_id, c.reason]
        for c in history
    ]  # fmt: skip
    typer.echo(columns(["on", "change", "from", "to", "state", "by", "reason"], rows))


@app.command()
def freeze(facility_id: str, reason: Reason, by: By) -> None:
    """Stop drawing under a line; repayments go on."""
    doing = _doing(by)
    from kuaidai.lending.servicing import operations

    _say(operations.freeze_facility(facility_id=facility_id, reason=reason, **doing))


@app.command()
def unfreeze(facility_id: str, reason: Reason, by: By) -> None:
    """Let a frozen line be drawn again."""
    doing = _doing(by)
    from kuaidai.lending.servicing import operations

    _say(operations.unfreeze_facility(facility_id=facility_id, reason=reason, **doing))


@app.command()
def cut(facility_id: str, to: To, reason: Reason, by: By) -> None:
    """Lower the limit; what is drawn stays, and repayments take the limit further down."""
    doing = _doing(by)
    from kuaidai.lending.servicing import operations

    amount = parse_amount(to)
    _say(operations.cut_facility(facility_id=facility_id, to=amount, reason=reason, **doing))


@app.command()
def increase(
    facility_id: str,
    to: To,
    reason: Reason,
    by: By,
    application: Annotated[
        str | None, typer.Option(help="A new approval: the application made to raise this line.")
    ] = None,
) -> None:
    """Raise the limit within the line's approval, or within a new one, while that is open."""
    doing = _doing(by)
    from kuaidai.lending.origination import operations

    raised = operations.raise_line(
        facility_id=facility_id, to=parse_amount(to), reason=reason, application_id=application,
        **doing,
    )  # fmt: skip
    _say(raised)


@app.command()
def cancel(facility_id: str, reason: Reason, by: By) -> None:
    """End a line before its term; it closes when nothing is owed."""
    doing = _doing(by)
    from kuaidai.lending.servicing import operations

    _say(operations.cancel_facility(facility_id=facility_id, reason=reason, **doing))
