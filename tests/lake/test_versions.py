"""Versions of rows: what was known on a day, corrections, late rows, deliveries out of order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.rows import row_of, write_csv

from kuaidai.data.lake import Lake
from kuaidai.data.lake.contract import BEGINNING, END, KNOWN_FROM, KNOWN_UNTIL
from kuaidai.data.lake.errors import WrongKey
from kuaidai.data.lake.mapping import Mapping

JANUARY, FEBRUARY, MARCH = date(2026, 1, 5), date(2026, 2, 5), date(2026, 3, 5)


def _filing(period: date, filed_on: date, sales: str, uscc: str = "F1") -> dict[str, Any]:
    return row_of("tax_filings", uscc=uscc, period=period, filed_on=filed_on, sales_declared=sales)


def _deliver(lake: Lake, inbox: Path, rows: list[dict[str, Any]], received: date | None) -> None:
    lake.ingest(write_csv(inbox / "tax_filings.csv", rows), received_on=received)


def _sales(lake: Lake, as_of: date | None = None) -> list[tuple[str, str]]:
    """(period's month, sales) of the rows known on a day, current ones by default."""
    table = lake.connect(["tax_filings"], as_of=as_of).table("tax_filings")
    rows = table.order_by("uscc", "period").to_pyarrow().to_pylist()
    return [(f"{row['period']:%m}", str(row["sales_declared"])) for row in rows]


def _versions(lake: Lake) -> set[tuple[str, date, date]]:
    table = lake.connect(["tax_filings"], versions=True).table("tax_filings")
    assert table.columns[-2:] == (KNOWN_FROM, KNOWN_UNTIL)
    rows = table.to_pyarrow().to_pylist()
    found = [(str(row["sales_declared"]), row[KNOWN_FROM], row[KNOWN_UNTIL]) for row in rows]
    assert len(set(found)) == len(found)
    return set(found)


def test_a_history_load_is_known_on_its_own_event_dates(lake: Lake, inbox: Path) -> None:
    rows = [
        _filing(JANUARY, date(2026, 2, 10), "1.00"),
        _filing(FEBRUARY, date(2026, 3, 10), "2.00"),
    ]
    _deliver(lake, inbox, rows, None)
    assert _sales(lake, date(2026, 2, 9)) == []
    assert _sales(lake, date(2026, 2, 10)) == [("01", "1.00")]
    assert _sales(lake, date(2026, 3, 10)) == [("01", "1.00"), ("02", "2.00")]
    assert _versions(lake) == {("1.00", BEGINNING, END), ("2.00", BEGINNING, END)}


def test_a_correction_supersedes_from_its_day_on_and_what_was_known_stays(
    lake: Lake, inbox: Path
) -> None:
    _deliver(lake, inbox, [_filing(JANUARY, date(2026, 2, 10), "1.00")], None)
    _deliver(lake, inbox, [_filing(JANUARY, date(2026, 2, 10), "9.00")], date(2026, 4, 1))
    assert _sales(lake) == [("01", "9.00")]
    assert _sales(lake, date(2026, 3, 31)) == [("01", "1.00")]
    assert _sales(lake, date(2026, 4, 1)) == [("01", "9.00")]
    assert _versions(lake) == {
        ("1.00", BEGINNING, date(2026, 4, 1)),
        ("9.00", date(2026, 4, 1), END),
    }


def test_a_late_row_is_known_from_the_day_it_came_in(lake: Lake, inbox: Path) -> None:
    _deliver(lake, inbox, [_filing(JANUARY, date(2026, 2, 10), "1.00")], date(2026, 5, 1))
    assert _sales(lake, date(2026, 4, 30)) == []
    assert _sales(lake, date(2026, 5, 1)) == [("01", "1.00")]


def test_a_correction_may_move_a_row_to_another_month(lake: Lake, inbox: Path) -> None:
    kept = _filing(FEBRUARY, date(2026, 2, 20), "2.00")
    _deliver(lake, inbox, [_filing(JANUARY, date(2026, 2, 10), "1.00"), kept], None)
    _deliver(lake, inbox, [_filing(JANUARY, date(2026, 3, 3), "1.00")], date(2026, 3, 15))
    assert _sales(lake) == [("01", "1.00"), ("02", "2.00")]
    months = {part.month: part for part in lake.month_parts("tax_filings")}
    assert {month: part.rows for month, part in months.items()} == {
        date(2026, 2, 1): 2,  # both versions: it was still known in March
        date(2026, 3, 1): 1,
    }
    assert months[date(2026, 2, 1)].versioned
    assert not months[date(2026, 3, 1)].versioned


def test_a_history_load_supersedes_for_all_time(lake: Lake, inbox: Path) -> None:
    _deliver(lake, inbox, [_filing(JANUARY, date(2026, 2, 10), "1.00")], date(2026, 2, 11))
    _deliver(lake, inbox, [_filing(JANUARY, date(2026, 2, 10), "2.00")], None)
    assert _sales(lake, date(2026, 2, 11)) == [("01", "2.00")]
    assert _versions(lake) == {("2.00", BEGINNING, END)}
    [part] = lake.month_parts("tax_filings")
    assert (part.rows, part.versioned) == (1, False)


def test_a_delivery_that_is_ingested_late_stands_where_it_belongs(lake: Lake, inbox: Path) -> None:
    for sales, received in (("1.00", 11), ("3.00", 25), ("2.00", 18)):
        rows = [_filing(JANUARY, date(2026, 2, 10), sales)]
        _deliver(lake, inbox, rows, date(2026, 2, received))
    assert _sales(lake) == [("01", "3.00")]
    assert _versions(lake) == {
        ("1.00", date(2026, 2, 11), date(2026, 2, 18)),
        ("2.00", date(2026, 2, 18), date(2026, 2, 25)),
        ("3.00", date(2026, 2, 25), END),
    }


def test_of_several_files_of_one_delivery_the_later_wins(lake: Lake, inbox: Path) -> None:
    for name, sales in (("a", "1.00"), ("b", "2.00")):
        rows = [_filing(JANUARY, date(2026, 2, 10), sales)]
        write_csv(inbox / "tax_filings" / f"{name}.csv", rows)
    lake.ingest(inbox, received_on=date(2026, 2, 11))
    assert _sales(lake) == [("01", "2.00")]
    assert _versions(lake) == {("2.00", date(2026, 2, 11), END)}


def test_a_corrected_mapping_takes_back_every_row_of_the_wrong_one(lake: Lake, inbox: Path) -> None:
    columns = {"uscc": "firm", "sales_declared": "untaxed"}
    wrong = Mapping("tax_filings", ("*.csv",), columns)
    filing = _filing(JANUARY, date(2026, 2, 10), "1.00")
    row = {**filing, "firm": "BRANCH", "taxpayer": "F1", "untaxed": "7.00"}
    file = write_csv(inbox / "export.csv", [row])
    lake.ingest(file, mapping=wrong)
    right = replace(wrong, columns={"uscc": "taxpayer"})
    assert lake.ingest(file, mapping=right).runs[0].rows == 1
    [found] = lake.arrow("tax_filings").to_pylist()
    assert (found["uscc"], str(found["sales_declared"])) == ("F1", "1.00")
    assert lake.ingest(file, mapping=right).skipped == ("export.csv",)
    assert len(lake.ingest(file, mapping=wrong).runs) == 1  # a correction can be taken back
    assert lake.arrow("tax_filings")["uscc"].to_pylist() == ["BRANCH"]


def test_a_month_is_versioned_only_by_what_came_after_it_closed(lake: Lake, inbox: Path) -> None:
    filing = _filing(JANUARY, date(2026, 2, 10), "1.00")
    _deliver(lake, inbox, [filing], date(2026, 2, 11))
    _deliver(lake, inbox, [{**filing, "sales_declared": "2.00"}], date(2026, 3, 1))
    [part] = lake.month_parts("tax_filings")
    assert (part.rows, part.versioned) == (1, False)
    _deliver(lake, inbox, [{**filing, "sales_declared": "3.00"}], date(2026, 3, 2))
    [late] = lake.month_parts("tax_filings")
    assert (late.rows, late.versioned) == (3, True)
    assert late.fingerprint != part.fingerprint


def test_the_fingerprint_of_a_month_changes_with_its_rows_only(lake: Lake, inbox: Path) -> None:
    _deliver(lake, inbox, [_filing(JANUARY, date(2026, 2, 10), "1.00")], None)
    before = lake.month_parts("tax_filings")
    _deliver(lake, inbox, [_filing(FEBRUARY, date(2026, 3, 10), "1.00")], None)
    assert lake.month_parts("tax_filings")[0] == before[0]
    _deliver(lake, inbox, [_filing(MARCH, date(2026, 2, 12), "1.00")], None)
    assert lake.month_parts("tax_filings")[0].fingerprint != before[0].fingerprint


def test_a_month_query_runs_on_a_bare_connection_of_the_lake(lake: Lake, inbox: Path) -> None:
    _deliver(lake, inbox, [_filing(JANUARY, date(2026, 2, 10), "1.00")], date(2026, 2, 11))
    db = lake.connect([]).con
    plain = db.sql(lake.month_query("tax_filings", date(2026, 2, 1)))
    assert plain.columns == lake.arrow("tax_filings").column_names
    _deliver(lake, inbox, [_filing(JANUARY, date(2026, 2, 10), "2.00")], date(2026, 4, 1))
    found = db.sql(lake.month_query("tax_filings", date(2026, 2, 1)))
    assert found.columns == [*plain.columns, KNOWN_FROM, KNOWN_UNTIL]
    assert len(found.fetchall()) == 2
    assert db.sql(lake.month_query("tax_filings", date(2020, 1, 1))).fetchall() == []


def test_the_history_of_a_row_is_told_whole(lake: Lake, inbox: Path) -> None:
    for sales, received in (("1.00", None), ("2.00", date(2026, 4, 1)), ("3.00", date(2026, 5, 1))):
        _deliver(lake, inbox, [_filing(JANUARY, date(2026, 2, 10), sales)], received)
    found = lake.history("tax_filings", "F1", "2026-01-05")
    assert [(v.known_from, v.known_until, str(v.row["sales_declared"])) for v in found] == [
        (None, date(2026, 4, 1), "1.00"),
        (date(2026, 4, 1), date(2026, 5, 1), "2.00"),
        (date(2026, 5, 1), None, "3.00"),
    ]
    assert lake.history("tax_filings", "F9", "2026-01-05") == ()
    with pytest.raises(WrongKey, match="2 columns: uscc, period"):
        lake.history("tax_filings", "F1")
    with pytest.raises(WrongKey, match="not a date"):
        lake.history("tax_filings", "F1", "January")


_FIRMS, _DAYS = ("F1", "F2", "F3"), [date(2026, month, 15) for month in range(1, 5)]
_deliveries = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(_FIRMS), st.sampled_from(_DAYS), min_size=1),
        st.none() | st.sampled_from([date(2026, month, 20) for month in range(1, 6)]),
    ),
    min_size=1,
    max_size=5,
)


class _Model:
    """What is known, kept the slow way: every version of every key in a list."""

    def __init__(self) -> None:
        self.versions: dict[str, list[dict[str, Any]]] = {}

    def deliver(self, rows: dict[str, tuple[date, str]], received: date | None) -> None:
        for firm, (day, sales) in rows.items():
            kept = self.versions.setdefault(firm, [])
            start, until = received or BEGINNING, END
            for old in kept:
                if received is None or old["from"] <= start:
                    old["until"] = min(old["until"], start)
                elif old["until"] > old["from"]:
                    until = min(until, old["from"])
            kept.append({"day": day, "sales": sales, "from": start, "until": until})

    def known(self, day: date | None) -> set[tuple[str, str]]:
        return {
            (firm, one["sales"])
            for firm, kept in self.versions.items()
            for one in kept
            if (one["until"] == END if day is None else one["from"] <= day < one["until"])
            and (day is None or one["day"] <= day)
        }


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries=_deliveries)
def test_any_order_of_deliveries_reads_as_the_slow_model_says(
    tmp_path_factory: pytest.TempPathFactory, deliveries: list[Any]
) -> None:
    folder = tmp_path_factory.mktemp("model")
    lake, model = Lake(folder / "lake"), _Model()
    for number, (firms, received) in enumerate(deliveries, start=1):
        rows = {firm: (day, f"{number}.00") for firm, day in firms.items()}
        _deliver(
            lake, folder, [_filing(JANUARY, day, s, f) for f, (day, s) in rows.items()], received
        )
        model.deliver(rows, received)
    for day in (None, *(date(2026, month, 25) for month in range(1, 7))):
        table = (
            lake.connect(["tax_filings"], as_of=day).table("tax_filings").to_pyarrow().to_pylist()
        )
        found = [(row["uscc"], str(row["sales_declared"])) for row in table]
        assert sorted(found) == sorted(model.known(day))
    [status] = [row for row in lake.status() if row.dataset == "tax_filings"]
    current = [one for kept in model.versions.values() for one in kept if one["until"] == END]
    assert (status.rows, status.first, status.last, status.months) == (
        len(current),
        min(one["day"] for one in current),
        max(one["day"] for one in current),
        len({one["day"].month for one in current}),
    )
    everything = lake.connect(["tax_filings"], versions=True).table("tax_filings").count().execute()
    ever = [o for kept in model.versions.values() for o in kept if o["from"] < o["until"]]
    assert everything == len(ever)
    for part in lake.month_parts("tax_filings"):
        found = lake.connect([]).con.sql(lake.month_query("tax_filings", part.month)).fetchall()
        assert len(found) == part.rows
