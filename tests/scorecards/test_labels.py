"""Outcomes on a small panel, month by month."""

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from kuaidai.kernel.calendars import add_months, month_end
from kuaidai.risk.scorecards.errors import BadSetting, MissingColumn
from kuaidai.risk.scorecards.labels import build_labels

GRANTED = date(2024, 3, 15)
ENDS = date(2025, 12, 31)


def loan(number: str, uscc: str, granted: date = GRANTED) -> dict:
    return {
        "loan_no": number,
        "uscc": uscc,
        "granted_on": granted,
        "matures_on": add_months(granted, 24),
    }


def months(
    number: str, dpd: dict[int, int], *, count: int = 21, granted: date = GRANTED, repaid=None
) -> list:
    """`count` month ends from the grant; `dpd` by month on book; balance zero from month `repaid`."""
    rows = []
    for month in range(count):
        gone = repaid is not None and month >= repaid
        rows.append(
            {
                "loan_no": number,
                "month_end": month_end(add_months(granted, month)),
                "outstanding": Decimal("0.00") if gone else Decimal("100.00"),
                "days_past_due": dpd.get(month, 0),
            }
        )
        if gone:
            break
    return rows


def labels(loans: list, panel: list, **options) -> dict:
    table = build_labels(pa.Table.from_pylist(loans), pa.Table.from_pylist(panel), **options)
    return {(r["uscc"], r["observed_on"]): r for r in table.to_pylist()}


CLEAN = [loan("CLOCK", "clock")], months("CLOCK", {}, count=22)


@pytest.mark.parametrize(
    ("panel", "label", "bad"),
    [
        (months("L", {}), "good", 0),
        (months("L", {5: 29}), "good", 0),
        (months("L", {5: 30, 6: 0}), "indeterminate", None),
        (months("L", {5: 59}), "indeterminate", None),
        (months("L", {5: 30, 6: 60}), "bad", 1),
        (months("L", {11: 60}), "bad", 1),
        (months("L", {12: 60}), "good", 0),
        (months("L", {}, repaid=4), "good", 0),
        (months("L", {}, count=6), "immature", None),
        ([], "immature", None),
    ],
)
def test_the_outcome_follows_the_worst_month_of_the_window(panel, label, bad) -> None:
    found = labels([*CLEAN[0], loan("L", "firm")], [*CLEAN[1], *panel])[("firm", GRANTED)]

    assert (found["label"], found["bad"]) == (label, bad)


def test_a_young_loan_is_immature_even_if_it_is_late_already() -> None:
    young = date(2025, 6, 10)
    panel = months("Y", {2: 31, 3: 61, 4: 92}, granted=young, count=7)

    found = labels([*CLEAN[0], loan("Y", "young", young)], [*CLEAN[1], *panel])

    assert found[("young", young)]["label"] == "immature"


def test_the_window_and_the_threshold_are_parameters() -> None:
    loans, panel = [*CLEAN[0], loan("L", "firm")], [*CLEAN[1], *months("L", {8: 45})]

    def outcome(**options) -> str:
        return labels(loans, panel, **options)[("firm", GRANTED)]["label"]

    assert outcome() == "indeterminate"
    assert outcome(dpd_threshold=45) == "bad"
    assert outcome(window_months=6) == "good"
    assert outcome(indeterminate_dpd=None) == "good"


def test_what_happens_after_as_of_is_not_known() -> None:
    loans, panel = [*CLEAN[0], loan("L", "firm")], [*CLEAN[1], *months("L", {10: 90})]

    early = labels(loans, panel, as_of=date(2024, 12, 31))[("firm", GRANTED)]

    assert (early["label"], early["max_dpd"]) == ("immature", 0)


def test_two_loans_of_a_day_are_one_row_as_bad_as_the_worse() -> None:
    loans = [loan("L1", "firm"), loan("L2", "firm"), loan("L3", "firm", date(2024, 4, 1))]
    panel = [*months("L1", {}), *months("L2", {7: 75}), *months("L3", {}, granted=date(2024, 4, 1))]

    found = labels(loans, panel)

    assert (found[("firm", GRANTED)]["bad"], found[("firm", GRANTED)]["loans"]) == (1, 2)
    assert found[("firm", date(2024, 4, 1))]["bad"] == 0


def test_missing_columns_and_odd_settings_are_refused() -> None:
    loans, panel = pa.Table.from_pylist(CLEAN[0]), pa.Table.from_pylist(CLEAN[1])
    with pytest.raises(MissingColumn, match="days_past_due"):
        build_labels(loans, panel.drop_columns("days_past_due"))
    with pytest.raises(BadSetting, match="window_months"):
        build_labels(loans, panel, window_months=0)
