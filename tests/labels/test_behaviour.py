"""Labels of running loans, observed on month ends."""

from datetime import date

import pytest
from tests.labels.conftest import loan, months, tables

from kuaidai.data.labels import LabelDefinition
from kuaidai.data.labels.behaviour import behaviour_rows

JUNE, SEPTEMBER = date(2024, 6, 30), date(2024, 9, 30)  # months on book 3 and 6
CLOSES = date(2025, 12, 31)


def observed(loans: list, panel: list, *days: date, as_of: date = CLOSES, **settings) -> dict:
    definition = LabelDefinition(**settings)
    rows = behaviour_rows(*tables(loans, panel), days, definition, as_of=as_of)
    return {(r["uscc"], r["observed_on"]): r for r in rows.to_pyarrow().to_pylist()}


@pytest.mark.parametrize(
    ("dpd", "label"),
    [
        ({}, "good"),
        ({2: 45, 3: 0}, "good"),  # late before the day, cured on it
        ({4: 60}, "bad"),
        ({15: 60}, "bad"),  # the last month end of the window
        ({16: 60}, "good"),  # a month too late
        ({9: 40}, "indeterminate"),
    ],
)
def test_the_window_begins_after_the_day(dpd, label) -> None:
    found = observed([loan("L", "firm")], months("L", dpd), JUNE)

    assert found[("firm", JUNE)]["label"] == label


def test_who_is_late_or_owes_nothing_on_the_day_is_not_judged() -> None:
    loans = [loan("A", "late"), loan("B", "late"), loan("C", "repaid"), loan("D", "sound")]
    panel = [
        *months("A", {3: 30}),
        *months("B", {}),
        *months("C", {}, repaid=3),
        *months("D", {3: 29}),
    ]

    assert set(observed(loans, panel, JUNE)) == {("sound", JUNE)}


def test_a_firm_is_judged_on_every_day_and_by_all_it_owed_then() -> None:
    later = date(2024, 8, 1)
    loans = [loan("A", "firm"), loan("B", "firm", later)]
    panel = [*months("A", {}), *months("B", {5: 70}, granted=later, count=17)]

    found = observed(loans, panel, JUNE, SEPTEMBER)

    assert (found[("firm", JUNE)]["label"], found[("firm", JUNE)]["loans"]) == ("good", 1)
    assert (found[("firm", SEPTEMBER)]["label"], found[("firm", SEPTEMBER)]["loans"]) == ("bad", 2)


def test_a_window_that_is_not_over_is_immature() -> None:
    found = observed([loan("L", "firm")], months("L", {5: 90}), JUNE, as_of=date(2025, 5, 31))

    assert found[("firm", JUNE)]["label"] == "immature"
