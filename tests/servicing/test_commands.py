"""The commands of lending: quotes without a database, close of day, the ledger."""

import json
import subprocess
import sys

import pytest
from tests.support.bank import ENDS_ON

from kuaidai.interfaces.cli import main
from kuaidai.lending.servicing.models import Loan

QUOTE = ("--annual-rate", "3.85", "--start", "2025-01-20", "--day-count", "act/360")


def run(capsys, *arguments):
    """Exit code, stdout and stderr of a command."""
    code = 0
    try:
        main.run(arguments)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def quote(capsys, *arguments):
    code, out, err = run(capsys, "loan", "quote", "--principal", "1000000", *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_a_quote_of_the_trade_notes_example(capsys) -> None:
    said = quote(capsys, *QUOTE, "--instalments", "1")
    assert said["total_interest"] == "3315.28"
    assert said["instalments"] == [
        {
            "no": 1, "from_on": "2025-01-20", "due_on": "2025-02-20", "principal": "1000000.00",
            "interest": "3315.28", "total": "1003315.28", "outstanding": "0.00",
        }
    ]  # fmt: skip
    # one payment after 31 days: (1 + 0.00331528) ^ (365 / 31) - 1
    assert said["annualised"]["effective"] == "0.039739"


@pytest.mark.parametrize("text", ["4.35", "4.35%", "0.0435"])
def test_a_rate_is_read_as_people_write_it(capsys, text) -> None:
    said = quote(capsys, "--annual-rate", text, "--start", "2025-01-20", "--months", "3")
    assert said["terms"]["annual_rate"] == "0.043500"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (("--annual-rate", "cheap"), "'cheap' is not a rate"),
        (("--annual-rate=-1%",), "-0.01"),
        (("--principal", "0"), "principal must be positive"),
        (("--principal", "12.345"), "'12.345' is not an amount"),
    ],
)
def test_terms_that_make_no_loan_are_one_line_and_exit_code_two(capsys, wrong, named) -> None:
    arguments = ("--principal", "1000", *QUOTE, "--instalments", "3", *wrong)
    code, out, err = run(capsys, "loan", "quote", *arguments)
    assert (code, out) == (2, "")
    assert named in err
    assert err.count("\n") == 1


def test_a_quote_cuts_no_figure_and_starts_no_database() -> None:
    program = (
        "import sys; from kuaidai.interfaces.cli import main\n"
        "try: main.run(sys.argv[1:])\n"
        "finally: assert 'django' not in sys.modules"
    )
    arguments = ["loan", "quote", "--principal", "2999999.99", *QUOTE, "--instalments", "12"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True, text=True, check=True, env={"COLUMNS": "40", "PATH": ""},
    )  # fmt: skip
    assert "…" not in done.stdout
    assert "2,754,650.03" in done.stdout  # left after the first instalment
    assert done.stderr == ""


@pytest.mark.django_db
def test_close_of_day_and_the_books(capsys, facility, draw) -> None:
    loan_id = draw(facility, "50000.00").loan_id

    code, out, _ = run(capsys, "eod", "run", "--on", str(ENDS_ON), "--json")
    assert code == 0
    assert [json.loads(out)[0][k] for k in ("loans", "parked", "unreconciled")] == [1, [], []]
    code, out, _ = run(capsys, "eod", "run", "--on", str(ENDS_ON))
    assert (
        out
        == "2026-06-30 was closed before: 1 loans, 0.00 debited, 0 overdue, 0 parked; now 2026-07-01\n"
    )
    code, _, err = run(capsys, "eod", "run", "--on", "2026-08-01")
    assert (code, err.count("\n")) == (2, 1)
    assert "2026-08-01 cannot be closed: the business date is 2026-07-01" in err

    code, out, _ = run(capsys, "eod", "status", "--json")
    status = json.loads(out)
    assert (status["business_date"], status["last_closed"]) == ("2026-07-01", "2026-06-30")

    code, out, _ = run(capsys, "ledger", "trial-balance", "--json")
    assert (code, json.loads(out)["difference"]) == (0, "0.00")
    code, out, _ = run(capsys, "ledger", "reconcile", "--json")
    assert code == 0
    assert {row["difference"] for row in json.loads(out)} == {"0.00"}
    code, out, _ = run(capsys, "ledger", "entries", "loan", loan_id)
    assert "Loan paid out" in out
    code, out, _ = run(capsys, "loan", "show", loan_id, "--json")
    assert json.loads(out)["state"]["payoff"] == "50005.00"
    code, out, _ = run(capsys, "loan", "show", loan_id)
    assert f"{loan_id} active on 2026-07-01: outstanding 50,000.00" in out


@pytest.mark.django_db
def test_books_that_differ_are_named_with_exit_code_one(capsys, facility, draw) -> None:
    draw(facility, "50000.00")
    Loan.objects.update(outstanding="49999.99")
    code, out, _ = run(capsys, "ledger", "reconcile")
    assert code == 1
    assert [line.split()[-1] for line in out.splitlines() if "principal outstanding" in line] == [
        "0.01"
    ]
    code, _, err = run(capsys, "eod", "run", "--on", str(ENDS_ON))
    assert code == 0  # closing projects the loan from its events again: the books agree afterwards
    assert "differ" not in err


@pytest.mark.django_db
def test_an_unknown_loan_is_named(capsys, facility) -> None:
    code, out, err = run(capsys, "loan", "show", "LN-0")
    assert (code, out) == (2, "")
    assert "LN-0" in err
