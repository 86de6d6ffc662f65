"""What every test stands on: a data folder of the test run's own, and translations compiled."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path
from typing import Any, TextIO

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.db.backends.postgresql.operations import DatabaseOperations
from django.utils.translation.reloader import translation_file_changed
from hypothesis import settings


def claim_home() -> TextIO:
    """Point KUAIDAI_HOME at a folder that no other test run of this user has; returns its lock.

    The embedded server of the folder is left running and serves the next run: a new one would cost
    seconds. The system lets go of the lock when this process dies.
    """
    first = Path(tempfile.gettempdir()) / f"kuaidai-test-{os.geteuid()}"
    for number in range(1, 100):
        home = first if number == 1 else first.with_name(f"{first.name}-{number}")
        home.mkdir(exist_ok=True)
        lock = (home / "run.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another run's
            lock.close()
            continue
        os.environ["KUAIDAI_HOME"] = str(home)
        return lock
    raise AssertionError(f"every folder from {first} to {home} is in use")


# workers of one run (pytest-xdist) inherit its folder; each has a database of its own on the server
HOME_LOCK = None if "KUAIDAI_HOME" in os.environ else claim_home()
os.environ.setdefault("KUAIDAI_PLATFORM_URL", "http://127.0.0.1:8199")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of several workers none is left alone with a long file at the end: long ones go first."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in slow)


# a machine that is busy with other tests is slow; nothing is claimed about time here
settings.register_profile("kuaidai", deadline=None)
settings.load_profile("kuaidai")


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
        draft = compiled.with_name(f".{compiled.name}.{os.getpid()}")
        with catalogue.open("rb") as texts, draft.open("wb") as file:
            write_mo(file, read_po(texts))
        draft.replace(compiled)  # other runs may be reading it
        translation_file_changed(None, compiled)  # Django has read the old one by now


compile_catalogues()


def empty_guarded_tables() -> None:
    """Let Django empty tables between tests that the database itself refuses to empty.

    Tests that commit are cleaned up after with TRUNCATE; guards against it are off for that only.
    Jobs are emptied too, which Django leaves alone as it did not make their tables.
    """
    plain = DatabaseOperations.sql_flush

    def sql_flush(self: DatabaseOperations, *args: Any, **options: Any) -> list[str]:
        statements = plain(self, *args, **options)
        return [_GUARDS.format("DISABLE"), *statements, _JOBS, _GUARDS.format("ENABLE")]

    DatabaseOperations.sql_flush = sql_flush


_JOBS = "TRUNCATE procrastinate_jobs RESTART IDENTITY CASCADE"
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
