"""Stored rollups: a new month leaves old ones alone, a correction recomputes its own month only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.support.rows import row_of, table_of

from kuaidai.data.features import rollup_store
from kuaidai.data.features.rollup_store import Refreshed, refresh
from kuaidai.data.lake import Lake


def _receive(lake: Lake, folder: Path, received: str | None, *sales: tuple[str, str, str]) -> None:
    rows: list[dict[str, Any]] = [
        row_of("transactions", transaction_id=number, booked_on=date.fromisoformat(day),
               amount=Decimal(amount), direction="credit", purpose="sales")
        for number, day, amount in sales
    ]  # fmt: skip
    path = folder / f"{len(lake.runs())}.parquet"
    pq.write_table(table_of("transactions", rows), path)
    on = date.fromisoformat(received) if received else None
    lake.ingest(path, dataset="transactions", received_on=on)


def _flows(lake: Lake) -> Refreshed:
    return next(done for done in refresh(lake) if done.rollup == "monthly_flows")


def test_a_new_month_does_not_recompute_old_ones(lake: Lake, tmp_path: Path) -> None:
    _receive(lake, tmp_path, None, ("T1", "2026-01-10", "1.00"), ("T2", "2026-02-10", "2.00"))
    assert _flows(lake) == Refreshed("monthly_flows", computed=2, reused=0, removed=0)
    assert _flows(lake) == Refreshed("monthly_flows", computed=0, reused=2, removed=0)

    _receive(lake, tmp_path, "2026-04-01", ("T3", "2026-03-10", "3.00"))
    assert _flows(lake) == Refreshed("monthly_flows", computed=1, reused=2, removed=0)


def test_a_correction_recomputes_the_months_it_touches(lake: Lake, tmp_path: Path) -> None:
    months = [(f"T{month}", f"2026-{month:02d}-10", "1.00") for month in range(1, 6)]
    _receive(lake, tmp_path, None, *months)
    _flows(lake)

    _receive(lake, tmp_path, "2026-06-05", ("T2", "2026-04-10", "1.00"))
    assert _flows(lake) == Refreshed("monthly_flows", computed=2, reused=3, removed=2)


def test_a_rollup_that_was_rewritten_is_computed_anew(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _receive(lake, tmp_path, None, ("T1", "2026-01-10", "1.00"))
    _flows(lake)

    changed = rollup_store.Rollup("monthly_flows", "transactions", rollup_store.PAYERS.build)
    monkeypatch.setattr(rollup_store, "STORED", (changed,))
    assert _flows(lake) == Refreshed("monthly_flows", computed=1, reused=0, removed=1)


def test_a_file_that_broke_off_is_never_among_them(lake: Lake, tmp_path: Path) -> None:
    _receive(lake, tmp_path, None, ("T1", "2026-01-10", "1.00"))
    folder = Path(str(lake.root)) / "rollups" / "monthly_flows" / ".stage-dead"
    folder.mkdir(parents=True)
    (folder / "2026-01-half.parquet").write_bytes(b"PAR1")

    assert _flows(lake).computed == 1
    assert _flows(lake).reused == 1
