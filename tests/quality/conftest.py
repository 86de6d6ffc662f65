"""A table of two years, steady from month to month, into which tests plant what a screen must find."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from kuaidai.data.quality.plan import ColumnPlan, Measure
from kuaidai.kernel.calendars import add_months

MONTHS = 18
ROWS = 240
PLANS = (
    ColumnPlan("amount", Measure.MONEY, "Amount", "金额"),
    ColumnPlan("days", Measure.NUMBER, "Days", "天数"),
    ColumnPlan("purpose", Measure.CATEGORY, "Purpose", "用途"),
    ColumnPlan("number", Measure.PRESENCE, "Number", "编号"),
)
SCHEMA = pa.schema(
    [
        ("on", pa.date32()),
        ("amount", pa.decimal128(18, 2)),
        ("days", pa.int64()),
        ("purpose", pa.string()),
        ("number", pa.string()),
    ]
)


def steady_rows(seed: int = 11) -> list[dict]:
    """240 rows a month for 18 months from January 2024, of one distribution."""
    draw = random.Random(seed)
    return [
        {
            "on": add_months(date(2024, 1, 1), month).replace(day=1 + place % 28),
            "amount": Decimal(f"{draw.lognormvariate(8, 0.5):.2f}"),
            "days": draw.randint(0, 60),
            "purpose": draw.choice(["sales", "purchase", "tax"]),
            "number": f"N{month}-{place}",
        }
        for month in range(MONTHS)
        for place in range(ROWS)
    ]


@pytest.fixture
def rows() -> list[dict]:
    return steady_rows()
