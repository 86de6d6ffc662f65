"""`kuaidai db`: the embedded database."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from kuaidai.config import environment
from kuaidai.kernel.errors import Refusal

app = typer.Typer(add_completion=False, no_args_is_help=True)
_LEAST_VERSION = 15
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


class NotEmbedded(Refusal):
    """The command is about the embedded server, and another one is in use."""

    code = "NOT_EMBEDDED"
    en = "DATABASE_URL is set, so the embedded PostgreSQL is not in use; unset it first."
    zh = "已设置 DATABASE_URL，未使用内置 PostgreSQL；请先取消该设置。"


class DatabaseUnreachable(Refusal):
    """The database does not answer."""

    code, http_status = "DATABASE_UNREACHABLE", 503
    en = "The database cannot be reached: {why}. Check DATABASE_URL, or unset it to use the embedded server."
    zh = "无法连接数据库：{why}。请检查 DATABASE_URL，或取消该设置以使用内置数据库。"


class PostgresTooOld(Refusal):
    """The server lacks what the platform's tables need."""

    code = "POSTGRES_TOO_OLD"
    en = "The server runs PostgreSQL {value}; version 15 or later is needed."
    zh = "服务器版本为 PostgreSQL {value}；需要 15 或更高版本。"


def _embedded() -> environment.Environment:
    settings = environment.load()
    if settings.database_url:
        raise NotEmbedded()
    return settings


def _print(address: object, as_json: bool) -> None:
    running = address is not None
    shown = {"running": running, **(vars(address) if running else {})}
    typer.echo(
        json.dumps(shown)
        if as_json
        else " ".join(f"{name}={value}" for name, value in shown.items())
    )


@app.command()
def start(as_json: Json = False) -> None:
    """Start the embedded server if it is not running."""
    from kuaidai.foundation import postgres

    _print(postgres.start(_embedded().home / "pg"), as_json)


@app.command()
def status(as_json: Json = False) -> None:
    """Say whether the embedded server runs, and where it listens."""
    from kuaidai.foundation import postgres

    _print(postgres.status(_embedded().home / "pg"), as_json)


@app.command()
def stop() -> None:
    """Stop the embedded server."""
    from kuaidai.foundation import postgres

    stopped = postgres.stop(_embedded().home / "pg")
    typer.echo("stopped" if stopped else "was not running")


@app.command()
def migrate() -> None:
    """Bring the database to this version's tables."""
    from kuaidai.config import setup

    setup()
    from django.core.management import call_command
    from django.db import OperationalError, connection

    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise DatabaseUnreachable(why=str(error).splitlines()[0]) from error
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        version = int(cursor.fetchone()[0]) // 10_000
    if version < _LEAST_VERSION:
        raise PostgresTooOld(value=version)
    call_command("migrate", interactive=False)
