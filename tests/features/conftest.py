"""Features of one small firm, F1, whose owner is P1, observed on 10 July 2026.

June 2026 is the last closed month (age 1), July 2025 has age 12, July 2024 age 24.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.support.rows import row_of, table_of

from kuaidai.data.features import compute_online
from kuaidai.data.lake import Lake

OBSERVED = date(2026, 7, 10)
Observe = Callable[..., dict[str, Any]]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake."""
    return Lake(tmp_path / "lake")


@pytest.fixture
def observe() -> Observe:
    """Compute the features from rows by dataset: `observe(on=..., loans=[{...}, ...])`."""

    def compute(on: date = OBSERVED, **datasets: list[dict[str, Any]]) -> dict[str, Any]:
        tables = {
            name: table_of(name, [row_of(name, **row) for row in rows])
            for name, rows in datasets.items()
        }
        return compute_online(tables, uscc="F1", person_id="P1", observed_on=on)

    return compute
