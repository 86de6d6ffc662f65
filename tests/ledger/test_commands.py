"""`kuaidai ledger`: the books at the terminal."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import set_business_date
from kuaidai.interfaces.cli import main
from kuaidai.lending.ledger.domain.entries import Line
from kuaidai.lending.ledger.operations import close_ledger_day, post

pytestmark = pytest.mark.django_db
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
SYSTEM = Actor.system("test")


@pytest.fixture
def run(capsys):
    def call(*arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            main.run(["ledger", *arguments])
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def books() -> None:
    """1,000.00 borrowed and lent on Monday, which is closed; the interest of Tuesday, which is not."""
    set_business_date(on=TUESDAY, actor=SYSTEM)
    for key, on, debit, credit, amount in (
        ("a", MONDAY, "1010", "2240", "1000.00"),
        ("b", TUESDAY, "1320", "6010", "0.12"),
    ):
        post(
            key=key, on=on, description=f"entry {key}", source_type="loan", source_id=f"LN-{key}",
            lines=[Line(debit, debit=Decimal(amount)), Line(credit, credit=Decimal(amount))],
            branch="B001", product_code="P1",
        )  # fmt: skip
    close_ledger_day(on=MONDAY, actor=SYSTEM)


def balances(out: str) -> dict[str, str]:
    return {r["account"]: r["balance"] for r in json.loads(out)["rows"] if r["balance"] != "0.00"}


def test_the_trial_balance_as_of_a_day_and_of_a_branch(run, books) -> None:
    code, out, _ = run("trial-balance", "--json")
    assert (code, json.loads(out)["memorandum_difference"]) == (0, "0.00")
    assert balances(out) == {"1010": "1000.00", "1320": "0.12", "2240": "1000.00", "6010": "0.12"}
    code, out, _ = run("trial-balance", "--on", "2026-03-02", "--json")
    assert balances(out) == {"1010": "1000.00", "2240": "1000.00"}
    code, out, _ = run("trial-balance", "--branch", "B009", "--json")
    assert (code, balances(out)) == (0, {})
    code, out, _ = run("trial-balance")
    assert "1,000.12" in out


def test_the_general_ledger_of_a_day(run, books) -> None:
    code, out, _ = run("gl", "--on", "2026-03-02", "--json")
    said = json.loads(out)
    assert (code, said["is_closed"], said["debit"]) == (0, True, "1000.00")
    assert said["rows"][0]["closing"] == "1000.00"
    code, out, _ = run("gl")
    assert "2026-03-03 is open: debits 0.12, credits 0.12" in out
    code, out, _ = run("gl", "--csv", "--product", "P1")
    rows = list(csv.DictReader(out.splitlines()))
    assert [r["closing"] for r in rows if r["account"] == "1320"] == ["0.12"]


def test_entries_by_source_account_day_and_branch(run, books) -> None:
    for wanted in (
        ["--source", "loan:LN-b"], ["loan", "LN-b"], ["--on", "2026-03-03"], ["--account", "6010"],
        ["--limit", "1"], ["--on", "2026-03-03", "--branch", "B001"],
    ):  # fmt: skip
        code, out, err = run("entries", *wanted, "--json")
        assert code == 0
        assert [entry["source_id"] for entry in json.loads(out)] == ["LN-b"]
        assert ("older entries" in err) == ("--limit" in wanted)
    code, out, _ = run("entries", "--csv")
    assert [r["debit"] for r in csv.DictReader(out.splitlines())] == [
        "1000.00",
        "0.00",
        "0.12",
        "0.00",
    ]
    code, out, _ = run("entries")
    assert "1,000.00" in out


def test_verify_says_intact_or_names_the_breaks(run, books) -> None:
    code, out, _ = run("verify", "--json")
    said = json.loads(out)
    # money in suspense was booked by hand above, so its list does not know of it
    assert (code, [b["subject"] for b in said["breaks"] if b["kind"] == "entry"]) == (6, [])
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ledger_posting DISABLE TRIGGER USER")
        cursor.execute("UPDATE ledger_posting SET credit = 0.13 WHERE account = '6010'")
        cursor.execute("ALTER TABLE ledger_posting ENABLE TRIGGER USER")
    code, out, _ = run("verify")
    assert code == 6
    assert "2 lines of 2, difference -0.01, memoranda 0" in out
    code, _, _ = run("trial-balance")
    assert code == 1


def test_empty_books_are_intact(run) -> None:
    code, out, _ = run("verify")
    assert (code, out) == (0, "0 entries, 0 lines, 0 closed days: intact\n")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("trial-balance", "--on", "2026-02-30"), "'2026-02-30' is not a day"),
        (("gl", "--on", "yesterday"), "'yesterday' is not a day"),
        (("entries", "--source", "LN-1"), "'LN-1' is not a source"),
        (("entries", "--account", "9999"), "no account 9999"),
        (("entries", "--limit", "0"), "0 entries"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_two(run, arguments, named) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert named in err
    assert err.count("\n") == 1
