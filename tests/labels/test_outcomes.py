"""Outcomes on a small panel, month by month."""

from datetime import date
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest
from tests.labels.conftest import GRANTED, loan, months, tables

from kuaidai.data.labels import LabelDefinition, label_rows
from kuaidai.data.labels.errors import LabelColumnMissing, WrongLabelSetting


def labels(loans: list, panel: list, *, as_of=None, excluded=None, **settings) -> dict:
    listed = None if excluded is None else ibis.memtable(pa.Table.from_pylist(excluded))
    rows = label_rows(
        *tables(loans, panel), LabelDefinition(**settings), as_of=as_of, excluded=listed
    )
    return {(r["uscc"], r["observed_on"]): r for r in rows.to_pyarrow().to_pylist()}


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
        (months("L", {}, unseen=(4, 5)), "immature", None),
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

    def outcome(**settings) -> str:
        return labels(loans, panel, **settings)[("firm", GRANTED)]["label"]

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


def test_a_grant_on_a_month_end_is_watched_to_the_month_end() -> None:
    leap = date(2024, 2, 29)
    panel = months("L", {12: 60}, granted=leap, count=16)

    found = labels([*CLEAN[0], loan("L", "firm", leap)], [*CLEAN[1], *panel])

    assert found[("firm", leap)]["bad"] == 1  # 28 February 2025 ends the twelve months


@pytest.mark.parametrize(
    ("exclusion", "settings", "inside", "outside"),
    [
        (
            "short_tenor",
            {"least_tenor_months": 12},
            (loan("L", "firm", tenor=11), months("L", {3: 90})),
            (loan("L", "firm", tenor=12), months("L", {3: 90})),
        ),
        (
            "unused",
            {"without_use": True},
            (loan("L", "firm"), months("L", {}, repaid=0)),
            (loan("L", "firm"), months("L", {}, repaid=1)),
        ),
        (
            "early_default",
            {"fraud_within_months": 3},
            (loan("L", "firm"), months("L", {2: 61, 3: 92})),
            (loan("L", "firm"), months("L", {3: 61, 4: 92})),
        ),
        (
            "closed_early",
            {"closed_within_months": 3},
            (loan("L", "firm"), months("L", {1: 10}, repaid=2)),
            (loan("L", "firm"), months("L", {1: 30}, repaid=2)),
        ),
        (
            "small",
            {"least_principal": Decimal("100.00")},
            (loan("L", "firm", principal="99.99"), months("L", {})),
            (loan("L", "firm", principal="100.00"), months("L", {})),
        ),
    ],
)
def test_an_exclusion_takes_out_what_it_describes_and_no_more(
    exclusion, settings, inside, outside
) -> None:
    def outcome(case, **chosen):
        return labels([*CLEAN[0], case[0]], [*CLEAN[1], *case[1]], **chosen)[("firm", GRANTED)]

    taken, kept, without = (
        outcome(inside, **settings),
        outcome(outside, **settings),
        outcome(inside),
    )

    assert (taken["label"], taken["bad"], taken["exclusion"]) == ("excluded", None, exclusion)
    assert kept["label"] != "excluded" and kept["exclusion"] is None
    assert without["label"] != "excluded"


def test_a_list_takes_out_loans_and_firms_with_its_reasons() -> None:
    loans = [loan("L1", "staff"), loan("L2", "fraud"), loan("L3", "honest")]
    panel = [*months("L1", {}), *months("L2", {4: 90}), *months("L3", {})]
    listed = [
        {"loan_no": None, "uscc": "staff", "reason": "staff"},
        {"loan_no": "L2", "uscc": None, "reason": "fraud"},
    ]

    found = labels([*CLEAN[0], *loans], [*CLEAN[1], *panel], excluded=listed)

    reasons = {uscc: row["exclusion"] for (uscc, _), row in found.items()}
    assert reasons == {"clock": None, "staff": "staff", "fraud": "fraud", "honest": None}


def test_an_excluded_loan_does_not_hide_another_of_the_same_day() -> None:
    loans = [loan("L1", "firm", tenor=6), loan("L2", "firm")]
    panel = [*months("L1", {3: 90}), *months("L2", {})]

    found = labels([*CLEAN[0], *loans], [*CLEAN[1], *panel], least_tenor_months=12)

    assert found[("firm", GRANTED)]["label"] == "good"


def test_missing_columns_and_odd_settings_are_refused() -> None:
    loans, panel = tables(*CLEAN)
    with pytest.raises(LabelColumnMissing, match="days_past_due"):
        label_rows(loans, panel.drop("days_past_due"))
    with pytest.raises(LabelColumnMissing, match="principal"):
        label_rows(loans.drop("principal"), panel, LabelDefinition(least_principal=Decimal(1)))
    for name, value in (
        ("window_months", 0),
        ("window_months", 121),
        ("dpd_threshold", 0),
        ("indeterminate_dpd", 0),
        ("fraud_within_months", 13),
        ("least_tenor_months", -1),
    ):
        with pytest.raises(WrongLabelSetting, match=f"{name} is {value}"):
            LabelDefinition(**{name: value})
