"""What is planted in a month shows up in that month and in no other."""

from datetime import date
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.quality.conftest import MONTHS, PLANS, ROWS, SCHEMA

from kuaidai.data.quality.baseline import outlier_bounds
from kuaidai.data.quality.errors import QualityColumnMissing, WrongQualitySetting
from kuaidai.data.quality.profile import Against, Settings, profile_table
from kuaidai.kernel.stability import level_of, stability_index

PLANTED = "2025-02"


def screen(rows: list[dict], **chosen):
    table = ibis.memtable(pa.Table.from_pylist(rows, SCHEMA))
    return profile_table(
        table, PLANS, dated="on", name="t", titles=("T", "表"), settings=Settings(**chosen)
    )


def in_planted(row: dict) -> bool:
    return f"{row['on']:%Y-%m}" == PLANTED


def found(profile) -> set[tuple[str, str, str]]:
    return {(f.kind, f.month, f.column) for f in profile.findings}


def test_a_steady_table_raises_nothing(rows) -> None:
    profile = screen(rows)

    assert profile.findings == ()
    assert (len(profile.months), set(profile.rows)) == (MONTHS, {ROWS})
    assert profile.baseline == ("2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06")
    assert all(share == 0 for column in profile.columns for share in column.missing)


def test_planted_outliers(rows) -> None:
    for place, row in enumerate(filter(in_planted, rows)):
        if place < 12:
            row["amount"] = Decimal("50000000.00")

    profile = screen(rows)

    assert found(profile) == {("outliers", PLANTED, "amount")}
    assert profile.findings[0].value == pytest.approx(12 / ROWS)


def test_planted_missing_values(rows) -> None:
    for place, row in enumerate(filter(in_planted, rows)):
        if place % 4 == 0:
            row["number"] = None

    profile = screen(rows)

    assert ("missing", PLANTED, "number") in found(profile)
    assert {month for _, month, _ in found(profile)} == {PLANTED}
    at = profile.months.index(PLANTED)
    assert profile.columns[3].missing[at] == 0.25


def test_a_month_that_did_not_come(rows) -> None:
    profile = screen([row for row in rows if not in_planted(row)])

    assert found(profile) == {("missing_month", PLANTED, "")}
    at = profile.months.index(PLANTED)
    assert profile.rows[at] == 0
    assert profile.columns[0].missing[at] is None and profile.columns[0].psi[at] is None


def test_a_category_not_seen_before(rows) -> None:
    next(filter(in_planted, rows))["purpose"] = "barter"

    profile = screen(rows)

    assert found(profile) == {("new_category", PLANTED, "purpose")}
    assert (profile.findings[0].text, profile.findings[0].value) == ("barter", 1.0)


def test_a_planted_drift_of_a_number_and_of_a_category(rows) -> None:
    for row in filter(in_planted, rows):
        row["days"] = row["days"] // 3
        row["purpose"] = "sales" if row["purpose"] == "tax" else row["purpose"]

    profile = screen(rows)

    assert found(profile) == {("drift", PLANTED, "days"), ("drift", PLANTED, "purpose")}
    assert all(f.value > 0.25 and f.text == "act" for f in profile.findings)


def test_a_lasting_change_is_drift_once_against_the_month_before(rows) -> None:
    for row in rows:
        if f"{row['on']:%Y-%m}" >= PLANTED:
            row["days"] += 40

    lasting = {month for kind, month, _ in found(screen(rows)) if kind == "drift"}
    once = found(screen(rows, against=Against.PREVIOUS))

    assert lasting == {"2025-02", "2025-03", "2025-04", "2025-05", "2025-06"}
    assert once == {("drift", PLANTED, "days")}


def test_the_index_of_a_month_worked_by_hand() -> None:
    def month(number: int, sales: int) -> list[dict]:
        return [
            {"on": date(2024, number, 1), "purpose": "sales" if n < sales else "tax"}
            for n in range(100)
        ]

    table = ibis.memtable(pa.Table.from_pylist([*month(1, 50), *month(2, 60)]))
    profile = profile_table(
        table,
        PLANS[2:3],
        dated="on",
        name="t",
        titles=("", ""),
        settings=Settings(baseline_months=1),
    )

    # (0.6 − 0.5) ln(0.6 / 0.5) + (0.4 − 0.5) ln(0.4 / 0.5) = 0.018232 + 0.022314
    assert profile.columns[0].psi == (pytest.approx(0.0), pytest.approx(0.040547, abs=1e-6))


def test_outlier_bounds_worked_by_hand() -> None:
    assert outlier_bounds(10.0, 20.0, 30.0, spread=2, money=False) == (-20.0, 60.0)
    low, high = outlier_bounds(99.0, 999.0, 9999.0, spread=1, money=True)
    # log(1 + x): 100, 1000, 10000; a reach of two decades around 1000
    assert (low, high) == (pytest.approx(9.0), pytest.approx(99999.0))
    assert outlier_bounds(0.0, 0.0, 0.0, spread=3, money=False) == (None, None)


@pytest.mark.parametrize("months", [0, 1])
def test_an_empty_table_and_a_single_month(rows, months) -> None:
    profile = screen([row for row in rows if months and row["on"] < date(2024, 2, 1)])

    assert len(profile.months) == months and profile.findings == ()
    if months:
        assert all(column.psi == (0.0,) for column in profile.columns)


def test_a_column_without_any_value(rows) -> None:
    profile = screen([row | {"days": None, "purpose": None} for row in rows])

    assert profile.findings == ()
    for column in profile.columns[1:3]:
        assert set(column.missing) == {1.0}
        assert set(column.psi) == {0.0} and set(column.outliers) == {None}


def test_rows_without_a_date_are_counted_apart(rows) -> None:
    profile = screen([*rows, rows[0] | {"on": None}])

    assert (profile.undated, sum(profile.rows)) == (1, MONTHS * ROWS)


def test_odd_settings_and_missing_columns_are_refused(rows) -> None:
    with pytest.raises(WrongQualitySetting, match="baseline_months is 0"):
        Settings(baseline_months=0)
    with pytest.raises(WrongQualitySetting, match="spread is 0"):
        Settings(spread=0)
    with pytest.raises(QualityColumnMissing, match="purpose"):
        table = ibis.memtable(pa.Table.from_pylist(rows, SCHEMA)).drop("purpose")
        profile_table(table, PLANS, dated="on", name="t", titles=("", ""))


COUNTS = st.lists(st.integers(0, 500), min_size=2, max_size=12).filter(any)


@settings(max_examples=200)
@given(COUNTS, st.integers(1, 5), st.randoms())
def test_the_index_is_zero_for_equal_shares_and_never_below(counts, times, draw) -> None:
    other = counts[:]
    draw.shuffle(other)

    assert stability_index(counts, [n * times for n in counts]).index == pytest.approx(0)
    if 0 not in counts:  # a zero counts as half a row, so that shares need not sum to one
        assert stability_index(counts, other).index >= 0
        assert stability_index(counts, other).index == pytest.approx(
            stability_index(other, counts).index
        )


@pytest.mark.parametrize(
    ("index", "level"), [(0.0999, "stable"), (0.10, "watch"), (0.2499, "watch"), (0.25, "act")]
)
def test_the_usual_reading_of_the_index(index, level) -> None:
    assert level_of(index) == level
