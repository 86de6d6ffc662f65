"""The commands of lending on the loan book: close of day, the ledger, a loan."""

import json
import multiprocessing
from datetime import date

import pytest
from django.utils import timezone
from tests.support.agreement import check_agreement
from tests.support.bank import ENDS_ON, SYSTEM
from tests.support.threads import at_once

from kuaidai.foundation.operations import set_business_date
from kuaidai.interfaces.cli import eod, main
from kuaidai.lending.servicing.models import Loan, LoanLife
from kuaidai.lending.servicing.operations import close_of_day, drawing


def run(capsys, *arguments):
    """Exit code, stdout and stderr of a command."""
    code = 0
    try:
        main.run(arguments)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


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
    assert (code, err.count("\n")) == (3, 1)
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


def unreadable(loan_id):
    terms = LoanLife.objects.get(loan_id=loan_id).terms
    Loan.objects.filter(id=loan_id).update(is_simple=False)
    LoanLife.objects.filter(loan_id=loan_id).update(terms=terms | {"instalments": 0})
    return terms


@pytest.mark.django_db
def test_parked_loans_are_told_with_their_reason_and_tried_again(capsys, facility, draw) -> None:
    loan_id = draw(facility, "50000.00").loan_id
    terms = unreadable(loan_id)
    code, _, err = run(capsys, "eod", "run", "--on", str(ENDS_ON))
    assert (code, err.splitlines()[-1]) == (0, f"parked: {loan_id} (`kuaidai eod status` says why)")
    run(capsys, "eod", "run", "--through", "2026-07-04")

    code, out, err = run(capsys, "eod", "status", "--check")
    assert code == 6
    assert "business date: 2026-07-05" in out
    assert f"parked: {loan_id} since 2026-06-30: ValueError: a loan has 1 to" in err
    code, out, err = run(capsys, "eod", "retry")
    assert (code, out) == (6, "0 caught up, 1 still parked\n")
    LoanLife.objects.filter(loan_id=loan_id).update(terms=terms)
    code, out, err = run(capsys, "eod", "retry", loan_id, "--json")
    assert (code, json.loads(out)) == (0, {"mended": [loan_id], "left": []})
    check_agreement()
    assert run(capsys, "eod", "retry")[:2] == (0, "0 caught up, 0 still parked\n")
    assert run(capsys, "eod", "retry", "LN-0")[0] == 3


@pytest.mark.django_db
def test_missed_days_are_closed_in_order_and_told_as_an_alarm(capsys, facility, draw) -> None:
    draw(facility, "50000.00")
    code, out, err = run(capsys, "eod", "run", "--through", "2026-07-03", "--json")
    assert code == 0, err
    assert [r["closed_on"] for r in json.loads(out)] == [
        "2026-06-30", "2026-07-01", "2026-07-02", "2026-07-03",
    ]  # fmt: skip
    code, out, _ = run(capsys, "eod", "run", "--through", "2026-07-03", "--json")
    assert (code, [r["already_closed"] for r in json.loads(out)]) == (0, [True])
    behind = (timezone.localdate() - date(2026, 7, 4)).days
    status = json.loads(run(capsys, "eod", "status", "--json")[1])
    assert status["days_behind"] == max(0, behind)
    assert status["closing"] is None


@pytest.mark.django_db(transaction=True)
def test_a_run_beside_another_ends_with_the_code_for_later(capsys, facility) -> None:
    with close_of_day._only_run():
        [(code, _, err)] = at_once(lambda _: run(capsys, "eod", "run"), 1)
    assert (code, err.count("\n")) == (75, 1)


@pytest.mark.parametrize("workers", ["0", "65", "two"])
def test_a_number_of_processes_that_cannot_be_is_refused_in_words(capsys, workers) -> None:
    code, _, err = run(capsys, "eod", "run", "--workers", workers)
    assert (code, err.count("\n")) == (2, 1)
    assert "Invalid value for '--workers'" in err


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_night_of_several_processes_tells_each_chunk(capsys, facility, draw, monkeypatch) -> None:
    monkeypatch.setattr(drawing, "LOANS_IN_CHUNK", 1)
    for _ in range(6):
        draw(facility, "10000.00")
    told, show = [], eod._tell

    def tells(bar, task, done, total):
        told.append((done, total, len(multiprocessing.active_children())))
        show(bar, task, done, total)

    monkeypatch.setattr(eod, "_tell", tells)
    assert run(capsys, "eod", "run", "--workers", "2")[0] == 0
    assert [done for done, _, _ in told] == [1, 2, 3, 4, 5, 6]
    assert {(total, processes) for _, total, processes in told} == {(6, 2)}
    check_agreement()


@pytest.mark.django_db
def test_a_statement_is_written_as_its_name_says(facility, draw, capsys, tmp_path) -> None:
    loan_id = draw(facility, "50000.00").loan_id
    for name, begins in (("a.csv", b"\xef\xbb\xbf"), ("a.pdf", b"%PDF-")):
        out = tmp_path / name
        code, said, err = run(
            capsys, "loan", "statement", loan_id, "--from", str(ENDS_ON), "--out", str(out)
        )
        assert (code, said.strip()) == (0, str(out)), err
        assert out.read_bytes().startswith(begins)
    code, _, err = run(capsys, "loan", "statement", loan_id, "--out", str(tmp_path / "a.doc"))
    assert code != 0
    assert ".pdf" in err
    code, _, err = run(
        capsys, "loan", "statement", loan_id, "--out", str(tmp_path / "none" / "a.csv")
    )
    assert (code, err.count("\n")) == (2, 1)
    assert "no such file or directory" in err
    code, _, err = run(
        capsys, "loan", "statement", loan_id, "--to", "2031-01-01", "--out", str(tmp_path / "b.csv")
    )
    assert code != 0
    assert "2031-01-01" in err
    of_june = ("loan", "statement", loan_id, "--month", "2026-06", "--out")
    code, _, err = run(capsys, *of_june, str(tmp_path / "june.csv"))
    assert (code, "has no statement of 2026-06" in err) == (2, True)
    set_business_date(on=date(2026, 7, 1), actor=SYSTEM)
    assert run(capsys, *of_june, str(tmp_path / "june.csv"))[0] == 0
    assert "月度对账单" in (tmp_path / "june.csv").read_text(encoding="utf-8-sig")
    assert run(capsys, *of_june, str(tmp_path / "x.csv"), "--to", "2026-06-30")[0] == 2


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
    assert code == 6
    assert "ledger and loans differ: principal outstanding" in err


@pytest.mark.django_db
def test_an_unknown_loan_is_named(capsys, facility) -> None:
    code, out, err = run(capsys, "loan", "show", "LN-0")
    assert (code, out) == (2, "")
    assert err == "error: No loan LN-0 was found; check the number (LN-…).\n"
