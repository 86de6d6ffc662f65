"""What every test stands on: a data folder of the test run's own, and translations compiled."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.db.backends.postgresql.operations import DatabaseOperations

os.environ.setdefault(
    "KUAIDAI_HOME", str(Path(tempfile.gettempdir()) / f"kuaidai-test-{os.geteuid()}")
)
os.environ.setdefault("KUAIDAI_PLATFORM_URL", "http://127.0.0.1:8199")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; the test is skipped where there is none."""
    folder = os.environ.get("KUAIDAI_REAL_DATA")
    if not folder:
        pytest.skip("KUAIDAI_REAL_DATA is not set: the real data sets are not here")
    return Path(folder)


def compile_catalogues() -> None:
    """Compile translations whose compiled file is missing or old, as `make setup` does."""
    source = Path(__file__).resolve().parent.parent / "src"
    for catalogue in source.glob("kuaidai/**/locale/*/LC_MESSAGES/django.po"):
        compiled = catalogue.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= catalogue.stat().st_mtime:
            continue
        with catalogue.open("rb") as texts, compiled.open("wb") as file:
            write_mo(file, read_po(texts))


compile_catalogues()


def empty_guarded_tables() -> None:
    """Let Django empty tables between tests that the database itself refuses to empty.

    Tests that commit are cleaned up after with TRUNCATE; guards against it are off for that only.
    """
    plain = DatabaseOperations.sql_flush

    def sql_flush(self: DatabaseOperations, *args: Any, **options: Any) -> list[str]:
        statements = plain(self, *args, **options)
        return [_GUARDS.format("DISABLE"), *statements, _GUARDS.format("ENABLE")]

    DatabaseOperations.sql_flush = sql_flush


_GUARDS = """
DO $$
DECLARE guard record;
BEGIN
    FOR guard IN SELECT tgrelid::regclass AS held, tgname FROM pg_trigger
        WHERE NOT tgisinternal AND tgtype & 32 <> 0
    LOOP
        EXECUTE format('ALTER TABLE %s {} TRIGGER %I', guard.held, guard.tgname);
    END LOOP;
END $$
"""
empty_guarded_tables()
