"""A lake in a folder of the test's own, and a folder for files that come in."""

from __future__ import annotations

from pathlib import Path

import pytest

from kuaidai.data.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", personal_key=b"a key of the tests")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder
