"""Schedules, allocations and due dates of other systems' own tests, to the cent.

`golden/figures.json` holds numbers only, each with the file and commit it was read from. Cases that are
not reproduced are named below with the reason.
"""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from kuaidai.lending.servicing.domain.due_dates import periods
from kuaidai.lending.servicing.domain.life import read_life, read_terms
from kuaidai.lending.servicing.domain.replay import replay
from kuaidai.lending.servicing.domain.schedule import build_schedule

FIGURES = json.loads((Path(__file__).parent / "golden" / "figures.json").read_text())
_RECOMPUTED = "overdue principal goes on bearing contract interest; here it bears penalty interest"
_CUMULATIVE = (
    "payments re-plan a whole-currency level in the engine's own ways (FINERACT-3049 and others)"
)
NOT_REPRODUCED = {
    "FIN-E2E-Loan-5598": "pay-off charges interest to the end of the period; here to the day",
    "FIN-E2E-Loan-5659": _RECOMPUTED,
    "FIN-E2E-Loan-5682": _RECOMPUTED,
    "FIN-E2E-Loan-5705": _RECOMPUTED,
    "FIN-E2E-FEE03": "a percentage fee is worked out before it is charged; no product has one",
    "FIN-E2E-FEE04": "a penalty of a percentage once an instalment; here it runs by the day",
    "FIN-E2E-FEE05": "a penalty of a percentage once an instalment; here it runs by the day",
    **{f"FIN-E2E-RP{number:02}": _CUMULATIVE for number in range(1, 17)},
    "FIN-E2E-LoanReschedule-259": "no flat loan is offered; a rate change re-plans what is left",
    "FIN-EMI-C3156": "the level payment stays after a due date moved; here it is worked out anew",
    "FRA-08": "both ends of a period are counted; here the first day is, the last is not",
    "FRA-09": "both ends of a period are counted; here the first day is, the last is not",
    "FRA-10": "penalty on interest from the fifth day at a rate of its own, 26 days of 30 counted",
}
METHODS = {
    "equal_instalment_declining_balance": "equal-instalment",
    "flat": "flat",
    "equal_principal": "equal-principal",
    "interest_only_then_bullet": "interest-only",
    "fixed_amount_per_period": "fixed-amount",
}
UP_TO_A_WHOLE = ("FRA-01", "FRA-03", "FRA-05", "FRA-06")
BROKEN = {"FRA-05": "spread", "FRA-06": "with-first"}
WITHOUT_DATES = "2024-01-01"


def day_count(case) -> str:
    told = case["day_count"]
    if told["interest"] == "same_as_repayment_period" or told["days_in_month"] == "30":
        return "30/360"
    if case["engine_family"] == "fineract_cumulative":
        return "act/365"  # whatever the product says: see `meta` in the file
    return "act/act" if told["days_in_year"] == "ACTUAL" else f"act/{told['days_in_year']}"


def terms_of(case) -> dict:
    every, grace = case["frequency"], case.get("grace", {})
    told = {
        "principal": case["principal"],
        "annual_rate": case["annual_rate_pct"],
        "method": METHODS[case["method"]],
        "start": case["start_date"] or WITHOUT_DATES,
        "instalments": case["number_of_installments"],
        "every": f"{every['every']}{every['unit'][0]}",
        "day_count": day_count(case),
        "rounding": "half-even" if case["rounding"] == "HALF_EVEN" else "half-up",
        "month_end": "first-of-next-month" if case["id"] == "FIN-MONTHEND-UC1" else "last-day",
        "broken_period": BROKEN.get(case["id"], "actual"),
        "interest_grace": grace.get("interest_payments_deferred", 0),
    }
    if case["id"] in UP_TO_A_WHOLE:
        told |= {"multiple": "1", "multiple_rounding": "up"}
    elif case["installment_multiple_of"]:
        told["multiple"] = str(case["installment_multiple_of"])
    if case["method"] != "interest_only_then_bullet":
        told["principal_grace"] = grace.get("principal_payments", 0)
    if case["expected"] and case["expected"][0].get("from", told["start"]) < told["start"]:
        told["period_start"] = case["expected"][0]["from"]
    for theirs, ours in (
        ("first_due", "first_due"),
        ("first_period_start", "period_start"),
        ("fixed_instalment", "fixed_amount"),
    ):
        if case.get(theirs):
            told[ours] = case[theirs]
    return told


def rows_of(case):
    told, events = terms_of(case), case.get("events", [])
    drawn = [each for each in events if each["type"] == "disbursement"]
    if len(drawn) == len(events) and len(drawn) < 2:
        return [(row, row.total) for row in build_schedule(read_terms(told))]
    if len(drawn) < 2:
        events = [each for each in events if each["type"] != "disbursement"]
    life = read_life({"terms": told, "events": events})
    last = max(each.get("date") or each["effective"] for each in case["events"])
    state = replay(life.terms, life.events, date.fromisoformat(last))
    return [(row, row.principal + row.interest) for row in state.instalments]


REPRODUCED = [case for case in FIGURES["cases"] if case["id"] not in NOT_REPRODUCED]


@pytest.mark.parametrize("case", REPRODUCED, ids=lambda case: case["id"])
def test_a_schedule_comes_out_to_the_cent(case) -> None:
    if case["id"] == "FIN-E2E-Loan-5539":
        pytest.skip("a pay-off: see the test of its own")
    rows = {row.no: (row, total) for row, total in rows_of(case)}
    exact = case.get("compare_decimals", 2) == 2
    for wanted in case["expected"]:
        row, total = rows[wanted["no"]]
        got = {"total": total, "due": str(row.due_on)}
        got |= {name: getattr(row, name) for name in ("principal", "interest", "outstanding")}
        for name in set(wanted) & set(got):
            if name == "due":
                assert case["start_date"] is None or got["due"] == wanted["due"]
            elif exact:
                assert got[name] == Decimal(wanted[name]), (wanted["no"], name)
            else:
                assert abs(got[name] - Decimal(wanted[name])) <= Decimal("0.5")
    totals = case.get("totals", {})
    if "count" in totals:
        assert len(rows) == totals["count"]
        interest = sum(row.interest for row, _ in rows.values())
        assert round(interest) == Decimal(totals["interest"])


def test_interest_of_a_pay_off_runs_to_its_day() -> None:
    """FIN-E2E-Loan-5539: 83.57 x 7 % / 12 x 14/29 of a month = 0.24; 83.81 settle the loan."""
    case = next(each for each in FIGURES["cases"] if each["id"] == "FIN-E2E-Loan-5539")
    events = [each for each in case["events"] if each["type"] != "disbursement"]
    life = read_life({"terms": terms_of(case), "events": events})
    state = replay(life.terms, life.events, date(2024, 2, 15))
    assert [str(each.amount) for each in state.allocations] == ["17.01", "83.81"]
    assert state.is_settled


def test_every_case_is_reproduced_or_named() -> None:
    known = {case["id"] for case in FIGURES["cases"]}
    assert set(NOT_REPRODUCED) <= known
    assert len(REPRODUCED) >= 39


EXCESS = {
    "NEXT_INSTALLMENT": "next-instalment",
    "LAST_INSTALLMENT": "last-instalment",
    "REAMORTIZATION": "reamortise",
}


def life_of(case):
    """Fineract's strategies in our words; the down payment of the advanced ones is a repayment."""
    start = case["start_date"]
    told = {"principal": case["principal"], "annual_rate": case["annual_rate_pct"], "start": start}
    events = [dict(each) for each in case["events"] if each["type"] != "disbursement"]
    if case["future_rule"]:
        told["agreed"] = [
            {"due": row["due"], "principal": row["principal"]} for row in case["expected_schedule"]
        ]
        told["excess"] = EXCESS[case["future_rule"]]
        events.insert(0, {"type": "repayment", "date": start, "amount": "100.00"})
    else:
        due, _, ahead = case["strategy"].removeprefix("DUE_").lower().partition("_in_advance_")
        told |= {
            "method": "flat",
            "instalments": len(case["expected_schedule"]),
            "day_count": "30/360",
            "excess": "next-instalment",
            "due_order": due.split("_"),
            "advance_order": ahead.split("_"),
        }
    for event in events:
        event.setdefault("date", start)
    return read_life({"terms": told, "events": sorted(events, key=lambda e: e["date"])})


@pytest.mark.parametrize("case", FIGURES["allocation_cases"], ids=lambda case: case["id"])
def test_a_payment_goes_where_it_went_there(case) -> None:
    life = life_of(case)
    state = replay(life.terms, life.events, max(event.on for event in life.events))

    rows = [
        (str(row.due_on), row.principal, row.interest, row.fee, row.penalty, row.paid)
        for row in state.instalments
    ]
    names = ("principal", "interest", "fee", "penalty", "paid")
    assert rows == [
        (wanted["due"], *(Decimal(wanted[name]) for name in names))
        for wanted in case["expected_schedule"]
    ]
    told = [(a.principal, a.interest, a.fee, a.penalty) for a in state.allocations]
    assert told == [
        tuple(Decimal(wanted[name]) for name in ("principal", "interest", "fee", "penalty"))
        for wanted in case["expected_transactions"]
        if wanted["type"] != "Disbursement"
    ]


DUE_OPTIONS = {
    "DUE-SUBMITTED": {"first_due": "2024-02-29", "due_day": 31},
    "DUE-ROLL-JAN31": {"month_end": "first-of-next-month"},
    "DUE-ROLL-LEAP": {"month_end": "first-of-next-month"},
    "DUE-FRA-NEXT-MONTH-START": {"first_due": "2022-11-01"},
    "DUE-FRA-MONTH-END": {"first_due": "2022-10-31"},
}


@pytest.mark.parametrize("case", FIGURES["due_date_cases"], ids=lambda case: case["id"])
def test_due_dates_fall_where_they_fell_there(case) -> None:
    told = {
        "principal": "1000",
        "annual_rate": "5",
        "method": "equal-principal",
        "start": case.get("disbursement", "2022-10-01"),
        "instalments": case["n"],
    }
    if "first_due" in case:
        told["first_due"] = case["first_due"]
    due = [str(each.due) for each in periods(read_terms(told | DUE_OPTIONS.get(case["id"], {})))]
    wanted = case.get("expected_some") or {
        str(no): on for no, on in enumerate(case["expected"], start=1)
    }
    assert {no: due[int(no) - 1] for no in wanted} == wanted


@pytest.mark.parametrize("case", FIGURES["days_past_due_cases"], ids=lambda case: case["id"])
def test_days_past_due_are_counted_as_there(case) -> None:
    """The due date itself is day 1 there (an Indian rule): `due_date_counts` takes it over.

    The payments clear the instalment, whose exact amount the source does not tell.
    """
    loan = case["loan"]
    life = {
        "terms": {
            "principal": loan["principal"], "annual_rate": loan["annual_rate_pct"],
            "method": "level", "start": loan["disbursement"], "first_due": loan["first_due"],
            "instalments": loan["n"], "multiple": "1", "multiple_rounding": "up",
            "due_date_counts": True, "penalty_multiplier": "0", "excess": "next-instalment",
        }
    }  # fmt: skip
    level = build_schedule(read_terms(life["terms"]))[0].total
    assert level == pytest.approx(3782, abs=25)
    paid, events = {}, []
    for on, amount in case["payments"]:
        part = Decimal(amount)
        month = on[:7] if Decimal(amount) > 1000 else min(paid, key=lambda key: paid[key])
        rest = level - paid.get(month, 0)
        is_last = (month in paid) or len(case["payments"]) == 2
        events.append({"type": "repayment", "on": on, "amount": str(rest if is_last else part)})
        paid[month] = paid.get(month, 0) + (rest if is_last else part)
    read = read_life(life | {"events": events})
    counted = {
        on: replay(read.terms, read.events, date.fromisoformat(on)).days_past_due
        for on in case["expected"]
    }
    assert counted == case["expected"]
