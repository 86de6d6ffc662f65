"""The `kuaidai` command: one sub-command per room, loaded only when it is called.

Exit codes: 0 done, 1 a bug, 2 wrong use or refused, 130 interrupted.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import typer
from psycopg.errors import UndefinedTable

from kuaidai.config.environment import WrongSetting
from kuaidai.kernel.errors import Refusal

WrongUse: Any = typer.BadParameter.__bases__[0]
"""The parser's error of usage, from whichever package typer takes its parser."""

_DATE_WANTED = "is not a date; write YYYY-MM-DD"
_JARGON = (
    ("Value error, ", ""),
    (
        "Input should be a valid integer, unable to parse string as an integer",
        "write a whole number",
    ),
    ("Input should be a valid number, unable to parse string as a number", "write a number"),
    ("Input should be greater than or equal to", "it must be at least"),
    ("Input should be less than or equal to", "it must be at most"),
)

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
    "labels": (
        "kuaidai.interfaces.cli.labels",
        "Good and bad: labels, vintage curves, roll rates.",
    ),
    "simulate": ("kuaidai.interfaces.cli.simulate", "Write a synthetic bank's data drop."),
    "realism": ("kuaidai.interfaces.cli.realism", "Compare a drop with facts and real invoices."),
    "sandbox": ("kuaidai.interfaces.cli.sandbox", "Serve every outside platform from a data drop."),
    "scorecard": ("kuaidai.interfaces.cli.scorecard", "Fit, show and apply scorecards."),
    "policy": ("kuaidai.interfaces.cli.policy", "Policies: list, submit, approve, batch."),
    "decision": ("kuaidai.interfaces.cli.decision", "Show and replay decisions."),
    "facility": ("kuaidai.interfaces.cli.facility", "Credit lines: show, freeze, cut, cancel."),
    "loan": ("kuaidai.interfaces.cli.loan", "Quote, replay, show and adjust loans; statements."),
    "ledger": (
        "kuaidai.interfaces.cli.ledger",
        "Trial balance, general ledger, entries, verification.",
    ),
    "eod": ("kuaidai.interfaces.cli.eod", "Close of day: run, status, retry, reconcile."),
    "book": ("kuaidai.interfaces.cli.book", "The loan book: quality and classes."),
    "bench": ("kuaidai.interfaces.cli.bench.commands", "Measure speed and memory."),
    "audit": ("kuaidai.interfaces.cli.audit", "Verify the audit chain."),
}


def help_text() -> str:
    """What `kuaidai --help` prints."""
    width = max(map(len, COMMANDS)) + 2
    rows = "\n".join(f"  {name:<{width}}{text}" for name, (_, text) in COMMANDS.items())
    return (
        "Usage: kuaidai COMMAND [OPTIONS] ...\n\n"
        "kuaidai (快贷): data-driven quick loans to small and micro businesses.\n\n"
        f"Commands:\n{rows}\n\nkuaidai COMMAND --help tells more; kuaidai --version names the version."
    )


def run(arguments: Sequence[str] | None = None) -> None:
    """The console script. Refusals become one line on stderr and exit code 2."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in {"-h", "--help"}:
        typer.echo(help_text())
        sys.exit(0 if given else 2)
    if given == ["--version"]:
        typer.echo(f"kuaidai {version('kuaidai')}")
        sys.exit(0)
    name, *rest = given
    if name not in COMMANDS:
        typer.echo(f"error: there is no command {name!r}; kuaidai --help lists them", err=True)
        sys.exit(2)
    try:
        app = importlib.import_module(COMMANDS[name][0]).app
        code = app(rest, prog_name=f"kuaidai {name}", standalone_mode=False)
    except WrongUse as wrong_use:
        sys.exit(_told(wrong_use))
    except Refusal as refusal:
        typer.echo(f"error: {refusal}", err=True)
        sys.exit(2)
    except WrongSetting as wrong:
        typer.echo(f"error: {wrong}", err=True)
        sys.exit(2)
    except Exception as error:
        if not isinstance(error.__cause__, UndefinedTable):
            raise
        typer.echo(
            "error: the database has no tables yet; run `kuaidai db migrate` first", err=True
        )
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


def _told(wrong: Any) -> int:
    """Say in one line what is wrong with the arguments; a command alone shows its help instead."""
    if type(wrong).__name__ == "NoArgsIsHelpError":
        wrong.show()
    else:
        asked = wrong.ctx.command_path if wrong.ctx else "kuaidai"
        words = _plain(wrong.format_message().rstrip(".").replace("\n", " "))
        typer.echo(f"error: {words}; {asked} --help tells more", err=True)
    return int(wrong.exit_code)


def _plain(words: str) -> str:
    """The parser's words without its jargon for a value that cannot be read.

    >>> _plain("Invalid value for '--on': Value error, 'May' does not match the formats '%Y-%m-%d'")
    "Invalid value for '--on': 'May' is not a date; write YYYY-MM-DD"
    >>> _plain("Invalid value for '--days': Input should be greater than or equal to 1")
    "Invalid value for '--days': it must be at least 1"
    """
    plain = re.sub(r"does not match the formats? '%Y-%m-%d'", _DATE_WANTED, words)
    for jargon, meant in _JARGON:
        plain = plain.replace(jargon, meant)
    return plain
