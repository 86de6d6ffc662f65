"""The PostgreSQL engine, with a server that starts by itself.

`DATA_FOLDER` in the database settings names the server's data folder. Commands that never touch the
database never start it.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
import psycopg.sql
from django.db.backends.postgresql import base

from kuaidai.foundation import postgres

_CRASH_SEEN_S = 0.5
"""How long the system may take to clear away a process that was killed."""


class DatabaseWrapper(base.DatabaseWrapper):
    """The PostgreSQL backend on the embedded server."""

    _created: set[str] = set()

    def get_connection_params(self) -> dict[str, Any]:
        """Django's parameters with the embedded server's address, the database made if absent."""
        address = postgres.start(self.settings_dict["DATA_FOLDER"])
        self.settings_dict["HOST"], self.settings_dict["PORT"] = address.host, str(address.port)
        parameters: dict[str, Any] = super().get_connection_params()
        name = parameters.get("dbname")
        if name and not name.startswith("test_") and name not in self._created:
            self._create(str(name), address)
        return parameters

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection; a server that has just crashed is started again, and asked once more."""
        try:
            return super().get_new_connection(conn_params)
        except psycopg.OperationalError:
            time.sleep(_CRASH_SEEN_S)
            return super().get_new_connection(self.get_connection_params())

    def _create(self, name: str, address: postgres.ServerAddress) -> None:
        with psycopg.connect(
            host=address.host,
            port=address.port,
            user="postgres",
            dbname="postgres",
            autocommit=True,
        ) as connection:
            # one creator at a time: processes of a starting platform connect together
            connection.execute("SELECT pg_advisory_lock(hashtext('kuaidai.create_database'))")
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if found.fetchone() is None:
                connection.execute(
                    psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name))
                )
        self._created.add(name)
