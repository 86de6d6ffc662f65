"""What a subject sees is what was known on its day: late rows, corrections and the future never leak."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.rows import row_of, table_of

from kuaidai.data.features import compute_batch, compute_online
from kuaidai.data.lake import Lake
from kuaidai.data.lake.datasets import DATASETS

pytestmark = pytest.mark.slow

FIRM, OTHER = "91110000KD00000011", "91110000KD00000022"


def _sale(number: str, day: str, amount: str, *, uscc: str = FIRM, **more: Any) -> dict[str, Any]:
    return row_of(
        "transactions", transaction_id=number, uscc=uscc, booked_on=date.fromisoformat(day),
        amount=amount, direction="credit", purpose="sales", counterparty="C1", **more,
    )  # fmt: skip


def _receive(
    lake: Lake, folder: Path, dataset: str, rows: list[dict[str, Any]], on: str | None = None
) -> None:
    name = f"{len(lake.runs()):04d}.parquet"
    pq.write_table(table_of(dataset, rows), folder / name)
    received = date.fromisoformat(on) if on else None
    lake.ingest(folder / name, dataset=dataset, received_on=received)


def _subjects(*days: str, uscc: str = FIRM) -> pa.Table:
    return pa.table(
        {
            "uscc": [uscc] * len(days),
            "person_id": ["P1"] * len(days),
            "observed_on": pa.array([date.fromisoformat(day) for day in days], pa.date32()),
        }
    )


def _seen(lake: Lake, feature: str, *days: str, uscc: str = FIRM) -> list[Any]:
    """The feature in batch; online on what was known that day must be the same."""
    found = compute_batch(lake, _subjects(*days, uscc=uscc)).to_pylist()
    for day, row in zip(days, found, strict=True):
        online = compute_online(
            _known(lake, date.fromisoformat(day)),
            uscc=uscc,
            person_id="P1",
            observed_on=date.fromisoformat(day),
        )
        assert {name: row[name] for name in online} == pytest.approx(online)
    return [row[feature] for row in found]


def _known(lake: Lake, day: date) -> dict[str, pa.Table]:
    """The datasets as they were known on a day, without what is dated on it or later."""
    names = ["transactions", "daily_balances", "bureau_enterprise", "loans"]
    backend = lake.connect(names, as_of=day)
    tables = {}
    for name in names:
        rows = backend.table(name).to_pyarrow()
        dated = rows[DATASETS[name].event_date]
        tables[name] = rows.filter(pc.less(dated, pa.scalar(day, pa.date32())))
    return tables


def test_a_late_row_counts_from_the_day_it_came(lake: Lake, tmp_path: Path) -> None:
    _receive(lake, tmp_path, "transactions", [_sale("T1", "2026-01-10", "1000.00")], "2026-01-11")
    _receive(lake, tmp_path, "transactions", [_sale("T2", "2026-01-20", "500.00")], "2026-03-15")

    assert _seen(
        lake, "credit_turnover_12m", "2026-02-01", "2026-03-14", "2026-03-15", "2026-03-16"
    ) == [1000.0, 1000.0, 1500.0, 1500.0]


def test_a_correction_supersedes_from_the_day_it_came(lake: Lake, tmp_path: Path) -> None:
    _receive(lake, tmp_path, "transactions", [_sale("T1", "2026-01-10", "1000.00")])
    _receive(lake, tmp_path, "transactions", [_sale("T1", "2026-01-10", "10.00")], "2026-03-15")

    assert _seen(lake, "credit_turnover_12m", "2026-02-01", "2026-03-14", "2026-03-15") == [
        1000.0,
        1000.0,
        10.0,
    ]


def test_a_correction_before_the_month_is_closed_leaves_one_version(
    lake: Lake, tmp_path: Path
) -> None:
    _receive(lake, tmp_path, "transactions", [_sale("T1", "2026-01-10", "1000.00")], "2026-01-11")
    _receive(lake, tmp_path, "transactions", [_sale("T1", "2026-01-10", "10.00")], "2026-02-01")

    assert not lake.month_parts("transactions")[0].versioned
    assert _seen(lake, "credit_turnover_12m", "2026-02-01") == [10.0]


def test_a_row_corrected_into_another_month_leaves_the_first(lake: Lake, tmp_path: Path) -> None:
    _receive(lake, tmp_path, "transactions", [_sale("T1", "2025-12-31", "1000.00")])
    _receive(lake, tmp_path, "transactions", [_sale("T1", "2026-02-01", "1000.00")], "2026-03-05")

    seen = _seen(
        lake,
        "credit_turnover_monthly_mean_3m",
        "2026-02-15",
        "2026-03-04",
        "2026-03-05",
        "2026-04-01",
    )
    assert seen == pytest.approx([1000 / 3, 1000 / 3, 1000 / 3, 1000 / 3])
    # closed months before April are January to March: only the corrected date puts it among them
    assert _seen(lake, "zero_inflow_months_12m", "2026-04-01") == [11]


def test_a_row_corrected_to_another_firm_leaves_the_first(lake: Lake, tmp_path: Path) -> None:
    _receive(lake, tmp_path, "transactions", [_sale("T1", "2026-01-10", "700.00")])
    moved = _sale("T1", "2026-01-10", "700.00", uscc=OTHER)
    _receive(lake, tmp_path, "transactions", [moved], "2026-03-15")

    assert _seen(lake, "credit_turnover_12m", "2026-03-14", "2026-03-15") == [700.0, None]
    assert _seen(lake, "credit_turnover_12m", "2026-03-14", "2026-03-15", uscc=OTHER) == [
        None,
        700.0,
    ]


def test_a_report_corrected_later_was_what_it_was(lake: Lake, tmp_path: Path) -> None:
    def report(queries: int) -> dict[str, Any]:
        day = date(2026, 1, 31)
        return row_of("bureau_enterprise", uscc=FIRM, report_on=day, queries_6m=queries)

    _receive(lake, tmp_path, "bureau_enterprise", [report(1)], "2026-02-01")
    _receive(lake, tmp_path, "bureau_enterprise", [report(9)], "2026-02-20")

    seen = compute_batch(lake, _subjects("2026-01-31", "2026-02-01", "2026-02-19", "2026-02-20"))
    assert seen["queries_6m_firm"].to_pylist() == [None, 1, 1, 9]


def test_nothing_of_the_day_itself_or_later_is_seen(lake: Lake, tmp_path: Path) -> None:
    rows = [_sale("T1", "2026-01-31", "1.00"), _sale("T2", "2026-02-01", "99.00")]
    _receive(lake, tmp_path, "transactions", rows)

    assert _seen(lake, "credit_turnover_12m", "2026-01-31", "2026-02-01", "2026-02-28") == [
        None,
        1.0,
        1.0,
    ]


_DELIVERY = st.tuples(
    st.dates(date(2025, 12, 1), date(2026, 4, 20)).map(date.isoformat),
    st.lists(
        st.tuples(
            st.sampled_from(["T1", "T2", "T3"]),
            st.dates(date(2025, 12, 1), date(2026, 4, 10)).map(date.isoformat),
            st.integers(1, 10_000).map(lambda cents: f"{cents / 100:.2f}"),
            st.sampled_from([FIRM, OTHER]),
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda row: row[0],
    ),
)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries=st.lists(_DELIVERY, min_size=1, max_size=4))
def test_batch_is_what_online_would_have_said_that_day(
    tmp_path_factory: pytest.TempPathFactory, deliveries: list[tuple[str, list[tuple[str, ...]]]]
) -> None:
    folder = tmp_path_factory.mktemp("deliveries")
    lake = Lake(folder / "lake")
    for on, rows in sorted(deliveries):
        sales = [_sale(no, day, amount, uscc=firm) for no, day, amount, firm in rows]
        _receive(lake, folder, "transactions", sales, on)

    for firm in (FIRM, OTHER):
        _seen(lake, "transactions_12m", "2026-01-15", "2026-03-01", "2026-04-21", uscc=firm)
