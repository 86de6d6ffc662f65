"""The `kuaidai` command: one sub-command per room, loaded only when it is called.

Exit codes: 0 done, 1 a bug, 2 wrong use or refused, 130 interrupted.
"""

from __future__ import annotations

import importlib
import sys

import click
import typer
from typer.main import get_command

from kuaidai.kernel.errors import Refusal

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": (
        "kuaidai.interfaces.cli.demo",
        "Start everything on a simulated bank; Ctrl-C stops it.",
    ),
    "serve": ("kuaidai.interfaces.cli.serve", "Run the web server."),
    "worker": ("kuaidai.interfaces.cli.worker", "Run background jobs."),
    "db": ("kuaidai.interfaces.cli.db", "The embedded database and migrations."),
    "parties": ("kuaidai.interfaces.cli.parties", "Import the bank's customers."),
    "lake": ("kuaidai.interfaces.cli.lake", "Bulk data: ingest, status, contracts."),
    "features": ("kuaidai.interfaces.cli.features", "The feature catalogue and batch computation."),
    "simulate": ("kuaidai.interfaces.cli.simulate", "Write a synthetic bank's data drop."),
    "sandbox": ("kuaidai.interfaces.cli.sandbox", "Serve every outside platform from a data drop."),
    "scorecard": ("kuaidai.interfaces.cli.scorecard", "Fit, show and apply scorecards."),
    "policy": ("kuaidai.interfaces.cli.policy", "Policies: list, submit, approve, batch."),
    "decision": ("kuaidai.interfaces.cli.decision", "Show and replay decisions."),
    "loan": ("kuaidai.interfaces.cli.loan", "Quote a loan or show one."),
    "ledger": ("kuaidai.interfaces.cli.ledger", "Trial balance and entries."),
    "eod": ("kuaidai.interfaces.cli.eod", "Close of day: run and status."),
    "audit": ("kuaidai.interfaces.cli.audit", "Verify the audit chain."),
}


class LazyRooms(click.Group):
    """A group whose sub-commands are imported when asked for, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = get_command(module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the sub-commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyRooms, name="kuaidai")
def cli() -> None:
    """kuaidai (快贷): data-driven quick loans to small and micro businesses."""


def run() -> None:
    """The console script: refusals become one line on stderr and exit code 2."""
    try:
        result = cli.main(standalone_mode=False)
    except Refusal as refusal:
        typer.echo(f"error: {refusal}", err=True)
        sys.exit(2)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    sys.exit(result if isinstance(result, int) else 0)
