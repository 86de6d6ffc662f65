"""`kuaidai lake ingest` of bank statements, wrong input included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.lake.statements.conftest import CAMT, MT940, mt940_of

from kuaidai.interfaces.cli import main

FIRM = "91110000600037341L"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KUAIDAI_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def command(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main.run(("lake", *arguments))
        said = capsys.readouterr()
        return int(stopped.value.code or 0), said.out, said.err

    return command


def test_a_statement_then_another_of_the_same_account(run, write) -> None:
    code, out, _ = run("ingest", str(CAMT), "--uscc", FIRM, "--received-on", "2026-07-11")
    assert code == 0
    assert out == (
        "accounts: 1 rows from invented_camt053.xml, 0 to quarantine\n"
        "transactions: 6 rows from invented_camt053.xml, 0 to quarantine\n"
        "daily_balances: 11 rows from invented_camt053.xml, 0 to quarantine\n"
    )
    code, out, _ = run("ingest", str(CAMT), "--received-on", "2026-07-11")
    assert (code, out) == (0, "invented_camt053.xml: was ingested before\n")

    later = mt940_of(opening="C260710CNY50300,00", closing="C260711CNY50300,00")
    later = later.replace("INVENTED-ACCOUNT-0009", "INVENTED-ACCOUNT-0001")
    code, out, _ = run("ingest", str(write(later, "later.txt")), "--json")
    assert code == 0
    assert [made["dataset"] for made in json.loads(out)["runs"]] == ["daily_balances"]


@pytest.mark.parametrize(
    ("content", "name", "options", "said"),
    [
        (mt940_of(), "s.sta", (), "name the firm by --uscc"),
        (mt940_of(), "s.sta", ("--uscc", "911100006000373410"), "not a unified social credit code"),
        (mt940_of(), "s.sta", ("--uscc", FIRM, "--currency", "EUR"), "is in CNY, not EUR"),
        (mt940_of(), "s.sta", ("--uscc", FIRM, "--currency", "yuan"), "ISO 4217"),
        (mt940_of(closing="C260701CNY1,"), "s.txt", ("--uscc", FIRM), "does not add up"),
        ("hello", "s.mt940", ("--uscc", FIRM), "no field of MT940"),
        ("<a/>", "s.xml", ("--uscc", FIRM), "no ISO 20022 message"),
        ("", "s.XML", ("--uscc", FIRM), "no field of MT940"),
        ("a,b\n1,2\n", "payroll_runs.csv", ("--uscc", FIRM), "are for bank statements"),
        (mt940_of(), "s.sta", ("--dataset", "transactions"), "neither --dataset nor --mapping"),
    ],
)
def test_wrong_input_is_refused_in_one_line(content, name, options, said, run, write, home) -> None:
    code, out, err = run("ingest", str(write(content, name)), *options)

    assert code == 2
    assert out == ""
    assert said in " ".join(err.replace("│", " ").split())
    assert "Traceback" not in err
    _, status, _ = run("status", "--json")
    assert {row["rows"] for row in json.loads(status)} == {0}


def test_a_missing_file(run, tmp_path) -> None:
    code, _, err = run("ingest", str(tmp_path / "none.sta"), "--uscc", FIRM)

    assert code == 2
    assert "no such file or directory" in err


def test_the_samples_are_labelled_as_invented() -> None:
    for path in (CAMT, MT940):
        assert "Invented: no such bank, account, firm or payment exists." in path.read_text()
