"""The platform's own default against figures worked out by text-book formulas, to the cent.

`golden/own_figures.md` shows the working, `golden/working.py` writes it and imports nothing of the
platform.
"""

import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.servicing.domain.life import read_life
from kuaidai.lending.servicing.domain.replay import replay
from kuaidai.lending.servicing.domain.schedule import build_schedule

GOLDEN = Path(__file__).parent / "golden"
FIGURES = json.loads((GOLDEN / "own_figures.json").read_text(encoding="utf-8"))


def found_of(state, name) -> str:
    if name.startswith("totals."):
        return str(state.totals[Movement(name.removeprefix("totals."))])
    return str(getattr(state, name))


@pytest.mark.parametrize("case", FIGURES, ids=lambda case: case["id"])
def test_the_engine_finds_what_was_worked_out(case) -> None:
    life = read_life(case["life"])
    if case["rows"]:
        on = date.fromisoformat(case["rows"]["on"])
        rows = replay(life.terms, life.events, on).instalments
        told = [
            [str(r.due_on), str(r.principal), str(r.interest), str(r.outstanding)] for r in rows
        ]
        assert told == case["rows"]["rows"]
        if not life.events:
            agreed = build_schedule(life.terms)
            assert [[r.due_on, r.principal, r.interest, r.outstanding] for r in agreed] == [
                [r.due_on, r.principal, r.interest, r.outstanding] for r in rows
            ]
    for expected in case["states"]:
        state = replay(life.terms, life.events, date.fromisoformat(expected["on"]))
        wanted = {name: value for name, value in expected.items() if name != "on"}
        assert {name: found_of(state, name) for name in wanted} == wanted
    if case["allocations"]:
        last = max(event.on for event in life.events)
        parts = {part.key: part for part in replay(life.terms, life.events, last).allocations}
        for key, wanted in case["allocations"].items():
            found = {name: getattr(parts[key], name) for name in wanted}
            assert found == {name: Decimal(value) for name, value in wanted.items()}


def test_there_are_thirty_cases_and_the_working_writes_them(tmp_path) -> None:
    assert len(FIGURES) >= 30
    copy = tmp_path / "working.py"
    copy.write_text((GOLDEN / "working.py").read_text(encoding="utf-8"), encoding="utf-8")
    subprocess.run([sys.executable, str(copy)], check=True)
    for name in ("own_figures.json", "own_figures.md"):
        assert (tmp_path / name).read_bytes() == (GOLDEN / name).read_bytes()
