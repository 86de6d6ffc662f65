"""Each option of a mapping on a small file; `docs/mappings.md` describes them in the same order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kuaidai.data.lake import Lake
from kuaidai.data.lake.errors import MappingWrong, WrongColumns
from kuaidai.data.lake.mapping import load_mapping

BALANCES = 'dataset = "daily_balances"\nfiles = ["*.csv"]\n'
LEDGER = """dataset = "transactions"
files = ["bookings.csv"]
[columns]
transaction_id = "no"
account_no = "account"
uscc = { constant = "F1" }
booked_on = "day"
purpose = { constant = "other" }
"""
Rows = list[dict[str, Any]]
Ingest = Callable[..., Rows]


@pytest.fixture
def ingest(lake: Lake, inbox: Path, tmp_path: Path) -> Ingest:
    """Ingest CSV texts by name under a mapping's text; the rows in the order of the dataset's key."""

    def run(mapping: str, **texts: str) -> Rows:
        (tmp_path / "mapping.toml").write_text(mapping, encoding="utf-8")
        for name, text in texts.items():
            (inbox / f"{name}.csv").write_text(text, encoding="utf-8")
        report = lake.ingest(inbox, mapping=load_mapping(tmp_path / "mapping.toml"))
        name = report.runs[0].dataset
        rows: Rows = lake.table(name).order_by(*_key(name)).to_pyarrow().to_pylist()
        return rows

    return run


def _key(name: str) -> tuple[str, ...]:
    return ("transaction_id",) if name == "transactions" else ("account_no", "balance_on")


def _balance(recipes: str, header: str, row: str, ingest: Ingest, lake: Lake) -> tuple[Rows, Rows]:
    """The one balance that `recipes` make of a row, or why it went to quarantine."""
    text = BALANCES + "[columns]\n" + recipes
    return ingest(text, day=f"{header}\n{row}\n"), lake.quarantine("daily_balances")


PLAIN = 'account_no = "a"\nuscc = { constant = "F1" }\nbalance_on = { constant = "2026-01-05" }\n'


@pytest.mark.parametrize(
    ("option", "written", "balance"),
    [
        ('decimal = ",", thousands = "."', '"1.234,50"', "1234.50"),
        ('decimal = ",", thousands = "."', '"1234,5"', "1234.50"),
        ('thousands = ","', '"-1,234,567.89"', "-1234567.89"),
        ('thousands = "\'"', "1'234.5", "1234.50"),
        ('decimal = ",", thousands = " "', '"1 234,50"', "1234.50"),
        ('thousands = "^"', "1^234.50", "1234.50"),
        ('times = "0.01"', "123450", "1234.50"),
        ('sign = "drop"', "-12.00", "12.00"),
        ('sign = "flip"', "+12.00", "-12.00"),
        ('sign = "flip"', "-12.00", "12.00"),
        ('negative_if = { column = "a", in = ["1"] }', "12.00", "-12.00"),
        ('negative_if = { column = "a", not_in = ["1"] }', "12.00", "12.00"),
        ('negative_if = { column = "a", present = true }', "12.00", "-12.00"),
        ('missing = "0"', "", "0.00"),
        ('blanks = ["-", "N/A"], missing = "0"', "N/A", "0.00"),
        ('values = { "none" = "0" }', "none", "0.00"),
        ('values = { "none" = "0" }, otherwise = "1"', "some", "1.00"),
    ],
)
def test_amounts(option: str, written: str, balance: str, ingest: Ingest, lake: Lake) -> None:
    recipe = f'{PLAIN}balance = {{ column = "b", {option} }}'
    [row], faults = _balance(recipe, "a,b", f"1,{written}", ingest, lake)
    assert (str(row["balance"]), faults) == (balance, [])


@pytest.mark.parametrize(
    ("option", "written", "reason"),
    [
        (
            'decimal = ",", thousands = "."',
            '"1.23,50"',
            "is not an amount with at most two decimals",
        ),
        ('decimal = ","', "1.50", "is not an amount with at most two decimals"),
        ('times = "0.001"', "1234", "is not an amount with at most two decimals"),
        ('sign = "drop"', "12 CR", "is not an amount with at most two decimals"),
        ('blanks = ["-"]', "-", "is missing"),
        ('values = { "none" = "0" }', "some", "is not an amount with at most two decimals"),
    ],
)
def test_amounts_written_otherwise_go_to_quarantine_as_they_came(
    option: str, written: str, reason: str, ingest: Ingest, lake: Lake
) -> None:
    recipe = f'{PLAIN}balance = {{ column = "b", {option} }}'
    rows, [fault] = _balance(recipe, "a,b", f"1,{written}", ingest, lake)
    shown = None if reason == "is missing" else written.strip('"')
    assert (rows, fault["value"], fault["reason"]) == ([], shown, reason)


@pytest.mark.parametrize(
    ("option", "written", "day"),
    [
        ('date = "%y%m%d"', "930704", date(1993, 7, 4)),
        ('date = "%d.%m.%Y"', "4.7.1993", date(1993, 7, 4)),
        ('date = "%Y年%m月%d日"', "1993年7月4日", date(1993, 7, 4)),
        ("plus_months = 1", "2026-01-31", date(2026, 2, 28)),
        ('date = "%y%m%d", plus_months = "a"', "930704", date(1993, 8, 4)),
    ],
)
def test_dates(option: str, written: str, day: date, ingest: Ingest, lake: Lake) -> None:
    recipe = (
        'account_no = "a"\nuscc = { constant = "F1" }\nbalance = { constant = "0" }\n'
        f'balance_on = {{ column = "b", {option} }}'
    )
    [row], faults = _balance(recipe, "a,b", f"1,{written}", ingest, lake)
    assert (row["balance_on"], faults) == (day, [])


@pytest.mark.parametrize("written", ["931304", "1993-07-04", "nothing"])
def test_dates_written_otherwise_go_to_quarantine(written: str, ingest: Ingest, lake: Lake) -> None:
    recipe = (
        'account_no = "a"\nuscc = { constant = "F1" }\nbalance = { constant = "0" }\n'
        'balance_on = { column = "b", date = "%y%m%d" }'
    )
    rows, [fault] = _balance(recipe, "a,b", f"1,{written}", ingest, lake)
    assert (rows, fault["value"], fault["reason"]) == ([], written, "is not a date")


def test_texts_from_several_columns(ingest: Ingest, lake: Lake) -> None:
    recipe = (
        'account_no = { text = "CZ-{branch:04}/{a}" }\nuscc = { first_of = ["firm", "a"] }\n'
        'balance_on = { constant = "2026-01-05" }\nbalance = { constant = "0" }'
    )
    text = BALANCES + "[columns]\n" + recipe
    rows = ingest(text, day="a,branch,firm\n1,7,\n2,12345,F9\n3,,\n")
    assert [(row["account_no"], row["uscc"]) for row in rows] == [
        ("CZ-0007/1", "1"),
        ("CZ-12345/2", "F9"),
    ]
    [fault] = lake.quarantine("daily_balances")
    assert (fault["row"], fault["column"], fault["reason"]) == (3, "account_no", "is missing")


def test_unknown_values_are_quarantined_not_guessed(ingest: Ingest, lake: Lake) -> None:
    mapping = LEDGER + (
        'direction = { column = "kind", values = { "C" = "credit", "D" = "debit" } }\n'
        'amount = "amount"\n'
    )
    rows = ingest(
        mapping,
        bookings="no,account,day,kind,amount\n1,A,2026-01-05,C,5\n2,A,2026-01-05,X,6\n",
    )
    assert [row["transaction_id"] for row in rows] == ["1"]
    [fault] = lake.quarantine("transactions")
    assert (fault["row"], fault["column"], fault["value"], fault["reason"]) == (
        2, "direction", "X", "has no value under the mapping",
    )  # fmt: skip


def test_a_signed_amount_becomes_direction_and_amount(ingest: Ingest) -> None:
    mapping = LEDGER + (
        'direction = { column = "amount", by_sign = { negative = "debit", positive = "credit" } }\n'
        'amount = { column = "amount", sign = "drop" }\n'
    )
    rows = ingest(
        mapping, bookings="no,account,day,amount\n1,A,2026-01-05,-5.20\n2,A,2026-01-05,6\n"
    )
    assert [(row["direction"], str(row["amount"])) for row in rows] == [
        ("debit", "5.20"),
        ("credit", "6.00"),
    ]


def test_filtered_rows_are_neither_read_nor_quarantined(ingest: Ingest, lake: Lake) -> None:
    mapping = (
        BALANCES
        + 'where = [{ column = "state", not_in = ["void"] }, { column = "b", present = true }]\n'
        + f'[columns]\n{PLAIN}balance = "b"'
    )
    rows = ingest(mapping, day="a,b,state\n1,5,void\n2,6,\n3,,ok\n4,bad,ok\n")
    assert [row["account_no"] for row in rows] == ["2"]
    assert [(row["row"], row["value"]) for row in lake.quarantine("daily_balances")] == [(4, "bad")]


LOOKED_UP = """
[lookups.holder]
file = "holders.csv"
on = { a = "account" }
where = [{ column = "role", in = ["owner"] }]
[columns]
account_no = "a"
uscc = "holder.firm"
balance_on = { constant = "2026-01-05" }
balance = "b"
"""


def test_a_second_file_is_looked_up_by_key(ingest: Ingest, lake: Lake) -> None:
    rows = ingest(
        BALANCES.replace("*", "day*") + LOOKED_UP,
        day="a,b\n1,5\n2,6\n3,7\n",
        holders="account,firm,role\n1,F1,owner\n1,F7,user\n2,F2,owner\n",
    )
    assert [(row["account_no"], row["uscc"]) for row in rows] == [("1", "F1"), ("2", "F2")]
    assert [(row["row"], row["column"]) for row in lake.quarantine("daily_balances")] == [
        (3, "uscc")
    ]


def test_a_changed_look_up_file_is_a_new_run(ingest: Ingest) -> None:
    texts = {"day": "a,b\n1,5\n", "holders": "account,firm,role\n1,F1,owner\n"}
    mapping = BALANCES.replace("*", "day*") + LOOKED_UP
    assert [row["uscc"] for row in ingest(mapping, **texts)] == ["F1"]
    changed = texts | {"holders": "account,firm,role\n1,F8,owner\n"}
    assert [row["uscc"] for row in ingest(mapping, **changed)] == ["F8"]


@pytest.mark.parametrize(
    ("holders", "why"),
    [
        ("account,firm,role\n1,F1,owner\n1,F2,owner\n", "several rows of one account"),
        ("account,firm\n1,F1\n", "has no column role"),
        (None, "needs the file holders.csv beside day.csv"),
    ],
)
def test_look_ups_that_cannot_be_made(ingest: Ingest, holders: str | None, why: str) -> None:
    texts = {"day": "a,b\n1,5\n"} | ({"holders": holders} if holders else {})
    with pytest.raises(MappingWrong, match=why):
        ingest(BALANCES.replace("*", "day*") + LOOKED_UP, **texts)


EVENINGS = """
[derived]
signed = { column = "amount", negative_if = { column = "kind", in = ["D"] } }
[booking_order]
per = ["account"]
day = "day"
amount = "signed"
balance = "balance"
tolerance = "0.10"
[keep]
rows = "last"
per = ["account", "day"]
by = ["booking_order"]
[fill_days]
per = ["account"]
day = "day"
{until}
[columns]
account_no = "account"
uscc = { constant = "F1" }
balance_on = "day"
balance = "balance"
"""
BOOKINGS = """no,account,day,kind,amount,balance,closed
1,A,2026-01-05,D,30,70,2026-01-11
2,A,2026-01-05,C,100,100,2026-01-11
3,A,2026-01-08,C,5,75.1,2026-01-11
4,B,2026-01-06,C,1,1,
5,B,2026-01-07,D,9,1,
6,B,2026-01-07,C,9,10,
7,B,2026-01-09,C,2,3,
"""


def _evenings(rows: Rows) -> dict[str, list[tuple[int, str]]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for row in rows:
        found.setdefault(row["account_no"], []).append((row["balance_on"].day, str(row["balance"])))
    return found


def test_evenings_follow_from_the_order_that_makes_balances_agree(ingest: Ingest) -> None:
    """A's first booking stands second in the file; 75.1 follows on 70 and 5 within the tolerance.

    B's pair of the 7th goes either way round; that it began at 1 the evening before decides.
    """
    rows = ingest(BALANCES + EVENINGS.replace("{until}", ""), day=BOOKINGS)
    assert _evenings(rows) == {
        "A": [(5, "70.00"), (6, "70.00"), (7, "70.00"), (8, "75.10")],
        "B": [(6, "1.00"), (7, "1.00"), (8, "1.00"), (9, "3.00")],
    }


def test_the_last_evening_stands_as_long_as_is_said(ingest: Ingest) -> None:
    rows = ingest(BALANCES + EVENINGS.replace("{until}", 'until = "file_end"'), day=BOOKINGS)
    assert [day for day, _ in _evenings(rows)["A"]] == [5, 6, 7, 8, 9]
    rows = ingest(BALANCES + EVENINGS.replace("{until}", 'until = "closed"'), day=BOOKINGS)
    assert [day for day, _ in _evenings(rows)["A"]] == [5, 6, 7, 8, 9, 10]
    assert [day for day, _ in _evenings(rows)["B"]] == [6, 7, 8, 9]


def test_a_gap_is_filled_for_so_many_days_and_no_longer(ingest: Ingest) -> None:
    rows = ingest(BALANCES + EVENINGS.replace("{until}", "most_days = 1"), day=BOOKINGS)
    assert [day for day, _ in _evenings(rows)["A"]] == [5, 6, 8]


def test_the_order_of_booking_is_a_column(ingest: Ingest) -> None:
    order = EVENINGS.partition("[keep]")[0]
    mapping = (
        f"{LEDGER.partition('[columns]')[0]}{order}[columns]{LEDGER.partition('[columns]')[2]}"
    )
    mapping += (
        'amount = "amount"\ndirection = { column = "kind", values = { C = "credit", D = "debit" } }\n'
        'sequence = "booking_order"\nbalance_after = "balance"\n'
    )
    rows = ingest(mapping, bookings=BOOKINGS)
    assert [row["sequence"] for row in rows] == [2, 1, 1, 1, 2, 1, 1]


def test_bookings_that_make_no_chain_stay_in_the_order_of_the_file(ingest: Ingest) -> None:
    broken = "no,account,day,kind,amount,balance\n1,A,2026-01-05,C,1,500\n2,A,2026-01-05,C,1,9\n"
    rows = ingest(BALANCES + EVENINGS.replace("{until}", ""), day=broken)
    assert _evenings(rows) == {"A": [(5, "9.00")]}


def test_the_first_of_a_group_and_numbers_in_their_own_order(ingest: Ingest) -> None:
    mapping = BALANCES + (
        '[keep]\nrows = "last"\nper = ["a"]\nby = ["version"]\n'
        + f'[columns]\n{PLAIN}balance = "b"'
    )
    day = "a,b,version\n1,5,10\n1,6,9\n1,7,2\n"
    assert [str(row["balance"]) for row in ingest(mapping, day=day)] == ["5.00"]
    mapping = mapping.replace('"last"', '"first"')
    assert [str(row["balance"]) for row in ingest(mapping, day=day)] == ["7.00"]


def test_several_tables_read_one_folder(lake: Lake, inbox: Path, tmp_path: Path) -> None:
    columns = "".join(f"    {line}\n" for line in (PLAIN + 'balance = "b"').splitlines())
    accounts = (
        'account_no = "a"\nuscc = { constant = "F1" }\nopened_on = { constant = "2020-01-01" }\n'
        'kind = { constant = "basic" }\ncurrency = { constant = "CZK" }\n'
    )
    (tmp_path / "m.toml").write_text(
        f'[[tables]]\ndataset = "accounts"\nfiles = ["a.csv"]\n[tables.columns]\n{accounts}'
        f'[[tables]]\ndataset = "daily_balances"\nfiles = ["a.csv"]\n[tables.columns]\n{columns}'
    )
    (inbox / "a.csv").write_text("a,b\n1,5\n")
    report = lake.ingest(inbox, mapping=load_mapping(tmp_path / "m.toml"))
    assert [(run.dataset, run.rows) for run in report.runs] == [
        ("accounts", 1),
        ("daily_balances", 1),
    ]
    assert lake.ingest(inbox, mapping=load_mapping(tmp_path / "m.toml")).runs == ()


def test_a_file_is_not_read_twice_for_one_dataset(lake: Lake, inbox: Path, tmp_path: Path) -> None:
    table = f'[[tables]]\ndataset = "daily_balances"\nfiles = ["*"]\n[tables.columns]\n{PLAIN}'
    (tmp_path / "m.toml").write_text(table + table)
    (inbox / "a.csv").write_text("a,balance\n1,5\n")
    with pytest.raises(MappingWrong, match="two of its tables make rows of daily_balances"):
        lake.ingest(inbox, mapping=load_mapping(tmp_path / "m.toml"))


def test_names_and_constants_are_never_read_as_sql(lake: Lake, inbox: Path, tmp_path: Path) -> None:
    nasty = 'x"); DROP TABLE raw; --'
    quoted = nasty.replace('"', '\\"')
    (tmp_path / "m.toml").write_text(
        f'dataset = "daily_balances"\nfiles = ["*.parquet"]\n[columns]\naccount_no = "{quoted}"\n'
        f'uscc = {{ constant = "O\'Neill\'); DROP" }}\nbalance_on = {{ constant = "2026-01-05" }}\n'
        f'balance = {{ column = "{quoted}", values = {{ "\'; DROP" = "1" }} }}\n'
    )
    pq.write_table(pa.table({nasty: ["'; DROP"]}), inbox / "a.parquet")
    lake.ingest(inbox, mapping=load_mapping(tmp_path / "m.toml"))
    [row] = lake.arrow("daily_balances").to_pylist()
    assert (row["account_no"], row["uscc"], str(row["balance"])) == (
        "'; DROP", "O'Neill'); DROP", "1.00",
    )  # fmt: skip


def test_every_column_that_a_mapping_reads_must_be_there(ingest: Ingest) -> None:
    text = BALANCES + 'where = [{ column = "state", in = ["x"] }]\n[columns]\n' + PLAIN
    text += 'balance = { column = "b", negative_if = { column = "side", in = ["D"] } }'
    with pytest.raises(WrongColumns, match="missing b, side, state; unknown none"):
        ingest(text, day="a\n1\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[columns]\nbalance = { colum = "b" }', "columns.balance.colum: is no option of a mapping"),
        ("[columns]\nbalance = 5", "columns.balance: must be the name of a column or a table"),
        ('[columns]\nbalance = { column = "b", constant = "1" }', "exactly one of column, constant"),
        ("[columns]\nbalance = { }", "exactly one of column, constant"),
        ('[columns]\nbalance = { constant = "1", sign = "drop" }', "taken as it is"),
        ('[columns]\nbalance = { column = "b", otherwise = "1" }', "otherwise goes with values"),
        ('[columns]\nbalance = { column = "b", date = "%Q" }', "'%Q' is not a date format"),
        ('[columns]\nbalance = { column = "b", date = "%d", times = "2" }', "a date or a number"),
        ('[columns]\nbalance = { column = "b", times = "x" }', "'x' is not a number"),
        ('[columns]\nbalance = { column = "b", decimal = ",", thousands = "," }', "same sign"),
        ('[columns]\nbalance = { column = "b", decimal = "" }', "columns.balance.decimal"),
        ('[columns]\nbalance = { column = "b", sign = "up" }', "'drop' or 'flip'"),
        ('[columns]\nbalance = { column = "b", by_sign = { negative = "x" } }', "what positive"),
        ('[columns]\nbalance = { text = "no column" }', "names no column"),
        ('[columns]\nbalance = { text = "{b" }', "lone bracket"),
        ('[columns]\nbalance = { first_of = [] }', "first_of: must not be empty"),
        ('[[where]]\ncolumn = "b"', "exactly one of in, not_in and present"),
        ('[keep]\nrows = "some"\nper = ["b"]\nby = ["c"]', "'first' or 'last'"),
        ('[fill_days]\nper = ["b"]\nday = "c"', "needs one row a day"),
        ('[line_numbers]\nbalance = ["b"]\n[columns]\nbalance = "b"', "in line_numbers"),
        ('[lookups.x]\nfile = "x.csv"', "lookups.x.on: is missing"),
        ('[booking_order]\nper = ["a"]\nday = "d"\namount = "x"', "booking_order.balance: is missing"),
    ],
)  # fmt: skip
def test_an_option_that_is_wrong_is_named(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "m.toml"
    file.write_text(BALANCES + text)
    with pytest.raises(MappingWrong) as refused:
        load_mapping(file)
    assert why in refused.value.text("en")
