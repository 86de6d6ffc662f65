"""A database of a benchmark's own, on the server the platform uses."""

from __future__ import annotations


def use_database(name: str) -> None:
    """Set Django up on the benchmark's database."""
    from kuaidai.config import setup

    setup()
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = name


def new_database(name: str) -> None:
    """Make it, empty, with all tables; one left behind by an earlier run is dropped."""
    use_database(name)
    drop_database(name)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def drop_database(name: str) -> None:
    """Drop it, whoever is connected."""
    from django.db import connection
    from psycopg import sql

    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )
