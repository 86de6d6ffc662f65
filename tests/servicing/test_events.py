"""What each event does to a loan, and what they do together; every figure is worked in the docstring.

The loan of most tests: 36,000.00 at 4.80 % on ACT/360, drawn on 20 January 2026 over three months, due on
20 February (31 days), 20 March (28) and 20 April (31). 36,000 bear 4.80 a day, 12,000 bear 1.60; overdue
12,000 bear 2.40 a day (x 1.5).
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from kuaidai.kernel.day_counts import DayCount
from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.servicing.domain import events as ev
from kuaidai.lending.servicing.domain.conventions import (
    Bucket,
    Conventions,
    Excess,
    HolidayRoll,
)
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.replay import replay
from kuaidai.lending.servicing.domain.terms import AgreedInstalment, LoanTerms

START = date(2026, 1, 20)
PRINCIPAL, BULLET = RepaymentMethod.EQUAL_PRINCIPAL, RepaymentMethod.INTEREST_MONTHLY


def on(text):
    return date.fromisoformat(f"2026-{text}")


def loan(method=PRINCIPAL, amount="36000.00", **more):
    told = {"settlement_day": 20} | more
    instalments = len(more.get("agreed", ())) or 3
    return LoanTerms(Decimal(amount), Decimal("0.048"), method, START, instalments, **told)


def pay(key, day, amount, **more):
    return ev.Payment(key, on(day), Decimal(amount), **more)


def memorandum(state):
    total = state.totals.get
    return sum(
        (total(Movement[f"{kind}_SUSPENDED"], 0) + total(Movement[f"OFF_{kind}_ACCRUED"], 0)
         - total(Movement[f"OFF_{kind}_PAID"], 0) - total(Movement[f"OFF_{kind}_WAIVED"], 0))
        for kind in ("INTEREST", "PENALTY", "COMPOUND")
    )  # fmt: skip


# --- money out ----------------------------------------------------------------------------------


def test_a_second_disbursement_on_a_due_date_is_spread_over_the_dates_left() -> None:
    """24,000 for 31 days: 99.20 and 8,000. From 20 February 16,000 + 12,000 = 28,000, two of 14,000:
    28 days 104.53, then 14,000 x 31 days 57.87 (Fineract's FINERACT-1981: wrong level after it)."""
    told = [
        ev.Disbursement("one", START, Decimal("24000.00")),
        ev.Disbursement("two", on("02-20"), Decimal("12000.00")),
    ]
    rows = replay(loan(), told, on("02-20")).instalments
    assert [(str(row.principal), str(row.interest)) for row in rows] == [
        ("8000.00", "99.20"), ("14000.00", "104.53"), ("14000.00", "57.87"),
    ]  # fmt: skip


def test_the_whole_amount_disbursed_on_the_first_day_has_the_schedule_of_the_contract() -> None:
    """Also where principal parts were agreed: 6,000 and 30,000."""
    lines = (
        AgreedInstalment(on("03-20"), Decimal(6000)),
        AgreedInstalment(on("06-22"), Decimal(30000)),
    )
    agreed = loan(RepaymentMethod.AGREED, agreed=lines, settlement_day=None)
    told = [ev.Disbursement("all", START, Decimal("36000.00"))]
    assert replay(agreed, told, START) == replay(agreed, [], START)


def test_a_disbursement_after_the_loan_is_repaid_is_refused() -> None:
    told = [
        ev.Disbursement("one", START, Decimal("36000.00")), ev.Payoff("all", on("02-01")),
        ev.Disbursement("two", on("02-02"), Decimal(10)),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no instalment is to come"):
        replay(loan(), told, on("02-02"))


# --- money in -----------------------------------------------------------------------------------


def test_a_payment_of_more_than_all_that_is_owed_leaves_a_surplus() -> None:
    """On day 10: 36,000.00 + 48.00; 36,100.00 is 52.00 too much."""
    state = replay(loan(), [pay("a", "01-30", "36100.00")], on("01-30"))
    assert (state.is_settled, str(state.surplus)) == (True, "52.00")
    assert str(state.totals[Movement.UNMATCHED_RECEIVED]) == "52.00"


AS_BEFORE = (["12000.00", "12000.00", "12000.00"], "148.80")


@pytest.mark.parametrize(
    ("rule", "amount", "principal", "interest", "paid"),
    [
        (Excess.NEXT_INSTALMENT, "6000.00", *AS_BEFORE, ["6000.00", "0.00", "0.00"]),
        (Excess.LAST_INSTALMENT, "6000.00", *AS_BEFORE, ["0.00", "0.00", "6000.00"]),
        (Excess.REAMORTISE, "6000.00", *AS_BEFORE, ["2000.00", "2000.00", "2000.00"]),
        (Excess.REDUCE, "6000.00", ["10016.00"] * 3, "84.13", ["0.00"] * 3),
        (Excess.SHORTEN, "12048.00", ["12000.00"] * 2, "67.20", ["0.00"] * 2),
    ],
)
def test_money_beyond_what_is_due_goes_where_it_was_agreed(
    rule, amount, principal, interest, paid
) -> None:
    """On 30 January. Paid ahead it changes no instalment (36,000 x 31 days = 148.80). Early, 48.00 is
    interest: 5,952.00 of principal leave 30,048.00, which bear 84.13 in the 21 days to 20 February;
    12,000.00 leave 24,000.00 at 12,000.00 each, the first with 67.20."""
    state = replay(loan(), [pay("a", "01-30", amount, excess=rule)], on("01-30"))
    assert [str(row.principal) for row in state.instalments] == principal
    assert str(state.instalments[0].interest) == interest
    assert [str(row.paid) for row in state.instalments] == paid


def test_money_that_settles_the_loan_does_so_under_every_rule() -> None:
    """Else interest would go on running on the schedule of a loan of which nothing is left."""
    for rule in Excess:
        state = replay(loan(), [pay("all", "01-30", "36048.00", excess=rule)], on("06-30"))
        assert (state.is_settled, state.next_due_on) == (True, None)


def test_interest_paid_ahead_is_not_asked_again_at_payoff() -> None:
    """12,148.80 is the first instalment, paid on 30 January for 20 February. On 10 February the 21 days
    since the drawdown are paid for: 24,000.00 settle the loan."""
    agreed = loan(conventions=Conventions(excess=Excess.NEXT_INSTALMENT))
    told = [pay("ahead", "01-30", "12148.80")]
    state = replay(agreed, told, on("02-10"))
    assert (str(state.accrued_interest), str(state.payoff)) == ("0.00", "24000.00")
    assert replay(agreed, [*told, ev.Payoff("all", on("02-10"))], on("02-10")).is_settled


def test_a_payoff_costs_interest_to_the_day_whatever_the_rule_for_excess() -> None:
    """Ten days: 36,048.00, with every rule, flat interest included (36,000 x 4.8 % / 12 = 144 for 31 days:
    46.45 for ten)."""
    for rule in Excess:
        agreed = loan(conventions=Conventions(excess=rule))
        state = replay(agreed, [ev.Payoff("all", on("01-30"))], on("01-30"))
        assert state.is_settled
        assert str(state.allocations[0].amount) == "36048.00"
    state = replay(loan(RepaymentMethod.FLAT), [ev.Payoff("all", on("01-30"))], on("12-31"))
    assert state.is_settled
    assert str(state.allocations[0].interest) == "46.45"


def test_a_scheduled_debit_that_fails_in_part_leaves_the_rest_overdue() -> None:
    """12,148.80 due; 5,000.00 came: interest 148.80, principal 4,851.20. 7,148.80 x 4.8 % x 1.5 x 10 / 360
    = 14.30."""
    state = replay(loan(), [pay("debit", "02-20", "5000.00")], on("03-02"))
    assert (str(state.due_principal), str(state.penalty), str(state.compound)) == (
        "7148.80", "14.30", "0.00",
    )  # fmt: skip
    assert state.days_past_due == 10


def test_costs_are_paid_first_also_those_of_the_running_month() -> None:
    """Civil Code 561: a fee of 25 February comes before what was due on 20 February.

    200.00 - 30.00 fee - 0.30 compound (148.80 x 2 / 10,000 x 10) - 24.00 penalty = 145.70 of interest.
    """
    told = [
        ev.Charge("court", on("02-25"), Bucket.FEE, Decimal("30.00")),
        pay("a", "03-02", "200.00"),
    ]
    [part] = replay(loan(), told, on("03-02")).allocations
    assert [str(x) for x in (part.fee, part.compound, part.penalty, part.interest)] == [
        "30.00", "0.30", "24.00", "145.70",
    ]  # fmt: skip


def test_a_loan_without_interest_bears_no_penalty() -> None:
    agreed = replace(loan(), annual_rate=Decimal(0))
    state = replay(agreed, [], on("06-30"))
    assert (str(state.payoff), state.days_past_due) == ("36000.00", 130)


# --- fees and waivers ---------------------------------------------------------------------------


def test_a_fee_charged_and_not_due_yet_is_owed_and_not_due_now() -> None:
    told = [ev.Charge("f", on("02-01"), Bucket.FEE, Decimal("80.00"), on("02-15"))]
    early, later = (replay(loan(), told, on(day)) for day in ("02-10", "02-15"))
    assert (str(early.fees), str(early.charges_to_come), str(early.due_now)) == (
        "80.00", "80.00", "0.00",
    )  # fmt: skip
    assert str(early.payoff) == "36180.80"  # 21 days x 4.80 = 100.80
    assert str(later.due_now) == "80.00"


def test_a_fee_after_the_loan_was_repaid_stands_on_a_line_of_its_own() -> None:
    told = [
        ev.Payoff("all", on("01-30")),
        ev.Charge("f", on("02-01"), Bucket.FEE, Decimal("5.00")),
    ]
    state = replay(loan(), told, on("03-01"))
    assert (str(state.payoff), str(state.due_now), state.days_past_due) == ("5.00", "5.00", 0)
    assert replay(loan(), [*told, pay("b", "03-01", "5.00")], on("03-01")).is_settled


def test_a_waiver_of_running_interest_makes_the_next_instalment_smaller() -> None:
    """48.00 accrued by 30 January; 40.00 of it waived leaves 8.00, and 108.80 to be due."""
    told = [ev.Waiver("w", on("01-30"), Bucket.INTEREST, Decimal("40.00"))]
    state = replay(loan(), told, on("01-30"))
    assert str(state.accrued_interest) == "8.00"
    assert str(state.instalments[0].interest) == "108.80"


def test_a_waiver_of_principal_takes_what_is_due_first_then_what_is_to_come() -> None:
    """On 20 February 12,000 are due and 24,000 to come; 15,000 waived leave two of 10,500."""
    told = [ev.Waiver("w", on("02-20"), Bucket.PRINCIPAL, Decimal("15000.00"))]
    state = replay(loan(), told, on("02-20"))
    assert (str(state.due_principal), str(state.outstanding)) == ("0.00", "21000.00")
    assert [str(row.principal) for row in state.instalments[1:]] == ["10500.00", "10500.00"]
    assert str(state.totals[Movement.PRINCIPAL_WAIVED]) == "15000.00"


def test_a_waiver_of_more_than_is_owed_names_what_is() -> None:
    told = [ev.Waiver("w", on("03-02"), Bucket.PENALTY, Decimal("24.01"))]
    with pytest.raises(ValueError, match=r"24\.00 of penalty is owed, less than the 24\.01"):
        replay(loan(), told, on("03-02"))


def test_penalty_runs_on_after_a_waiver() -> None:
    """24.00 by 2 March waived whole; five days more are 12.00."""
    told = [ev.Waiver("w", on("03-02"), Bucket.PENALTY, Decimal("24.00"))]
    assert str(replay(loan(), told, on("03-07")).penalty) == "12.00"


# --- rates and dates ----------------------------------------------------------------------------


def test_a_new_rate_while_interest_is_deferred_keeps_what_was_earned() -> None:
    """Interest of February waits for March. 36,000: ten days at 4.8 % 48.00, 21 at 3.6 % 75.60 -> 123.60;
    then 24,000 x 28 days at 3.6 % = 67.20: 190.80 due on 20 March."""
    told = [ev.RateChange("r", on("01-30"), Decimal("0.036"))]
    agreed = loan(interest_grace=1)
    assert str(replay(agreed, told, on("02-20")).accrued_interest) == "123.60"
    state = replay(agreed, told, on("03-20"))
    assert [str(row.interest) for row in state.instalments[:2]] == ["0.00", "190.80"]


def test_penalty_follows_a_new_rate_from_its_day() -> None:
    """12,000 overdue: ten days at 4.8 % x 1.5 24.00, ten at 3.6 % x 1.5 18.00."""
    told = [ev.RateChange("r", on("03-02"), Decimal("0.036"))]
    assert str(replay(loan(), told, on("03-12")).penalty) == "42.00"


def test_an_extension_in_mid_period_keeps_the_days_that_ran() -> None:
    """On 5 March the last two instalments move to May and June; the period since 20 February runs to
    20 May: 24,000 x 89 days = 284.80, then 12,000 x 31 days = 49.60. What was due stays overdue."""
    told = [ev.Extension("x", on("03-05"), (on("05-20"), on("06-20")))]
    state = replay(loan(), told, on("03-05"))
    assert [(str(r.due_on), str(r.principal), str(r.interest)) for r in state.instalments[1:]] == [
        ("2026-05-20", "12000.00", "284.80"), ("2026-06-20", "12000.00", "49.60"),
    ]  # fmt: skip
    assert state.days_past_due == 13
    assert str(state.accrued_interest) == "41.60"  # 24,000 x 13 days


def test_an_agreed_schedule_is_extended_by_its_last_part() -> None:
    """6,000 and 30,000 agreed; over three new dates 6,000, nothing, 30,000."""
    lines = (
        AgreedInstalment(on("03-20"), Decimal(6000)),
        AgreedInstalment(on("06-22"), Decimal(30000)),
    )
    agreed = loan(RepaymentMethod.AGREED, agreed=lines, settlement_day=None)
    told = [ev.Extension("x", on("02-20"), (on("05-20"), on("07-20"), on("09-21")))]
    state = replay(agreed, told, on("02-20"))
    assert [str(row.principal) for row in state.instalments] == ["6000.00", "0.00", "30000.00"]


def test_a_restructuring_takes_unpaid_fees_and_penalty_along_again_and_again() -> None:
    """Due 20 February, unpaid: fee 50.00, by 2 March penalty 24.00 and compound 0.30. They fall due with
    the new first date, 20 May; restructured once more in April, on 20 July."""
    told = [
        ev.Charge("f", on("02-10"), Bucket.FEE, Decimal("50.00")),
        ev.Restructuring("one", on("03-02"), (on("05-20"), on("06-20"))),
    ]
    state = replay(loan(), told, on("03-02"))
    assert (str(state.due_now), state.days_past_due) == ("0.00", 0)
    assert str(state.charges_to_come) == "74.30"
    assert str(state.outstanding) == "36000.00"
    assert len(state.instalments) == 3
    told.append(ev.Restructuring("two", on("04-01"), (on("07-20"), on("08-20"))))
    assert str(replay(loan(), told, on("07-19")).due_now) == "0.00"
    after = replay(loan(), told, on("07-20"))
    assert (str(after.fees), str(after.penalty), str(after.compound)) == ("50.00", "24.00", "0.30")
    # 148.80 + 24,000 x 10 days 32.00, 36,000 x 30 days 144.00, 36,000 x 110 days 528.00
    assert (str(after.due_principal), str(after.due_interest)) == ("18000.00", "852.80")


def test_half_a_cent_of_penalty_is_not_lost_in_a_restructuring() -> None:
    """100.00 overdue at 5.4 % for one day is 0.015: 0.02 owed before, 0.02 owed after."""
    agreed = replace(loan(BULLET, "100.00"), annual_rate=Decimal("0.036"), instalments=1)
    told = [
        pay("interest", "02-20", "0.31"), ev.Restructuring("r", on("02-21"), (on("05-20"),)),
    ]  # fmt: skip
    before = replay(agreed, told[:1], on("02-21"))
    after = replay(agreed, told, on("02-21"))
    assert str(before.penalty) == str(after.penalty) == "0.02"
    assert after.earned_penalty == before.earned_penalty


def test_twelve_new_dates_make_twelve_instalments() -> None:
    """Frappe Lending made eleven (#1449), and kept the old level (#1423)."""
    dates = tuple(date(2026 + (3 + n) // 12, (3 + n) % 12 + 1, 20) for n in range(12))
    told = [
        ev.Restructuring(
            "r", on("03-20"), dates, Decimal("0.036"), RepaymentMethod.EQUAL_INSTALMENT
        )
    ]
    rows = replay(loan(), told, on("03-20")).instalments[2:]
    assert [row.due_on for row in rows] == list(dates)
    assert len({row.principal + row.interest for row in rows[1:-1]}) == 1


def test_a_holiday_puts_off_the_debit_and_not_the_days_past_due() -> None:
    """20 June 2026 is a Saturday in the Dragon Boat holiday (19 to 21 June): due on Monday the 22nd.

    Interest stays with the 20th: the next period begins there, and nothing is due before the 22nd.
    """
    calendar = Conventions(holiday_roll=HolidayRoll.FOLLOWING, interest_rolls=False)
    agreed = LoanTerms(
        Decimal(36000), Decimal("0.048"), PRINCIPAL, on("05-20"), 3, calendar, settlement_day=20
    )
    waiting, due, late = (replay(agreed, [], on(day)) for day in ("06-21", "06-22", "06-23"))
    assert (str(waiting.due_now), waiting.next_due_on) == ("0.00", on("06-22"))
    assert str(waiting.accrued_interest) == "152.00"  # 148.80 to the 20th and a day of 24,000
    assert (str(due.due_now), due.days_past_due, late.days_past_due) == ("12148.80", 0, 1)
    assert str(late.penalty) == "2.40"
    assert str(waiting.payoff) == "36152.00"


def test_thirty_day_months_count_penalty_alike_by_the_day_and_at_once() -> None:
    """From 28 February to 31 March 30/360 counts 33 days; day by day it would lose one."""
    agreed = LoanTerms(
        Decimal(36000), Decimal("0.048"), BULLET, on("01-28"), 1,
        Conventions(day_count=DayCount.THIRTY_360),
    )  # fmt: skip
    at_once = replay(agreed, [], on("03-31"))
    looked_at = [ev.Misuse(f"m{day}", on(f"03-{day}"), Decimal(0)) for day in range(10, 31)]
    assert replay(agreed, looked_at, on("03-31")).penalty == at_once.penalty
    assert str(at_once.penalty) == "237.60"  # 36,000 x 4.8 % x 1.5 x 33 / 360


# --- misuse -------------------------------------------------------------------------------------


def test_misuse_ends_when_the_money_is_used_as_agreed_again() -> None:
    """36,000 x 4.80 a day; 10,000 misused bear 1.33 a day more: ten days 13.33, charged at once."""
    told = [
        ev.Misuse("found", on("02-01"), Decimal("10000.00")),
        ev.Misuse("mended", on("02-11"), Decimal(0)),
    ]
    assert str(replay(loan(BULLET), told, on("02-11")).penalty) == "13.33"
    assert str(replay(loan(BULLET), told, on("02-20")).penalty) == "13.33"


def test_misused_money_that_falls_due_bears_the_higher_rate_only() -> None:
    """36,000 all misused from 10 February. To the 20th 48.00 more. Then 24,000 run on: 3.20 a day more;
    12,000 overdue bear 2.40 as penalty and 0.80 more (twice the rate in all). Ten days: 32 + 24 + 8."""
    told = [ev.Misuse("m", on("02-10"), Decimal("36000.00"))]
    assert str(replay(loan(), told, on("03-02")).penalty) == "112.00"
    looked_at = [*told, ev.RateChange("same", on("02-27"), Decimal("0.048"))]
    assert str(replay(loan(), looked_at, on("03-02")).penalty) == "112.00"


# --- accrual, write-off, reversal ---------------------------------------------------------------


def test_a_memorandum_is_empty_when_all_is_paid_and_when_accrual_resumes() -> None:
    """Non-accrual from 2 March. On 12 March all that is due is paid: of 12,000 overdue 20 days 48.00 and
    0.60, and interest 148.80. What accrued on the 24,000 meanwhile stays a memorandum: 20 days, 64.00."""
    told = [ev.NonAccrual("n", on("03-02")), pay("p", "03-12", "12197.40")]
    paid = replay(loan(), told, on("03-12"))
    assert (str(paid.due_now), str(memorandum(paid))) == ("0.00", "64.00")
    told.append(ev.AccrualResumed("r", on("03-12")))
    resumed = replay(loan(), told, on("03-12"))
    assert memorandum(resumed) == 0
    assert all(amount >= 0 for amount in resumed.totals.values())
    told.append(ev.Payoff("all", on("03-13")))
    assert memorandum(replay(loan(), told, on("03-13"))) == 0
    assert replay(loan(), told, on("03-13")).is_settled


def test_a_loan_settled_while_it_does_not_accrue_leaves_no_memorandum() -> None:
    told = [ev.NonAccrual("n", on("03-02")), ev.Payoff("all", on("05-20"))]
    state = replay(loan(), told, on("05-20"))
    assert (state.is_settled, memorandum(state)) == (True, 0)


def test_a_recovery_reversed_makes_the_claim_whole_again() -> None:
    """Written off on 2 March: 36,000.00 + 148.80 + 32.00 accrued + 24.00 + 0.30 = 36,205.10."""
    told = [ev.WriteOff("w", on("03-02")), pay("found", "06-01", "1205.10")]
    assert str(replay(loan(), told, on("06-01")).claim) == "35000.00"
    told.append(ev.Reversal("undo", on("06-02"), "found"))
    state = replay(loan(), told, on("06-02"))
    assert str(state.claim) == str(state.payoff) == "36205.10"
    assert Movement.RECOVERED not in state.totals
    told.append(ev.Reversal("not lost", on("06-03"), "w"))
    assert replay(loan(), told, on("06-03")) == replay(loan(), [], on("06-03"))


@pytest.mark.parametrize(
    "event",
    [
        ev.RateChange("x", on("04-01"), Decimal("0.03")),
        ev.Charge("x", on("04-01"), Bucket.FEE, Decimal(1)),
        ev.Restructuring("x", on("04-01"), (on("05-20"),)),
        ev.WriteOff("x", on("04-01")),
    ],
)
def test_a_loan_written_off_takes_only_money(event) -> None:
    with pytest.raises(ValueError, match="written off before"):
        replay(loan(), [ev.WriteOff("w", on("03-02")), event], on("04-01"))


def test_a_payment_reversed_lets_the_later_ones_count_as_if_it_never_was() -> None:
    """12,148.80 in time was returned; the 5,000.00 of 2 March then pays 0.30, 24.00, 148.80 and principal."""
    told = [
        pay("first", "02-20", "12148.80"), pay("second", "03-02", "5000.00"),
        ev.Reversal("returned", on("03-05"), "first"),
    ]  # fmt: skip
    [part] = replay(loan(), told, on("03-05")).allocations
    assert [str(x) for x in (part.compound, part.penalty, part.interest, part.principal)] == [
        "0.30", "24.00", "148.80", "4826.90",
    ]  # fmt: skip


def test_a_reversal_may_itself_be_reversed_and_reverses_no_itself() -> None:
    told = [
        pay("first", "02-20", "12148.80"), ev.Reversal("r1", on("03-05"), "first"),
        ev.Reversal("r2", on("03-06"), "r1"),
    ]  # fmt: skip
    assert replay(loan(), told, on("03-06")) == replay(loan(), told[:1], on("03-06"))
    with pytest.raises(ValueError, match="itself"):
        replay(loan(), [ev.Reversal("r", on("03-05"), "r")], on("03-06"))


def test_a_backdated_payment_undoes_the_penalty_that_had_run() -> None:
    """Paid on 20 February, recorded on 10 March after a part payment of 1.00 that now is early interest."""
    told = [pay("late", "03-10", "1.00"), pay("in time", "02-20", "12148.80")]
    state = replay(loan(), told, on("03-10"))
    assert (str(state.penalty), state.days_past_due) == ("0.00", 0)
    assert [part.key for part in state.allocations] == ["in time", "late"]
    assert str(state.allocations[1].interest) == "1.00"
