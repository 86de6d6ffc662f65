"""`kuaidai db` on a data folder of its own, as an operator runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home():
    """A KUAIDAI_HOME of these tests' own."""
    folder = Path(tempfile.mkdtemp(prefix="kd-db-"))
    yield folder
    command(folder, "stop")
    shutil.rmtree(folder)


def command(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    program = "from kuaidai.interfaces.cli.main import run; run()"
    return subprocess.run(
        [sys.executable, "-c", program, "db", *words],
        env={**environment, "KUAIDAI_HOME": str(home), **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_life_of_a_server(home):
    assert json.loads(command(home, "status", "--json").stdout) == {"running": False}

    started = json.loads(command(home, "start", "--json").stdout)

    assert started["running"]
    assert json.loads(command(home, "status", "--json").stdout) == started
    migrated = command(home, "migrate")
    assert migrated.returncode == 0, migrated.stderr
    assert "parties.0001_initial" in migrated.stdout
    assert "No migrations to apply" in command(home, "migrate").stdout
    assert command(home, "stop").stdout == "stopped\n"
    assert command(home, "stop").stdout == "was not running\n"


@pytest.mark.parametrize(
    ("words", "url", "named"),
    [
        (("start",), "postgresql://u:p@127.0.0.1:9/d", "DATABASE_URL is set"),
        (("migrate",), "postgresql://u:p@127.0.0.1:9/d", "cannot be reached"),
        (("migrate",), "sqlite:///file", "only PostgreSQL 15 or later"),
    ],
)
def test_wrong_address_is_one_line_and_exit_code_2(home, words, url, named):
    done = command(home, *words, DATABASE_URL=url)

    assert done.returncode == 2
    assert done.stdout == ""
    assert named in done.stderr
    assert done.stderr.count("\n") == 1
