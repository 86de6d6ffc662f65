"""Statements and schedules as a title, facts and a table: what PDF and CSV both show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial

from kuaidai.kernel.money import ZERO
from kuaidai.kernel.rates import AnnualisedRate
from kuaidai.lending.servicing.domain.statements import Parts, Statement
from kuaidai.lending.servicing.domain.views import FacilityView, LoanView
from kuaidai.lending.servicing.statements.wording import kind_word, word

Cell = str | date | Decimal


@dataclass(frozen=True)
class Document:
    """A table with what stands above and below it. Money is `Decimal`, days are dates."""

    title: str
    name: str
    language: str
    facts: tuple[tuple[str, Cell], ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...]
    strong: frozenset[int]
    text_columns: int


@dataclass(frozen=True)
class Parties:
    """The names that stand on a statement."""

    lender: str
    borrower: str


def _percent(rate: Decimal) -> str:
    return f"{rate * 100:.4f}%"


def _annualised(rate: AnnualisedRate | None, language: str) -> str:
    if rate is None:
        return "–"
    nominal, effective = word("nominal", language), word("effective", language)
    return (
        f"{_percent(rate.nominal)} ({nominal}); {_percent(rate.effective)} ({effective})"
        if language == "en"
        else f"{_percent(rate.nominal)}（{nominal}）；{_percent(rate.effective)}（{effective}）"
    )


def _loan_facts(
    loan: LoanView, told: Statement, names: Parties, language: str
) -> tuple[tuple[str, Cell], ...]:
    say = partial(word, language=language)
    return (
        (say("lender"), names.lender),
        (say("borrower"), names.borrower),
        (say("loan"), loan.id),
        (say("principal_drawn"), loan.terms.principal),
        (say("drawn_on"), loan.terms.start_on),
        (say("matures_on"), told.state.instalments[-1].due_on if told.state.instalments else "–"),
        (say("rate"), _percent(told.state.annual_rate)),
        (say("annualised"), _annualised(told.annualised, language)),
    )


def _statement_rows(told: Statement, language: str) -> list[tuple[Cell, ...]]:
    def numbers(parts: Parts) -> tuple[Decimal, ...]:
        return parts.principal, parts.interest, parts.late, parts.fee

    rows: list[tuple[Cell, ...]] = [
        (told.first, word("opening", language), "", *numbers(told.opening), told.opening.total)
    ]
    for line in told.lines:
        what = kind_word(line.kind, language)
        if line.surplus:
            what += f" ({word('surplus', language)} {line.surplus:,.2f})"
        money: Cell = line.money or ""
        rows.append((line.on, what, money, *numbers(line.change), line.owed.total))
    rows.append(
        (told.last, word("closing", language), "", *numbers(told.closing), told.closing.total)
    )
    return rows


def _heads(language: str) -> tuple[str, ...]:
    names = ("date", "what", "money", "principal", "interest", "late", "fee", "owed")
    return tuple(word(name, language) for name in names)


def statement_document(
    loan: LoanView, told: Statement, names: Parties, language: str, *, month: str = ""
) -> Document:
    """The account statement of a loan; with a `month`, that of the month as it was at its close."""
    say = partial(word, language=language)
    rows = tuple(_statement_rows(told, language))
    period = (say("period"), f"{told.first} – {told.last}")
    notes = [say("signs"), say("issued" if month else "now")]
    if told.closing.claim:
        notes.insert(0, f"{say('claim')}: {told.closing.claim:,.2f}")
    return Document(
        say("monthly_statement" if month else "statement"),
        f"{loan.id}-{month or f'{told.first}-{told.last}'}", language,
        (*_loan_facts(loan, told, names, language), period), _heads(language), rows,
        tuple(notes), frozenset({0, len(rows) - 1}), 2,
    )  # fmt: skip


def schedule_document(loan: LoanView, told: Statement, names: Parties, language: str) -> Document:
    """The instalments of a loan as they stand: due, paid, to come."""
    say = partial(word, language=language)
    heads = ("no", "due", "principal", "interest", "late", "fee", "total", "paid", "outstanding")
    rows: list[tuple[Cell, ...]] = []
    sums = [ZERO] * 6
    for row in told.state.instalments:
        late = row.penalty + row.compound
        parts = [row.principal, row.interest, late, row.fee]
        numbers = [*parts, sum(parts, ZERO), row.paid]
        sums = [one + other for one, other in zip(sums, numbers, strict=True)]
        rows.append((str(row.no), row.due_on, *numbers, row.outstanding))
    rows.append(("", say("total"), *sums, ""))
    return Document(
        say("schedule"), f"{loan.id}-schedule-{told.last}", language,
        (*_loan_facts(loan, told, names, language), (say("as_of"), told.last)),
        tuple(map(say, heads)), tuple(rows), (say("now"),), frozenset({len(rows) - 1}), 2,
    )  # fmt: skip


def facility_document(
    line: FacilityView, told: Sequence[Statement], names: Parties, period: tuple[date, date],
    language: str,
) -> Document:  # fmt: skip
    """The statement of a credit line: its loans one after the other, and all of them together."""
    say = partial(word, language=language)
    first, last = period
    rows: list[tuple[Cell, ...]] = []
    strong: set[int] = set()
    opening = sum((each.opening for each in told), Parts())
    closing = sum((each.closing for each in told), Parts())
    for each in told:
        strong.add(len(rows))
        rows.append((each.first, f"{say('loan')} {each.loan_id}", *[""] * 6))
        rows += _statement_rows(each, language)
    for on, name, parts in ((first, "opening", opening), (last, "closing", closing)):
        strong.add(len(rows))
        rows.append(
            (on, f"{say('total')}: {say(name)}", "", parts.principal, parts.interest, parts.late,
             parts.fee, parts.total)
        )  # fmt: skip
    facts: tuple[tuple[str, Cell], ...] = (
        (say("lender"), names.lender),
        (say("borrower"), names.borrower),
        (say("facility"), line.id),
        (say("granted"), line.granted),
        (say("used"), line.used),
        (say("rate"), _percent(line.annual_rate)),
        (say("period"), f"{first} – {last}"),
        *(
            (f"{say('annualised')} {each.loan_id}", _annualised(each.annualised, language))
            for each in told
        ),
    )
    return Document(
        say("facility_statement"), f"{line.id}-{first}-{last}", language, facts,
        _heads(language), tuple(rows), (say("signs"), say("now")), frozenset(strong), 2,
    )  # fmt: skip
