"""What every test stands on: a data folder of the test run's own, and translations compiled."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

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
