"""docs/loans.md tells the truth: its example runs, and its tables name every field and event."""

import json
import re
from dataclasses import fields
from datetime import date
from pathlib import Path

from tests.servicing.test_golden_figures import NOT_REPRODUCED

from kuaidai.lending.servicing.domain import life
from kuaidai.lending.servicing.domain.conventions import Conventions
from kuaidai.lending.servicing.domain.replay import replay

PAGE = (Path(__file__).parents[2] / "docs" / "loans.md").read_text(encoding="utf-8")


def named(heading: str) -> set[str]:
    part = PAGE.split(f"\n{heading}\n", 1)[1].split("\n## ")[0].split("\n### ")[0]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_the_example_of_the_page_runs_and_says_what_the_page_says() -> None:
    [text] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    told = life.read_life(json.loads(text))
    state = replay(told.terms, told.events, date(2026, 3, 2))
    [part] = state.allocations
    assert state.days_past_due == 10
    assert [str(x) for x in (part.fee, part.compound, part.penalty, part.interest)] == [
        "30.00", "0.30", "24.00", "145.70",
    ]  # fmt: skip


def test_every_field_and_every_event_is_on_the_page() -> None:
    terms = set(life._TERMS) - {"annual_rate_pct"} | {"conventions"}
    assert named("### Terms") == terms
    assert named("### Conventions") == {entry.name for entry in fields(Conventions)}
    assert named("### Events") == set(life._KINDS)


def test_the_cases_that_are_not_reproduced_are_those_of_the_test() -> None:
    part = PAGE.split("## Figures from outside")[1]
    for case in NOT_REPRODUCED:
        number = case.rpartition("-")[2]
        assert number in part or re.fullmatch(r"RP\d\d", number), case
