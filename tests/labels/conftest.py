"""Small panels, month by month, and the engines they run on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest

from kuaidai.kernel.calendars import add_months, month_end

GRANTED = date(2024, 3, 15)


def loan(number: str, uscc: str, granted: date = GRANTED, *, tenor: int = 24, principal="100.00"):
    return {
        "loan_no": number,
        "uscc": uscc,
        "granted_on": granted,
        "matures_on": add_months(granted, tenor),
        "principal": Decimal(principal),
    }


def months(
    number: str,
    dpd: dict[int, int],
    *,
    count: int = 21,
    granted: date = GRANTED,
    repaid=None,
    unseen=(),
) -> list:
    """`count` month ends from the grant; `dpd` by month on book; balance zero from month `repaid`."""
    rows = []
    for month in range(count):
        gone = repaid is not None and month >= repaid
        if month not in unseen:
            rows.append(
                {
                    "loan_no": number,
                    "month_end": month_end(add_months(granted, month)),
                    "outstanding": Decimal("0.00") if gone else Decimal("100.00"),
                    "days_past_due": dpd.get(month, 0),
                }
            )
        if gone:
            break
    return rows


def tables(loans: list, panel: list) -> tuple[ibis.Table, ibis.Table]:
    """The two datasets as Ibis tables on DuckDB."""
    return (
        ibis.memtable(pa.Table.from_pylist(loans, LOANS)),
        ibis.memtable(pa.Table.from_pylist(panel, PANEL)),
    )


LOANS = pa.schema(
    [
        ("loan_no", pa.string()),
        ("uscc", pa.string()),
        ("granted_on", pa.date32()),
        ("matures_on", pa.date32()),
        ("principal", pa.decimal128(18, 2)),
    ]
)
PANEL = pa.schema(
    [
        ("loan_no", pa.string()),
        ("month_end", pa.date32()),
        ("outstanding", pa.decimal128(18, 2)),
        ("days_past_due", pa.int64()),
    ]
)


@pytest.fixture
def duck() -> ibis.BaseBackend:
    return ibis.duckdb.connect()
