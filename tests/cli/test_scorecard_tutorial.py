"""The tutorial's commands on real data, run as the page has them; what they print is what it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from kuaidai.interfaces.cli import main

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PAGE = Path(__file__).parents[2] / "docs" / "scorecards.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks_of(heading: str) -> list[tuple[str, str]]:
    """Language and text of the code blocks under a heading of the page."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")
    assert rest, f"the page has no section {heading!r}"
    return _BLOCK.findall(rest.partition("\n## ")[0])


def commands_of(block: str) -> list[tuple[str, list[str]]]:
    """Each command of a console block with the lines it is said to print."""
    found: list[tuple[str, list[str]]] = []
    ends: str | None = None  # the word that ends a here-document
    for line in block.splitlines():
        if line.startswith("$ ") and ends is None:
            found.append((line[2:], []))
            heredoc = re.search(r"<<'(\w+)'", line)
            ends = heredoc.group(1) if heredoc else None
        elif ends is not None or found[-1][0].endswith("\\"):
            found[-1] = (f"{found[-1][0]}\n{line}", [])
            ends = None if line == ends else ends
        elif line != "…":
            found[-1][1].append(line)
    return found


@dataclass(frozen=True)
class Shell:
    """Runs a command in a folder of its own: `kuaidai` in this process, anything else through bash."""

    work: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, command: str) -> str:
        if not command.startswith("kuaidai "):
            return self._elsewhere(command)
        words = shlex.split(os.path.expandvars(command.replace("\\\n", " ")))
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main.run(words[1:])
        shown = self.capsys.readouterr()
        assert not stopped.value.code, f"{command}\n{shown.err}"
        return shown.out

    def _elsewhere(self, command: str) -> str:
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            os.environ[name] = value.replace("$PWD", str(self.work))
            return ""
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
        if done.returncode and command.startswith("pip install"):
            pytest.skip(f"the package cannot be had: {done.stderr.strip().splitlines()[-1]}")
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys):
    programs, work = tmp_path / "bin", tmp_path / "work"
    for folder in (programs, work):
        folder.mkdir()
    for name, arguments in (("python", ""), ("pip", "-m pip")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        program.chmod(0o755)
    settings = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "KUAIDAI_LAKE": "",
        "PIP_RETRIES": "0",
        "PIP_DEFAULT_TIMEOUT": "10",
        "PIP_QUIET": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(work)
    return Shell(work, capsys)


def follow(heading: str, shell: Shell) -> int:
    """Do what a section says, compare what is printed, and give the number of commands run."""
    count = 0
    for language, text in blocks_of(heading):
        if language == "toml":
            name = re.match(r"# (\S+\.toml)\n", text)
            assert name, "a plan starts with the name of its file"
            (shell.work / name.group(1)).write_text(text)
        elif language == "console":
            for command, printed in commands_of(text):
                shown = shell(command).splitlines()
                assert [line for line in printed if line not in shown] == [], command
                count += 1
    return count


def test_the_card_on_german_credit_is_the_one_of_the_page(shell):
    assert follow("A card on real data by a plan", shell) == 5
    assert (shell.work / "model-card.html").exists()
    for command, _ in commands_of(blocks_of("Looking at bins and changing them")[0][1]):
        shell(command)
    python = [
        text for kind, text in blocks_of("Looking at bins and changing them") if kind == "python"
    ]
    assert "duration" in python[0]
    assert shell(f"python - <<'EOT'\n{python[0]}\nEOT").count("\n") > 3


def test_the_card_on_invoices_is_the_one_of_the_page(real_data, shell):
    if not (real_data / "cumcm2020c").is_dir():
        pytest.skip(f"KUAIDAI_REAL_DATA has no folder cumcm2020c: {real_data}")
    assert follow("A card on real invoices", shell) == 6
