"""PostgreSQL stopped at once in the midst of a night: on a server of its own, for others use this one."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from kuaidai.foundation import postgres

pytestmark = pytest.mark.slow


def test_nights_go_on_after_the_server_stopped() -> None:
    home = Path(tempfile.mkdtemp(prefix="kd-st-"))  # a short path: sockets have no long names
    file = Path(__file__).with_name("server_stops.py")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)],
            env=kept | {"KUAIDAI_HOME": str(home)}, capture_output=True, text=True, timeout=280,
            check=False, cwd=file.parent.parent.parent,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    finally:
        for folder in home.glob("**/PG_VERSION"):
            if (folder.parent / "postmaster.pid").exists():
                postgres.stop(folder.parent)
        shutil.rmtree(home, ignore_errors=True)
