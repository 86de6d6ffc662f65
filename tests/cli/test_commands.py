"""The command line as a whole: help, wrong names, refusals in one line with exit code 2."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kuaidai.interfaces.cli import main


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main.run(arguments)
    return int(stopped.value.code or 0)


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("--help") == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in main.COMMANDS)


@pytest.mark.parametrize("name", sorted(main.COMMANDS))
def test_every_command_can_be_loaded_and_explains_itself(name: str) -> None:
    module = importlib.import_module(main.COMMANDS[name][0])
    assert module.app.registered_commands
    assert _run(name, "--help") == 0


def test_an_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("lend") == 2
    assert "'lend'" in capsys.readouterr().err


def test_a_refusal_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = (
        "--principal",
        "1e5",
        "--annual-rate",
        "4.35",
        "--start",
        "2026-01-05",
        "--months",
        "6",
    )
    assert _run("loan", "quote", *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: These terms make no loan: '1e5' is not an amount")
    assert error.count("\n") == 1


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("--version") == 0
    assert capsys.readouterr().out.startswith("kuaidai 0.")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("eod", "run", "--days", "0"), "'--days': it must be at least 1"),
        (("eod", "run", "--days", "two"), "'--days': write a whole number"),
        (("eod", "run", "--on", "May"), "'May' is not a date; write YYYY-MM-DD"),
        (("serve", "--port", "99999"), "'--port': it must be at most 65535"),
        (("labels", "windows", "--threshold", "-4"), "'--threshold': it must be at least 1"),
    ],
)
def test_a_wrong_number_or_date_is_told_in_plain_words(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(*arguments) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("loan", "replay", "FILE", "--on", "2026-03-02"), "it is not a text file"),
        (("scorecard", "fit", "FILE", "--out", "card.json"), "it is not a text file"),
        (("scorecard", "show", "FOLDER"), "it is a folder; name a file"),
        (("features", "drift", "FOLDER", "FOLDER"), "it is a folder; name a file"),
    ],
)
def test_a_file_of_the_wrong_kind_is_named_with_what_it_is(
    command: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"FILE": tmp_path / "photo.bin", "FOLDER": tmp_path}
    given["FILE"].write_bytes(b"\xff\xfe\x00")
    assert _run(*(str(given.get(word, word)) for word in command)) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_wrong_setting_is_one_line_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUAIDAI_FIELD_KEY", "short")
    assert _run("lake", "status") == 2
    assert "KUAIDAI_FIELD_KEY" in capsys.readouterr().err


def test_the_data_contracts_page_is_what_the_command_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "data-contracts.md"
    assert _run("lake", "contracts") == 0
    assert capsys.readouterr().out == page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_database_without_tables_is_named_in_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    environment["KUAIDAI_HOME"] = str(tmp_path / "home")
    command = [sys.executable, "-m", "kuaidai"]
    try:
        asked = subprocess.run(
            [*command, "ledger", "trial-balance"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        subprocess.run([*command, "db", "stop"], env=environment, capture_output=True, check=True)
    assert asked.returncode == 2
    assert asked.stderr.strip().splitlines()[-1].startswith("error: the database has no tables yet")
    assert "Traceback" not in asked.stderr
