"""Reports of platforms: rows there and back, and what the schema refuses."""

from __future__ import annotations

import copy
from datetime import date
from decimal import Decimal
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.rows import row_of, table_of

from kuaidai.data.lake.contract import ColumnType
from kuaidai.data.lake.datasets import DATASETS, PLATFORM_DATASETS
from kuaidai.data.lake.messages import report_schema, row_to_json, rows_to_tables

PLATFORMS = sorted(PLATFORM_DATASETS)
_STRICT = {name: jsonschema.Draft202012Validator(report_schema(name)) for name in PLATFORMS}
_FAST = {name: jsonschema_rs.Draft202012Validator(report_schema(name)) for name in PLATFORMS}


def _report(platform: str, rows: int = 2) -> dict[str, Any]:
    return {
        "platform": platform,
        "subject": {"uscc": "F1", "person_id": "P1"},
        "as_of": "2026-06-30",
        "datasets": {
            name: [row_to_json(DATASETS[name], row_of(name)) for _ in range(rows)]
            for name in PLATFORM_DATASETS[platform]
        },
    }


def _fits(platform: str, report: Any) -> bool:
    """The verdict; both validators must agree."""
    strict = _STRICT[platform].is_valid(report)
    assert _FAST[platform].is_valid(report) == strict
    return strict


@pytest.mark.parametrize("dataset", sorted(DATASETS))
def test_rows_come_back_as_they_were(dataset: str) -> None:
    contract = DATASETS[dataset]
    optional = {column.name: None for column in contract.columns if not column.required}
    personal = {column.name: None for column in contract.columns if column.personal}
    rows = [row_of(dataset, **personal), row_of(dataset, **personal, **optional)]
    message = [row_to_json(contract, row) for row in rows]
    assert not set(personal) & set(message[0])
    found = rows_to_tables({dataset: message})[dataset]
    assert found.equals(table_of(dataset, rows))


def test_money_and_dates_travel_as_text() -> None:
    row = row_of("payroll_runs", paid_on=date(2026, 1, 5), amount=Decimal("1500"))
    assert row_to_json(DATASETS["payroll_runs"], row) == {
        "uscc": "T1",
        "paid_on": "2026-01-05",
        "heads": 2020,
        "amount": "1500.00",
    }


def test_a_dataset_without_rows_is_an_empty_table() -> None:
    tables = rows_to_tables({"loans": [], "accounts": []})
    assert {name: table.num_rows for name, table in tables.items()} == {"loans": 0, "accounts": 0}
    assert tables["loans"].schema.names == [column.name for column in DATASETS["loans"].columns]


@pytest.mark.parametrize(
    ("column", "value"),
    [("paid_on", "2026-02-30"), ("amount", "12.345"), ("amount", "1" * 17 + ".00")],
)
def test_values_that_do_not_exist_are_refused(column: str, value: str) -> None:
    row = {**row_to_json(DATASETS["payroll_runs"], row_of("payroll_runs")), column: value}
    with pytest.raises(ValueError, match=value.replace(".", r"\.") if column == "paid_on" else ""):
        rows_to_tables({"payroll_runs": [row]})


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_report_fits_its_own_schema_and_no_other(platform: str) -> None:
    assert _fits(platform, _report(platform))
    assert _fits(platform, _report(platform, rows=0))
    assert not any(_fits(other, _report(platform)) for other in PLATFORMS if other != platform)


_WRONG: dict[ColumnType, tuple[Any, ...]] = {
    ColumnType.TEXT: ("", 1, [], "x" * 501),
    ColumnType.INTEGER: ("1", 1.5, True),
    ColumnType.NUMBER: ("0.5", True),
    ColumnType.MONEY: (100, 1.5, "100", "100.0", "1,000.00", "1e3", "abc", " 1.00", "１.00"),
    ColumnType.BOOLEAN: ("true", 1),
    ColumnType.DATE: ("2026-1-5", "20260105", 20260105, "0000-01-01", "2026-01-05T00:00:00"),
}


def _mutants(platform: str) -> list[tuple[str, str, Any]]:
    """(dataset, column, value that its contract forbids) for every column of the platform."""
    found: list[tuple[str, str, Any]] = []
    for name in PLATFORM_DATASETS[platform]:
        for column in DATASETS[name].columns:
            wrong: list[Any] = [*_WRONG[column.type], {}]
            if column.required:
                wrong.append(None)
            if column.allowed:
                wrong += ["something else", column.allowed[0].upper() + " "]
            if column.least is not None:
                wrong.append("-0.01" if column.type is ColumnType.MONEY else column.least - 1)
            if column.most is not None:
                wrong.append(column.most + 1)
            found += [(name, column.name, value) for value in wrong]
    return found


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_wrong_value_is_refused(platform: str) -> None:
    passed = []
    for name, column, value in _mutants(platform):
        report = _report(platform)
        report["datasets"][name][1][column] = value
        if _fits(platform, report):
            passed.append((name, column, value))
    assert passed == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_rows_must_have_the_contracts_columns_and_no_more(platform: str) -> None:
    for name in PLATFORM_DATASETS[platform]:
        for column in DATASETS[name].columns:
            report = _report(platform)
            report["datasets"][name][0].pop(column.name, None)
            needed = column.required and not column.personal
            assert _fits(platform, report) is not needed, (name, column.name)
        report = _report(platform)
        report["datasets"][name][0]["remark"] = "x"
        assert not _fits(platform, report)
        report = _report(platform)
        del report["datasets"][name]
        assert not _fits(platform, report)


@pytest.mark.parametrize("part", ["platform", "subject", "as_of", "datasets"])
def test_every_part_of_a_report_is_required(part: str) -> None:
    report = _report("tax")
    del report[part]
    assert not _fits("tax", report)
    assert not _fits("tax", {**_report("tax"), part: None})
    assert not _fits("tax", [report])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(max_examples=150)
@given(data=st.data())
def test_the_validator_in_use_judges_as_the_reference_does(data: st.DataObject) -> None:
    platform = data.draw(st.sampled_from(PLATFORMS))
    report = copy.deepcopy(_report(platform))
    name = data.draw(st.sampled_from(PLATFORM_DATASETS[platform]))
    row = report["datasets"][name][data.draw(st.integers(0, 1))]
    place = data.draw(st.sampled_from([*row, "another"]))
    row[place] = data.draw(_JSON)
    assert isinstance(_fits(platform, report), bool)
