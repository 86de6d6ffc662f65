"""The embedded PostgreSQL: start, share, stop, and come back after every kind of crash."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from django.db import connections

from kuaidai.foundation import postgres
from kuaidai.foundation.embedded.base import DatabaseWrapper

pytestmark = pytest.mark.slow
STARTER = """
import sys
from pathlib import Path
from kuaidai.foundation import postgres
print(postgres.start(Path(sys.argv[1])).pid)
"""


@pytest.fixture(scope="module")
def folder():
    """A data folder of these tests' own, with a short path for its socket."""
    parent = Path(tempfile.mkdtemp(prefix="kd-pg-"))
    yield parent / "pg"
    postgres.stop(parent / "pg")
    shutil.rmtree(parent)


def ask(address: postgres.ServerAddress, statement: str) -> list[tuple]:
    with psycopg.connect(
        host=address.host, port=address.port, user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def gone(pid: int) -> None:
    """Return once the process no longer runs."""
    for _ in range(100):
        if (
            not Path(f"/proc/{pid}").exists()
            or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]
        ):
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} is still there")


def test_starts_once_answers_and_stops(folder):
    first = postgres.start(folder)
    second = postgres.start(folder)

    assert first == second == postgres.status(folder)
    assert int(ask(first, "SHOW server_version_num")[0][0]) >= 150000
    assert postgres.stop(folder)
    assert postgres.status(folder) is None
    assert not postgres.stop(folder)


def test_comes_back_with_its_data_after_kill_9(folder):
    before = postgres.start(folder)
    ask(before, "CREATE TABLE kept AS SELECT 42 AS answer")

    os.kill(before.pid, signal.SIGKILL)
    gone(before.pid)
    assert postgres.status(folder) is None
    after = postgres.start(folder)

    assert after.pid != before.pid
    assert ask(after, "SELECT answer FROM kept") == [(42,)]


def test_lock_that_names_another_program_is_stale(folder):
    postgres.start(folder)
    lines = (folder / "postmaster.pid").read_text().splitlines()
    postgres.stop(folder)
    lines[0] = str(os.getpid())
    (folder / "postmaster.pid").write_text("\n".join(lines) + "\n")

    address = postgres.start(folder)

    assert address.pid != os.getpid()
    assert ask(address, "SELECT 1") == [(1,)]


def test_half_written_lock_is_no_server(folder):
    postgres.stop(folder)
    (folder / "postmaster.pid").write_text("123\n")

    assert postgres.status(folder) is None
    (folder / "postmaster.pid").unlink()


def test_outlives_the_process_that_started_it(folder):
    postgres.stop(folder)

    started = subprocess.run(
        [sys.executable, "-c", STARTER, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    running = postgres.status(folder)
    assert running is not None
    assert running.pid == int(started.stdout)


def test_many_processes_start_one_server():
    parent = Path(tempfile.mkdtemp(prefix="kd-pg-"))
    try:
        starters = [
            subprocess.Popen(
                [sys.executable, "-c", STARTER, str(parent / "pg")],
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(4)
        ]
        pids = {starter.communicate(timeout=90)[0].strip() for starter in starters}

        assert len(pids) == 1
        assert pids != {""}
    finally:
        postgres.stop(parent / "pg")
        shutil.rmtree(parent)


def test_crash_while_the_folder_is_first_made_leaves_nothing_half_used():
    parent = Path(tempfile.mkdtemp(prefix="kd-pg-"))
    try:
        draft = parent / "pg.new"
        draft.mkdir()
        (draft / "PG_VERSION").write_text("18\n")  # what initdb leaves when it is killed early

        address = postgres.start(parent / "pg")

        assert ask(address, "SELECT 1") == [(1,)]
        assert not draft.exists()
    finally:
        postgres.stop(parent / "pg")
        shutil.rmtree(parent)


def test_a_folder_that_cannot_be_used_is_refused_with_its_name():
    parent = Path(tempfile.mkdtemp(prefix="kd-pg-"))
    (parent / "pg").mkdir()
    (parent / "pg" / "letter.txt").write_text("not a database")
    try:
        with pytest.raises(postgres.PostgresWillNotStart) as refusal:
            postgres.start(parent / "pg")

        assert str(parent / "pg") in str(refusal.value)
        assert (parent / "pg" / "letter.txt").read_text() == "not a database"
    finally:
        shutil.rmtree(parent)


def test_path_too_long_for_a_socket_still_works():
    parent = Path(tempfile.mkdtemp(prefix="kd-pg-"))
    folder = parent / ("long" * 25) / "pg"
    try:
        address = postgres.start(folder)

        assert ask(address, "SELECT 1") == [(1,)]
    finally:
        postgres.stop(folder)
        shutil.rmtree(parent)


def test_django_comes_back_after_the_server_was_killed(folder, django_db_blocker):
    settings = {**connections["default"].settings_dict, "NAME": "kuaidai", "DATA_FOLDER": folder}
    wrapper = DatabaseWrapper(settings, alias="crash")
    with django_db_blocker.unblock():
        wrapper.ensure_connection()
        os.kill(postgres.status(folder).pid, signal.SIGKILL)
        wrapper.close()  # what the end of a request does to a connection that failed

        with wrapper.cursor() as cursor:
            cursor.execute("SELECT current_database()")
            found = cursor.fetchone()
        wrapper.close()

    assert found == ("kuaidai",)
