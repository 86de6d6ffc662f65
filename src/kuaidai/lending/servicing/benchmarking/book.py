"""A book of running loans, filled at once: what a night is measured on.

Loans are of the product's four methods over twelve months (or as many as asked), drawn on any day of the
months before, and fall due on their own day of the month, so that every night some 3.5 % are due. A
share of them has not paid for one month (most) to four, so that some 1 % of the book is worse than
special mention, contagion included. Loans of a kind share one snapshot, made by the engine
itself; what was paid before stands in the snapshots, and as events where the book is asked for by age (see
`history`). Four loans stand under each line.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from kuaidai.foundation.encryption import EncryptedTextField
from kuaidai.kernel.calendars import add_months
from kuaidai.kernel.money import ZERO, from_cents
from kuaidai.lending.ledger.domain import chart
from kuaidai.lending.ledger.domain.entries import Line
from kuaidai.lending.ledger.domain.rules import lines_of
from kuaidai.lending.ledger.operations import post
from kuaidai.lending.servicing.benchmarking.copying import copy_rows
from kuaidai.lending.servicing.benchmarking.history import Life, Receipt, write_history
from kuaidai.lending.servicing.domain.events import Payment
from kuaidai.lending.servicing.domain.life import terms_to_dict
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.projecting import due_for_debit
from kuaidai.lending.servicing.domain.reading import totals_in_cents
from kuaidai.lending.servicing.domain.running import RunningLoan, begin
from kuaidai.lending.servicing.domain.settling import pay
from kuaidai.lending.servicing.domain.snapshot import snapshot
from kuaidai.lending.servicing.domain.terms import LoanTerms
from kuaidai.lending.servicing.operations.drawing import LOANS_IN_CHUNK
from kuaidai.lending.servicing.operations.projection import difference, open_values

PRODUCT = "credit-quick-loan"
LOANS_A_LINE = 4
_METHODS = (
    (RepaymentMethod.EQUAL_INSTALMENT, 50),
    (RepaymentMethod.EQUAL_PRINCIPAL, 15),
    (RepaymentMethod.INTEREST_MONTHLY, 25),
    (RepaymentMethod.REVOLVING, 10),
)
_MONTHS_LATE = (1,) * 12 + (2,) * 5 + (3,) * 2 + (4,)
_LATE_FACTOR = 1.09
"""Loans that are too young for their arrears are not late after all."""
_MORE_DUE = 0.005
"""A day of the month has 3 % of the loans due; so many more make the night's day the 3.5 % of a busier one."""
_PRINCIPALS = (30_000, 80_000, 200_000)
_CONTROLS = {
    chart.LOANS: "outstanding",
    chart.INTEREST_RECEIVABLE: "interest_receivable",
    chart.PENALTY_RECEIVABLE: "penalty_receivable",
    chart.COMPOUND_RECEIVABLE: "compound_receivable",
}
_KINDS, _AGED_KINDS = 6000, 1680
_DUE_DAYS = 28
"""The last day of a month that every month has."""


@dataclass(frozen=True)
class Kind:
    """Loans that are alike: their terms, their columns on the evening before the night, and what they paid."""

    terms: LoanTerms
    columns: dict[str, Any]
    snapshot: dict[str, Any]
    late: bool
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True)
class FilledBook:
    """What was filled: loans, those in arrears, those due on the day, the accounts that pay, and events."""

    loans: int
    late: int
    due: int
    lines: int
    late_lines: frozenset[int]
    events: int


def account_of(line: int) -> str:
    """The account that pays for a line's loans."""
    return f"6217{line:015d}"


def _falls(place: int, share: float) -> bool:
    """Whether the place is one of a share of all, evenly spread."""
    return int((place + 1) * share) > int(place * share)


def kinds(on: date, *, months: int, late_share: float, seed: int, count: int) -> list[Kind]:
    """Loans that run on the eve of `on`, of which `late_share` are in arrears."""
    dice, found = random.Random(seed), []
    methods = [method for method, weight in _METHODS for _ in range(weight)]
    days = months * 30 - 2
    for place in range(count):
        start = on - timedelta(days=1 + place * days // count)
        of_the_day = _falls(place, _MORE_DUE)
        start = start.replace(day=on.day if of_the_day else min(start.day, 28))
        terms = LoanTerms(
            Decimal(dice.choice(_PRINCIPALS)), Decimal("0.0435"), dice.choice(methods),
            min(start, on - timedelta(days=1)), months,
        )  # fmt: skip
        months_late = dice.choice(_MONTHS_LATE) if _falls(place, late_share * _LATE_FACTOR) else 0
        found.append(_kind(terms, on, stops=add_months(on, -months_late)))
    return found


def aged_kinds(on: date, *, age: int, months: int, late_share: float, count: int) -> list[Kind]:
    """Loans `age` days old and up to a month more, as many due on each of a month's first 28 days.

    Those in arrears are so many months older as they have not paid: so they may be of any age. Books of
    all ages differ in nothing but what was paid before.
    """
    dice, found = random.Random(count), []
    methods = [method for method, weight in _METHODS for _ in range(weight)]
    for place in range(count):
        youngest = on - timedelta(days=age)
        start = youngest.replace(day=place % _DUE_DAYS + 1)
        start = start if start <= youngest else add_months(start, -1)
        late = dice.choice(_MONTHS_LATE) if dice.random() < late_share else 0
        terms = LoanTerms(
            Decimal(dice.choice(_PRINCIPALS)), Decimal("0.0435"), dice.choice(methods),
            add_months(start, -late), months,
        )  # fmt: skip
        found.append(_kind(terms, on, stops=add_months(on, -late)))
    return found


def _kind(terms: LoanTerms, on: date, *, stops: date) -> Kind:
    """A loan that paid on every due day before `stops`."""
    run, receipts = begin(terms), list[Receipt]()
    for item in list(run.items):
        day = item.period.due
        if day >= min(on, stops):
            break
        run.advance(day)
        if owed := due_for_debit(run, day):
            receipts.append(_receive(run, day, from_cents(owed)))
    run.advance(on - timedelta(days=1))
    columns = open_values(run)
    return Kind(
        terms, columns, snapshot(run), columns["oldest_due_on"] is not None, tuple(receipts)
    )


def _receive(run: RunningLoan, day: date, amount: Decimal) -> Receipt:
    before = totals_in_cents(run, day)
    pay(run, Payment(f"before-{day}", day, amount))
    changed = difference(before, totals_in_cents(run, day))
    return Receipt(day, amount, tuple(lines_of(changed, product_code=PRODUCT)))


def fill_book(
    loans: int, *, on: date, months: int = 12, late_share: float = 0.04, seed: int = 7
) -> FilledBook:
    """Fill an empty database with so many loans on the eve of `on`; its ledger agrees with them."""
    alike = kinds(on, months=months, late_share=late_share, seed=seed, count=min(loans, _KINDS))
    return _fill(loans, alike, on, history=False)


def fill_aged_book(loans: int, *, on: date, age: int, months: int) -> FilledBook:
    """As `fill_book`, with loans `age` days old, and what they paid as events, debits and postings."""
    alike = aged_kinds(on, age=age, months=months, late_share=0.04, count=min(loans, _AGED_KINDS))
    return _fill(loans, alike, on, history=True)


@transaction.atomic
def _fill(loans: int, alike: list[Kind], on: date, *, history: bool) -> FilledBook:
    lines = -(-loans // LOANS_A_LINE)
    eve = on - timedelta(days=1)
    sums = {place: 0 for place in range(len(alike))}
    for number in range(loans):
        sums[number % len(alike)] += 1
    copy_rows("servicing_limitgroup", _groups(lines, loans, alike))
    copy_rows("servicing_facility", _facilities(lines, loans, alike, on))
    copy_rows("servicing_sublimit", _sublimits(lines, loans, alike, on))
    copy_rows("servicing_drawdown", _drawdowns(loans, alike))
    copy_rows("servicing_loanchunk", _chunks(loans, eve))
    copy_rows("servicing_loan", _loans(loans, alike, history=history))
    copy_rows("servicing_loanlife", _run_from(loans, alike))
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('servicing_loan_number', %s)", [loans])
    _open_ledger(alike, sums, eve, history=history)
    if history:
        write_history(_lives(loans, alike))
    late = sum(count for place, count in sums.items() if alike[place].late)
    due = sum(count for place, count in sums.items() if alike[place].columns["next_end_on"] == on)
    late_lines = frozenset(
        number // LOANS_A_LINE for number in range(loans) if alike[number % len(alike)].late
    )
    events = sum(count * len(alike[place].receipts) for place, count in sums.items())
    return FilledBook(loans, late, due, lines, late_lines, events if history else 0)


def analyse() -> None:
    """Let the database know the tables it was filled with, as a bank's has long done."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _of_line(line: int, loans: int, alike: list[Kind]) -> Decimal:
    numbers = range(line * LOANS_A_LINE, min(loans, (line + 1) * LOANS_A_LINE))
    found: Decimal = sum(
        (alike[number % len(alike)].columns["outstanding"] for number in numbers), ZERO
    )
    return found


def _groups(lines: int, loans: int, alike: list[Kind]) -> Iterator[dict[str, Any]]:
    for line in range(lines):
        used = _of_line(line, loans, alike)
        yield {"id": f"GRP{line}", "granted": Decimal(3_000_000), "used": used, "reserved": ZERO}


def _approved(on: date) -> dict[str, Any]:
    return {
        "approval_reference": "BENCH", "approved_amount": Decimal(3_000_000),
        "approved_rate": Decimal("0.03"), "approved_months": 60,
        "approval_expires_on": add_months(on, 12), "granted": Decimal(3_000_000),
        "product_code": PRODUCT, "annual_rate": Decimal("0.0435"), "months": 12,
        "method": "equal_instalment",
    }  # fmt: skip


def _facilities(lines: int, loans: int, alike: list[Kind], on: date) -> Iterator[dict[str, Any]]:
    sealed, approved = EncryptedTextField(), _approved(on)
    for line in range(lines):
        yield approved | {
            "id": f"FAC{line}", "application_id": f"APP{line}", "contract_id": f"CTR{line}",
            "group_id": f"GRP{line}", "branch": f"BR{line % 40:02d}",
            "uscc": f"BENCH{line:013d}", "person_no": f"P{line}", "status": "open",
            "used": _of_line(line, loans, alike), "reserved": ZERO, "consumed": ZERO,
            "opens_on": on - timedelta(days=300), "expires_on": add_months(on, 12),
            "account_no": sealed.get_prep_value(account_of(line)),
        }  # fmt: skip


def _sublimits(lines: int, loans: int, alike: list[Kind], on: date) -> Iterator[dict[str, Any]]:
    approved = _approved(on)
    for line in range(lines):
        yield approved | {
            "facility_id": f"FAC{line}", "used": _of_line(line, loans, alike), "reserved": ZERO,
            "consumed": ZERO, "revolving": True,
        }  # fmt: skip


def _drawdowns(loans: int, alike: list[Kind]) -> Iterator[dict[str, Any]]:
    for number in range(loans):
        terms = alike[number % len(alike)].terms
        yield {
            "id": f"DRW{number}", "facility_id": f"FAC{number // LOANS_A_LINE}",
            "amount": terms.principal, "product_code": PRODUCT, "months": terms.instalments,
            "purpose": "wages", "status": "paid_out", "requested_on": terms.start_on,
            "requested_at": f"{terms.start_on}T00:00:00Z", "reason": "",
        }  # fmt: skip


def _chunks(loans: int, eve: date) -> Iterator[dict[str, Any]]:
    for chunk in range((loans - 1) // LOANS_IN_CHUNK + 1):
        yield {"id": chunk, "closed_through": eve}


def _lives(loans: int, alike: list[Kind]) -> Iterator[Life]:
    for number in range(loans):
        line = number // LOANS_A_LINE
        kind = alike[number % len(alike)]
        yield Life(f"LN{number}", f"BR{line % 40:02d}", PRODUCT, account_of(line), kind.receipts)


def _loans(loans: int, alike: list[Kind], *, history: bool) -> Iterator[dict[str, Any]]:
    for number in range(loans):
        kind, line = alike[number % len(alike)], number // LOANS_A_LINE
        yield kind.columns | {
            "id": f"LN{number}", "facility_id": f"FAC{line}", "drawdown_id": f"DRW{number}",
            "chunk_id": number // LOANS_IN_CHUNK, "branch": f"BR{line % 40:02d}",
            "product_code": PRODUCT, "principal": kind.terms.principal, "start_on": kind.terms.start_on,
            "event_count": len(kind.receipts) if history else 0, "parked_reason": "", "parked_on": None,
        }  # fmt: skip


def _run_from(loans: int, alike: list[Kind]) -> Iterator[dict[str, Any]]:
    texts = [(json.dumps(terms_to_dict(k.terms)), json.dumps(k.snapshot)) for k in alike]
    for number in range(loans):
        terms, told = texts[number % len(alike)]
        yield {"loan_id": f"LN{number}", "terms": terms, "snapshot": told}


def _open_ledger(alike: list[Kind], sums: dict[int, int], eve: date, *, history: bool) -> None:
    """One entry that brings the ledger's control accounts in line with the loans.

    What the receipts of a `history` take from them is put there before.
    """
    totals: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for place, count in sums.items():
        for account, name in _CONTROLS.items():
            totals[account] += alike[place].columns[name] * count
        for receipt in alike[place].receipts if history else ():
            for line in receipt.lines:
                totals[line.account] += (line.credit - line.debit) * count
    totals.pop(chart.SETTLEMENT, None)
    lines = [Line(account, debit=total) for account, total in totals.items() if total > 0]
    lines += [Line(account, credit=-total) for account, total in totals.items() if total < 0]
    lines.append(Line(chart.SETTLEMENT, credit=sum(totals.values(), ZERO)))
    post(key="bench:opening", on=eve, description="Opening", source_type="bench",
         source_id="opening", lines=lines)  # fmt: skip
