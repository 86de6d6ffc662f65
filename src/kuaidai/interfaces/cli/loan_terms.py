"""The terms of a loan as options of a command say them."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from kuaidai.kernel.errors import Refusal
from kuaidai.lending.servicing.domain.life import read_terms
from kuaidai.lending.servicing.domain.terms import LoanTerms


class TermsWrong(Refusal):
    """The terms do not make a loan."""

    code = "TERMS_WRONG"
    en = "These terms make no loan: {why}."
    zh = "条款无效：{why}。"


Principal = Annotated[str, typer.Option(help="Amount, such as 100000.00.")]
Rate = Annotated[str, typer.Option(help="Percent a year: 4.35 or 4.35%.")]
Method = Annotated[
    str,
    typer.Option(
        help="equal-instalment, equal-principal, interest-only (principal at maturity), "
        "single-repayment, revolving, flat, fixed-amount or agreed."
    ),
]
DayCountOption = Annotated[
    str, typer.Option(help="act/360, act/365, act/364, act/act, act/act-isda or 30/360.")
]
Start = Annotated[str, typer.Option(help="Day of the drawdown, YYYY-MM-DD.")]
FirstDue = Annotated[str | None, typer.Option(help="First due date; later ones count from it.")]
Every = Annotated[str, typer.Option(help="Between instalments: 1m, 3m, 2w, 15d, 1y.")]
Count = Annotated[
    str | None, typer.Option("--instalments", "--months", help="Number of instalments.")
]
RoundingOption = Annotated[str, typer.Option(help="half-up or half-even.")]
Grace = Annotated[
    str | None,
    typer.Option(
        help="First instalments without principal: 3; or principal=3,interest=2 "
        "(first ones without interest), days=5 (late without penalty)."
    ),
]
SettlementDay = Annotated[
    str | None, typer.Option(help="Due on this day of each following month, last at maturity.")
]
DueDay = Annotated[str | None, typer.Option(help="Day of the month that due dates keep to.")]
PeriodStart = Annotated[
    str | None, typer.Option(help="Begin of the first period, where it is before the drawdown.")
]
MonthEndOption = Annotated[
    str, typer.Option(help="A month without the day: last-day or first-of-next-month.")
]
HolidayRollOption = Annotated[
    str, typer.Option(help="none, following, modified-following or preceding.")
]
InterestRolls = Annotated[
    bool,
    typer.Option(
        "--interest-rolls/--interest-stays",
        help="Whether interest runs to a due date that a holiday moved.",
    ),
]
BrokenPeriodOption = Annotated[
    str, typer.Option(help="Days before a usual first period: actual, with-first or spread.")
]
LevelByOption = Annotated[
    str,
    typer.Option(
        help="Equal instalments by the periods as they are: actual; or by the annuity formula: nominal."
    ),
]
Smooth = Annotated[
    bool, typer.Option("--smooth/--no-smooth", help="Bring the last instalment near the others.")
]
Multiple = Annotated[
    str | None, typer.Option(help="Instalments are multiples of this amount, such as 1.")
]
MultipleRoundingOption = Annotated[str, typer.Option(help="To a multiple: nearest or up.")]
FixedAmount = Annotated[
    str | None, typer.Option(help="Pay this much each time; the number of instalments follows.")
]
Agreed = Annotated[
    list[str] | None,
    typer.Option(
        help="An agreed instalment, DATE=PRINCIPAL; once for each line, the last is rest."
    ),
]
_GRACE = {"principal": "principal_grace", "interest": "interest_grace", "days": "grace_days"}


def terms_from(told: dict[str, Any]) -> LoanTerms:
    """Terms from options; those that are None were not given. Raises `TermsWrong`."""
    given = {name: value for name, value in told.items() if value is not None}
    try:
        given.update(_grace(given.pop("grace", None)))
        if given.get("agreed"):
            given["agreed"] = [_agreed(line) for line in given["agreed"]]
            given.pop("method", None)
        else:
            given.pop("agreed", None)
        if "fixed_amount" in given:
            given.setdefault("instalments", 1)
            given["method"] = "fixed-amount"
        return read_terms(given)
    except (ValueError, Refusal) as wrong:
        raise TermsWrong(why=str(wrong).rstrip(".")) from wrong


def _grace(text: str | None) -> dict[str, int]:
    if text is None:
        return {}
    found = {}
    for part in text.split(","):
        name, _, number = part.rpartition("=")
        target = _GRACE.get(name.strip() or "principal")
        if target is None or not re.fullmatch(r"\s*\d{1,4}\s*", number):
            raise ValueError(
                f"{part!r} is no grace; write a number, or principal=3, interest=2, days=5"
            )
        found[target] = int(number)
    return found


def _agreed(text: str) -> dict[str, str]:
    day, _, amount = text.partition("=")
    return {"due": day.strip(), "principal": amount.strip()}
