"""What is read from statements: the same from ISO 20022 and from SWIFT."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lake.statements.conftest import CAMT, MT940, camt_in, mt940_of

from kuaidai.data.lake.bank_statements import Balance, Party, read_statements
from kuaidai.data.lake.bank_statements.mt940 import read_mt940

VERSIONS = ("02", "04", "06", "08", "10", "13")


@pytest.mark.parametrize("path", [CAMT, MT940], ids=["camt.053", "MT940"])
def test_a_statement_is_read_the_same_from_both_formats(path) -> None:
    (statement,) = read_statements(path)

    assert statement.account == "INVENTED-ACCOUNT-0001"
    assert statement.currency == "CNY"
    assert statement.opening == Balance(date(2026, 6, 30), Decimal("50000.00"), "CNY")
    assert statement.closing == Balance(date(2026, 7, 10), Decimal("50300.00"), "CNY")
    assert statement.difference == 0
    facts = [(e.booked_on.day, e.value_on.day, e.amount, e.reversal) for e in statement.entries]
    assert facts == [
        (1, 1, Decimal(12000), False),
        (1, 2, Decimal(-8000), False),
        (3, 3, Decimal(-1000), False),
        (3, 3, Decimal(-2000), False),
        (6, 6, Decimal(500), True),
        (10, 10, Decimal(-1200), False),
    ]
    buyer, supplier, first, second, returned, cash = statement.entries
    assert buyer.party == Party("Invented Buyer", "INVENTED-ACCOUNT-0002")
    assert (buyer.reference, buyer.bank_reference) == ("INV-1", "BK1")
    assert (buyer.purpose_code, buyer.remittance) == ("GDDS", "Invented goods, July")
    assert supplier.party == Party("Invented Supplier")
    assert (first.reference, second.reference) == ("WAGE-1", "WAGE-2")
    assert returned.direction == "credit"
    assert returned.reference == ""
    assert cash.direction == "debit"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_says_the_same(version, write) -> None:
    assert read_statements(write(camt_in(version))) == read_statements(CAMT)


def test_codes_of_the_bank() -> None:
    camt, mt940 = read_statements(CAMT)[0], read_statements(MT940)[0]

    assert camt.entries[2].code == "PMNT/ICDT/SALA"
    assert [(e.code, e.bank_code) for e in mt940.entries[-2:]] == [("NRTI", ""), ("NMSC", "083")]


def test_a_batch_whose_parts_do_not_sum_to_it_stays_one_entry(write) -> None:
    text = camt_in("08").replace('<Amt Ccy="CNY">2000.00', '<Amt Ccy="CNY">1999.00')

    amounts = [entry.amount for entry in read_statements(write(text))[0].entries]

    assert Decimal(-3000) in amounts
    assert Decimal(-1000) not in amounts


def test_pages_are_joined_and_statements_are_not(write) -> None:
    page = mt940_of(":61:2607010701C5,NTRF1", closing="C260701CNY105,00").replace(":62F", ":62M")
    last = mt940_of(":61:2607010701C7,NTRF2", opening="C260701CNY105,00", closing="C260701CNY112,")
    other = mt940_of(opening="C260701CNY112,00", closing="C260702CNY112,00")

    first, second = read_statements(write(page + last.replace(":60F", ":60M") + other, "s.sta"))

    assert [entry.amount for entry in first.entries] == [5, 7]
    assert first.opening == Balance(date(2026, 6, 30), Decimal("100.00"), "CNY")
    assert first.closing == Balance(date(2026, 7, 1), Decimal("112"), "CNY")
    assert second.entries == ()


@pytest.mark.parametrize(
    ("mark", "amount", "reversal"),
    [("C", 9, False), ("D", -9, False), ("RC", -9, True), ("RD", 9, True), ("CY", 9, False)],
)
def test_marks_of_direction(mark, amount, reversal) -> None:
    (entry,) = read_mt940(mt940_of(f":61:2607010701{mark}9,00NTRFX"), "s")[0].entries

    assert (entry.amount, entry.reversal) == (amount, reversal)


def test_an_entry_without_a_type_is_not_lost() -> None:
    statement = read_mt940(mt940_of(":61:260701C1,00", ":61:260701C2,00", ":61:260701C3,00"), "s")[
        0
    ]

    assert [(entry.amount, entry.code) for entry in statement.entries] == [
        (1, ""),
        (2, ""),
        (3, ""),
    ]


def test_what_is_said_of_the_whole_statement_belongs_to_no_entry() -> None:
    text = mt940_of(":61:260701C1,00NTRFX", ":86:goods") + ":86:of the whole account\n"

    assert read_mt940(text, "s")[0].entries[0].remittance == "goods"


def test_the_other_side_from_codes_between_slashes() -> None:
    details = ":86:/TRTP/SEPA OVERBOEKING/IBAN/XX00INVENTED0002/NAME/Invented Buyer/EREF/7"

    (entry,) = read_mt940(mt940_of(":61:260701C1,00NTRFX", details), "s")[0].entries

    assert entry.party == Party("Invented Buyer", "XX00INVENTED0002")


def test_the_envelope_of_swift_is_skipped() -> None:
    text = mt940_of(":61:260701C1,00NTRFX").replace("-\n", "-}\n")
    text = "{1:F01INVENTEDXXXX0000000000}{2:O9400000}{4:\n" + text

    assert read_mt940(text, "s") == read_mt940(mt940_of(":61:260701C1,00NTRFX"), "s")


def test_the_entry_date_may_lie_in_the_year_before_or_after() -> None:
    statement = read_mt940(mt940_of(":61:2601021231C1,NTRFX", ":61:2512310102C1,NTRFX"), "s")[0]

    assert [entry.booked_on for entry in statement.entries] == [
        date(2025, 12, 31),
        date(2026, 1, 2),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_names_in_either_encoding(encoding, write) -> None:
    text = mt940_of(":61:260701C1,00NTRFX", ":86:166?00转账?32虚构企业有限公司")

    (statement,) = read_statements(write(text.encode(encoding), "s.txt"))

    assert statement.entries[0].party.name == "虚构企业有限公司"


def test_xml_in_the_encoding_that_it_declares(write) -> None:
    text = camt_in("08").replace("Invented Buyer", "虚构企业").replace("UTF-8", "GB18030")

    (statement,) = read_statements(write(text.encode("gb18030")))

    assert statement.entries[0].party.name == "虚构企业"
    (named,) = read_statements(CAMT)
    assert replace(statement.entries[0], party=named.entries[0].party) == named.entries[0]


@given(st.lists(st.integers(-(10**9), 10**9).filter(bool), max_size=20), st.integers(0, 10**9))
def test_any_entries_add_up(cents: list[int], start: int) -> None:
    def amount(value: int) -> str:
        return f"{abs(value) // 100},{abs(value) % 100:02d}"

    def mark(value: int) -> str:
        return "C" if value >= 0 else "D"

    end = start + sum(cents)
    text = mt940_of(
        *(f":61:2607010701{mark(c)}{amount(c)}NTRFX{n}" for n, c in enumerate(cents)),
        opening=f"C260630CNY{amount(start)}",
        closing=f"{mark(end)}260701CNY{amount(end)}",
    )
    (statement,) = read_mt940(text, "s")

    assert statement.difference == 0
    assert [entry.amount * 100 for entry in statement.entries] == cents
