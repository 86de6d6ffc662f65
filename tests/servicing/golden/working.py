"""The working of `own_figures.md` and `own_figures.json`: text-book formulas, no code of the platform.

Run `python tests/servicing/golden/working.py` to write both. Every figure is worked out in Decimal from
the formula its case names; days are counted on the calendar, money is rounded half up to the cent where
it falls due. The level payment is found by running the exact balance to the end with no payment and with
payments of 1.00: what is left falls by the same amount for each yuan paid (the platform's own schedule
uses a sum of discount factors instead).
"""

from __future__ import annotations

import calendar
import json
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, getcontext
from pathlib import Path

getcontext().prec = 60
HERE = Path(__file__).parent
CENT = Decimal("0.01")
CASES = []


def d(text):
    return date.fromisoformat(text)


def cents(exact):
    return exact.quantize(CENT, rounding=ROUND_HALF_UP)


def month_after(day, months, on=None):
    year, month = day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1
    return date(year, month, min(on or day.day, calendar.monthrange(year, month)[1]))


def settlement(start, months, step=1, day=20):
    """The settlement day of every following month (of March, June, September, December), then maturity."""
    end, found = month_after(start, months), []
    for number in range(1, months + 1):
        due = month_after(start, number, day)
        if due < end and due.month % step == 0 and (step > 1 or len(found) < months - 1):
            found.append(due)
    return [*found, end]


class Case:
    def __init__(self, name, title, principal, rate, method, start, count, **more):
        self.terms = {
            "principal": principal, "annual_rate": rate, "method": method, "start": start,
            "instalments": count, "settlement_day": 20, **more,
        }  # fmt: skip
        self.name, self.title, self.events, self.lines = name, title, [], []
        self.states, self.rows, self.parts = [], [], {}
        self.balance, self.rate, self.start = Decimal(principal), Decimal(rate), d(start)
        step = int(more.get("every", "1m")[:-1])
        self.dues = settlement(self.start, count * step, step, self.terms["settlement_day"])
        CASES.append(self)

    def event(self, **told):
        self.events.append(told)

    def say(self, line):
        self.lines.append(line)

    def interest(
        self, balance, begin, end, times=Decimal(1), rate=None, what="interest", show=None
    ):
        """balance x rate x times x days / 360, exact."""
        rate, days = self.rate if rate is None else Decimal(rate), (end - begin).days
        exact = balance * rate / 100 * times * days / 360
        factor = "" if times == 1 else f" x {times}"
        self.say(
            f"{what}: {balance:,.2f} x {rate} %{factor} x {days} days ({begin} to {end}) / 360 = "
            f"{exact:.6f}" + ("" if show is False else f" -> {cents(exact):,.2f}")
        )
        return exact

    def state(self, on, **expected):
        self.states.append({"on": on, **{k: str(v) for k, v in expected.items()}})

    def expect_rows(self, on, rows):
        self.rows = {"on": on, "rows": [[str(x) for x in row] for row in rows]}

    def allocation(self, key, **parts):
        self.parts[key] = {k: str(v) for k, v in parts.items()}


def exact_left(balance, rate, begin, dues, payment):
    for due in dues:
        balance = balance * (1 + rate / 100 * (due - begin).days / 360) - payment
        begin = due
    return balance


def level_rows(case, balance, begin, dues, payment, rate):
    rows = []
    for due in dues:
        interest = cents(balance * rate / 100 * (due - begin).days / 360)
        principal = balance if due == dues[-1] else payment - interest
        balance -= principal
        rows.append((due, principal, interest, balance))
        begin = due
    return rows


def level(case, balance, begin, dues, rate=None, quiet=False, owed=Decimal(0)):
    """Rows of a level payment. `owed` is interest of the first period earned before `begin`."""
    rate, count = case.rate if rate is None else Decimal(rate), len(dues)
    first, begun = dues[0], begin
    nothing = exact_left(balance, rate, begin, dues, Decimal(0))
    grown = owed
    for due, before in zip(dues[1:], dues, strict=False):
        grown *= 1 + rate / 100 * (due - before).days / 360
    nothing += grown
    each = nothing - grown - exact_left(balance, rate, begin, dues, Decimal(1))
    payment = cents(nothing / each)
    case.say(
        f"with no payment {nothing:,.6f} would be owed on {dues[-1]}; each yuan of the {count} payments "
        f"takes off {each:.9f}: {nothing:,.6f} / {each:.9f} = {nothing / each:,.6f} -> {payment:,.2f}"
    )

    def build(amount):
        found, left, since = [], balance, begun
        for due in dues:
            exact = left * rate / 100 * (due - since).days / 360 + (owed if due == first else 0)
            interest = cents(exact)
            principal = left if due == dues[-1] else amount - interest
            left -= principal
            found.append((due, principal, interest, left))
            since = due
        return found

    def gap(rows):
        return rows[-1][1] + rows[-1][2] - rows[-2][1] - rows[-2][2]

    rows = build(payment)
    if count > 1 and abs(gap(rows)) * 100 > count // 2:
        moved = payment + cents(gap(rows) / count)
        if abs(gap(build(moved))) < abs(gap(rows)):
            case.say(
                f"the last payment would differ by {gap(rows)}: every payment moves by "
                f"{gap(rows)} / {count} -> {moved - payment} to {moved:,.2f}"
            )
            rows = build(moved)
    table(case, rows)
    return rows


def table(case, rows):
    for due, principal, interest, left in rows:
        case.say(f"{due}: principal {principal:,.2f} + interest {interest:,.2f}; left {left:,.2f}")


def by_parts(case, balance, begin, dues, parts, rate=None):
    """Rows of given parts of principal, the last taking what is left."""
    rate, rows = case.rate if rate is None else Decimal(rate), []
    for due, part in zip(dues, parts, strict=True):
        interest = cents(case.interest(balance, begin, due, rate=rate, what=str(due)))
        principal = balance if due == dues[-1] else part
        balance -= principal
        rows.append((due, principal, interest, balance))
        begin = due
    return rows


def schedules():
    case = Case("level-12", "Equal instalments over a year", "100000.00", "4.35", "equal-instalment",
                "2026-01-20", 12)  # fmt: skip
    case.expect_rows("2026-01-20", level(case, case.balance, case.start, case.dues))
    case = Case("level-broken", "A first period of 27 days, maturity after the 20th", "100000.00",
                "4.35", "equal-instalment", "2026-11-23", 3)  # fmt: skip
    case.expect_rows("2026-11-23", level(case, case.balance, case.start, case.dues))
    case = Case("level-month-end", "Drawn on 31 January, repaid on 30 April", "80000.00", "5.10",
                "equal-instalment", "2027-01-31", 3)  # fmt: skip
    case.expect_rows("2027-01-31", level(case, case.balance, case.start, case.dues))
    case = Case("level-29-february", "Drawn on 29 February of a leap year", "60000.00", "4.20",
                "equal-instalment", "2028-02-29", 6)  # fmt: skip
    case.expect_rows("2028-02-29", level(case, case.balance, case.start, case.dues))
    case = Case("level-36", "The largest quick loan over three years", "3000000.00", "3.85",
                "equal-instalment", "2025-06-20", 36)  # fmt: skip
    case.expect_rows("2025-06-20", level(case, case.balance, case.start, case.dues))
    case = Case("level-small", "Few cents: the last instalment takes the rest", "100.00", "18",
                "equal-instalment", "2026-03-20", 7)  # fmt: skip
    case.expect_rows("2026-03-20", level(case, case.balance, case.start, case.dues))
    case = Case("level-zero-rate", "A loan without interest", "1000.00", "0", "equal-instalment",
                "2026-01-20", 3)  # fmt: skip
    case.expect_rows("2026-01-20", level(case, case.balance, case.start, case.dues))
    case = Case("level-grace-of-principal", "Two months of interest only, then four level ones",
                "48000.00", "4.80", "equal-instalment", "2026-04-20", 6, principal_grace=2)  # fmt: skip
    first = by_parts(case, case.balance, case.start, case.dues[:2], [Decimal(0)] * 2)
    first = [(due, Decimal("0.00"), interest, case.balance) for due, _, interest, _ in first]
    rest = level(case, case.balance, case.dues[1], case.dues[2:])
    case.expect_rows("2026-04-20", first + rest)

    for name, title, amount, rate, start, count in (
        ("principal-12", "Equal principal over a year", "120000.00", "4.35", "2026-01-20", 12),
        ("principal-sevenths", "A seventh is no whole cent; first period broken", "100000.00",
         "3.65", "2026-05-06", 7),
        ("principal-leap", "Through 29 February 2028", "36000.00", "4.35", "2027-12-20", 4),
    ):  # fmt: skip
        case = Case(name, title, amount, rate, "equal-principal", start, count)
        part = cents(case.balance / count)
        case.say(f"{case.balance:,.2f} / {count} -> {part:,.2f}")
        case.expect_rows(start, by_parts(case, case.balance, case.start, case.dues, [part] * count))

    for name, title, amount, rate, start, count, every in (
        ("interest-monthly", "Interest on the 20th, principal at maturity", "1000000.00", "3.85",
         "2025-01-20", 12, "1m"),
        ("interest-monthly-broken", "Drawn on the 5th: first period to the next month's 20th",
         "500000.00", "4.05", "2025-09-05", 4, "1m"),
        ("interest-quarterly", "Interest on the 20th of March, June, September, December",
         "1000000.00", "3.85", "2025-12-20", 4, "3m"),
        ("interest-quarterly-broken", "Drawn in the quarter: five interest days", "300000.00", "4.35",
         "2026-02-10", 4, "3m"),
    ):  # fmt: skip
        case = Case(name, title, amount, rate, "interest-only", start, count, every=every)
        parts = [Decimal("0.00")] * len(case.dues)
        case.expect_rows(start, by_parts(case, case.balance, case.start, case.dues, parts))

    for name, title, amount, rate, start, months in (
        ("single-6", "Principal and interest at once after six months", "200000.00", "4.35",
         "2026-01-31", 6),
        ("single-leap", "A year with 29 February has 366 interest days", "200000.00", "4.35",
         "2027-03-15", 12),
    ):  # fmt: skip
        case = Case(name, title, amount, rate, "single-repayment", start, months)
        end = [month_after(case.start, months)]
        case.expect_rows(start, by_parts(case, case.balance, case.start, end, [case.balance]))

    case = Case("interest-grace", "Interest of two months is due with the third", "30000.00", "4.80",
                "equal-principal", "2026-01-20", 3, interest_grace=2)  # fmt: skip
    rows = by_parts(case, case.balance, case.start, case.dues, [Decimal("10000.00")] * 3)
    total = sum(row[2] for row in rows)
    case.say(f"nothing with the first two, all {total} with the third")
    rows = [(due, p, Decimal("0.00") if no < 2 else total, left)
            for no, (due, p, _, left) in enumerate(rows)]  # fmt: skip
    case.expect_rows("2026-01-20", rows)
    case = Case("settled-on-the-31st", "The 31st, or the last day of a shorter month", "90000.00",
                "5.00", "equal-principal", "2024-01-31", 3, settlement_day=31)  # fmt: skip
    case.expect_rows("2024-01-31", by_parts(case, case.balance, case.start, case.dues,
                                            [Decimal("30000.00")] * 3))  # fmt: skip


def repaid_early():
    case = Case("revolving", "随借随还: 30,000 and 20,000 come back early, each with interest to the day",
                "100000.00", "3.60", "revolving", "2026-01-20", 3)  # fmt: skip
    first = cents(case.interest(Decimal(100000), d("2026-01-20"), d("2026-02-04")))
    case.event(type="payment", key="a", date="2026-02-04", amount="30000.00")
    left = Decimal(100000) - (Decimal(30000) - first)
    case.allocation("a", interest=first, principal=Decimal(30000) - first)
    case.say(f"30,000.00 - {first} = {Decimal(30000) - first:,.2f} of principal; left {left:,.2f}")
    second = cents(case.interest(left, d("2026-02-04"), d("2026-02-10")))
    case.event(type="payment", key="b", date="2026-02-10", amount="20000.00")
    case.allocation("b", interest=second, principal=Decimal(20000) - second)
    left -= Decimal(20000) - second
    case.say(
        f"20,000.00 - {second} = {Decimal(20000) - second:,.2f} of principal; left {left:,.2f}"
    )
    rows = by_parts(case, left, d("2026-02-10"), case.dues, [Decimal("0.00")] * 3)
    case.expect_rows("2026-02-10", rows)
    case.state("2026-02-10", outstanding=left, accrued_interest="0.00", payoff=left)

    case = Case("payoff", "Repaid in full on day 10, with ten days of interest", "12000.00", "3.60",
                "revolving", "2026-01-20", 3)  # fmt: skip
    owed = cents(case.interest(case.balance, case.start, d("2026-01-30")))
    case.state("2026-01-30", payoff=case.balance + owed, accrued_interest=owed)

    case = Case("level-early-smaller", "20,000 early on 10 March: smaller instalments, same dates",
                "60000.00", "4.20", "equal-instalment", "2026-01-20", 6)  # fmt: skip
    rows = level(case, case.balance, case.start, case.dues)
    case.event(type="payment", key="due", date="2026-02-20", amount=str(rows[0][1] + rows[0][2]))
    left, on = rows[0][3], d("2026-03-10")
    interest = cents(case.interest(left, d("2026-02-20"), on))
    case.event(type="payment", key="early", date="2026-03-10", amount="20000.00")
    case.allocation("early", interest=interest, principal=Decimal(20000) - interest)
    left -= Decimal(20000) - interest
    case.say(f"left {left:,.2f}, over the five dates to come")
    case.expect_rows("2026-03-10", [rows[0], *level(case, left, on, case.dues[1:])])

    case = Case("level-early-shorter", "The same, shortened: as few instalments as stay at or below the old",
                "60000.00", "4.20", "equal-instalment", "2026-01-20", 6)  # fmt: skip
    case.event(type="payment", key="due", date="2026-02-20", amount=str(rows[0][1] + rows[0][2]))
    case.event(type="payment", key="early", date="2026-03-10", amount="20000.00", shorten=True)
    ahead, old = case.dues[1:], rows[0][1] + rows[0][2]
    for count in range(1, 6):
        tried = level(case, left, on, ahead[:count])
        highest = max(row[1] + row[2] for row in tried)
        case.say(f"{count} instalments of at most {highest:,.2f}, before {old:,.2f}")
        if highest <= max(row[1] + row[2] for row in rows[1:]):
            break
    case.expect_rows("2026-03-10", [rows[0], *tried])

    case = Case("principal-early-shorter", "Equal principal, shortened by two instalments", "12000.00",
                "3.60", "equal-principal", "2026-01-20", 4)  # fmt: skip
    interest = cents(case.interest(case.balance, case.start, d("2026-01-30")))
    case.event(
        type="payment", key="a", date="2026-01-30", amount=str(6000 + interest), shorten=True
    )
    case.say("6,000.00 left at 3,000.00 each: the first two dates")
    case.expect_rows("2026-01-30", by_parts(case, Decimal("6000.00"), d("2026-01-30"), case.dues[:2],
                                            [Decimal("3000.00")] * 2))  # fmt: skip


def in_arrears():
    half = Decimal("1.5")
    case = Case("penalty-and-compound", "Ten days late: penalty on principal, compound on interest",
                "120000.00", "4.35", "equal-principal", "2026-01-20", 12)  # fmt: skip
    interest = cents(case.interest(case.balance, case.start, case.dues[0]))
    on = d("2026-03-02")
    penalty = cents(case.interest(Decimal(10000), case.dues[0], on, half, what="penalty"))
    compound = cents(case.interest(interest, case.dues[0], on, half, what="compound"))
    accrued = cents(case.interest(Decimal(110000), case.dues[0], on))
    case.state("2026-03-02", due_principal="10000.00", due_interest=interest, penalty=penalty,
               compound=compound, accrued_interest=accrued, days_past_due=10,
               payoff=Decimal(120000) + interest + penalty + compound + accrued)  # fmt: skip

    case = Case("two-late-instalments", "Each bears penalty from its own due date", "120000.00", "4.35",
                "equal-principal", "2026-01-20", 12)  # fmt: skip
    first = cents(case.interest(Decimal(120000), case.start, case.dues[0]))
    second = cents(case.interest(Decimal(110000), case.dues[0], case.dues[1]))
    on = d("2026-04-05")
    late = [
        cents(case.interest(Decimal(10000), due, on, half, what="penalty")) for due in case.dues[:2]
    ]
    more = [cents(case.interest(owed, due, on, half, what="compound"))
            for owed, due in zip((first, second), case.dues, strict=False)]  # fmt: skip
    case.state("2026-04-05", penalty=sum(late), compound=sum(more), due_interest=first + second,
               days_past_due=44)  # fmt: skip

    case = Case("legal-order", "A part payment: fee, compound, penalty, interest, principal",
                "120000.00", "4.35", "equal-principal", "2026-01-20", 12)  # fmt: skip
    case.event(type="charge", key="court", date="2026-02-25", bucket="fee", amount="50.00")
    interest = cents(case.interest(case.balance, case.start, case.dues[0]))
    on = d("2026-03-02")
    penalty = cents(case.interest(Decimal(10000), case.dues[0], on, half, what="penalty"))
    compound = cents(case.interest(interest, case.dues[0], on, half, what="compound"))
    case.event(type="payment", key="part", date="2026-03-02", amount="5000.00")
    left = Decimal(5000) - 50 - compound - penalty - interest
    case.say(f"5,000.00 - 50.00 - {compound} - {penalty} - {interest} = {left:,.2f} of principal")
    case.allocation("part", fee="50.00", compound=compound, penalty=penalty, interest=interest,
                    principal=left)  # fmt: skip
    again = cents(
        case.interest(Decimal(10000) - left, on, d("2026-03-12"), half, what="penalty after")
    )
    case.state("2026-03-12", penalty=again, compound="0.00", due_interest="0.00",
               due_principal=Decimal(10000) - left, days_past_due=20)  # fmt: skip

    case = Case("days-of-grace", "Three days of grace: nothing on the third, four days on the fourth",
                "120000.00", "4.35", "equal-principal", "2026-01-20", 12, grace_days=3)  # fmt: skip
    penalty = cents(
        case.interest(Decimal(10000), case.dues[0], d("2026-02-24"), half, what="penalty")
    )
    case.state("2026-02-23", penalty="0.00", compound="0.00", days_past_due=3)
    case.state("2026-02-24", penalty=penalty, days_past_due=4)

    case = Case("after-maturity", "Past its maturity the whole principal bears the penalty rate",
                "50000.00", "4.50", "single-repayment", "2026-01-20", 3)  # fmt: skip
    interest = cents(case.interest(case.balance, case.start, d("2026-04-20")))
    on = d("2026-05-20")
    penalty = cents(case.interest(case.balance, d("2026-04-20"), on, half, what="penalty"))
    compound = cents(case.interest(interest, d("2026-04-20"), on, half, what="compound"))
    case.state("2026-05-20", penalty=penalty, compound=compound, accrued_interest="0.00",
               due_interest=interest, days_past_due=30,
               payoff=50000 + interest + penalty + compound)  # fmt: skip

    case = Case("penalty-waived", "Half of the penalty is waived; the rest runs on", "120000.00", "4.35",
                "equal-principal", "2026-01-20", 12)  # fmt: skip
    case.interest(Decimal(10000), case.dues[0], d("2026-03-02"), half, what="penalty by 2 March")
    case.event(type="waiver", key="w", date="2026-03-02", bucket="penalty", amount="9.00")
    whole = cents(
        case.interest(Decimal(10000), case.dues[0], d("2026-03-12"), half, what="penalty")
    )
    case.say(f"{whole} - 9.00 = {whole - 9}")
    case.state("2026-03-12", penalty=whole - 9)

    case = Case("misuse", "30,000 of 100,000 misused: twice the rate on it from the day it is found",
                "100000.00", "3.60", "interest-only", "2026-01-20", 3)  # fmt: skip
    case.event(type="misuse", key="m", date="2026-02-01", amount="30000.00")
    interest = cents(case.interest(case.balance, case.start, case.dues[0]))
    more = cents(
        case.interest(Decimal(30000), d("2026-02-01"), case.dues[0], what="misuse, 2 - 1 = 1 x")
    )
    case.state("2026-02-20", due_interest=interest, penalty=more)

    case = Case("misuse-overdue", "Misused and overdue: 1.5 as penalty and 0.5 more, never 1.5 and 2",
                "100000.00", "3.60", "interest-only", "2026-01-20", 1)  # fmt: skip
    case.event(type="misuse", key="m", date="2026-02-10", amount="40000.00")
    on = d("2026-03-22")
    until = cents(case.interest(Decimal(40000), d("2026-02-10"), case.dues[0], what="misuse"))
    late = cents(case.interest(Decimal(100000), case.dues[0], on, half, what="penalty"))
    more = cents(
        case.interest(Decimal(40000), case.dues[0], on, Decimal("0.5"), what="misuse beyond")
    )
    case.state("2026-03-22", penalty=until + late + more)


def changed():
    case = Case("rate-change", "4.35 % until 5 March, 3.95 % from then on", "100000.00", "4.35",
                "interest-only", "2026-01-20", 3)  # fmt: skip
    case.event(type="rate_change", key="lpr", date="2026-03-05", annual_rate="3.95")
    first = cents(case.interest(case.balance, case.start, case.dues[0]))
    before = case.interest(case.balance, case.dues[0], d("2026-03-05"), show=False)
    after = case.interest(case.balance, d("2026-03-05"), case.dues[1], rate="3.95", show=False)
    third = cents(case.interest(case.balance, case.dues[1], case.dues[2], rate="3.95"))
    case.say(f"{before:.6f} + {after:.6f} -> {cents(before + after)}")
    case.expect_rows("2026-03-05", [
        (case.dues[0], Decimal("0.00"), first, case.balance),
        (case.dues[1], Decimal("0.00"), cents(before + after), case.balance),
        (case.dues[2], case.balance, third, Decimal("0.00")),
    ])  # fmt: skip

    case = Case("rate-change-level", "A level loan takes a new rate in mid-period", "60000.00", "4.20",
                "equal-instalment", "2026-01-20", 4)  # fmt: skip
    rows = level(case, case.balance, case.start, case.dues)
    case.event(type="payment", key="due", date="2026-02-20", amount=str(rows[0][1] + rows[0][2]))
    case.event(type="rate_change", key="lpr", date="2026-03-02", annual_rate="3.90")
    earned = case.interest(rows[0][3], d("2026-02-20"), d("2026-03-02"), show=False)
    again = level(case, rows[0][3], d("2026-03-02"), case.dues[1:], rate="3.90", owed=earned)
    case.expect_rows("2026-03-02", [rows[0], *again])

    case = Case("extension", "展期: the principal due on 20 April is put off to 20 June and 20 July",
                "90000.00", "4.00", "interest-only", "2026-01-20", 3)  # fmt: skip
    first = cents(case.interest(case.balance, case.start, case.dues[0]))
    second = cents(case.interest(case.balance, case.dues[0], case.dues[1]))
    for key, due, amount in (("a", case.dues[0], first), ("b", case.dues[1], second)):
        case.event(type="payment", key=key, date=str(due), amount=str(amount))
    case.event(type="extension", key="x", date="2026-04-10", due_dates=["2026-06-20", "2026-07-20"])
    longer = by_parts(case, case.balance, case.dues[1], [d("2026-06-20"), d("2026-07-20")],
                      [Decimal("0.00"), case.balance])  # fmt: skip
    case.expect_rows("2026-04-10", [
        (case.dues[0], Decimal("0.00"), first, case.balance),
        (case.dues[1], Decimal("0.00"), second, case.balance), *longer,
    ])  # fmt: skip

    case = Case("restructured", "Nothing paid by 30 March: all of it over two new dates at 3 %",
                "60000.00", "4.80", "equal-principal", "2026-01-20", 3)  # fmt: skip
    half, on = Decimal("1.5"), d("2026-03-30")
    owed = [cents(case.interest(balance, begin, end)) for balance, begin, end in (
        (Decimal(60000), case.start, case.dues[0]), (Decimal(40000), case.dues[0], case.dues[1]))]  # fmt: skip
    penalty = sum(cents(case.interest(Decimal(20000), due, on, half, what="penalty"))
                  for due in case.dues[:2])  # fmt: skip
    compound = sum(cents(case.interest(amount, due, on, half, what="compound"))
                   for amount, due in zip(owed, case.dues, strict=False))  # fmt: skip
    running = case.interest(Decimal(20000), case.dues[1], on, show=False)
    case.event(type="restructuring", key="r", date="2026-03-30",
               due_dates=["2026-05-20", "2026-06-20"], annual_rate="3")  # fmt: skip
    new = case.interest(Decimal(60000), on, d("2026-05-20"), rate="3", show=False)
    first = cents(sum(owed) + running + new)
    case.say(
        f"with the first new date {owed[0]} + {owed[1]} + {running:.6f} + {new:.6f} -> {first}"
    )
    last = cents(case.interest(Decimal(30000), d("2026-05-20"), d("2026-06-20"), rate="3"))
    case.state("2026-03-30", penalty=penalty, compound=compound, days_past_due=0, due_now="0.00",
               outstanding="60000.00")  # fmt: skip
    case.state("2026-05-20", due_principal="30000.00", due_interest=first, penalty=penalty,
               compound=compound, due_now=Decimal(30000) + first + penalty + compound)  # fmt: skip
    case.state("2026-06-20", due_interest=first + last)


def ended():
    half = Decimal("1.5")
    case = Case("written-off", "Written off on 30 June; 20,000 recovered in August", "50000.00", "4.50",
                "single-repayment", "2026-01-20", 3)  # fmt: skip
    on, due = d("2026-06-30"), d("2026-04-20")
    interest = cents(case.interest(case.balance, case.start, due))
    penalty = cents(case.interest(case.balance, due, on, half, what="penalty"))
    compound = cents(case.interest(interest, due, on, half, what="compound"))
    claim = case.balance + interest + penalty + compound
    case.event(type="write_off", key="w", date="2026-06-30")
    case.event(type="payment", key="late", date="2026-08-15", amount="20000.00")
    case.allocation("late", recovered="20000.00", principal="0.00")
    case.say(
        f"claim 50,000.00 + {interest} + {penalty} + {compound} = {claim:,.2f}, which bears nothing"
    )
    case.state("2026-07-31", outstanding="0.00", claim=claim, days_past_due=0)
    case.state("2026-08-15", claim=claim - 20000)

    case = Case("non-accrual", "No income from 100 days late; what is paid then is income when received",
                "36000.00", "4.80", "interest-only", "2026-01-20", 1)  # fmt: skip
    on = d("2026-05-31")
    interest = cents(case.interest(case.balance, case.start, case.dues[0]))
    penalty = cents(case.interest(case.balance, case.dues[0], on, half, what="penalty"))
    compound = cents(case.interest(interest, case.dues[0], on, half, what="compound"))
    case.event(type="non_accrual", key="n", date="2026-05-31")
    later = d("2026-06-10")
    penalty_2 = cents(case.interest(case.balance, case.dues[0], later, half, what="penalty"))
    compound_2 = cents(case.interest(interest, case.dues[0], later, half, what="compound"))
    case.state("2026-06-10", penalty=penalty_2, compound=compound_2, **{
        "totals.interest_accrued": interest, "totals.interest_suspended": interest,
        "totals.penalty_accrued": penalty, "totals.penalty_suspended": penalty,
        "totals.off_penalty_accrued": penalty_2 - penalty,
        "totals.off_compound_accrued": compound_2 - compound,
    })  # fmt: skip

    case = Case("payment-reversed", "A returned debit: as if it never was", "120000.00", "4.35",
                "equal-principal", "2026-01-20", 12)  # fmt: skip
    interest = cents(case.interest(case.balance, case.start, case.dues[0]))
    case.event(type="payment", key="debit", date="2026-02-20", amount=str(10000 + interest))
    case.event(type="reversal", key="undo", date="2026-02-25", reverses="debit")
    penalty = cents(
        case.interest(Decimal(10000), case.dues[0], d("2026-03-02"), half, what="penalty")
    )
    case.state("2026-03-02", penalty=penalty, due_interest=interest, days_past_due=10)

    case = Case("payment-backdated", "Recorded late, counted from 20 February: no penalty is left",
                "120000.00", "4.35", "equal-principal", "2026-01-20", 12)  # fmt: skip
    case.event(type="payment", key="second", date="2026-03-10", amount="1.00")
    case.event(type="payment", key="first", date="2026-02-20", amount=str(10000 + interest))
    earned = case.interest(Decimal(110000), case.dues[0], d("2026-03-10"))
    case.allocation("first", interest=interest, principal="10000.00", penalty="0.00")
    case.allocation("second", interest="1.00", principal="0.00")
    case.state("2026-03-10", penalty="0.00", days_past_due=0, accrued_interest=cents(earned) - 1)

    case = Case("paid-on-maturity", "On the last day, and ten yuan too much", "50000.00", "4.50",
                "single-repayment", "2026-01-20", 3)  # fmt: skip
    interest = cents(case.interest(case.balance, case.start, d("2026-04-20")))
    case.event(type="payment", key="all", date="2026-04-20", amount=str(50010 + interest))
    case.allocation("all", interest=interest, principal="50000.00", surplus="10.00")
    case.state("2026-04-20", payoff="0.00", surplus="10.00", days_past_due=0)


def write():
    for chapter in (schedules, repaid_early, in_arrears, changed, ended):
        chapter()
    told = [
        {"id": c.name, "title": c.title, "life": {"terms": c.terms, "events": c.events},
         "rows": c.rows, "states": c.states, "allocations": c.parts}
        for c in CASES
    ]  # fmt: skip
    HERE.joinpath("own_figures.json").write_text(
        json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    page = [
        "# The platform's own default, worked out",
        "",
        "Actual days / 360, settlement on the 20th, half up. Written by `working.py`, which holds the "
        "formulas and none of the platform's code. `->` is rounding to the cent.",
    ]
    for case in CASES:
        terms = ", ".join(f"{name} {value}" for name, value in case.terms.items())
        page += ["", f"## {case.name}: {case.title}", "", f"Terms: {terms}.", ""]
        page += [f"- {event['date']}: {event['type']} " + ", ".join(
            f"{k} {v}" for k, v in event.items() if k not in ("type", "date")) for event in case.events]  # fmt: skip
        page += ["", "```", *case.lines, "```"]
        for state in case.states:
            page += ["", f"On {state['on']}: " + ", ".join(
                f"{k.replace('_', ' ')} {v}" for k, v in state.items() if k != "on") + "."]  # fmt: skip
    HERE.joinpath("own_figures.md").write_text("\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
